/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "http/conns.h"

static struct sockaddr_storage
address(const char *text)
{
	struct sockaddr_storage s = { 0 };
	struct sockaddr_in *v4 = (struct sockaddr_in *)&s;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&s;

	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1)
		s.ss_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1)
		s.ss_family = AF_INET6;
	else
		s.ss_family = AF_UNIX;
	return s;
}

/* R82, S62 */
Test(conns, one_address_has_so_many_and_others_are_not_counted)
{
	static const struct {
		const char *first, *other;
		bool same;
	} cases[] = {
		{ "192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.1", "192.0.2.2", false },
		{ "192.0.2.1", "::ffff:192.0.2.1", true },
		{ "2001:db8::1", "2001:db8::ffff", true }, /* one site has a /64 */
		{ "2001:db8:0:1::1", "2001:db8:0:2::1", false },
		{ "127.0.0.1", "127.0.0.1", false }, /* a proxy, a test */
		{ "::1", "::1", false },
		{ "::ffff:127.0.0.1", "127.0.0.1", false },
		{ "a socket", "a socket", false },
	};

	for (size_t i = 0; i < NITEMS(cases); i++) {
		struct conns *c = conns_new(2);
		const struct sockaddr_storage a = address(cases[i].first);
		const struct sockaddr_storage b = address(cases[i].other);
		struct conns_entry *x =
		    conns_add(c, -1, (const struct sockaddr *)&a, 1000);
		struct conns_entry *y =
		    conns_add(c, -1, (const struct sockaddr *)&a, 1000);

		cr_expect_eq(conns_admit(c, (const struct sockaddr *)&b),
		    !cases[i].same, "%s, %s", cases[i].first, cases[i].other);
		cr_expect_eq(conns_count(c), 2);
		conns_remove(x);
		cr_expect(conns_admit(c, (const struct sockaddr *)&b));
		conns_remove(y);
		conns_free(c);
	}
}

Test(conns, addresses_are_written_as_people_read_them)
{
	static const char *const texts[][2] = { { "192.0.2.1", "192.0.2.1" },
		{ "::ffff:192.0.2.1", "192.0.2.1" }, { "2001:db8::1", "2001:db8::1" },
		{ "a socket", "" } };
	struct conns *c = conns_new(1);

	for (size_t i = 0; i < NITEMS(texts); i++) {
		const struct sockaddr_storage a = address(texts[i][0]);
		struct conns_entry *x =
		    conns_add(c, -1, (const struct sockaddr *)&a, 0);

		cr_expect_str_eq(conns_address(x), texts[i][1]);
		conns_remove(x);
	}
	conns_free(c);
}

/* S61 */
Test(conns, who_lets_the_deadline_pass_is_cut_off_and_others_are_not)
{
	const struct sockaddr_storage a = address("127.0.0.1");
	struct conns *c = conns_new(1);
	int late[2], early[2], none[2];
	char octet;

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, late), 0);
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, early), 0);
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, none), 0);
	struct conns_entry *x = conns_add(c, late[0], (const struct sockaddr *)&a, 1);
	struct conns_entry *y =
	    conns_add(c, early[0], (const struct sockaddr *)&a, 60000);
	struct conns_entry *z = conns_add(c, none[0], (const struct sockaddr *)&a, 1);
	conns_deadline(z, 0);
	usleep(5000);
	cr_expect_eq(conns_sweep(c), 1);
	cr_expect_eq(conns_sweep(c), 0, "once is enough");
	cr_expect_eq(recv(late[1], &octet, 1, MSG_DONTWAIT), 0);
	cr_expect_eq(recv(early[1], &octet, 1, MSG_DONTWAIT), -1);
	cr_expect_eq(recv(none[1], &octet, 1, MSG_DONTWAIT), -1);
	conns_remove(y);
	conns_remove(x);
	conns_remove(z);
	conns_free(c);
}

/* S62 */
Test(conns, in_a_crowded_room_who_does_not_get_on_is_cut_off)
{
	const struct sockaddr_storage a = address("127.0.0.1");
	struct conns *c = conns_new(1);
	struct conns_room full = { .limit = 4 }, other = { .limit = 4 };
	struct conns_entry *v[4];
	int fds[4][2];

	for (size_t i = 0; i < NITEMS(v); i++) {
		cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds[i]), 0);
		v[i] = conns_add(c, fds[i][0], (const struct sockaddr *)&a, 60000);
		conns_enter(v[i], i < 3 ? &full : &other);
	}
	cr_expect_eq(conns_sweep(c), 0, "not at once");
	usleep(2100000);
	conns_deadline(v[1], 0);     /* waits for us */
	conns_deadline(v[2], 60000); /* got on */
	cr_expect_eq(conns_sweep(c), 1);
	cr_expect_eq(recv(fds[0][1], &(char){ 0 }, 1, MSG_DONTWAIT), 0);
	conns_remove(v[0]);
	cr_expect_eq(full.n, 2);
	usleep(2100000);
	cr_expect_eq(conns_sweep(c), 0, "there is room again");
	for (size_t i = 1; i < NITEMS(v); i++)
		conns_remove(v[i]);
	cr_expect_eq(full.n + other.n, 0);
	conns_free(c);
}

/* [0] is the server's, which never waits; the client's window is small. */
static void
tcp_pair(int fds[static 2])
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(in);
	const int window = KIB(64), door = socket(AF_INET, SOCK_STREAM, 0);

	cr_assert_eq(bind(door, (struct sockaddr *)&in, n), 0);
	cr_assert_eq(listen(door, 1), 0);
	cr_assert_eq(getsockname(door, (struct sockaddr *)&in, &n), 0);
	fds[1] = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(fds[1], SOL_SOCKET, SO_RCVBUF, &window, sizeof(window));
	cr_assert_eq(connect(fds[1], (struct sockaddr *)&in, n), 0);
	fds[0] = accept4(door, NULL, NULL, SOCK_NONBLOCK);
	cr_assert_geq(fds[0], 0);
	close(door);
}

/* S61, S62 */
Test(conns, in_a_crowded_room_who_takes_what_is_sent_stays_and_a_trickle_is_no_taking)
{
	static const size_t takes[] = { KIB(16), 1, 0 }; /* in a tenth of a second */
	const struct sockaddr_storage a = address("127.0.0.1");
	static uint8_t octets[KIB(64)];
	struct conns *c = conns_new(1);
	struct conns_room room = { .limit = 4 };
	struct conns_entry *v[NITEMS(takes)];
	int fds[NITEMS(takes)][2];
	size_t cut = 0;

	for (size_t i = 0; i < NITEMS(takes); i++) {
		tcp_pair(fds[i]);
		v[i] = conns_add(c, fds[i][0], (const struct sockaddr *)&a, 60000);
		conns_enter(v[i], &room);
	}
	for (int tenth = 1; tenth <= 60; tenth++) {
		for (size_t i = 0; i < NITEMS(takes); i++) {
			while (
			    send(fds[i][0], octets, sizeof(octets), MSG_NOSIGNAL) > 0) {
			}
			(void)!recv(fds[i][1], octets, takes[i], MSG_DONTWAIT);
		}
		usleep(100000);
		if (tenth % 10 == 0)
			cut += conns_sweep(c);
	}
	cr_expect_eq(cut, 2);
	for (size_t i = 0; i < NITEMS(takes); i++) {
		const bool over =
		    send(fds[i][0], octets, 1, MSG_NOSIGNAL) < 0 && errno == EPIPE;

		cr_expect_eq(over, i > 0, "%zu octets", takes[i]);
	}
	conns_deadline(v[0], 1);
	usleep(5000);
	cr_expect_eq(conns_sweep(c), 1, "but no longer than it may take");
	for (size_t i = 0; i < NITEMS(takes); i++) {
		conns_remove(v[i]);
		close(fds[i][0]);
		close(fds[i][1]);
	}
	conns_free(c);
}
