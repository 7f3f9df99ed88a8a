/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/link.h"
#include "ipc/msg_control.h"

static struct loop *loop;
static struct link *near, *far;
static size_t got_near, got_far, others, others_at_last;
static enum err_code ended;
static bool closed;

static bool
count_near(void *ctx, const struct frame *f, struct err *e)
{
	(void)ctx;
	(void)f;
	(void)e;
	got_near++;
	return true;
}

static bool
count_and_answer(void *ctx, const struct frame *f, struct err *e)
{
	(void)ctx;
	(void)e;
	got_far++;
	link_send(far, MSG_HTTP_RESPONSE, f->body);
	return true;
}

static bool
refuse(void *ctx, const struct frame *f, struct err *e)
{
	(void)ctx;
	(void)f;
	return err_set(e, ERR_UNAVAILABLE, "not with me");
}

static bool
close_it(void *ctx, const struct frame *f, struct err *e)
{
	(void)ctx;
	(void)e;
	close(f->fd);
	return true;
}

static const struct msg_rule near_rules[] = {
	{ MSG_HTTP_RESPONSE, PEER_CORE, false, 100, count_near },
	{ 0 },
};
static const struct msg_rule far_rules[] = {
	{ MSG_HTTP_REQUEST, PEER_FRONT, false, 100, count_and_answer },
	{ MSG_START, PEER_FRONT, true, 1, count_and_answer },
	{ MSG_LISTENER, PEER_FRONT, false, 100, close_it },
	{ MSG_STOP, PEER_FRONT, false, 0, refuse },
	{ 0 },
};

static void
on_gone(void *arg, struct link *k, const struct err *e)
{
	(void)arg;
	ended = e->code;
	closed = link_closed(k);
	cr_expect(link_over(k));
	loop_stop(loop);
}

static void
give_up(void *arg)
{
	(void)arg;
	cr_assert(false, "nothing happened for 10 s");
}

static int pair[2]; /* of near and far: link_free() leaves them open */

static void
open_pair(void)
{
	loop = loop_new();
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	near = link_new(loop, pair[0], PEER_CORE, 200, near_rules, NULL);
	far = link_new(loop, pair[1], PEER_FRONT, 200, far_rules, NULL);
	link_on_gone(far, on_gone, NULL);
	(void)loop_after(loop, 10000, give_up, NULL);
}

static void
close_pair(void)
{
	link_free(near);
	link_free(far);
	close(pair[0]);
	close(pair[1]);
	loop_free(loop);
}

static void
stop_when_all_came(void *arg)
{
	if (got_near == *(size_t *)arg)
		loop_stop(loop);
}

Test(link, every_frame_of_a_burst_is_answered_though_poll_tells_of_none)
{
	size_t n =
	    3000; /* over MSG_RECEIVE_MAX, and one read of the socket takes all */

	open_pair();
	loop_on_batch(loop, stop_when_all_came, &n);
	for (size_t i = 0; i < n; i++)
		link_send(near, MSG_HTTP_REQUEST, bytes_str("?"));
	loop_run(loop);
	cr_expect_eq(got_far, n);
	cr_expect_eq(got_near, n);
	close_pair();
}

static void
on_other(void *arg, unsigned events)
{
	(void)arg;
	(void)events;
	others++;
	if (got_far < 3000)
		others_at_last++;
}

Test(link, a_burst_does_not_keep_others_from_their_turn)
{
	size_t n = 3000;
	int fds[2];

	open_pair();
	cr_assert_eq(pipe(fds), 0);
	cr_assert_eq(write(fds[1], "x", 1), 1);
	(void)loop_add(loop, fds[0], LOOP_IN, on_other, NULL); /* always readable */
	loop_on_batch(loop, stop_when_all_came, &n);
	for (size_t i = 0; i < n; i++)
		link_send(near, MSG_HTTP_REQUEST, bytes_str("?"));
	loop_run(loop);
	cr_expect_gt(others_at_last, 3000 / MSG_RECEIVE_MAX - 2);
	close_pair();
}

/* S83 */
Test(link, a_message_of_no_rule_too_long_doubled_or_with_a_stray_descriptor_ends_it)
{
	static const struct {
		unsigned type;
		size_t octets;
		int times;
		bool fd;
		enum err_code want;
	} cases[] = {
		{ MSG_SIGN_CERT, 1, 1, false, ERR_MALFORMED },
		{ 999, 1, 1, false, ERR_MALFORMED },
		{ MSG_HTTP_REQUEST, 101, 1, false, ERR_MALFORMED },
		{ MSG_HTTP_REQUEST, 201, 1, false, ERR_MALFORMED },
		{ MSG_HTTP_RESPONSE, 1, 1, false, ERR_MALFORMED },
		{ MSG_START, 1, 2, false, ERR_MALFORMED },
		{ MSG_LISTENER, 1, 1, false, ERR_MALFORMED },
		{ MSG_HTTP_REQUEST, 1, 1, true, ERR_MALFORMED },
		{ MSG_HTTP_LOCAL, 1, 1, false, ERR_MALFORMED },
		{ MSG_HTTP_LOCAL, 1, 1, true, ERR_MALFORMED },
		{ MSG_STOP, 0, 1, false, ERR_UNAVAILABLE },
	};
	static const uint8_t zeros[300];

	for (size_t i = 0; i < NITEMS(cases); i++) {
		struct err e = { 0 };
		const struct bytes body = bytes_of(zeros, cases[i].octets);

		open_pair();
		ended = ERR_NONE;
		for (int k = 0; k < cases[i].times; k++)
			if (cases[i].fd)
				cr_assert(
				    link_send_fd(near, cases[i].type, body, 1, &e));
			else
				link_send(near, cases[i].type, body);
		loop_run(loop);
		cr_expect_eq(ended, cases[i].want, "case %zu", i);
		cr_expect_not(closed, "the peer has not closed");
		close_pair();
	}
}

Test(link, the_last_words_of_a_peer_that_ends_are_heard_though_nobody_reads_ours)
{
	open_pair();
	for (int i = 0; i < 300; i++)
		link_send(near, MSG_HTTP_REQUEST, bytes_str("?"));
	struct err e = { 0 };
	cr_assert(link_drain(near, &e), "%s", e.detail);
	link_free(near);
	near = NULL;
	cr_assert_eq(dup3(pair[1], pair[0], O_CLOEXEC), pair[0]); /* closes it */
	link_send(far, MSG_HTTP_RESPONSE, bytes_str("into the void"));
	loop_run(loop);
	cr_expect_eq(got_far, 300);
	cr_expect_eq(ended, ERR_UNAVAILABLE);
	cr_expect(closed);
	close_pair();
}

/* S83: who asks and does not read must not fill our memory */
Test(link, a_peer_that_does_not_read_is_given_up)
{
	static uint8_t octets[KIB(64)];
	const struct bytes body = bytes_of(octets, sizeof(octets));

	loop = loop_new();
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	far = link_new(loop, pair[0], PEER_FRONT, 100, far_rules, NULL);
	link_on_gone(far, on_gone, NULL);
	/* The socket itself takes some of it. */
	for (size_t n = 0; n <= LINK_QUEUED_MAX + MIB(4); n += body.n)
		link_send(far, MSG_HTTP_RESPONSE, body);
	cr_assert_gt(link_queued(far), LINK_QUEUED_MAX);
	(void)loop_after(loop, 20, give_up, NULL);
	ended = ERR_NONE;
	loop_run(loop);
	cr_expect_eq(ended, ERR_MALFORMED);
	cr_expect_not(closed);
	close_pair();
}

static size_t rounds;

static void
count_round(void *arg)
{
	(void)arg;
	rounds++;
}

static void
on_read_no_more(void *arg)
{
	static uint8_t octets[KIB(64)];

	(void)arg;
	/* Room, for which the link waits: it hears of it when there is nobody any more. */
	while (recv(pair[1], octets, sizeof(octets), MSG_DONTWAIT) > 0)
		continue;
	cr_assert_eq(shutdown(pair[1], SHUT_RD), 0);
}

/* S83: and the loop does not turn for it all the while */
Test(link, a_peer_that_shuts_the_side_it_reads_is_given_up)
{
	static uint8_t octets[KIB(64)];

	loop = loop_new();
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	far = link_new(loop, pair[0], PEER_FRONT, 100, far_rules, NULL);
	link_on_gone(far, on_gone, NULL);
	for (int i = 0; i < 32; i++) /* more than the socket takes */
		link_send(far, MSG_HTTP_RESPONSE, bytes_of(octets, sizeof(octets)));
	(void)loop_after(loop, 20, on_read_no_more, NULL);
	(void)loop_after(loop, 10000, give_up, NULL);
	loop_on_batch(loop, count_round, NULL);
	ended = ERR_NONE;
	loop_run(loop);
	cr_expect_eq(ended, ERR_MALFORMED);
	cr_expect_not(closed);
	cr_expect_lt(rounds, 20, "%zu rounds", rounds);
	close_pair();
}
