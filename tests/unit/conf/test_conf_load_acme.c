/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/conf_load.h"

#include "base/buf.h"
#include "base/mem.h"
#include "loading.h"

#define LEAST                                                                          \
	"profiles:\n"                                                                  \
	"- { name: t, usages: [server auth], names: { dns: [a] } }\n"                  \
	"- { name: u, usages: [server auth], names: { uri: ['*'] } }\n"                \
	"- name: s\n"                                                                  \
	"  usages: [server auth]\n"                                                    \
	"  names: { dns: [a] }\n"
#define DEFAULT3 (CHALLENGE_HTTP_01 | CHALLENGE_DNS_01 | CHALLENGE_TLS_ALPN_01)
#define WEEK     (7 * 86400)

Test(conf_load_acme, without_the_key_there_is_no_directory)
{
	struct conf *c = loads(LEAST);

	for (size_t i = 0; i < c->n_profiles; i++) {
		cr_expect_not(c->profiles[i].acme.on);
		cr_expect_eq(c->profiles[i].acme.challenges, 0);
	}
	cr_expect_null(c->acme.terms);
	cr_expect_eq(c->acme.resolvers.n, 0, "no file is opened for a text");
	conf_free(c);
}

Test(conf_load_acme, an_empty_mapping_is_a_directory_with_every_default)
{
	struct conf *c = loads(LEAST "  acme: {}\n");
	const struct conf_acme *a = &c->profiles[2].acme;

	cr_expect(a->on);
	cr_expect_not(c->profiles[0].acme.on);
	cr_expect_eq(a->challenges, DEFAULT3);
	cr_expect_not(a->external_account);
	cr_expect_eq(a->profiles.n, 0);
	cr_expect_eq(a->networks.n, 0);
	cr_expect_eq(a->resolvers.n, 0);
	cr_expect_eq(a->http_port, 80);
	cr_expect_eq(a->tls_port, 443);
	cr_expect_not(a->caa);
	cr_expect_not(a->subdomains);
	cr_expect_eq(a->authorization_s, WEEK);
	cr_expect_null(c->acme.terms);
	cr_expect_null(c->acme.website);
	cr_expect_eq(c->acme.caa_identities.n, 0);
	cr_expect_eq(c->acme.order_s, WEEK);
	cr_expect_eq(c->acme.names_max, 100);
	cr_expect_eq(c->acme.accounts_per_hour, 100);
	cr_expect_eq(c->acme.orders_per_hour, 1000);
	cr_expect_eq(c->acme.pending_max, 300);
	cr_expect_eq(c->acme.failures_per_hour, 60);
	conf_free(c);
}

Test(conf_load_acme, an_order_has_no_more_names_than_a_certificate)
{
	struct conf *c = loads(LEAST "limits: { names: 5 }\n");

	cr_expect_eq(c->acme.names_max, 5);
	conf_free(c);
	expect_refused(LEAST "limits: { names: 5 }\nacme: { max_identifiers: 6 }\n",
	    "8: acme.max_identifiers: more than limits.names, which is 5");
}

Test(conf_load_acme, values_are_read_as_they_are_meant)
{
	struct conf *c = loads(
	    "acme:\n"
	    "  terms_of_service: https://ca.internal:8443/terms?v=1#top\n"
	    "  website: http://[::1]/\n"
	    "  caa_identities: [ca.internal, xn--bcher-kva.example]\n"
	    "  resolvers: [10.0.0.53, '10.0.0.54:5353', 'FD00::53', '[fd00:0::54]', "
	    "'[::1]:8053']\n"
	    "  order_lifetime: 1s\n"
	    "  max_identifiers: 7\n"
	    "  limits: { accounts_per_hour: 0, orders_per_hour: 1, pending_orders: 2,\n"
	    "    failures_per_hour: 1000000 }\n" LEAST "  acme:\n"
	    "    challenges: [dns-persist-01, dns-account-01, dns-01]\n"
	    "    external_account: required\n"
	    "    profiles: [t]\n"
	    "    networks: [10.0.0.0/8, 127.0.0.1, 'fd00::/8']\n"
	    "    resolvers: ['127.0.0.1:5']\n"
	    "    http_port: 5002\n"
	    "    tls_port: 65535\n"
	    "    caa: true\n"
	    "    subdomains: true\n"
	    "    authorization_lifetime: 398d\n");
	static const char *const resolvers[] = { "10.0.0.53:53", "10.0.0.54:5353",
		"[fd00::53]:53", "[fd00::54]:53", "[::1]:8053" };
	const struct conf_acme *a = &c->profiles[2].acme;

	cr_expect_str_eq(c->acme.terms, "https://ca.internal:8443/terms?v=1#top");
	cr_expect_str_eq(c->acme.website, "http://[::1]/");
	cr_expect_str_eq(c->acme.caa_identities.v[1], "xn--bcher-kva.example");
	cr_assert_eq(c->acme.resolvers.n, NITEMS(resolvers));
	for (size_t i = 0; i < NITEMS(resolvers); i++)
		cr_expect_str_eq(c->acme.resolvers.v[i], resolvers[i]);
	cr_expect_not(c->acme.resolvers_found);
	cr_expect_eq(c->acme.order_s, 1);
	cr_expect_eq(c->acme.names_max, 7);
	cr_expect_eq(c->acme.accounts_per_hour, 0);
	cr_expect_eq(c->acme.orders_per_hour, 1);
	cr_expect_eq(c->acme.pending_max, 2);
	cr_expect_eq(c->acme.failures_per_hour, 1000000);
	cr_expect_eq(a->challenges,
	    CHALLENGE_DNS_PERSIST_01 | CHALLENGE_DNS_ACCOUNT_01 | CHALLENGE_DNS_01);
	cr_expect(a->external_account);
	cr_expect_str_eq(a->profiles.v[0], "t");
	cr_expect_eq(a->networks.n, 3);
	cr_expect_str_eq(a->networks.v[2], "fd00::/8");
	cr_expect_str_eq(a->resolvers.v[0], "127.0.0.1:5");
	cr_expect_eq(a->http_port, 5002);
	cr_expect_eq(a->tls_port, 65535);
	cr_expect(a->caa);
	cr_expect(a->subdomains);
	cr_expect_eq(a->authorization_s, 398 * 86400);
	conf_free(c);
}

/* A30, A31 */
Test(conf_load_acme, what_is_wrong_for_all_directories_is_refused_with_its_line)
{
	static const char *const cases[][2] = {
		/* clang-format off */
		{ "terms_of_service: 'data:text/plain,x'", "terms_of_service: \"data:text/plain,x\" must be a URL" },
		{ "terms_of_service: 'ftp://a/b'", "terms_of_service: " },
		{ "terms_of_service: 'https://'", "terms_of_service: " },
		{ "terms_of_service: 'https:///x'", "terms_of_service: " },
		{ "terms_of_service: 'https://u@a/'", "terms_of_service: " },
		{ "terms_of_service: 'https://a:0/'", "terms_of_service: " },
		{ "terms_of_service: 'https://a/b c'", "terms_of_service: " },
		{ "terms_of_service: 'https://a/\"b'", "terms_of_service: " },
		{ "terms_of_service: 'https://a/ü'", "terms_of_service: " },
		{ "website: ca.internal", "website: " },
		{ "caa_identities: [CA.internal]", "caa_identities[0]: \"CA.internal\" must be a host name in lower case" },
		{ "caa_identities: [a, bücher.example]", "caa_identities[1]: " },
		{ "caa_identities: [ca.internal.]", "caa_identities[0]: " },
		{ "caa_identities: ['*.a']", "caa_identities[0]: " },
		{ "caa_identities: ['*']", "caa_identities[0]: " },
		{ "caa_identities: [_a]", "caa_identities[0]: " },
		{ "caa_identities: [10.0.0.1]", "caa_identities[0]: " },
		{ "caa_identities: [a, b, c, d, e, f, g, h, i, j, k]", "caa_identities: more than 10" },
		{ "resolvers: [dns.internal]", "resolvers[0]: \"dns.internal\" must be an address" },
		{ "resolvers: ['dns.internal:53']", "resolvers[0]: " },
		{ "resolvers: ['10.0.0.1:']", "resolvers[0]: " },
		{ "resolvers: ['10.0.0.1:0']", "resolvers[0]: " },
		{ "resolvers: ['10.0.0.1:65536']", "resolvers[0]: " },
		{ "resolvers: ['10.0.0.1:53:53']", "resolvers[0]: " },
		{ "resolvers: ['[10.0.0.1]:53']", "resolvers[0]: " },
		{ "resolvers: ['[::1']", "resolvers[0]: " },
		{ "resolvers: ['fe80::1%eth0']", "resolvers[0]: " },
		{ "resolvers: [1, 1, 1, 1, 1, 1, 1, 1, 1]", "resolvers: more than 8" },
		{ "order_lifetime: 0s", "order_lifetime: \"0s\" is not within 1s and 90d" },
		{ "order_lifetime: 91d", "order_lifetime: " },
		{ "order_lifetime: soon", "order_lifetime: " },
		{ "max_identifiers: 0", "max_identifiers: " },
		{ "max_identifiers: 1001", "max_identifiers: \"1001\" is no number within 1 and 1000" },
		{ "limits: { accounts_per_hour: -1 }", "limits.accounts_per_hour: " },
		{ "limits: { orders_per_hour: 1000001 }", "limits.orders_per_hour: " },
		{ "limits: { pending_orders: x }", "limits.pending_orders: " },
		{ "limits: { failures_per_hour: 1.5 }", "limits.failures_per_hour: " },
		{ "limits: { orders: 1 }", "limits.orders: unknown key; known here: accounts_per_hour, orders_per_hour, pending_orders, failures_per_hour" },
		{ "tos: x", "tos: unknown key; known here: terms_of_service, website, caa_identities, resolvers, order_lifetime, max_identifiers, limits" },
		/* clang-format on */
	};

	for (size_t i = 0; i < NITEMS(cases); i++) {
		char *text = mem_printf(LEAST "acme:\n  %s\n", cases[i][0]);
		char *told = mem_printf("8: acme.%s", cases[i][1]);

		expect_refused(text, told);
		free(text);
		free(told);
	}
	expect_refused(LEAST "acme:\n", "7: acme: must be a mapping");
}

Test(conf_load_acme, a_wrong_directory_is_refused_with_its_line)
{
	static const char *const cases[][2] = {
		/* clang-format off */
		{ "challenges: []", "challenges: at least one" },
		{ "challenges: [http-01, tls-sni-01]", "challenges[1]: \"tls-sni-01\" must be http-01, dns-01, tls-alpn-01" },
		{ "challenges: [dns-persist-01]", "challenges[0]: dns-persist-01 needs acme.caa_identities" },
		{ "external_account: true", "external_account: \"true\" must be required or optional" },
		{ "profiles: [x]", "profiles[0]: there is no profile \"x\"" },
		{ "profiles: [hanaper-listener]", "profiles[0]: there is no profile" },
		{ "profiles: [t, s]", "profiles[1]: is the profile itself" },
		{ "profiles: [t, t]", "profiles[1]: is there twice" },
		{ "profiles: [u]", "profiles[0]: \"u\" lets no dns or ip names in" },
		{ "networks: []", "networks: lets nothing be reached" },
		{ "networks: [internal]", "networks[0]: \"internal\" must be an address or a range" },
		{ "networks: [10.0.0.1/8]", "networks[0]: \"10.0.0.1/8\" has bits set" },
		{ "networks: [10.0.0.0/33]", "networks[0]: " },
		{ "resolvers: [a]", "resolvers[0]: " },
		{ "http_port: 0", "http_port: \"0\" is no number within 1 and 65535" },
		{ "tls_port: 65536", "tls_port: " },
		{ "caa: true", "caa: needs acme.caa_identities" },
		{ "caa: yes", "caa: \"yes\" must be true or false" },
		{ "subdomains: 1", "subdomains: " },
		{ "authorization_lifetime: 0s", "authorization_lifetime: " },
		{ "authorization_lifetime: 399d", "authorization_lifetime: \"399d\" is not within 1s and 398d" },
		{ "on: true", "on: unknown key; known here: challenges, external_account, profiles, networks, resolvers, http_port, tls_port, caa, subdomains, authorization_lifetime" },
		/* clang-format on */
	};

	for (size_t i = 0; i < NITEMS(cases); i++) {
		char *text = mem_printf(LEAST "  acme:\n    %s\n", cases[i][0]);
		char *told = mem_printf("8: profiles[2].acme.%s", cases[i][1]);

		expect_refused(text, told);
		free(text);
		free(told);
	}
	expect_refused(LEAST "  acme:\n", "7: profiles[2].acme: must be a mapping");
	expect_refused("profiles:\n- name: s\n  usages: [server auth]\n"
		       "  names: { uri: ['*'] }\n  acme: {}\n",
	    "5: profiles[0].acme: needs a profile that lets dns or ip names in");
}

static char *
resolvers_of(const char *text)
{
	struct strings found = { 0 };
	struct buf b;

	buf_init(&b, KIB(4));
	conf_load_resolv_conf(bytes_str(text), &found);
	for (size_t i = 0; i < found.n; i++)
		buf_printf(&b, "%s ", found.v[i]);
	char *ret = mem_strdup(buf_str(&b));
	strings_free(&found);
	buf_free(&b);
	return ret;
}

Test(conf_load_acme, the_systems_name_servers_are_found)
{
	static const char *const rows[][2] = {
		{ "", "" },
		{ "nameserver", "" },
		{ "nameserver ", "" },
		{ "nameserver 10.0.0.1", "10.0.0.1:53 " },
		{ "# x\nsearch a b\nnameserver\t10.0.0.1 # y\n  nameserver FD00::1\r\n"
		  "options edns0\n",
		    "10.0.0.1:53 [fd00::1]:53 " },
		{ "#nameserver 10.0.0.1\nnameservers 10.0.0.1\nNAMESERVER 10.0.0.1\n",
		    "" },
		{ "nameserver fe80::1%eth0\nnameserver dns\nnameserver 10.0.0.1:53\n",
		    "" },
		{ "nameserver 1.1.1.1111111111111111111111111111111111111111111\n",
		    "" },
		{ "nameserver ::1\nnameserver ::2\nnameserver ::3\nnameserver ::4\n"
		  "nameserver ::5\nnameserver ::6\nnameserver ::7\nnameserver ::8\n"
		  "nameserver ::9\n",
		    "[::1]:53 [::2]:53 [::3]:53 [::4]:53 [::5]:53 [::6]:53 [::7]:53 "
		    "[::8]:53 " },
	};

	for (size_t i = 0; i < NITEMS(rows); i++) {
		char *found = resolvers_of(rows[i][0]);

		cr_expect_str_eq(found, rows[i][1], "%s", rows[i][0]);
		free(found);
	}
}

/* What a file says by itself is never mixed with what the system says. */
Test(conf_load_acme, the_system_is_asked_only_where_the_file_names_nobody)
{
	static const struct {
		const char *acme;
		size_t site;
		bool asked;
	} rows[] = {
		{ "", 0, false },
		{ "  acme: { resolvers: [10.9.8.7] }\n", 0, false },
		{ "  acme: {}\nacme: { resolvers: [10.9.8.7] }\n", 1, false },
		{ "  acme: {}\n", 0, true },
	};
	char dir[] = "/tmp/hnp-conf-XXXXXX";

	cr_assert_not_null(mkdtemp(dir));
	for (size_t i = 0; i < NITEMS(rows); i++) {
		char *path = mem_printf("%s/hanaper.yaml", dir);
		struct conf *c = NULL;
		struct err e = { 0 };
		FILE *f = fopen(path, "w");

		cr_assert_not_null(f);
		fprintf(f, "%s%s", LEAST, rows[i].acme);
		cr_assert_eq(fclose(f), 0);
		cr_assert(conf_load(path, &c, &e), "%s", e.detail);
		if (rows[i].asked) {
			cr_expect_eq(c->acme.resolvers_found, c->acme.resolvers.n > 0);
		} else {
			cr_expect_not(c->acme.resolvers_found);
			cr_expect_eq(c->acme.resolvers.n, rows[i].site);
		}
		conf_free(c);
		unlink(path);
		free(path);
	}
	rmdir(dir);
}
