/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/conf_load.h"

#include "base/mem.h"
#include "conf/conf_wire.h"
#include "loading.h"

#define LEAST "profiles:\n- { name: s, usages: [server auth], names: { dns: [a] } }\n"

Test(conf_load, what_is_absent_has_its_default)
{
	struct conf *c = loads(LEAST);
	const struct conf_profile *p = &c->profiles[0];

	cr_expect_str_eq(c->dir, "/ca");
	cr_expect_str_eq(c->file, FILE_NAME);
	cr_expect_str_eq(c->listen_api.v[0], "127.0.0.1:8443");
	cr_expect_str_eq(c->listen_http.v[0], "127.0.0.1:8080");
	cr_expect_str_eq(c->listen_metrics.v[0], "127.0.0.1:9090");
	cr_expect_str_eq(c->url_api, "https://127.0.0.1:8443");
	cr_expect_str_eq(c->url_public, "http://127.0.0.1:8080");
	cr_expect_str_eq(c->database, "hanaper.db");
	cr_expect_str_eq(c->log_level, "info");
	cr_expect_str_eq(c->log_format, "text");
	cr_expect_eq(c->n_issuers, 1);
	cr_expect_str_eq(c->issuers[0].name, "main");
	cr_expect_str_eq(c->issuers[0].certificate, "issuers/main.crt");
	cr_expect_str_eq(c->issuers[0].key, "issuers/main.key");
	cr_expect_null(c->issuers[0].passphrase_file);
	cr_expect_str_eq(p->issuer, "main");
	cr_expect_eq(p->validity_default_s, 30 * 86400);
	cr_expect_eq(p->validity_max_s, 90 * 86400);
	cr_expect_eq(p->backdate_s, 300);
	cr_expect_eq(p->excess, EXCESS_REFUSE);
	cr_expect_eq(p->subject, SUBJECT_CN);
	cr_expect_eq(p->n_keys, 4);
	cr_expect_not(p->internal);
	cr_expect_eq(c->n_grants, 0);
	cr_expect_eq(c->crl_interval_s, 3600);
	cr_expect_eq(c->crl_next_update_s, 86400);
	cr_expect_eq(c->crl_debounce_s, 2);
	cr_expect_eq(c->crl_shards, 0);
	cr_expect_eq(c->crl_delta_s, 0);
	cr_expect_eq(c->ocsp_validity_s, 43200);
	cr_expect_eq(c->ocsp_responder_validity_s, 7 * 86400);
	cr_expect_eq(c->body_max, 65536);
	cr_expect_eq(c->names_max, 100);
	conf_free(c);
}

Test(conf_load, a_directory_is_kept_without_the_slashes_at_its_end)
{
	static const struct {
		const char *said, *kept;
	} rows[] = {
		{ "dir: sub/\n", "/ca/sub" },
		{ "dir: /a/b///\n", "/a/b" },
		{ "dir: /\n", "/" },
	};

	for (size_t i = 0; i < NITEMS(rows); i++) {
		char *text = mem_printf(LEAST "%s", rows[i].said);
		struct conf *c = loads(text);

		cr_expect_str_eq(c->dir, rows[i].kept);
		conf_free(c);
		free(text);
	}
}

Test(conf_load, values_are_read_as_they_are_meant)
{
	struct conf *c = loads(
	    "dir: sub\n"
	    "issuers: [{ name: a1 }, { name: b-2, key: /k, passphrase_file: p }]\n"
	    "profiles:\n"
	    "- name: s\n"
	    "  issuer: b-2\n"
	    "  usages: [client auth, server auth]\n"
	    "  validity: { default: 1h30m, max: 2h, backdate: 0s, excess: clamp }\n"
	    "  keys: [rsa, rsa-3072, ed448]\n"
	    "  names: { dns: ['*.A.b', '*'], ip: ['::1/128', 10.0.0.0/8], uri: "
	    "['spiffe://d/'], email: ['*@h', x@y.z], wildcards: true }\n"
	    "  subject: empty\n"
	    "  no_rev_avail: true\n"
	    "  strict_lint: true\n"
	    "grants:\n"
	    "- { who: { any: true }, may: [read] }\n"
	    "- who: { cn: x, dns: '*.B', profile: s, issuer: a1, fingerprint: "
	    "'AA:bb0000000000000000000000000000000000000000000000000000000000cc' }\n"
	    "  may: [issue, revoke]\n"
	    "  profiles: [s]\n"
	    "  names: { dns: [q], underscores: true }\n"
	    "- { who: { cn: y }, may: [renew], profiles: ['*'], names: any }\n");
	const struct conf_profile *p = &c->profiles[0];
	const struct conf_grant *g = c->grants;

	cr_expect_str_eq(c->dir, "/ca/sub");
	cr_expect_str_eq(c->issuers[1].certificate, "issuers/b-2.crt");
	cr_expect_str_eq(c->issuers[1].key, "/k");
	cr_expect_str_eq(c->issuers[1].passphrase_file, "p");
	cr_expect_eq(p->usages, USAGE_SERVER_AUTH | USAGE_CLIENT_AUTH);
	cr_expect_eq(p->validity_default_s, 5400);
	cr_expect_eq(p->validity_max_s, 7200);
	cr_expect_eq(p->backdate_s, 0);
	cr_expect_eq(p->excess, EXCESS_CLAMP);
	cr_expect_eq(p->keys[0].min_bits, 2048);
	cr_expect_eq(p->keys[1].min_bits, 3072);
	cr_expect_eq(p->keys[2].alg, KEY_ALG_ED448);
	cr_expect_str_eq(p->names.dns.v[0], "*.a.b");
	cr_expect(p->names.wildcards);
	cr_expect_not(p->names.underscores);
	cr_expect_eq(p->subject, SUBJECT_EMPTY);
	cr_expect(p->no_rev_avail);
	cr_expect(p->strict_lint);
	cr_expect_eq(g[0].names_mode, GRANT_NAMES_OWN);
	cr_expect_str_eq(g[0].profiles.v[0], "*");
	cr_expect_str_eq(g[1].who.dns, "*.b");
	cr_expect_eq(strncmp(g[1].who.fingerprint, "aabb00", 6), 0);
	cr_expect_eq(g[1].may, RIGHT_ISSUE | RIGHT_REVOKE);
	cr_expect_eq(g[1].names_mode, GRANT_NAMES_LIST);
	cr_expect_str_eq(g[1].names.dns.v[0], "q");
	cr_expect(g[1].names.underscores);
	cr_expect_eq(g[2].names_mode, GRANT_NAMES_ANY);
	conf_free(c);
}

/* S89 */
Test(conf_load, faults_of_form_are_refused_with_their_line)
{
	static const char *const cases[][2] = {
		/* clang-format off */
		{ "", "1: the file is empty" },
		{ "# nothing\n", "1: the file is empty" },
		{ "- a\n", "1: must be a mapping" },
		{ "\nlisten: [\n", "3: did not find expected node content" },
		{ "dir: a\n\tb: c\n", "2: found" },
		{ LEAST "---\ndir: a\n", "3: a second document" },
		{ LEAST "dir: a\n\ndir: b\n", "5: dir: is there twice" },
		{ "dir: &a x\nstorage: *a\n", "2: aliases" },
		{ "dir: \"a\\0b\"\n", "1: a NUL inside" },
		{ "dir: \"a\\nb\"\n", "1: dir: holds a control character" },
		{ "dir: a\xff\n", "1: invalid leading UTF-8 octet" },
		{ "{ { a: b }: c }\n", "1: a key must be" },
		{ "dir:\n", "1: dir: has no value" },
		{ "dir: ~\n", "1: dir: has no value" },
		{ "dir: [a]\n", "1: dir: must be one value" },
		{ "dir: a\nlisten: 5\n", "2: listen: must be a mapping" },
		{ "listen: { api: '::' }\n", "1: listen.api: must be a list" },
		{ "listen:\n  api: [[a]]\n", "2: listen.api[0]: must be one value" },
		{ "grants: [{ names: [a] }]\n", "1: grants[0].names: must be a mapping" },
		{ "dir: a\n\nprfiles: []\n", "3: prfiles: unknown key; known here: dir, listen, "
		  "urls, server_names, storage, issuers, profiles, grants, crl, ocsp, renewal, limits, acme, audit, log" },
		{ "profiles:\n- name: s\n  names:\n    dsn: [a]\n",
		  "4: profiles[0].names.dsn: unknown key; known here: dns, ip, uri, email, wildcards, underscores" },
		{ "grants:\n- names: { dns: [a], foo: b }\n", "2: grants[0].names.foo: unknown key" },
		/* clang-format on */
	};

	for (size_t i = 0; i < NITEMS(cases); i++)
		expect_refused(cases[i][0], cases[i][1]);
}

/* S89 */
Test(conf_load, values_out_of_range_are_refused_with_their_line)
{
	static const char *const cases[][2] = {
		/* clang-format off */
		{ LEAST "storage: postgresql:x\n", "3: storage: \"postgresql:x\" must be sqlite:FILE" },
		{ LEAST "storage: 'sqlite:'\n", "3: storage: " },
		{ LEAST "listen: { api: [] }\n", "3: listen.api: at least one" },
		{ LEAST "listen: { api: ['0.0.0.0:1'] }\n", "1: \"urls.api\" is missing" },
		{ LEAST "listen: { http: [] }\nurls: { api: 'https://a' }\n", "4: urls: \"urls.public\" is missing" },
		{ LEAST "urls: { api: 'http://a' }\n", "3: urls.api: \"http://a\" must be https://HOST" },
		{ LEAST "urls: { public: 'https://a' }\n", "3: urls.public: " }, /* P32 */
		{ LEAST "urls: { public: 'http://a/b' }\n", "3: urls.public: " },
		{ LEAST "urls: { public: 'http://u@a' }\n", "3: urls.public: " },
		{ LEAST "server_names: ['*.a']\n", "3: server_names[0]: " },
		{ LEAST "crl: { interval: 1h, next_update: 119m }\n", "3: crl.next_update: next_update must be twice interval" },
		{ LEAST "crl: { next_update: 11d }\n", "3: crl.next_update: \"11d\" is not within 2s and 10d" },
		{ LEAST "crl: { debounce: 61s }\n", "3: crl.debounce: " },
		{ LEAST "crl: { shards: 257 }\n", "3: crl.shards: " },
		{ LEAST "crl: { shards: some }\n", "3: crl.shards: " },
		{ LEAST "crl: { delta: 24h }\n", "3: crl.delta: " },
		{ LEAST "crl:\n  interval: soon\n", "4: crl.interval: \"soon\" is not a duration" },
		{ LEAST "ocsp: { validity: 59s }\n", "3: ocsp.validity: " },
		{ LEAST "ocsp: { validity: 11d }\n", "3: ocsp.validity: " },
		{ LEAST "ocsp: { validity: 8d }\n", "3: ocsp.validity: responder_validity must be longer" },
		{ LEAST "limits: { body: 0 }\n", "3: limits.body: \"0\" is no number within 1024 and 524288" },
		{ LEAST "limits: { body: 64k }\n", "3: limits.body: " },
		{ LEAST "limits: { names: 1001 }\n", "3: limits.names: " },
		{ LEAST "limits: { names: 99999999999999999999 }\n", "3: limits.names: " },
		{ LEAST "log: { level: loud }\n", "3: log.level: \"loud\" must be debug" },
		{ LEAST "log: { format: xml }\n", "3: log.format: \"xml\" must be text" },
		{ LEAST "issuers: []\n", "3: issuers: at least one" },
		{ LEAST "issuers: [{ key: a }]\n", "3: issuers[0]: \"name\" is missing" },
		{ LEAST "issuers:\n- name: root\n", "4: issuers[0].name: \"root\" is reserved" },
		{ LEAST "issuers: [{ name: A }]\n", "3: issuers[0].name: " },
		{ LEAST "issuers: [{ name: -a }]\n", "3: issuers[0].name: " },
		{ LEAST "issuers: [{ name: a/b }]\n", "3: issuers[0].name: " },
		{ LEAST "issuers:\n- name: a\n- name: a\n", "5: issuers[1].name: there is another" },
		{ LEAST "issuers:\n- name: a\n- name: b\n  key: issuers/a.key\n", "6: issuers[1].key: \"issuers/a.key\" is a file of issuer \"a\"" },
		{ LEAST "issuers:\n- name: a\n- name: b\n  certificate: issuers/a.crt\n", "6: issuers[1].certificate: \"issuers/a.crt\" is a file of issuer \"a\"" },
		{ LEAST "issuers:\n- name: a\n  key: /k\n- name: b\n  key: //./k\n", "7: issuers[1].key: " },
		{ LEAST "issuers:\n- name: b\n  key: /ca/./issuers//a.key\n- name: a\n", "6: issuers[1]: \"issuers/a.key\" is a file of issuer \"b\"" },
		{ LEAST "issuers:\n- name: a\n  certificate: x\n- name: b\n  key: ./x\n", "7: issuers[1].key: " },
		{ LEAST "issuers:\n- name: a\n  certificate: x\n  key: x\n", "6: issuers[0].key: \"x\" is the certificate's file" },
		/* clang-format on */
	};

	for (size_t i = 0; i < NITEMS(cases); i++)
		expect_refused(cases[i][0], cases[i][1]);
}

#define PROFILE "profiles:\n- name: s\n  names: { dns: [a] }\n  usages: [server auth]\n"

/* S89, R13 */
Test(conf_load, wrong_profiles_are_refused_with_their_line)
{
	static const char *const cases[][2] = {
		/* clang-format off */
		{ "dir: a\n", "1: \"profiles\" needs at least one" },
		{ "dir: a\nprofiles: []\n", "2: profiles: \"profiles\" needs" },
		{ PROFILE "  issuer: x\n", "5: profiles[0].issuer: there is no issuer \"x\"" },
		{ PROFILE "  keys: [rsa-1024]\n", "5: profiles[0].keys[0]: \"rsa-1024\" must be" },
		{ PROFILE "  keys:\n  - ed25519\n  - dsa\n", "7: profiles[0].keys[1]: \"dsa\" must be" },
		{ PROFILE "  keys: [rsa-16384]\n", "5: profiles[0].keys[0]: " },
		{ PROFILE "  keys: []\n", "5: profiles[0].keys: at least one" },
		{ PROFILE "  subject: yes\n", "5: profiles[0].subject: " },
		{ PROFILE "  no_rev_avail: maybe\n", "5: profiles[0].no_rev_avail: \"maybe\" must be true or false" },
		{ PROFILE "  validity: { default: 91d }\n  x: y\n", "6: profiles[0].x: unknown key" },
		{ PROFILE "  validity:\n    default: 2d\n    max: 1d\n", "6: profiles[0].validity.default: longer" },
		{ PROFILE "  validity: { backdate: 61m }\n", "5: profiles[0].validity.backdate: " }, /* R23 */
		{ PROFILE "  validity: { max: 4s }\n", "5: profiles[0].validity.max: " },
		{ LEAST "renewal: { max_age: -1d }\n", "3: renewal.max_age: " },
		{ LEAST "renewal: { age: 1d }\n", "3: renewal.age: unknown key" },
		{ LEAST "audit: { retention: 10d, refusals: 11d }\n", "3: audit.refusals: " },
		{ LEAST "audit: { retention: 10d, refusals: 0 }\n", "3: audit.refusals: " },
		{ LEAST "audit: { retention: ever }\n", "3: audit.retention: " },
		{ PROFILE "  validity: { max: 0s }\n", "5: profiles[0].validity.max: " },
		{ PROFILE "  validity: { excess: cut }\n", "5: profiles[0].validity.excess: " },
		{ PROFILE "- name: s\n  names: { dns: [a] }\n  usages: [client auth]\n", "5: profiles[1].name: there is another" },
		{ "profiles:\n- usages: [server auth]\n", "2: profiles[0]: \"name\" is missing" },
		{ "profiles:\n- name: s\n", "2: profiles[0]: \"usages\" needs" },
		{ "profiles:\n- name: s\n  usages: [server auth]\n", "2: profiles[0]: \"names\" must allow something" },
		{ "profiles:\n- { name: s, usages: [ocsp signing] }\n", "2: profiles[0].usages[0]: " }, /* R3 */
		{ "profiles:\n- { name: s, usages: [any] }\n", "2: profiles[0].usages[0]: " },
		{ "profiles:\n- { name: hanaper-listener }\n", "2: profiles[0].name: \"hanaper-listener\" is reserved" },
		{ "profiles:\n- { name: intermediate }\n", "2: profiles[0].name: \"intermediate\" is reserved" },
		{ "profiles:\n- { name: ocsp-responder }\n", "2: profiles[0].name: " },
		/* clang-format on */
	};

	for (size_t i = 0; i < NITEMS(cases); i++)
		expect_refused(cases[i][0], cases[i][1]);
}

/* R12, R13 */
Test(conf_load, what_is_no_pattern_is_refused)
{
	static const char *const bad[] = { "dns: ['**']", "dns: ['a*']", "dns: ['*a']",
		"dns: ['a.*.b']", "dns: ['*.*.b']", "dns: ['a.']", "dns: ['.a']",
		"dns: ['a..b']", "dns: ['a b']", "dns: ['-a']", "dns: ['a,b']",
		"dns: ['10.0.0.1']", "dns: ['*.']", "ip: ['*']", "ip: [10.0.0.0/33]",
		"ip: [10.0.0.1/8]", "ip: [host]", "uri: [a]", "uri: ['spiffe:']",
		"uri: ['spiffe://*/']", "uri: ['https://a b/']", "email: [a]",
		"email: ['@b']", "email: ['*@*']", "email: ['a*@b']",
		"email: [a@b@c]" };

	for (size_t i = 0; i < NITEMS(bad); i++) {
		char *text =
		    mem_printf("profiles:\n- name: s\n  usages: [server auth]\n"
			       "  names: { %s }\n",
			bad[i]);
		const size_t n = strcspn(bad[i], ":");
		char *told =
		    mem_printf("4: profiles[0].names.%.*s[0]: \"", (int)n, bad[i]);
		expect_refused(text, told);
		free(text);
		free(told);
	}
}

#define GRANT LEAST "grants:\n- "
#define OPEN                                                                           \
	"profiles:\n"                                                                  \
	"- { name: s, usages: [client auth], names: { dns: [a] }, acme: { profiles: "  \
	"[t] } }\n"

/* S4, S6 */
Test(conf_load, wrong_grants_are_refused_with_their_line)
{
	static const char *const cases[][2] = {
		/* clang-format off */
		{ GRANT "may: [read]\n", "4: grants[0]: \"who\" must name somebody" },
		{ GRANT "who: {}\n", "4: grants[0].who: \"who\" must name somebody" },
		{ GRANT "who: { any: false }\n", "4: grants[0].who: \"who\" must name" },
		{ GRANT "who: { any: 1 }\n", "4: grants[0].who.any: " },
		{ GRANT "who: { cn: a }\n", "4: grants[0]: \"may\" needs at least one" },
		{ GRANT "who: { cn: a }\n  may: [write]\n", "5: grants[0].may[0]: \"write\" must be" },
		{ GRANT "who: { cn: a }\n  may: [issue]\n", "4: grants[0]: \"profiles\" must name" },
		{ GRANT "who: { cn: a }\n  may: [read]\n  profiles: []\n", "6: grants[0].profiles: " },
		{ GRANT "who: { cn: a }\n  may: [issue]\n  profiles: [s, t]\n", "6: grants[0].profiles[1]: there is no profile \"t\"" },
		{ GRANT "who: { cn: a }\n  may: [issue]\n  profiles: [hanaper-listener]\n", "6: grants[0].profiles[0]: " },
		{ GRANT "who: { cn: a }\n  may: [issue, read]\n  profiles: [s]\n", "6: grants[0].profiles: \"read\" is of all profiles: write a grant of its own" }, /* R54 */
		{ GRANT "who: { cn: a }\n  may: [admin]\n  profiles: [s]\n", "6: grants[0].profiles: \"admin\" is of all profiles: " },
		{ GRANT "who: { cn: a }\n  may: [read]\n  names: all\n", "6: grants[0].names: \"all\" must be own, any" },
		{ GRANT "who: { cn: a }\n  may: [read]\n  names: { dns: ['**'] }\n", "6: grants[0].names.dns[0]: " },
		{ GRANT "who: { any: true }\n  may: [read, admin]\n", "4: grants[0].who: \"admin\" is not for whoever has a certificate: name somebody" }, /* R45 */
		{ GRANT "who: { issuer: main }\n  may: [admin]\n", "4: grants[0].who: \"admin\" is not" },
		{ GRANT "who: { issuer: main, any: true }\n  may: [admin]\n", "4: grants[0].who: \"admin\" is not" },
		{ OPEN "- { name: t, usages: [client auth], names: { dns: [a] } }\ngrants:\n- who: { profile: s }\n  may: [admin]\n",
			"5: grants[0].who: \"admin\" is not" },
		{ OPEN "- { name: t, usages: [client auth], names: { dns: [a] } }\ngrants:\n- who: { profile: t, issuer: main }\n  may: [admin]\n",
			"5: grants[0].who: \"admin\" is not" },
		{ GRANT "who: { dns: '**' }\n", "4: grants[0].who.dns: " },
		{ GRANT "who: { profile: t }\n", "4: grants[0].who.profile: there is no profile" },
		{ GRANT "who: { issuer: t }\n", "4: grants[0].who.issuer: there is no issuer" },
		{ GRANT "who: { fingerprint: aa }\n", "4: grants[0].who.fingerprint: " },
		/* clang-format on */
	};

	for (size_t i = 0; i < NITEMS(cases); i++)
		expect_refused(cases[i][0], cases[i][1]);
}

/* S89 */
Test(conf_load, what_is_too_much_is_refused)
{
	struct buf b;

	buf_init(&b, MIB(3));
	for (int i = 0; i < 60; i++)
		buf_puts(&b, "[");
	expect_refused(buf_str(&b), "1: ");
	buf_clear(&b);
	buf_puts(&b, "server_names: [a");
	for (int i = 0; i < 5000; i++)
		buf_puts(&b, ", a");
	buf_puts(&b, "]\n");
	expect_refused(buf_str(&b), "1: too many members");
	buf_clear(&b);
	buf_puts(&b, "dir: ");
	for (int i = 0; i < 5000; i++)
		buf_puts(&b, "a");
	expect_refused(buf_str(&b), "1: dir: over 4096 octets");
	for (size_t i = 0; i < MIB(1); i++)
		buf_puts(&b, "#");
	expect_refused(buf_str(&b), "1: over 1048576 octets");
	buf_free(&b);
}

static void
write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	cr_assert_not_null(f);
	fputs(text, f);
	cr_assert_eq(fclose(f), 0);
}

/* S89 */
Test(conf_load, only_a_regular_file_is_read)
{
	char dir[] = "/tmp/hnp-conf-XXXXXX";
	struct conf *c = NULL;
	struct err e = { 0 };

	cr_assert_not_null(mkdtemp(dir));
	char *file = mem_printf("%s/hanaper.yaml", dir);
	char *pipe = mem_printf("%s/pipe", dir);

	cr_expect_not(conf_load(file, &c, &e));
	cr_expect_eq(e.code, ERR_NOT_FOUND);
	write_file(file, LEAST);
	cr_assert(conf_load(file, &c, &e), "%s", e.detail);
	cr_expect_str_eq(c->dir, dir);
	cr_expect_str_eq(c->file, file);
	conf_free(c);
	c = NULL;
	char *below = mem_printf("%s/hanaper.yaml", file);
	cr_expect_not(conf_load(below, &c, &e));
	cr_expect_eq(e.code, ERR_NOT_FOUND);
	free(below);
	/* What cannot be looked at may be there: permission is denied alike. */
	cr_assert_eq(symlink("pipe", pipe), 0);
	cr_expect_not(conf_load(pipe, &c, &e));
	cr_expect_eq(e.code, ERR_IO);
	cr_expect_not_null(strstr(e.detail, strerror(ELOOP)), "%s", e.detail);
	cr_assert_eq(unlink(pipe), 0);
	cr_assert_eq(mkfifo(pipe, 0600), 0);
	cr_expect_not(conf_load(pipe, &c, &e));
	cr_expect_not(conf_load(dir, &c, &e));
	cr_expect_not(conf_load("/dev/zero", &c, &e));
	cr_expect_null(c);
	unlink(pipe);
	unlink(file);
	rmdir(dir);
	free(file);
	free(pipe);
}

Test(conf_load, the_sample_loads_and_travels)
{
	struct conf *c = NULL, *d = NULL;
	struct err e = { 0 };
	struct buf one, two;

	cr_assert(conf_load(HNP_SAMPLE, &c, &e), "%s", e.detail);
	buf_init(&one, KIB(64));
	buf_init(&two, KIB(64));
	conf_put(&one, c);
	cr_assert(buf_ok(&one, "configuration", &e));
	cr_assert(conf_get(buf_bytes(&one), &d, &e), "%s", e.detail);
	conf_put(&two, d);
	cr_expect(bytes_eq(buf_bytes(&one), buf_bytes(&two)));
	for (size_t n = 0; n < one.n; n++) {
		struct conf *cut = NULL;
		cr_assert_not(conf_get(bytes_of(one.p, n), &cut, &e));
	}
	buf_free(&one);
	buf_free(&two);
	conf_free(c);
	conf_free(d);
}
