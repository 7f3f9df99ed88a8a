/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "conf/conf_wire.h"

#include "base/mem.h"

static struct strings
list(const char *a, const char *b)
{
	struct strings s = { 0 };

	strings_add(&s, a);
	if (b != NULL)
		strings_add(&s, b);
	return s;
}

static struct conf_names
some_names(void)
{
	return (struct conf_names){
		.dns = list("*.internal", "localhost"),
		.ip = list("10.0.0.0/8", NULL),
		.uri = list("spiffe://domain/", NULL),
		.email = list("*@example.org", NULL),
		.wildcards = true,
	};
}

static void
add_profiles(struct conf *c)
{
	c->profiles = mem_zarray(c->n_profiles = 2, sizeof(*c->profiles));
	for (size_t i = 0; i < c->n_profiles; i++) {
		struct conf_profile *p = &c->profiles[i];
		p->name = mem_strdup(i == 0 ? "server" : CONF_PROFILE_LISTENER);
		p->issuer = mem_strdup("main");
		p->usages = USAGE_SERVER_AUTH | USAGE_CLIENT_AUTH;
		p->validity_default_s = 30 * 86400;
		p->validity_max_s = 90 * 86400;
		p->backdate_s = 300;
		p->excess = EXCESS_CLAMP;
		p->keys = mem_zarray(p->n_keys = 2, sizeof(*p->keys));
		p->keys[0].alg = KEY_ALG_ECDSA_P256;
		p->keys[1] = (struct conf_key_rule){ KEY_ALG_RSA, 3072 };
		p->names = some_names();
		p->subject = SUBJECT_CN;
		p->no_rev_avail = true;
		p->strict_lint = true;
		p->internal = i == 1;
		p->acme = (struct conf_acme){
			.on = true,
			.challenges = CHALLENGE_HTTP_01 | CHALLENGE_DNS_PERSIST_01,
			.external_account = true,
			.profiles = list("short", NULL),
			.networks = list("10.0.0.0/8", "::1/128"),
			.resolvers = list("10.0.0.53:53", "[fd00::53]:53"),
			.http_port = 5002,
			.tls_port = 5001,
			.caa = true,
			.subdomains = true,
			.authorization_s = 3600,
		};
	}
}

static void
add_grants(struct conf *c)
{
	c->grants = mem_zarray(c->n_grants = 2, sizeof(*c->grants));
	c->grants[0].who = (struct conf_who){
		.cn = mem_strdup("admin"),
		.dns = mem_strdup("*.internal"),
		.uri = mem_strdup("spiffe://domain/x"),
		.email = mem_strdup("*@example.org"),
		.profile = mem_strdup("client"),
		.issuer = mem_strdup("main"),
		.fingerprint = mem_strdup("00ff"),
	};
	c->grants[0].may = RIGHT_ISSUE | RIGHT_ADMIN;
	c->grants[0].profiles = list("*", NULL);
	c->grants[0].names_mode = GRANT_NAMES_LIST;
	c->grants[0].names = some_names();
	c->grants[1].who.any = true;
	c->grants[1].may = RIGHT_RENEW;
}

/* Every member of every struct differs from its zero. */
static struct conf *
full_conf(void)
{
	struct conf *c = mem_zalloc(sizeof(*c));

	c->dir = mem_strdup("/srv/ca");
	c->file = mem_strdup("/srv/ca/hanaper.yaml");
	c->listen_api = list("127.0.0.1:8443", "[::1]:8443");
	c->listen_http = list("127.0.0.1:8080", NULL);
	c->listen_metrics = list("127.0.0.1:9090", NULL);
	c->url_api = mem_strdup("https://ca.example:8443");
	c->url_public = mem_strdup("http://ca.example:8080");
	c->database = mem_strdup("hanaper.db");
	c->log_level = mem_strdup("info");
	c->log_format = mem_strdup("json");
	c->server_names = list("ca.example", NULL);
	c->crl_interval_s = 3600;
	c->crl_next_update_s = 86400;
	c->crl_debounce_s = 2;
	c->crl_delta_s = 300;
	c->crl_shards = 16;
	c->ocsp_validity_s = 43200;
	c->ocsp_responder_validity_s = 604800;
	c->renewal_max_age_s = 7776000;
	c->acme = (struct conf_acme_site){
		.terms = mem_strdup("https://ca.example/terms"),
		.website = mem_strdup("https://ca.example/"),
		.caa_identities = list("ca.example", NULL),
		.resolvers = list("127.0.0.1:53", NULL),
		.resolvers_found = true,
		.order_s = 3600,
		.names_max = 10,
		.accounts_per_hour = 11,
		.orders_per_hour = 12,
		.pending_max = 13,
		.failures_per_hour = 14,
	};
	c->body_max = 65536;
	c->names_max = 100;
	c->audit_retention_s = 34560000;
	c->audit_refusals_s = 2592000;

	c->issuers = mem_zarray(c->n_issuers = 1, sizeof(*c->issuers));
	c->issuers[0].name = mem_strdup("main");
	c->issuers[0].certificate = mem_strdup("issuers/main.crt");
	c->issuers[0].key = mem_strdup("issuers/main.key");
	c->issuers[0].passphrase_file = mem_strdup("main.pass");
	add_profiles(c);
	add_grants(c);
	return c;
}

static struct buf
put(const struct conf *c)
{
	struct buf b;
	struct err e;

	buf_init(&b, KIB(64));
	conf_put(&b, c);
	cr_assert(buf_ok(&b, "configuration", &e));
	return b;
}

Test(conf_wire, what_is_put_is_got_and_put_again_octet_for_octet)
{
	struct conf *c = full_conf(), *d = NULL;
	struct err e = { 0 };
	struct buf one = put(c);

	cr_assert(conf_get(buf_bytes(&one), &d, &e), "%s", e.detail);
	struct buf two = put(d);
	cr_expect(bytes_eq(buf_bytes(&one), buf_bytes(&two)));

	cr_expect_str_eq(d->url_api, "https://ca.example:8443");
	cr_expect_str_eq(d->listen_api.v[1], "[::1]:8443");
	cr_expect_eq(d->names_max, 100);
	cr_expect_str_eq(d->issuers[0].passphrase_file, "main.pass");
	cr_expect_eq(d->profiles[1].keys[1].min_bits, 3072);
	cr_expect(d->profiles[1].internal);
	cr_expect(d->profiles[0].acme.on);
	cr_expect_str_eq(d->profiles[0].acme.networks.v[1], "::1/128");
	cr_expect_str_eq(d->profiles[0].acme.resolvers.v[1], "[fd00::53]:53");
	cr_expect_eq(d->profiles[0].acme.http_port, 5002);
	cr_expect_eq(d->profiles[0].acme.tls_port, 5001);
	cr_expect_str_eq(d->acme.terms, "https://ca.example/terms");
	cr_expect_str_eq(d->acme.caa_identities.v[0], "ca.example");
	cr_expect(d->acme.resolvers_found);
	cr_expect_eq(d->acme.failures_per_hour, 14);
	cr_expect_str_eq(d->grants[0].who.uri, "spiffe://domain/x");
	cr_expect_null(d->grants[1].who.uri, "what was absent stays absent");
	cr_expect_str_eq(d->grants[0].names.email.v[0], "*@example.org");
	conf_free(c);
	conf_free(d);
	buf_free(&one);
	buf_free(&two);
}

Test(conf_wire, every_cut_and_an_octet_too_many_are_refused)
{
	struct conf *c = full_conf(), *d = NULL;
	struct err e = { 0 };
	struct buf b = put(c);

	for (size_t n = 0; n < b.n; n++) {
		cr_assert_not(conf_get(bytes_of(b.p, n), &d, &e), "cut at %zu", n);
		cr_assert_eq(e.code, ERR_MALFORMED);
		cr_assert_null(d, "ret is untouched on failure");
	}
	buf_putc(&b, 0);
	cr_expect_not(conf_get(buf_bytes(&b), &d, &e));
	conf_free(c);
	buf_free(&b);
}

/* One member at a time is given a number that its set does not have. */
Test(conf_wire, a_number_outside_its_set_is_refused)
{
	for (int field = 0; field < 7; field++) {
		struct conf *c = full_conf(), *d = NULL;
		struct err e = { 0 };

		switch (field) {
		case 0:
			c->profiles[0].keys[0].alg = (enum key_alg)99;
			break;
		case 1:
			c->profiles[0].usages = 1u << 20;
			break;
		case 2:
			c->profiles[0].excess = (enum validity_excess)2;
			break;
		case 3:
			c->profiles[0].subject = (enum subject_form)2;
			break;
		case 4:
			c->grants[0].may = 1u << 31;
			break;
		case 5:
			c->grants[0].names_mode = (enum grant_names)3;
			break;
		case 6:
			c->profiles[0].acme.challenges = 1u << 9;
			break;
		}
		struct buf b = put(c);
		cr_expect_not(conf_get(buf_bytes(&b), &d, &e), "field %d", field);
		conf_free(c);
		conf_free(d);
		buf_free(&b);
	}
}
