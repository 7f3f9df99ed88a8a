/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <pthread.h>
#include <unistd.h>

#include "sys/pool.h"

#define JOBS 1000

struct numbered {
	struct pool_job job;
	int number;
	int us; /* how long the work takes */
	pthread_t worked_by;
	int worked;
};

static struct loop *loop;
static struct pool *pool;
static pthread_t here;
static struct numbered jobs[JOBS];
static int n_done;
static bool slow_elsewhere;

static void
open_loop(void)
{
	loop = loop_new();
	here = pthread_self();
}

static void
close_all(void)
{
	pool_free(pool);
	loop_free(loop);
}

TestSuite(pool, .init = open_loop, .fini = close_all);

static void
start(unsigned threads)
{
	struct err e;

	cr_assert(pool_new(loop, threads, &pool, &e), "%s", e.detail);
}

static void
work(struct pool_job *job)
{
	struct numbered *j = (struct numbered *)job;

	if (j->us > 0)
		usleep((useconds_t)j->us);
	if (slow_elsewhere && !pthread_equal(pthread_self(), here))
		usleep(200000);
	j->worked_by = pthread_self();
	j->worked++;
}

static void
done(struct pool_job *job)
{
	const struct numbered *j = (struct numbered *)job;

	cr_assert(pthread_equal(pthread_self(), here));
	cr_assert_eq(j->number, n_done, "in the order of adding");
	cr_assert_eq(j->worked, 1, "once");
	n_done++;
}

static void
done_and_stop(struct pool_job *job)
{
	done(job);
	loop_stop(loop);
}

static struct numbered *
add(int us, void (*then)(struct pool_job *))
{
	static int n;
	struct numbered *j = &jobs[n];

	*j = (struct numbered){ .job = { .work = work, .done = then },
		.number = n++,
		.us = us };
	pool_add(pool, &j->job);
	return j;
}

static void
turn(void *arg)
{
	(void)arg;
	pool_turn(pool);
}

Test(pool, without_threads_a_job_is_done_when_it_is_added)
{
	start(0);
	for (int i = 0; i < 10; i++) {
		const struct numbered *j = add(0, done);

		cr_expect_eq(n_done, i + 1);
		cr_expect(pthread_equal(j->worked_by, here));
	}
	pool_turn(pool);
	pool_settle(pool);
}

Test(pool, a_job_alone_stays_on_the_loops_thread)
{
	start(3);
	usleep(10000); /* all are asleep */
	for (int i = 0; i < 10; i++) {
		const struct numbered *j = add(0, done);

		cr_expect_eq(n_done, i, "not before its turn");
		pool_turn(pool);
		cr_expect_eq(n_done, i + 1);
		cr_expect(pthread_equal(j->worked_by, here));
	}
}

Test(pool, jobs_are_done_in_their_order_on_the_loops_thread_whoever_works_them)
{
	int others = 0;

	start(3);
	for (int i = 0; i < JOBS; i++) {
		add(i % 7 * 50, done);
		if (i % 50 == 49)
			pool_turn(pool);
	}
	pool_settle(pool);
	cr_expect_eq(n_done, JOBS);
	for (int i = 0; i < JOBS; i++)
		others += !pthread_equal(jobs[i].worked_by, here);
	cr_expect_gt(others, 0, "the others worked too");
}

/* The last is worked elsewhere while this thread has nothing to do. */
Test(pool, a_turn_does_not_leave_behind_what_another_thread_works)
{
	slow_elsewhere = true;
	start(1);
	add(20000, done);
	add(20000, done);
	pool_turn(pool);
	cr_expect_eq(n_done, 2);
	cr_expect_not(pthread_equal(jobs[0].worked_by, jobs[1].worked_by));
}

Test(pool, the_loop_comes_back_when_more_is_open_than_one_turn_takes)
{
	start(1);
	loop_on_batch(loop, turn, NULL);
	for (int i = 0; i < 100; i++)
		add(500, i == 99 ? done_and_stop : done);
	(void)loop_after(loop, 0, turn, NULL);
	loop_run(loop);
	cr_expect_eq(n_done, 100);
}

Test(pool, settling_waits_for_what_another_thread_works)
{
	start(2);
	add(1000, done);
	add(50000, done);
	add(50000, done);
	pool_settle(pool);
	cr_expect_eq(n_done, 3);
	pool_settle(pool);
	pool_settle(NULL);
}

Test(pool, it_has_a_thread_less_than_there_are_cores_and_not_too_many)
{
	cr_expect_leq(pool_cores(), POOL_MAX);
	pool_free(NULL);
}
