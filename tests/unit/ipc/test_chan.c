/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "ipc/chan.h"

static struct chan *a, *b; /* the two ends */
static int raw;            /* the descriptor of a */

static void
open_pair(size_t frame_max)
{
	int fds[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	raw = fds[0];
	a = chan_new(fds[0], frame_max);
	b = chan_new(fds[1], frame_max);
}

static void
make_nonblocking(struct chan *c)
{
	cr_assert_eq(fcntl(chan_fd(c), F_SETFL, O_NONBLOCK), 0);
}

static void
send_text(unsigned type, const char *text)
{
	struct err e = { 0 };
	bool left;

	chan_send(a, type, bytes_str(text));
	cr_assert(chan_flush(a, &left, &e), "%s", e.detail);
	cr_assert_not(left);
}

static void
expect_text(unsigned type, const char *text)
{
	struct frame f;
	struct err e = { 0 };
	bool got = false;

	cr_assert(chan_recv(b, &f, &got, &e), "%s", e.detail);
	cr_assert(got);
	cr_expect_eq(f.type, type);
	cr_expect(bytes_eq_str(f.body, text));
	cr_expect_eq(f.fd, -1);
}

static enum err_code
recv_code(void)
{
	struct frame f;
	struct err e = { 0 };
	bool got;

	return chan_recv(b, &f, &got, &e) ? ERR_NONE : e.code;
}

Test(chan, frames_arrive_whole_and_in_order_and_the_end_is_told_behind_them)
{
	open_pair(100);
	chan_send(a, 7, bytes_str("one"));
	chan_send(a, 8, bytes_of(NULL, 0));
	send_text(9, "three");
	chan_free(a);
	cr_expect_not(chan_pending(b), "nothing was read yet");
	expect_text(7, "one");
	cr_expect(chan_pending(b), "poll does not know of the second");
	expect_text(8, "");
	expect_text(9, "three");
	cr_expect_not(chan_pending(b));
	cr_expect_not(chan_closed(b));
	cr_expect_eq(recv_code(), ERR_UNAVAILABLE);
	cr_expect(chan_closed(b));
	chan_free(b);
}

Test(chan, a_frame_of_any_cut_off_length_is_waited_for)
{
	static const uint8_t octets[] = { 0, 0, 0, 2, 0, 5, 'h', 'i' };

	open_pair(100);
	make_nonblocking(b);
	for (size_t i = 0; i < sizeof(octets); i++) {
		struct frame f;
		struct err e = { 0 };
		bool got = true;

		cr_assert(chan_recv(b, &f, &got, &e));
		cr_expect_not(got, "after %zu octets", i);
		cr_assert_eq(write(raw, octets + i, 1), 1);
	}
	expect_text(5, "hi");
	chan_free(a);
	chan_free(b);
}

/* S83 */
Test(chan, a_frame_over_the_limit_is_refused_before_its_body_comes)
{
	open_pair(4);
	send_text(1, "1234");
	expect_text(1, "1234");
	cr_assert_eq(write(raw, "\0\0\0\5\0\1", 6), 6);
	cr_expect_eq(recv_code(), ERR_MALFORMED);
	cr_expect(chan_pending(b), "it is never waited for");
	chan_free(a);
	chan_free(b);

	open_pair(4);
	cr_assert_eq(write(raw, "\xff\xff\xff\xff\0\1", 6), 6);
	cr_expect_eq(recv_code(), ERR_MALFORMED);
	chan_free(a);
	chan_free(b);
}

Test(chan, a_descriptor_comes_with_its_frame_and_no_other)
{
	struct frame f;
	struct err e = { 0 };
	int pipe_fds[2];
	char c = 0;
	bool got;

	open_pair(100);
	cr_assert_eq(pipe(pipe_fds), 0);
	send_text(1, "before");
	cr_assert(chan_send_fd(a, 2, bytes_str("with"), pipe_fds[1], &e), "%s",
	    e.detail);
	send_text(3, "behind");
	expect_text(1, "before");
	cr_assert(chan_recv(b, &f, &got, &e), "%s", e.detail);
	cr_expect_eq(f.type, 2);
	cr_expect(bytes_eq_str(f.body, "with"));
	cr_assert_geq(f.fd, 0);
	cr_expect_neq(fcntl(f.fd, F_GETFD) & FD_CLOEXEC, 0);
	cr_assert_eq(write(f.fd, "x", 1), 1);
	cr_assert_eq(read(pipe_fds[0], &c, 1), 1);
	cr_expect_eq(c, 'x');
	close(f.fd);
	expect_text(3, "behind");
	chan_free(a);
	chan_free(b);
}

/* S83 */
Test(chan, a_frame_that_lacks_its_descriptor_and_descriptors_without_end_are_refused)
{
	struct err e = { 0 };

	open_pair(100);
	cr_assert_eq(write(raw, "\0\0\0\0\x80\1", 6), 6);
	cr_expect_eq(recv_code(), ERR_MALFORMED);
	chan_free(a);
	chan_free(b);

	open_pair(100);
	for (int i = 0; i < 5; i++) { /* in an unfinished frame each */
		union {
			struct cmsghdr h;
			char room[CMSG_SPACE(sizeof(int))];
		} control = { .room = { 0 } };
		struct iovec iov = { (void *)(uintptr_t) "\0", 1 };
		struct msghdr m = { .msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = control.room,
			.msg_controllen = sizeof(control.room) };
		struct cmsghdr *h = CMSG_FIRSTHDR(&m);

		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(h), &(int){ 0 }, sizeof(int));
		cr_assert_eq(sendmsg(raw, &m, 0), 1);
	}
	cr_expect_eq(recv_code(), ERR_MALFORMED);
	(void)e;
	chan_free(a);
	chan_free(b);
}

Test(chan, what_the_socket_does_not_take_waits_and_nothing_is_lost)
{
	const size_t frames = 20000;
	struct err e = { 0 };
	size_t sent = 0, received = 0;
	bool left, waited = false;

	open_pair(KIB(1));
	make_nonblocking(a);
	make_nonblocking(b);
	while (received < frames) {
		struct frame f;
		bool got;

		for (int i = 0; i < 500 && sent < frames; i++) {
			uint8_t body[300];

			memset(body, (int)(sent % 251), sizeof(body));
			chan_send(a, 1 + (unsigned)(sent % 30000),
			    bytes_of(body, sent % sizeof(body)));
			sent++;
		}
		cr_assert(chan_flush(a, &left, &e));
		waited = waited || left;
		cr_assert_eq(left, chan_queued(a) > 0);
		for (int i = 0; i < 300; i++) {
			cr_assert(chan_recv(b, &f, &got, &e), "%s", e.detail);
			if (!got)
				break;
			cr_assert_eq(f.type, 1 + received % 30000);
			cr_assert_eq(f.body.n, received % 300);
			if (f.body.n > 0)
				cr_assert_eq(f.body.p[f.body.n - 1], received % 251);
			received++;
		}
	}
	cr_expect(waited, "the test has filled the socket");
	chan_free(a);
	chan_free(b);
}

Test(chan, a_frame_larger_than_all_buffers_passes)
{
	const size_t n = MIB(5);
	uint8_t *body = mem_zalloc(n);
	struct frame f;
	struct err e = { 0 };
	bool left = true, got = false;

	body[0] = 1;
	body[n - 1] = 2;
	open_pair(n);
	make_nonblocking(a);
	make_nonblocking(b);
	for (int round = 0; round < 2; round++) {
		chan_send(a, 1, bytes_of(body, n));
		got = false;
		while (!got) {
			cr_assert(chan_flush(a, &left, &e));
			cr_assert(chan_recv(b, &f, &got, &e), "%s", e.detail);
		}
		cr_expect_eq(f.body.n, n);
		cr_expect(bytes_eq(f.body, bytes_of(body, n)));
		send_text(2, "small");
		expect_text(2, "small");
	}
	free(body);
	chan_free(a);
	chan_free(b);
}

Test(chan, writing_to_who_has_closed_is_an_error_and_no_signal)
{
	struct err e = { 0 };
	bool left;

	open_pair(100);
	chan_free(b);
	chan_send(a, 1, bytes_str("x"));
	cr_expect_not(chan_flush(a, &left, &e));
	cr_expect_eq(e.code, ERR_UNAVAILABLE);
	chan_free(a);
}

/* S83: descriptors that are queued come with their own frames, however little the socket takes. */
Test(chan, queued_descriptors_keep_their_places)
{
	enum {
		FRAMES = 40
	};
	static uint8_t body[KIB(20)];
	int pipes[FRAMES][2];
	size_t got = 0;
	struct frame f;
	struct err e;

	open_pair(KIB(64));
	make_nonblocking(a);
	make_nonblocking(b);
	for (size_t i = 0; i < FRAMES; i++) {
		memset(body, (int)i, sizeof(body));
		if (i % 3 == 0) {
			chan_send(a, 1, bytes_of(body, sizeof(body)));
			continue;
		}
		cr_assert_eq(pipe(pipes[i]), 0);
		/* A short frame behind a long one, and the other way round. */
		chan_send_with(a, 2, bytes_of(body, i % 3 == 1 ? sizeof(body) : 1),
		    pipes[i][1]);
	}
	for (bool left = true; got < FRAMES;) {
		bool there = false;

		cr_assert(chan_flush(a, &left, &e), "%s", e.detail);
		cr_assert(chan_recv(b, &f, &there, &e), "%s", e.detail);
		if (!there)
			continue;
		cr_expect_eq(f.type, got % 3 == 0 ? 1 : 2);
		cr_assert_eq((f.fd >= 0), got % 3 != 0, "frame %zu", got);
		cr_expect_eq(f.body.p[0], got);
		if (f.fd >= 0) {
			uint8_t back = 0;

			cr_assert_eq(write(f.fd, &f.body.p[0], 1), 1);
			cr_assert_eq(read(pipes[got][0], &back, 1), 1);
			cr_expect_eq(back, got, "of another frame");
			close(f.fd);
			cr_expect_eq(read(pipes[got][0], &back, 1), 0,
			    "the sender's is closed");
			close(pipes[got][0]);
		}
		got++;
	}
	chan_free(a);
	chan_free(b);
}
