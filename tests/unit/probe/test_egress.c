/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <string.h>

#include "probe/egress.h"

static bool
allowed(const struct strings *networks, const char *text)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(80) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(80) };
	struct err e = { 0 };
	bool ok;

	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
		ok = egress_check(networks, (const struct sockaddr *)&v4, &e);
	} else {
		cr_assert_eq(inet_pton(AF_INET6, text, &v6.sin6_addr), 1, "%s", text);
		ok = egress_check(networks, (const struct sockaddr *)&v6, &e);
	}
	cr_expect_eq(e.code, ok ? ERR_NONE : ERR_PROBE_CONNECTION);
	cr_expect_eq(strstr(e.detail, text), NULL, "the client is told no address");
	return ok;
}

/* A178, R74 */
Test(egress, without_a_list_what_is_neither_public_nor_private_is_refused)
{
	static const char *const good[] = { "10.0.0.1", "172.16.0.1", "192.168.1.1",
		"8.8.8.8", "100.63.255.255", "100.128.0.1", "126.255.255.255",
		"128.0.0.1", "169.253.255.255", "223.255.255.255", "192.0.1.1",
		"fd00::1", "2606:4700::1111", "::ffff:10.0.0.1", "64:ff9b::8.8.8.8",
		"2002:808:808::1", "2001:200::1" };
	static const char *const bad[] = { "0.0.0.0", "0.1.2.3", "127.0.0.1",
		"127.255.255.255", "168.63.129.16", "169.254.169.254", "100.64.0.1",
		"100.100.100.200", "100.127.255.255", "192.0.0.192", "192.0.2.1",
		"198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1",
		"240.0.0.1", "255.255.255.255", "::", "::1", "::127.0.0.1",
		"::10.0.0.1", "::ffff:0:169.254.169.254", "::ffff:127.0.0.1",
		"::ffff:169.254.169.254", "::ffff:0.0.0.0", "64:ff9b::127.0.0.1",
		"64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::1",
		"2002:a9fe:a9fe::", "2001::1", "2001:db8::1", "fe80::1", "febf::1",
		"fec0::1", "ff02::1", "fd00:ec2::254", "fd20:ce::254", "100::1" };
	const struct strings none = { 0 };

	for (size_t i = 0; i < NITEMS(good); i++)
		cr_expect(allowed(&none, good[i]), "%s", good[i]);
	for (size_t i = 0; i < NITEMS(bad); i++)
		cr_expect_not(allowed(&none, bad[i]), "%s", bad[i]);
}

/* A178 */
Test(egress, listed_networks_count_alone)
{
	struct strings n = { 0 };

	strings_add(&n, "127.0.0.0/8");
	strings_add(&n, "fe80::/10");
	cr_expect(allowed(&n, "127.0.0.1"));
	cr_expect(allowed(&n, "::ffff:127.0.0.1"));
	cr_expect(allowed(&n, "64:ff9b::127.0.0.1"));
	cr_expect(allowed(&n, "fe80::1"));
	cr_expect_not(allowed(&n, "10.0.0.1"));
	cr_expect_not(allowed(&n, "8.8.8.8"));
	cr_expect_not(allowed(&n, "::1"));
	strings_free(&n);
	/* An IPv4 address in an IPv6 one is not let in by a network of IPv6. */
	n = (struct strings){ 0 };
	strings_add(&n, "::/0");
	cr_expect(allowed(&n, "2606:4700::1111"));
	cr_expect_not(allowed(&n, "::ffff:127.0.0.1"));
	cr_expect_not(allowed(&n, "127.0.0.1"));
	strings_free(&n);
}

/* R74 */
Test(egress, what_is_barred_is_opened_by_what_lies_within_it_alone)
{
	static const struct {
		const char *network, *good, *bad;
	} rows[] = {
		/* clang-format off */
		{ "0.0.0.0/0",        "8.8.8.8",      "169.254.169.254" },
		{ "0.0.0.0/0",        "192.168.1.1",  "127.0.0.1" },
		{ "0.0.0.0/0",        "10.0.0.1",     "168.63.129.16" },
		{ "126.0.0.0/7",      "126.0.0.1",    "127.0.0.1" },
		{ "127.0.0.0/8",      "127.1.1.1",    "128.0.0.1" },
		{ "127.0.0.1",        "127.0.0.1",    "127.0.0.2" },
		{ "169.254.0.0/16",   "169.254.1.1",  "8.8.8.8" },
		{ "100.64.0.0/9",     "100.0.0.1",    "100.64.0.1" },
		{ "100.64.0.0/11",    "100.64.0.1",   "100.96.0.1" },
		{ "::/0",             "fd00::1",      "::1" },
		{ "::/0",             "2600::1",      "fe80::1" },
		{ "::1/128",          "::1",          "::2" },
		{ "fd00::/8",         "fd00::1",      "fd00:ec2::254" },
		{ "fd00:ec2::254",    "fd00:ec2::254", "fd00:ec2::1" },
		/* clang-format on */
	};

	for (size_t i = 0; i < NITEMS(rows); i++) {
		struct strings n = { 0 };

		strings_add(&n, rows[i].network);
		cr_expect(allowed(&n, rows[i].good), "%s", rows[i].good);
		cr_expect_not(allowed(&n, rows[i].bad), "%s %s", rows[i].network,
		    rows[i].bad);
		strings_free(&n);
	}
	struct strings two = { 0 };
	strings_add(&two, "0.0.0.0/0");
	strings_add(&two, "127.0.0.1/32");
	cr_expect(allowed(&two, "127.0.0.1"));
	cr_expect_not(allowed(&two, "127.0.0.2"));
	strings_free(&two);
}

Test(egress, other_families_are_refused_and_addresses_are_written_with_their_port)
{
	const struct sockaddr local = { .sa_family = AF_UNIX };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
		.sin6_port = htons(443),
		.sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_in v4 = { .sin_family = AF_INET,
		.sin_port = htons(65535),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	const struct strings none = { 0 };
	char text[EGRESS_TEXT_LEN];
	struct err e;

	cr_expect_not(egress_check(&none, &local, &e));
	egress_text((const struct sockaddr *)&v6, text);
	cr_expect_str_eq(text, "[::1]:443");
	egress_text((const struct sockaddr *)&v4, text);
	cr_expect_str_eq(text, "127.0.0.1:65535");
}
