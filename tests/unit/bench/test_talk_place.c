/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "bench/talk.h"

Test(talk_place, a_url_says_host_port_and_whether_tls)
{
	static const struct {
		const char *url, *host, *authority;
		bool tls;
	} rows[] = {
		{ "https://127.0.0.1:8443/acme", "127.0.0.1", "127.0.0.1:8443", true },
		{ "http://127.0.0.1", "127.0.0.1", "127.0.0.1", false },
		{ "HTTPS://[::1]:8443", "::1", "[::1]:8443", true },
	};

	for (size_t i = 0; i < NITEMS(rows); i++) {
		struct talk_place p;
		struct err e = { 0 };

		cr_assert(talk_place_read(rows[i].url, &p, &e), "%s", e.detail);
		cr_expect_str_eq(p.host, rows[i].host);
		cr_expect_str_eq(p.authority, rows[i].authority);
		cr_expect_eq(p.tls, rows[i].tls);
		cr_expect_gt(p.addr_n, 0);
		talk_place_free(&p);
	}
}

Test(talk_place, what_is_no_such_url_is_refused)
{
	static const char *const bad[] = { "", "127.0.0.1", "ftp://127.0.0.1",
		"https://", "https://:8443", "https://127.0.0.1:", "https://[::1",
		"https://[::1]x", "http://127.0.0.1:nothing" };

	for (size_t i = 0; i < NITEMS(bad); i++) {
		struct talk_place p;
		struct err e = { 0 };

		cr_expect_not(talk_place_read(bad[i], &p, &e), "%s", bad[i]);
		cr_expect_neq(e.detail[0], '\0');
	}
}
