/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "probe/redirect.h"

static bool
goes(const char *url, struct redirect_target *ret)
{
	struct redirect_path p = { .http_port = 5002, .tls_port = 5001 };
	struct redirect_target first;
	struct err e = { 0 };

	cr_assert(redirect_to(&p, NULL, "http://a.test:5002/x/y", &first, &e));
	const bool ok = redirect_to(&p, first.url, url, ret, &e);
	cr_expect_eq(e.code, ok ? ERR_NONE : ERR_PROBE_CONNECTION);
	return ok;
}

/* S51, R72, A176 */
Test(redirect, http_and_https_at_the_ports_of_the_web_and_of_the_profile)
{
	static const struct {
		const char *url, *whole, *host;
		uint16_t port;
	} good[] = {
		{ "http://b.test/", "http://b.test/", "b.test", 80 },
		{ "https://b.test/?q#f", "https://b.test/?q", "b.test", 443 },
		{ "HTTP://B.test.:80/", "http://B.test.:80/", "B.test", 80 },
		{ "http://b.test:443/", "http://b.test:443/", "b.test", 443 },
		{ "/z", "http://a.test:5002/z", "a.test", 5002 },
		{ "z", "http://a.test:5002/x/z", "a.test", 5002 },
		{ "//c_d.test:5001/", "http://c_d.test:5001/", "c_d.test", 5001 },
		{ "http://192.0.2.1/", "http://192.0.2.1/", "192.0.2.1", 80 },
		{ "http://0x7f.1/", "http://127.0.0.1/", "127.0.0.1", 80 },
		{ "http://[2001:db8::1]/", "http://[2001:db8::1]/", "2001:db8::1", 80 },
	};
	struct redirect_target t;

	for (size_t i = 0; i < NITEMS(good); i++) {
		cr_assert(goes(good[i].url, &t), "%s", good[i].url);
		cr_expect_str_eq(t.url, good[i].whole);
		cr_expect_str_eq(t.host, good[i].host);
		cr_expect_eq(t.port, good[i].port);
	}
}

/* S51, R72 */
Test(redirect, anything_else_is_refused)
{
	static const char *const bad[] = { "file:///etc/passwd", "ftp://b.test/",
		"gopher://b.test/", "dict://b.test:80/", "javascript:1", "data:,x",
		"ldap://b.test:80/", "smb://b.test:80/", "telnet://b.test:80/",
		"http://u@b.test/", "http://u:p@b.test/", "http://:p@b.test/",
		"http://b.test:22/", "http://b.test:0/", "http://b.test:65536/",
		"http://b.test:8080/", "http://[fe80::1%25eth0]/", "http://[::1/",
		"http://", "http:///", "http://b..test/", "http://.b.test/",
		"http://b.test%2fx/", "http://b test/", "http://b.test\\@c.test/",
		"http://m\xc3\xbcller.test/", "http://b.test/\n",
		"http://a.test:5002/x/y", "/x/y", "/x/y#other", "" };
	char longest[REDIRECT_URL_MAX + 2];
	struct redirect_target t;

	for (size_t i = 0; i < NITEMS(bad); i++)
		cr_expect_not(goes(bad[i], &t), "%s", bad[i]);
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	memcpy(longest, "http://b.test/", 14);
	cr_expect_not(goes(longest, &t));
	longest[sizeof(longest) - 2] = '\0';
	cr_expect(goes(longest, &t));
	memset(longest, 'b', sizeof(longest) - 2);
	longest[0] = '/';
	cr_expect_not(goes(longest, &t), "the whole URL is bounded, not what came");
}

/* S51 */
Test(redirect, ten_and_none_twice)
{
	struct redirect_path p = { .http_port = 80, .tls_port = 443 };
	struct redirect_target t = { 0 };
	char url[64];
	struct err e;

	for (int i = 0; i <= REDIRECT_HOPS_MAX; i++) {
		snprintf(url, sizeof(url), "http://a.test/%d", i);
		cr_expect(redirect_to(&p, i > 0 ? t.url : NULL, url, &t, &e), "%d", i);
	}
	cr_expect_not(redirect_to(&p, t.url, "http://a.test/z", &t, &e));
}
