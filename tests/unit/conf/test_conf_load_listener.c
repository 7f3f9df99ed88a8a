/* SPDX-License-Identifier: Apache-2.0 */
/* What the daemon listens at, and the names by which it is reached there. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/buf.h"
#include "conf/conf_load.h"
#include "loading.h"

#define LEAST "profiles:\n- { name: s, usages: [server auth], names: { dns: [a] } }\n"

Test(conf_load_listener, the_listener_has_a_profile_of_exactly_its_own_names)
{
	struct conf *c = loads("listen: { api: ['0.0.0.0:443', '[::1]:443', "
			       "'10.0.0.2:444', 'localhost:445'] }\n"
			       "urls: { api: 'https://CA.example:8443/' }\n"
			       "server_names: [other, localhost, 10.0.0.1]\n" LEAST);
	const struct conf_profile *p =
	    conf_profile_find(c, bytes_str(CONF_PROFILE_LISTENER));

	cr_assert_not_null(p);
	cr_expect_eq(p, &c->profiles[c->n_profiles - 1], "the internal ones are last");
	cr_expect(p->internal);
	cr_expect_eq(p->usages, USAGE_SERVER_AUTH);
	cr_expect_eq(p->names.dns.n, 3);
	cr_expect_str_eq(p->names.dns.v[0], "ca.example");
	cr_expect_str_eq(p->names.dns.v[1], "localhost");
	cr_expect_str_eq(p->names.dns.v[2], "other");
	cr_expect_eq(p->names.ip.n, 3);
	cr_expect_str_eq(p->names.ip.v[0], "::1");
	cr_expect_str_eq(p->names.ip.v[1], "10.0.0.2");
	cr_expect_str_eq(p->names.ip.v[2], "10.0.0.1");
	cr_expect_eq(p->validity_default_s, 7 * 86400);
	cr_expect_str_eq(c->url_api, "https://CA.example:8443");
	conf_free(c);
}

/* S89: what the loader calls good can be certified (x509/names.h), and lasts for the start */
Test(conf_load_listener, the_listeners_names_are_normal_and_there_once)
{
	struct conf *c =
	    loads("urls: { api: 'https://[0:0:0:0:0:0:0:1]' }\n"
		  "server_names: ['::1', '0:0:0:0:0:0:0:1', My_Host, my_host,\n"
		  " '::ffff:10.0.0.1', 10.0.0.1, '2001:DB8:0::1', xn--nxasmm1c]\n" LEAST
		  "limits: { names: 2 }\n");
	const struct conf_profile *p =
	    conf_profile_find(c, bytes_str(CONF_PROFILE_LISTENER));

	cr_assert_eq(p->names.dns.n, 3);
	cr_expect_str_eq(p->names.dns.v[0], "localhost");
	cr_expect_str_eq(p->names.dns.v[1], "my_host");
	cr_expect_str_eq(p->names.dns.v[2], "xn--nxasmm1c");
	cr_expect(p->names.underscores);
	cr_assert_eq(p->names.ip.n, 4);
	cr_expect_str_eq(p->names.ip.v[0], "::1");
	cr_expect_str_eq(p->names.ip.v[1], "127.0.0.1");
	cr_expect_str_eq(p->names.ip.v[2], "10.0.0.1");
	cr_expect_str_eq(p->names.ip.v[3], "2001:db8::1");
	cr_expect_eq(conf_names_max(c, p), 100);
	cr_expect_eq(conf_names_max(c, &c->profiles[0]), 2);
	cr_expect_eq(conf_names_max(c, NULL), 2);
	conf_free(c);
}

/* 'n' names of 'octets' each. */
static void
put_server_names(struct buf *b, size_t n, int octets)
{
	buf_clear(b);
	buf_puts(b, LEAST "limits: { names: 1000 }\nserver_names: [a");
	for (size_t i = 1; i < n; i++)
		buf_printf(b, ", a%0*zu", octets - 1, i);
	buf_puts(b, "]\n");
}

/* S89 */
Test(conf_load_listener, the_listeners_names_fit_into_a_certificate)
{
	struct buf b;

	buf_init(&b, MIB(1));
	put_server_names(&b, 998, 6); /* with localhost and 127.0.0.1 */
	conf_free(loads(buf_str(&b)));
	put_server_names(&b, 999, 6);
	expect_refused(buf_str(&b), "4: server_names: 1001 names of the api listener");
	put_server_names(&b, 400, 60);
	expect_refused(buf_str(&b), "4: server_names: the names of the api listener");
	buf_free(&b);
}

/* S89 */
Test(conf_load_listener, what_no_certificate_can_name_is_refused_with_its_line)
{
	static const char *const cases[][2] = {
		/* clang-format off */
		{ LEAST "server_names: [b,\n ab--cd.e]\n", "4: server_names[1]: \"ab--cd.e\" has a label with hyphens" },
		{ LEAST "server_names: [a.0x1f]\n", "3: server_names[0]: \"a.0x1f\" reads as an address" },
		{ LEAST "server_names: [10.0.0.256]\n", "3: server_names[0]: " },
		{ LEAST "urls: { api: 'https://10.0.0.010:1' }\n", "3: urls.api: \"10.0.0.010\" reads as an address" },
		{ LEAST "urls: { api: 'https://a.r3--x' }\n", "3: urls.api: \"a.r3--x\" has a label with hyphens" },
		/* clang-format on */
	};

	for (size_t i = 0; i < NITEMS(cases); i++)
		expect_refused(cases[i][0], cases[i][1]);
}

/* S89: what is called good can be listened at, as far as the file alone tells */
Test(conf_load_listener, what_can_never_listen_is_refused_with_its_line)
{
	static const char *const cases[][2] = {
		/* clang-format off */
		{ LEAST "listen: { api: ['127.0.0.1:0'] }\n", "3: listen.api[0]: " },
		{ LEAST "listen: { api: ['127.0.0.1:65536'] }\n", "3: listen.api[0]: " },
		{ LEAST "listen:\n  http: ['127.0.0.1:1',\n  8443]\n", "5: listen.http[1]: \"8443\" must be ADDRESS:PORT" },
		{ LEAST "listen: { api: ['ca.example.internal:8443'] }\n", "3: listen.api[0]: \"ca.example.internal:8443\" must be ADDRESS:PORT" },
		{ LEAST "listen: { api: [':8443'] }\n", "3: listen.api[0]: \":8443\" must be ADDRESS:PORT" },
		{ LEAST "listen: { api: ['Localhost:8443'] }\n", "3: listen.api[0]: " },
		{ LEAST "listen: { api: ['10.0.0.0/8:1'] }\n", "3: listen.api[0]: " },
		{ LEAST "listen: { api: ['[10.0.0.1]:1'] }\n", "3: listen.api[0]: " },
		{ LEAST "listen: { api: ['[::g]:1'] }\n", "3: listen.api[0]: " },
		{ LEAST "listen: { api: ['::1:1'] }\n", "3: listen.api[0]: " },
		{ LEAST "listen: { api: ['[::ffff:10.0.0.1]:1'] }\n", "3: listen.api[0]: \"[::ffff:10.0.0.1]:1\" is an IPv4 address in another" },
		{ LEAST "listen: { api: ['127.0.0.1:1', '127.0.0.2:1',\n '127.0.0.1:1'] }\n", "4: listen.api[2]: \"127.0.0.1:1\" is there twice" },
		{ LEAST "listen: { api: ['127.0.0.1:1'], http: ['127.0.0.1:2'],\n metrics: ['127.0.0.1:2'] }\n", "4: listen.metrics[0]: \"127.0.0.1:2\" is there twice" },
		{ LEAST "listen: { api: ['127.0.0.1:1', 'localhost:1'] }\n", "3: listen.api[1]: \"localhost:1\" cannot be had beside \"127.0.0.1:1\"" },
		{ LEAST "listen: { api: ['[::1]:1', '[0::1]:1'] }\n", "3: listen.api[1]: \"[0::1]:1\" cannot be had beside \"[::1]:1\"" },
		{ LEAST "listen: { api: ['0.0.0.0:1'], http: ['127.0.0.1:1'] }\n", "3: listen.http[0]: " },
		{ LEAST "listen: { api: ['[::1]:1'], http: ['[::]:1'] }\n", "3: listen.http[0]: " },
		{ LEAST "listen: { api: ['127.0.0.1:8080'] }\n", "3: listen: \"127.0.0.1:8080\" is there twice" },
		{ LEAST "listen: { api: ['[0::0]:1'] }\n", "1: \"urls.api\" is missing" },
		/* clang-format on */
	};

	for (size_t i = 0; i < NITEMS(cases); i++)
		expect_refused(cases[i][0], cases[i][1]);
	conf_free(
	    loads("listen: { api: ['127.0.0.1:1', '[::1]:1', '127.0.0.2:1'], http: "
		  "['0.0.0.0:2', '[::]:2'], metrics: ['localhost:3'] }\n"
		  "urls: { public: 'http://a' }\n" LEAST));
}

/* S89: as many as front takes */
Test(conf_load_listener, more_addresses_than_are_served_are_refused)
{
	struct buf b;

	buf_init(&b, KIB(4));
	for (size_t n = CONF_LISTENERS_MAX; n <= CONF_LISTENERS_MAX + 1; n++) {
		buf_clear(&b);
		buf_puts(&b, LEAST "listen:\n  metrics: []\n  api: ['127.0.0.1:1'");
		for (size_t i = 2; i < n; i++) /* and the default of http */
			buf_printf(&b, ", '127.0.0.%zu:1'", i);
		buf_puts(&b, "]\n");
		if (n <= CONF_LISTENERS_MAX)
			conf_free(loads(buf_str(&b)));
		else
			expect_refused(buf_str(&b),
			    "3: listen: more than 32 addresses");
	}
	buf_free(&b);
}
