/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "sys/aside.h"

#define JOBS 100

struct numbered {
	struct aside_job job;
	int number;
	int us; /* how long the work takes */
	bool worked, elsewhere;
};

static struct loop *loop;
static struct aside *aside;
static pthread_t here;
static struct numbered jobs[JOBS];
static int n_worked, n_done, n_rounds;

static void
open_all(void)
{
	struct err e;

	loop = loop_new();
	here = pthread_self();
	cr_assert(aside_new(loop, &aside, &e), "%s", e.detail);
}

static void
close_all(void)
{
	aside_free(aside);
	loop_free(loop);
}

TestSuite(aside, .init = open_all, .fini = close_all);

static void
work(struct aside_job *job)
{
	struct numbered *j = (struct numbered *)job;

	if (j->us > 0)
		usleep((useconds_t)j->us);
	j->worked = n_worked++ == j->number;
	j->elsewhere = !pthread_equal(pthread_self(), here);
}

static void
done(struct aside_job *job)
{
	struct numbered *j = (struct numbered *)job;

	cr_expect(pthread_equal(pthread_self(), here));
	cr_expect(j->worked && j->elsewhere, "job %d", j->number);
	cr_expect_eq(j->number, n_done);
	if (++n_done == JOBS)
		loop_stop(loop);
}

static void
add(int number, int us)
{
	jobs[number] =
	    (struct numbered){ .job = { work, done }, .number = number, .us = us };
	aside_add(aside, &jobs[number].job);
}

static int n_freed;

static void
work_and_free(struct aside_job *j)
{
	free(j);
	n_freed++;
}

Test(aside, a_job_that_nobody_waits_for_frees_itself)
{
	for (int i = 0; i < JOBS; i++) {
		struct aside_job *j = malloc(sizeof(*j));

		cr_assert_not_null(j);
		*j = (struct aside_job){ .work = work_and_free };
		aside_add(aside, j);
	}
	aside_free(aside);
	aside = NULL;
	cr_expect_eq(n_freed, JOBS);
}

Test(aside, jobs_are_worked_on_the_thread_and_done_on_the_loops_in_their_order)
{
	for (int i = 0; i < JOBS; i++)
		add(i, i % 7 == 0 ? 500 : 0);
	cr_expect_eq(n_done, 0, "not before the loop runs");
	loop_run(loop);
	cr_expect_eq(n_done, JOBS);
}

static void
tick(void *arg)
{
	(void)arg;
	n_rounds++;
	if (n_done == 0)
		loop_after(loop, 1, tick, NULL);
	else
		loop_stop(loop);
}

Test(aside, the_loop_goes_on_while_a_job_takes_its_time)
{
	add(0, 100000);
	loop_after(loop, 1, tick, NULL);
	loop_run(loop);
	cr_expect_gt(n_rounds, 5);
}

Test(aside, the_end_waits_for_what_was_added_and_tells_nobody)
{
	for (int i = 0; i < JOBS; i++)
		add(i, i == 0 ? 20000 : 0);
	aside_free(aside);
	aside = NULL;
	for (int i = 0; i < JOBS; i++)
		cr_expect(jobs[i].worked, "job %d", i);
	cr_expect_eq(n_done, 0);
}
