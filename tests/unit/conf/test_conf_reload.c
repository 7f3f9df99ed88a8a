/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "conf/conf_load.h"
#include "conf/conf_reload.h"

#define LEAST                                                                          \
	"issuers:\n"                                                                   \
	"  - { name: main, certificate: main.crt, key: main.key }\n"                   \
	"profiles:\n"                                                                  \
	"  - name: server\n"                                                           \
	"    issuer: main\n"                                                           \
	"    usages: [server auth]\n"                                                  \
	"    validity: { default: 30d, max: 90d }\n"                                   \
	"    keys: [ecdsa-p256]\n"                                                     \
	"    names: { dns: [\"*.internal\"] }\n"

static struct conf *
load(const char *text)
{
	struct conf *c = NULL;
	struct err e = { 0 };

	cr_assert(conf_load_text(bytes_str(text), "/ca/hanaper.yaml", &c, &e), "%s: %s",
	    e.detail, text);
	return c;
}

/* What changed, or "!" and why it may not. */
static const char *
compare(const char *now, const char *next)
{
	static char said[ERR_DETAIL_LEN];
	struct conf *a = load(now), *b = load(next);
	struct err e = { 0 };
	struct buf changed;

	buf_init(&changed, 256);
	if (conf_reload_compare(a, b, &changed, &e))
		snprintf(said, sizeof(said), "%s", buf_str(&changed));
	else
		snprintf(said, sizeof(said), "!%d %.400s", e.code == ERR_CONFIGURATION,
		    e.detail);
	buf_free(&changed);
	conf_free(a);
	conf_free(b);
	return said;
}

Test(conf_reload, each_key_that_may_change_is_told_by_its_name)
{
	static const struct {
		const char *more, *changed;
	} rows[] = {
		{ "", "" },
		{ "crl: { interval: 2h }\n", "crl" },
		{ "crl: { interval: 1h }\n", "" },
		{ "ocsp: { validity: 1h }\n", "ocsp" },
		{ "log: { level: debug }\n", "log" },
		{ "limits: { names: 7 }\n",
		    "acme limits" }, /* it bounds an order too */
		{ "limits: { rate: 7 }\n", "limits" },
		{ "acme: { order_lifetime: 1d }\n", "acme" },
		{ "acme: { resolvers: [127.0.0.1] }\n", "acme" },
		{ "acme: { order_lifetime: 7d }\n", "" },
		{ "renewal: { max_age: 7d }\n", "renewal" },
		{ "audit: { refusals: 7d }\n", "audit" },
		{ "log: { format: json }\n", "log" },
		{ "server_names: [ca.internal]\n", "server_names" },
		{ "urls: { api: \"https://ca:1\", public: \"http://127.0.0.1:8080\" "
		  "}\n",
		    "urls.api" },
		{ "grants:\n  - { who: { any: true }, may: [read] }\n"
		  "log: { level: warn }\n",
		    "grants log" },
	};

	for (size_t i = 0; i < NITEMS(rows); i++) {
		char text[2048];

		snprintf(text, sizeof(text), "%s%s", LEAST, rows[i].more);
		cr_expect_str_eq(compare(LEAST, text), rows[i].changed, "%s",
		    rows[i].more);
		cr_expect_str_eq(compare(text, LEAST), rows[i].changed, "back: %s",
		    rows[i].more);
	}
}

Test(conf_reload, what_is_open_or_held_cannot_change)
{
	static const struct {
		const char *more, *key;
	} rows[] = {
		{ "dir: /elsewhere\n", "\"dir\"" },
		{ "storage: sqlite:other.db\n", "\"storage\"" },
		{ "listen: { api: [\"127.0.0.1:1\"] }\n", "\"listen.api\"" },
		{ "listen: { metrics: [] }\n", "\"listen.metrics\"" },
	};

	for (size_t i = 0; i < NITEMS(rows); i++) {
		char text[2048];

		snprintf(text, sizeof(text), "%s%s", LEAST, rows[i].more);
		const char *said = compare(LEAST, text);
		cr_expect_eq(said[0], '!', "%s", rows[i].more);
		cr_expect_eq(said[1], '1');
		cr_expect(strstr(said, rows[i].key) != NULL, "%s", said);
		cr_expect(strstr(said, "/ca/hanaper.yaml: ") != NULL, "%s", said);
		cr_expect(strstr(said, "restart for this") != NULL, "%s", said);
	}
}

Test(conf_reload, a_directory_that_comes_goes_or_differs_is_its_profile_changed)
{
	static const char *const rows[][2] = { { "", "    acme: {}\n" },
		{ "    acme: {}\n", "    acme: { external_account: required }\n" },
		{ "    acme: {}\n", "    acme: { challenges: [dns-01] }\n" },
		{ "    acme: {}\n", "    acme: { networks: [127.0.0.0/8] }\n" },
		{ "    acme: {}\n", "    acme: { http_port: 5002 }\n" } };

	for (size_t i = 0; i < NITEMS(rows); i++) {
		char one[2048], two[2048];

		snprintf(one, sizeof(one), "%s%s", LEAST, rows[i][0]);
		snprintf(two, sizeof(two), "%s%s", LEAST, rows[i][1]);
		cr_expect_str_eq(compare(one, two), "profiles", "%s", rows[i][1]);
		cr_expect_str_eq(compare(two, one), "profiles", "back: %s", rows[i][1]);
	}
}

Test(conf_reload, a_profile_that_differs_anywhere_has_changed)
{
	static const char *const lines[] = { "server auth", "client auth", "30d", "29d",
		"ecdsa-p256", "ed25519", "*.internal", "*.other" };

	for (size_t i = 0; i < NITEMS(lines); i += 2) {
		char text[2048];
		const char *at = strstr(LEAST, lines[i]);

		cr_assert(at != NULL);
		snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - LEAST), LEAST,
		    lines[i + 1], at + strlen(lines[i]));
		cr_expect_str_eq(compare(LEAST, text), "profiles", "%s", lines[i]);
	}
}
