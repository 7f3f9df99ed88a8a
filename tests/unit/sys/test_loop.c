/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <signal.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "sys/loop.h"

static struct loop *loop;
static struct buf trace; /* what happened, a letter each */

static void
open_loop(void)
{
	loop = loop_new();
	buf_init(&trace, 1000);
}

static void
close_loop(void)
{
	loop_free(loop);
	buf_free(&trace);
}

TestSuite(loop, .init = open_loop, .fini = close_loop, .timeout = 10);

static void
note(void *arg)
{
	buf_puts(&trace, arg);
}

static void
stop(void *arg)
{
	(void)arg;
	loop_stop(loop);
}

Test(loop, timers_fire_in_order_and_a_cancelled_one_never)
{
	(void)loop_after(loop, 30, note, "c");
	(void)loop_after(loop, 10, note, "a");
	struct loop_timer *t = loop_after(loop, 15, note, "x");
	(void)loop_after(loop, 10, note, "b");
	(void)loop_after(loop, 40, stop, NULL);
	loop_cancel(t);
	loop_cancel(NULL);
	const int64_t before = clock_mono_ms();
	loop_run(loop);
	cr_expect_str_eq(buf_str(&trace), "abc");
	cr_expect_geq(clock_mono_ms() - before, 39);
}

static void
again(void *arg)
{
	note("t");
	if (trace.n > 20)
		loop_stop(loop);
	(void)loop_after(loop, 0, again, arg);
}

static void
on_readable(void *arg, unsigned events)
{
	(void)arg;
	cr_expect_eq(events, LOOP_IN);
	note("f");
}

Test(loop, a_timer_of_no_time_that_renews_itself_leaves_descriptors_their_turn)
{
	int fds[2];

	cr_assert_eq(pipe(fds), 0);
	cr_assert_eq(write(fds[1], "x", 1), 1);
	(void)loop_add(loop, fds[0], LOOP_IN, on_readable, NULL);
	loop_on_batch(loop, note, "B");
	(void)loop_before_wait(loop, note, "w");
	again(NULL);
	loop_run(loop);
	cr_expect_str_eq(buf_str(&trace), "twftBwftBwftBwftBwftBwftBw");
}

static struct loop_fd *handles[2];

static void
delete_both(void *arg, unsigned events)
{
	(void)arg;
	cr_expect_eq(events & LOOP_GONE, LOOP_GONE);
	note("d");
	loop_del(handles[0]);
	loop_del(handles[1]);
	loop_del(NULL);
	(void)loop_after(loop, 5, stop, NULL);
}

Test(loop, a_callback_may_delete_any_and_what_is_deleted_is_not_called)
{
	int one[2], two[2];

	cr_assert_eq(pipe(one), 0);
	cr_assert_eq(pipe(two), 0);
	close(one[1]);
	close(two[1]);
	handles[0] = loop_add(loop, one[0], 0, delete_both, NULL);
	handles[1] = loop_add(loop, two[0], LOOP_IN, delete_both, NULL);
	loop_run(loop);
	cr_expect_str_eq(buf_str(&trace), "d");
}

static void
on_writable(void *arg, unsigned events)
{
	struct loop_fd **f = arg;

	cr_expect_eq(events, LOOP_OUT);
	note("o");
	loop_want(*f, 0);
	(void)loop_after(loop, 5, stop, NULL);
}

Test(loop, only_what_is_wanted_is_told)
{
	struct loop_fd *f;
	int fds[2];

	cr_assert_eq(pipe(fds), 0);
	f = loop_add(loop, fds[1], 0, on_writable, &f);
	(void)loop_after(loop, 5, stop, NULL);
	loop_run(loop);
	cr_expect_str_eq(buf_str(&trace), "");
	loop_want(f, LOOP_OUT);
	loop_run(loop);
	cr_expect_str_eq(buf_str(&trace), "o");
}

static struct loop_hook *hook;

static void
unhook_it(void *arg)
{
	(void)arg;
	note("u");
	loop_unhook(hook);
	loop_unhook(NULL);
}

Test(loop, a_hook_that_is_taken_out_runs_no_more)
{
	hook = loop_before_wait(loop, unhook_it, NULL);
	(void)loop_after(loop, 1, note, "a");
	(void)loop_after(loop, 5, stop, NULL);
	loop_run(loop);
	cr_expect_str_eq(buf_str(&trace), "ua");
}

static void
on_signal(void *arg, int signal)
{
	(void)arg;
	note(signal == SIGTERM ? "T" : "?");
	loop_stop(loop);
}

static void
raise_it(void *arg)
{
	(void)arg;
	raise(SIGTERM);
}

Test(loop, a_signal_becomes_a_callback)
{
	struct err e = { 0 };

	cr_assert(loop_signals(loop, (const int[]){ SIGTERM, SIGHUP }, 2, on_signal,
		      NULL, &e),
	    "%s", e.detail);
	(void)loop_after(loop, 1, raise_it, NULL);
	loop_run(loop);
	cr_expect_str_eq(buf_str(&trace), "T");
}
