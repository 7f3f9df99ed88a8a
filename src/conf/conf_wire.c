/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/conf_wire.h"

#include <stdlib.h>

#include "base/mem.h"
#include "codec/wire.h"

/* Octets that the smallest member of a list can have: counts are held against it. */
enum {
	LEAST_STRING = 4,
	LEAST_ISSUER = 16,
	LEAST_KEY = 8,
	LEAST_PROFILE = 94,
	LEAST_GRANT = 56
};

/* An absent text travels as "", which no text of a configuration is. */
static char *
opt_str(struct wire *w)
{
	char *s = wire_str(w);

	if (s[0] != '\0')
		return s;
	free(s);
	return NULL;
}

static unsigned
up_to(struct wire *w, unsigned v, unsigned max)
{
	if (v > max)
		w->bad = true;
	return v;
}

/* Every bit must have a word. */
static unsigned
known_bits(struct wire *w, unsigned bits, const char *(*word)(unsigned))
{
	for (unsigned bit = 1, rest = bits; rest != 0; rest &= ~bit, bit <<= 1)
		if ((rest & bit) != 0 && word(bit) == NULL)
			w->bad = true;
	return bits;
}

static void
put_strings(struct buf *b, const struct strings *s)
{
	wire_put_u32(b, (uint32_t)s->n);
	for (size_t i = 0; i < s->n; i++)
		wire_put_str(b, s->v[i]);
}

static void
get_strings(struct wire *w, struct strings *ret)
{
	const uint32_t n = wire_count(w, LEAST_STRING);

	ret->v = mem_zarray(n, sizeof(*ret->v));
	for (; ret->n < n; ret->n++)
		ret->v[ret->n] = wire_str(w);
}

static void
put_names(struct buf *b, const struct conf_names *n)
{
	put_strings(b, &n->dns);
	put_strings(b, &n->ip);
	put_strings(b, &n->uri);
	put_strings(b, &n->email);
	wire_put_bool(b, n->wildcards);
	wire_put_bool(b, n->underscores);
}

static void
get_names(struct wire *w, struct conf_names *ret)
{
	get_strings(w, &ret->dns);
	get_strings(w, &ret->ip);
	get_strings(w, &ret->uri);
	get_strings(w, &ret->email);
	ret->wildcards = wire_bool(w);
	ret->underscores = wire_bool(w);
}

static void
put_issuer(struct buf *b, const struct conf_issuer *i)
{
	wire_put_str(b, i->name);
	wire_put_str(b, i->certificate);
	wire_put_str(b, i->key);
	wire_put_str(b, i->passphrase_file);
}

static void
get_issuer(struct wire *w, struct conf_issuer *ret)
{
	ret->name = wire_str(w);
	ret->certificate = wire_str(w);
	ret->key = wire_str(w);
	ret->passphrase_file = opt_str(w);
}

static void
put_key(struct buf *b, const struct conf_key_rule *k)
{
	wire_put_u32(b, k->alg);
	wire_put_u32(b, k->min_bits);
}

static void
get_key(struct wire *w, struct conf_key_rule *ret)
{
	const uint32_t alg = wire_u32(w);

	if (sets_key_alg_word(alg) == NULL)
		w->bad = true;
	ret->alg = (enum key_alg)alg;
	ret->min_bits = wire_u32(w);
}

static void
put_acme(struct buf *b, const struct conf_acme *a)
{
	wire_put_bool(b, a->on);
	wire_put_u32(b, a->challenges);
	wire_put_bool(b, a->external_account);
	put_strings(b, &a->profiles);
	put_strings(b, &a->networks);
	put_strings(b, &a->resolvers);
	wire_put_u16(b, a->http_port);
	wire_put_u16(b, a->tls_port);
	wire_put_bool(b, a->caa);
	wire_put_bool(b, a->subdomains);
	wire_put_i64(b, a->authorization_s);
}

static void
get_acme(struct wire *w, struct conf_acme *ret)
{
	ret->on = wire_bool(w);
	ret->challenges = known_bits(w, wire_u32(w), sets_challenge_word);
	ret->external_account = wire_bool(w);
	get_strings(w, &ret->profiles);
	get_strings(w, &ret->networks);
	get_strings(w, &ret->resolvers);
	ret->http_port = wire_u16(w);
	ret->tls_port = wire_u16(w);
	ret->caa = wire_bool(w);
	ret->subdomains = wire_bool(w);
	ret->authorization_s = wire_i64(w);
}

static void
put_profile(struct buf *b, const struct conf_profile *p)
{
	wire_put_str(b, p->name);
	wire_put_str(b, p->issuer);
	wire_put_u32(b, p->usages);
	wire_put_i64(b, p->validity_default_s);
	wire_put_i64(b, p->validity_max_s);
	wire_put_i64(b, p->backdate_s);
	wire_put_u8(b, (uint8_t)p->excess);
	wire_put_u32(b, (uint32_t)p->n_keys);
	for (size_t i = 0; i < p->n_keys; i++)
		put_key(b, &p->keys[i]);
	put_names(b, &p->names);
	wire_put_u8(b, (uint8_t)p->subject);
	wire_put_bool(b, p->no_rev_avail);
	wire_put_bool(b, p->strict_lint);
	wire_put_bool(b, p->internal);
	put_acme(b, &p->acme);
}

static void
get_profile(struct wire *w, struct conf_profile *ret)
{
	ret->name = wire_str(w);
	ret->issuer = wire_str(w);
	ret->usages = known_bits(w, wire_u32(w), sets_usage_word);
	ret->validity_default_s = wire_i64(w);
	ret->validity_max_s = wire_i64(w);
	ret->backdate_s = wire_i64(w);
	ret->excess = (enum validity_excess)up_to(w, wire_u8(w), EXCESS_CLAMP);
	const uint32_t n = wire_count(w, LEAST_KEY);
	ret->keys = mem_zarray(n, sizeof(*ret->keys));
	for (; ret->n_keys < n; ret->n_keys++)
		get_key(w, &ret->keys[ret->n_keys]);
	get_names(w, &ret->names);
	ret->subject = (enum subject_form)up_to(w, wire_u8(w), SUBJECT_CN);
	ret->no_rev_avail = wire_bool(w);
	ret->strict_lint = wire_bool(w);
	ret->internal = wire_bool(w);
	get_acme(w, &ret->acme);
}

static void
put_grant(struct buf *b, const struct conf_grant *g)
{
	wire_put_str(b, g->who.cn);
	wire_put_str(b, g->who.dns);
	wire_put_str(b, g->who.uri);
	wire_put_str(b, g->who.email);
	wire_put_str(b, g->who.profile);
	wire_put_str(b, g->who.issuer);
	wire_put_str(b, g->who.fingerprint);
	wire_put_bool(b, g->who.any);
	wire_put_u32(b, g->may);
	put_strings(b, &g->profiles);
	wire_put_u8(b, (uint8_t)g->names_mode);
	put_names(b, &g->names);
}

static void
get_grant(struct wire *w, struct conf_grant *ret)
{
	ret->who.cn = opt_str(w);
	ret->who.dns = opt_str(w);
	ret->who.uri = opt_str(w);
	ret->who.email = opt_str(w);
	ret->who.profile = opt_str(w);
	ret->who.issuer = opt_str(w);
	ret->who.fingerprint = opt_str(w);
	ret->who.any = wire_bool(w);
	ret->may = known_bits(w, wire_u32(w), sets_right_word);
	get_strings(w, &ret->profiles);
	ret->names_mode = (enum grant_names)up_to(w, wire_u8(w), GRANT_NAMES_LIST);
	get_names(w, &ret->names);
}

static void
put_acme_site(struct buf *b, const struct conf_acme_site *a)
{
	wire_put_str(b, a->terms);
	wire_put_str(b, a->website);
	put_strings(b, &a->caa_identities);
	put_strings(b, &a->resolvers);
	wire_put_bool(b, a->resolvers_found);
	wire_put_i64(b, a->order_s);
	wire_put_u64(b, a->names_max);
	wire_put_u64(b, a->accounts_per_hour);
	wire_put_u64(b, a->orders_per_hour);
	wire_put_u64(b, a->pending_max);
	wire_put_u64(b, a->failures_per_hour);
}

static void
get_acme_site(struct wire *w, struct conf_acme_site *ret)
{
	ret->terms = opt_str(w);
	ret->website = opt_str(w);
	get_strings(w, &ret->caa_identities);
	get_strings(w, &ret->resolvers);
	ret->resolvers_found = wire_bool(w);
	ret->order_s = wire_i64(w);
	ret->names_max = (size_t)wire_u64(w);
	ret->accounts_per_hour = (size_t)wire_u64(w);
	ret->orders_per_hour = (size_t)wire_u64(w);
	ret->pending_max = (size_t)wire_u64(w);
	ret->failures_per_hour = (size_t)wire_u64(w);
}

/* All but the lists of structs. */
static void
put_scalars(struct buf *b, const struct conf *c)
{
	wire_put_str(b, c->dir);
	wire_put_str(b, c->file);
	put_strings(b, &c->listen_api);
	put_strings(b, &c->listen_http);
	put_strings(b, &c->listen_metrics);
	wire_put_str(b, c->url_api);
	wire_put_str(b, c->url_public);
	wire_put_str(b, c->database);
	wire_put_str(b, c->log_level);
	wire_put_str(b, c->log_format);
	put_strings(b, &c->server_names);
	wire_put_i64(b, c->crl_interval_s);
	wire_put_i64(b, c->crl_next_update_s);
	wire_put_i64(b, c->crl_debounce_s);
	wire_put_i64(b, c->crl_delta_s);
	wire_put_u64(b, c->crl_shards);
	wire_put_i64(b, c->ocsp_validity_s);
	wire_put_i64(b, c->ocsp_responder_validity_s);
	wire_put_i64(b, c->renewal_max_age_s);
	put_acme_site(b, &c->acme);
	wire_put_u64(b, c->body_max);
	wire_put_u64(b, c->names_max);
	wire_put_u64(b, c->rate_per_minute);
	wire_put_u64(b, c->rate_burst);
	wire_put_u64(b, c->same_names_per_hour);
	wire_put_i64(b, c->audit_retention_s);
	wire_put_i64(b, c->audit_refusals_s);
}

static void
get_scalars(struct wire *w, struct conf *ret)
{
	ret->dir = wire_str(w);
	ret->file = wire_str(w);
	get_strings(w, &ret->listen_api);
	get_strings(w, &ret->listen_http);
	get_strings(w, &ret->listen_metrics);
	ret->url_api = wire_str(w);
	ret->url_public = wire_str(w);
	ret->database = wire_str(w);
	ret->log_level = wire_str(w);
	ret->log_format = wire_str(w);
	get_strings(w, &ret->server_names);
	ret->crl_interval_s = wire_i64(w);
	ret->crl_next_update_s = wire_i64(w);
	ret->crl_debounce_s = wire_i64(w);
	ret->crl_delta_s = wire_i64(w);
	ret->crl_shards = (size_t)wire_u64(w);
	ret->ocsp_validity_s = wire_i64(w);
	ret->ocsp_responder_validity_s = wire_i64(w);
	ret->renewal_max_age_s = wire_i64(w);
	get_acme_site(w, &ret->acme);
	ret->body_max = (size_t)wire_u64(w);
	ret->names_max = (size_t)wire_u64(w);
	ret->rate_per_minute = (size_t)wire_u64(w);
	ret->rate_burst = (size_t)wire_u64(w);
	ret->same_names_per_hour = (size_t)wire_u64(w);
	ret->audit_retention_s = wire_i64(w);
	ret->audit_refusals_s = wire_i64(w);
}

void
conf_put(struct buf *b, const struct conf *c)
{
	put_scalars(b, c);
	wire_put_u32(b, (uint32_t)c->n_issuers);
	for (size_t i = 0; i < c->n_issuers; i++)
		put_issuer(b, &c->issuers[i]);
	wire_put_u32(b, (uint32_t)c->n_profiles);
	for (size_t i = 0; i < c->n_profiles; i++)
		put_profile(b, &c->profiles[i]);
	wire_put_u32(b, (uint32_t)c->n_grants);
	for (size_t i = 0; i < c->n_grants; i++)
		put_grant(b, &c->grants[i]);
}

bool
conf_get(struct bytes body, struct conf **ret, struct err *e)
{
	struct wire w = wire_open(body);
	struct conf *c = mem_zalloc(sizeof(*c));
	uint32_t n;

	get_scalars(&w, c);
	n = wire_count(&w, LEAST_ISSUER);
	c->issuers = mem_zarray(n, sizeof(*c->issuers));
	for (; c->n_issuers < n; c->n_issuers++)
		get_issuer(&w, &c->issuers[c->n_issuers]);
	n = wire_count(&w, LEAST_PROFILE);
	c->profiles = mem_zarray(n, sizeof(*c->profiles));
	for (; c->n_profiles < n; c->n_profiles++)
		get_profile(&w, &c->profiles[c->n_profiles]);
	n = wire_count(&w, LEAST_GRANT);
	c->grants = mem_zarray(n, sizeof(*c->grants));
	for (; c->n_grants < n; c->n_grants++)
		get_grant(&w, &c->grants[c->n_grants]);

	if (!wire_end(&w, "configuration", e)) {
		conf_free(c);
		return false;
	}
	*ret = c;
	return true;
}
