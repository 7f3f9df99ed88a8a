/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/pool.h"

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>

#include "base/mem.h"
#include "sys/proc.h"

#define STACK    KIB(512) /* octets: bignums of RSA, and the sanitizers' frames */
#define OPEN_MAX 256      /* jobs: who adds more works himself first */
#define TURN_MAX 8 /* jobs that the loop's thread works before others get their turn */

struct pool {
	struct loop *loop;
	unsigned n;
	pthread_t threads[POOL_MAX];

	/* The loop's thread alone: */
	struct pool_job *open, **last; /* all that are not done, in their order */
	unsigned n_open;

	/* Under the lock, and so is 'worked' of each job: */
	pthread_mutex_t lock;
	pthread_cond_t more; /* there is something to take, or the end */
	pthread_cond_t
	    worked; /* something has been worked, and the loop's thread waits */
	struct pool_job *next; /* the first that nobody has taken */
	unsigned started, idle;
	bool waiting; /* the loop's thread, for 'worked' */
	bool end;
};

/* ---- on any thread ---- */

/* Under the lock. */
static struct pool_job *
take(struct pool *p)
{
	struct pool_job *j = p->next;

	if (j != NULL)
		p->next = j->next;
	return j;
}

static void *
run(void *arg)
{
	struct pool *p = arg;

	proc_must_drop_capabilities();
	pthread_mutex_lock(&p->lock);
	p->started++;
	pthread_cond_signal(&p->worked);
	while (!p->end) {
		struct pool_job *j = take(p);

		if (j == NULL) {
			p->idle++;
			pthread_cond_wait(&p->more, &p->lock);
			p->idle--;
			continue;
		}
		pthread_mutex_unlock(&p->lock);
		j->work(j);
		pthread_mutex_lock(&p->lock);
		j->worked = true;
		if (p->waiting)
			pthread_cond_signal(&p->worked);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

/* ---- beginning and end ---- */

unsigned
pool_cores(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return 0;
	const int cores = CPU_COUNT(&set);
	return cores <= 1 ? 0 : cores > POOL_MAX ? POOL_MAX : (unsigned)cores - 1;
}

/* Signals are for the thread that has a loop. */
static bool
start(struct pool *p, unsigned threads)
{
	pthread_attr_t attr;
	sigset_t all, was;
	bool ok = true;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &was);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	while (ok && p->n < threads) {
		ok = pthread_create(&p->threads[p->n], &attr, run, p) == 0;
		p->n += ok ? 1 : 0;
	}
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &was, NULL);

	pthread_mutex_lock(&p->lock);
	while (p->started < p->n)
		pthread_cond_wait(&p->worked, &p->lock);
	pthread_mutex_unlock(&p->lock);
	return ok;
}

bool
pool_new(struct loop *l, unsigned threads, struct pool **ret, struct err *e)
{
	struct pool *p = mem_zalloc(sizeof(*p));

	assert(threads <= POOL_MAX);
	p->loop = l;
	p->last = &p->open;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->more, NULL);
	pthread_cond_init(&p->worked, NULL);
	if (!start(p, threads)) {
		pool_free(p);
		return err_set(e, ERR_INTERNAL, "a thread could not be started");
	}
	*ret = p;
	return true;
}

void
pool_free(struct pool *p)
{
	if (p == NULL)
		return;
	assert(p->n_open == 0);
	pthread_mutex_lock(&p->lock);
	p->end = true;
	pthread_cond_broadcast(&p->more);
	pthread_mutex_unlock(&p->lock);
	for (unsigned i = 0; i < p->n; i++)
		pthread_join(p->threads[i], NULL);
	pthread_cond_destroy(&p->more);
	pthread_cond_destroy(&p->worked);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

/* ---- on the loop's thread ---- */

/* Works one job; false: all are taken. */
static bool
work_one(struct pool *p)
{
	pthread_mutex_lock(&p->lock);
	struct pool_job *j = take(p);
	pthread_mutex_unlock(&p->lock);

	if (j == NULL)
		return false;
	j->work(j);
	pthread_mutex_lock(&p->lock);
	j->worked = true;
	pthread_mutex_unlock(&p->lock);
	return true;
}

/* The job that is next in order, if it has been worked; the pool forgets it. */
static struct pool_job *
first_worked(struct pool *p)
{
	struct pool_job *j = p->open;

	if (j == NULL)
		return NULL;
	pthread_mutex_lock(&p->lock);
	const bool worked = j->worked;
	pthread_mutex_unlock(&p->lock);
	if (!worked)
		return NULL;
	p->open = j->next;
	if (p->open == NULL)
		p->last = &p->open;
	p->n_open--;
	return j;
}

static void
finish(struct pool *p)
{
	struct pool_job *j;

	while ((j = first_worked(p)) != NULL)
		j->done(j);
}

/* Works; or waits for the first of those that others work.  Then finishes. */
static void
help(struct pool *p)
{
	if (!work_one(p)) {
		pthread_mutex_lock(&p->lock);
		p->waiting = true;
		while (!p->open->worked)
			pthread_cond_wait(&p->worked, &p->lock);
		p->waiting = false;
		pthread_mutex_unlock(&p->lock);
	}
	finish(p);
}

void
pool_add(struct pool *p, struct pool_job *j)
{
	if (p->n == 0) {
		j->work(j);
		j->done(j);
		return;
	}
	while (p->n_open >= OPEN_MAX)
		help(p);
	j->next = NULL;
	j->worked = false;
	pthread_mutex_lock(&p->lock);
	*p->last = j;
	p->last = &j->next;
	/* The first is left to this thread; for a further one another is woken. */
	if (p->next == NULL)
		p->next = j;
	else if (p->idle > 0)
		pthread_cond_signal(&p->more);
	pthread_mutex_unlock(&p->lock);
	p->n_open++;
}

static bool
any_left(struct pool *p)
{
	pthread_mutex_lock(&p->lock);
	const bool left = p->next != NULL;
	pthread_mutex_unlock(&p->lock);
	return left;
}

static void
nothing(void *arg)
{
	(void)arg;
}

/*
 * What others have in their hands at the end is waited for: that is over within the
 * time of one job, and to make it durable by a flush of its own would cost more.
 */
void
pool_turn(struct pool *p)
{
	for (int i = 0; i < TURN_MAX && p->n_open > 0; i++)
		help(p);
	while (p->n_open > 0 && !any_left(p))
		help(p);
	if (p->n_open > 0)
		(void)loop_after(p->loop, 0, nothing,
		    NULL); /* the loop does not wait */
}

void
pool_settle(struct pool *p)
{
	while (p != NULL && p->n_open > 0)
		help(p);
}
