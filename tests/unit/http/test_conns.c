/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <criterion/criterion.h>
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
