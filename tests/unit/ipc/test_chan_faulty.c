/* SPDX-License-Identifier: Apache-2.0 */
/* Channels, when the system refuses, interrupts, or takes and gives one octet. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../faulty.h"
#include "ipc/chan.h"

static struct chan *a, *b;
static int file; /* the descriptor that is sent, or came */

static void
open_pair(void)
{
	int fds[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	a = chan_new(fds[0], KIB(1));
	b = chan_new(fds[1], KIB(1));
	file = -1;
}

static void
close_pair(bool ok, const struct err *e)
{
	cr_expect(ok || e->code == ERR_IO || e->code == ERR_UNAVAILABLE, "%s",
	    e->detail);
	chan_free(a);
	chan_free(b);
	if (file >= 0)
		close(file);
}

static void
close_whole(bool ok, const struct err *e)
{
	cr_expect(ok, "%s: %s", faulty_which(), e->detail);
	close_pair(ok, e);
}

/* Three frames go over; what comes is what was sent, in its order. */
static bool
exchange(struct err *e)
{
	static const char *const texts[] = { "", "a", "some more octets than one" };
	struct frame f;
	bool left = true, got;

	for (unsigned i = 0; i < NITEMS(texts); i++)
		chan_send(a, i + 1, bytes_str(texts[i]));
	if (!chan_flush(a, &left, e))
		return false;
	cr_expect_not(left);
	for (unsigned i = 0; i < NITEMS(texts); i++) {
		got = false;
		if (!chan_recv(b, &f, &got, e))
			return false;
		cr_expect(got);
		cr_expect_eq(f.type, i + 1);
		cr_expect(bytes_eq_str(f.body, texts[i]));
	}
	return true;
}

static bool
exchange_descriptor(struct err *e)
{
	struct frame f = { .fd = -1 };
	bool got = false;

	if (!chan_send_fd(a, 7, bytes_str("with it"), STDERR_FILENO, e))
		return false;
	if (!chan_recv(b, &f, &got, e))
		return false;
	file = f.fd;
	cr_expect_geq(f.fd, 0);
	cr_expect(bytes_eq_str(f.body, "with it"));
	return true;
}

static unsigned
sweep(int error, bool (*act)(struct err *), void (*end)(bool, const struct err *))
{
	return faulty_sweep(error, open_pair, act, end);
}

Test(chan_faulty, what_the_system_refuses_is_told)
{
	cr_expect_geq(sweep(EIO, exchange, close_pair), 2);
	cr_expect_geq(sweep(ENOBUFS, exchange_descriptor, close_pair), 2);
}

Test(chan_faulty, who_was_reset_has_closed)
{
	cr_expect_geq(sweep(ECONNRESET, exchange, close_pair), 2);
	cr_expect_geq(sweep(EPIPE, exchange_descriptor, close_pair), 2);
	open_pair();
	struct frame f;
	struct err e = { 0 };
	bool got = false;
	faulty_arm(1, ECONNRESET);
	cr_expect_not(chan_recv(b, &f, &got, &e));
	cr_expect(faulty_disarm());
	cr_expect_eq(e.code, ERR_UNAVAILABLE);
	cr_expect(chan_closed(b));
	close_pair(false, &e);
}

Test(chan_faulty, an_interruption_or_a_single_octet_loses_nothing)
{
	cr_expect_geq(sweep(EINTR, exchange, close_whole), 2);
	cr_expect_geq(sweep(EINTR, exchange_descriptor, close_whole), 2);
	cr_expect_geq(sweep(FAULTY_SHORT, exchange, close_whole), 1);
}

/* A socket that is full is waited for when a descriptor goes along. */
Test(chan_faulty, a_descriptor_waits_until_there_is_room)
{
	struct err e = { 0 };

	open_pair();
	cr_assert_eq(fcntl(chan_fd(a), F_SETFL, O_NONBLOCK), 0);
	faulty_arm(1, EAGAIN);
	cr_expect(exchange_descriptor(&e), "%s", e.detail);
	cr_expect(faulty_disarm());
	cr_expect_str_eq(faulty_which(), "sendmsg");
	close_whole(true, &e);
}
