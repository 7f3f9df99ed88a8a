/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/aside.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "sys/proc.h"

#define STACK KIB(512) /* octets: the sanitizers' frames */

struct aside {
	int to[2], from[2]; /* pipes of pointers; read, write */
	struct loop_fd *watch;
	pthread_t thread;
	bool runs;
};

/* A pointer is written and read whole (PIPE_BUF).  False: the other end is closed. */
static bool
give(int fd, struct aside_job *j)
{
	ssize_t n;

	do
		n = write(fd, &j, sizeof(j));
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(j);
}

static bool
take(int fd, struct aside_job **ret)
{
	ssize_t n;

	do
		n = read(fd, ret, sizeof(*ret));
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(*ret);
}

static void *
run(void *arg)
{
	struct aside *a = arg;
	struct aside_job *j = NULL;

	proc_must_drop_capabilities(); /* its own, as each thread's are */
	if (!give(a->from[1], j))      /* the first word says that it runs */
		return NULL;
	while (take(a->to[0], &j)) {
		const bool waits = j->done != NULL;

		j->work(j);
		if (waits && !give(a->from[1], j))
			break;
	}
	return NULL;
}

static void
on_worked(void *arg, unsigned events)
{
	struct aside *a = arg;
	struct aside_job *j;

	(void)events;
	if (take(a->from[0], &j))
		j->done(j);
}

/* Signals are for the thread that has a loop. */
static bool
start(struct aside *a)
{
	struct aside_job *greeting;
	pthread_attr_t attr;
	sigset_t all, was;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &was);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	a->runs = pthread_create(&a->thread, &attr, run, a) == 0;
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &was, NULL);
	return a->runs && take(a->from[0], &greeting);
}

bool
aside_new(struct loop *l, struct aside **ret, struct err *e)
{
	struct aside *a = mem_zalloc(sizeof(*a));
	bool ok = false;

	*a = (struct aside){ .to = { -1, -1 }, .from = { -1, -1 } };
	if (pipe2(a->to, O_CLOEXEC) < 0 || pipe2(a->from, O_CLOEXEC) < 0)
		err_errno(e, "a pipe");
	else if (!start(a))
		err_set(e, ERR_INTERNAL, "a thread could not be started");
	else
		ok = true;
	if (!ok) {
		aside_free(a);
		return false;
	}
	a->watch = loop_add(l, a->from[0], LOOP_IN, on_worked, a);
	*ret = a;
	return true;
}

static void
end(int fd)
{
	if (fd >= 0)
		close(fd);
}

void
aside_free(struct aside *a)
{
	if (a == NULL)
		return;
	loop_del(a->watch);
	end(a->to[1]);
	if (a->runs)
		pthread_join(a->thread, NULL);
	end(a->to[0]);
	end(a->from[0]);
	end(a->from[1]);
	free(a);
}

void
aside_add(struct aside *a, struct aside_job *j)
{
	const bool given = give(a->to[1], j);

	assert(given); /* the thread ends when told to, and not before */
	(void)given;
}
