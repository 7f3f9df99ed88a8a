/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

#define CONSTRAINTS_TEXT_MAX KIB(1) /* octets of constraints that are shown */

#define CN_MAX 64 /* characters (RFC 5280 A.1, ub-common-name) */

static char *
key_text(enum key_alg alg, unsigned bits)
{
	const char *word = sets_key_alg_word(alg);

	if (alg == KEY_ALG_RSA)
		return mem_printf("%s-%u", word, bits);
	return mem_strdup(word != NULL ? word : "unknown");
}

static bool
key_allowed(const struct conf_profile *p, const struct spki *key)
{
	for (size_t i = 0; i < p->n_keys; i++)
		if (p->keys[i].alg == key->alg && key->bits >= p->keys[i].min_bits)
			return true;
	return false;
}

bool
profile_check_key(const struct conf_profile *p, const struct spki *key,
    struct verdict *v)
{
	const bool pass = key_allowed(p, key);
	struct buf allowed;

	if (!verdict_keeps(v, pass))
		return pass;
	char *value = key_text(key->alg, key->bits);
	buf_init(&allowed, KIB(1));
	for (size_t i = 0; i < p->n_keys; i++) {
		char *word = key_text(p->keys[i].alg, p->keys[i].min_bits);
		buf_printf(&allowed, "%s%s", i > 0 ? ", " : "", word);
		free(word);
	}
	verdict_add(v, pass, ERR_POLICY, "profile.keys", "csr.key", value,
	    buf_str(&allowed));
	buf_free(&allowed);
	free(value);
	return pass;
}

/* What the constraints leave of one kind of name: "within internal; not within a.internal". */
static char *
constraints_text(const struct constraints *c, enum name_type type)
{
	struct buf b;

	buf_init(&b, CONSTRAINTS_TEXT_MAX);
	for (int excluded = 0; excluded <= 1; excluded++) {
		const char *before = excluded ? "not within " : "within ";

		for (size_t i = 0; i < c->n; i++) {
			if (c->v[i].type != type || c->v[i].excluded != excluded)
				continue;
			buf_printf(&b, "%s%s%s", b.n > 0 ? "; " : "", before,
			    c->v[i].text[0] != '\0' ? c->v[i].text : "any");
			before = "";
		}
	}
	char *text = mem_printf("%s %s", sets_name_type_word(type), buf_str(&b));
	buf_free(&b);
	return text;
}

/* 'at': the place among the names; SIZE_MAX: the common name. */
static bool
check_constraint(const struct constraints *c, enum name_type type, const char *text,
    size_t at, struct verdict *v)
{
	struct err why;

	if (constraints_check(c, type, text, &why))
		return true;
	char *field =
	    at == SIZE_MAX ? mem_strdup("subject.cn") : mem_printf("names[%zu]", at);
	char *allowed = constraints_text(c, type);
	verdict_add(v, false, ERR_POLICY, "issuer.constraints", field, text, allowed);
	free(allowed);
	free(field);
	return false;
}

/* P36: what somebody may take for a name is held to the rules of names. */
static enum name_type
cn_type(const char *cn)
{
	uint8_t ip[16];

	if (name_ip_octets(cn, ip) > 0)
		return NAME_TYPE_IP;
	return strchr(cn, '@') != NULL ? NAME_TYPE_EMAIL : NAME_TYPE_DNS;
}

bool
profile_check_constraints(const struct profile_issuer *i, const struct names *names,
    const char *cn, struct verdict *v)
{
	const struct constraints *c = &i->constraints;
	bool pass = true;

	for (size_t k = 0; k < names->n; k++)
		if (!check_constraint(c, names->v[k].type, names->v[k].text, k, v))
			pass = false;
	if (cn != NULL && cn[0] != '\0' && strchr(cn, ' ') == NULL &&
	    !check_constraint(c, cn_type(cn), cn, SIZE_MAX, v))
		pass = false;
	if (pass)
		verdict_add(v, true, ERR_NONE, "issuer.constraints", "names",
		    c->n > 0 ? "all" : "", c->n > 0 ? "" : "the issuer sets none");
	return pass;
}

/* The profile's word on the span; sets '*asked' to what is given (P10, P11). */
static bool
check_span(const struct conf_profile *p, int64_t *asked, struct verdict *v)
{
	const int64_t wanted = *asked > 0 ? *asked : p->validity_default_s;
	const bool clamp = wanted > p->validity_max_s && p->excess == EXCESS_CLAMP;
	const bool pass = wanted <= p->validity_max_s || clamp;
	char value[CLOCK_DURATION_LEN], max[CLOCK_DURATION_LEN];
	char *allowed;

	*asked = clamp ? p->validity_max_s : wanted;
	if (!clamp && !verdict_keeps(v, pass))
		return pass;
	clock_duration(wanted, value);
	clock_duration(p->validity_max_s, max);
	allowed = clamp ? mem_printf("at most %s, and so it is made", max)
			: mem_printf("at most %s", max);
	if (clamp)
		verdict_cut(v, "profile.validity", "validity", value, allowed);
	else
		verdict_add(v, pass, ERR_POLICY, "profile.validity", "validity", value,
		    allowed);
	free(allowed);
	return pass;
}

/*
 * The issuer's word on the end; cuts '*end' where the profile says so (P10, R23), and where
 * nobody asked for it: services that take the default go on while their issuer lives.
 */
static bool
check_issuer(const struct conf_profile *p, const struct cert *issuer, int64_t now,
    bool asked, int64_t *end, struct verdict *v)
{
	const bool alive = now >= issuer->not_before && now <= issuer->not_after;
	const bool clamp =
	    alive && *end > issuer->not_after && (!asked || p->excess == EXCESS_CLAMP);
	const int64_t wanted = *end;
	const bool pass = alive && (wanted <= issuer->not_after || clamp);
	char value[CLOCK_RFC3339_LEN], from[CLOCK_RFC3339_LEN], to[CLOCK_RFC3339_LEN];
	char *allowed;

	if (clamp)
		*end = issuer->not_after;
	if (!(clamp && asked) && !verdict_keeps(v, pass))
		return pass;
	clock_rfc3339(wanted, value);
	clock_rfc3339(issuer->not_before, from);
	clock_rfc3339(issuer->not_after, to);
	allowed = mem_printf("within the issuer's own life, %s to %s%s", from, to,
	    clamp ? ", and so it is made" : "");
	if (clamp && asked)
		verdict_cut(v, "issuer.validity", "not_after", value, allowed);
	else
		verdict_add(v, pass, ERR_POLICY, "issuer.validity", "not_after", value,
		    allowed);
	free(allowed);
	return pass;
}

bool
profile_validity(const struct conf_profile *p, const struct cert *issuer, int64_t now,
    int64_t asked_s, int64_t *ret_not_before, int64_t *ret_not_after, struct verdict *v)
{
	const bool asked = asked_s > 0;

	if (!check_span(p, &asked_s, v))
		return false;

	int64_t end = now + asked_s - 1; /* the last second counts (P8) */
	int64_t begin = now - p->backdate_s;
	if (end - begin + 1 > p->validity_max_s)
		begin = end - p->validity_max_s + 1;
	if (!check_issuer(p, issuer, now, asked, &end, v))
		return false;
	*ret_not_before = begin > issuer->not_before ? begin : issuer->not_before;
	*ret_not_after = end;
	return true;
}

/* What was not asked for: the default life, and as much backdate as the maximum leaves. */
static void
complete(const struct conf_profile *p, const struct cert *issuer, int64_t now,
    int64_t *begin, int64_t *end)
{
	if (*end == 0) {
		*end = *begin + p->validity_default_s - 1;
		if (*end > issuer->not_after)
			*end = issuer->not_after;
	}
	if (*begin != 0)
		return;
	const int64_t first = *end - p->validity_max_s + 1;

	*begin = now - p->backdate_s;
	if (*begin < issuer->not_before)
		*begin = issuer->not_before;
	if (*begin < first && first <= now)
		*begin = first;
}

static bool
check_begin(const struct conf_profile *p, int64_t now, int64_t past_s, int64_t begin,
    int64_t end, struct verdict *v)
{
	const int64_t earliest =
	    now - (past_s > p->backdate_s ? past_s : p->backdate_s);
	char value[CLOCK_RFC3339_LEN], from[CLOCK_RFC3339_LEN];

	clock_rfc3339(begin, value);
	clock_rfc3339(earliest, from);
	char *allowed = mem_printf("not before %s, and before the end", from);
	const bool pass = verdict_add(v, begin >= earliest && begin <= end, ERR_POLICY,
	    "profile.not_before", "not_before", value, allowed);
	free(allowed);
	return pass;
}

static bool
check_end(const struct conf_profile *p, int64_t now, int64_t begin, int64_t end,
    struct verdict *v)
{
	const int64_t from = begin < now ? begin : now;
	const int64_t latest = from + p->validity_max_s - 1;
	char value[CLOCK_RFC3339_LEN], to[CLOCK_RFC3339_LEN];

	clock_rfc3339(end, value);
	clock_rfc3339(latest, to);
	char *allowed = mem_printf("from now on, and not after %s", to);
	const bool pass = verdict_add(v, end >= now && end <= latest, ERR_POLICY,
	    "profile.validity", "not_after", value, allowed);
	free(allowed);
	return pass;
}

static bool
check_within_issuer(const struct cert *issuer, int64_t begin, int64_t end,
    struct verdict *v)
{
	char value[2 * CLOCK_RFC3339_LEN + 4], from[CLOCK_RFC3339_LEN],
	    to[CLOCK_RFC3339_LEN];

	clock_rfc3339(begin, from);
	clock_rfc3339(end, to);
	snprintf(value, sizeof(value), "%s to %s", from, to);
	clock_rfc3339(issuer->not_before, from);
	clock_rfc3339(issuer->not_after, to);
	char *allowed = mem_printf("within the issuer's own life, %s to %s", from, to);
	const bool pass =
	    verdict_add(v, begin >= issuer->not_before && end <= issuer->not_after,
		ERR_POLICY, "issuer.validity", "validity", value, allowed);
	free(allowed);
	return pass;
}

bool
profile_validity_exact(const struct conf_profile *p, const struct cert *issuer,
    int64_t now, int64_t past_s, int64_t asked_not_before, int64_t asked_not_after,
    int64_t *ret_not_before, int64_t *ret_not_after, struct verdict *v)
{
	int64_t begin = asked_not_before, end = asked_not_after;

	complete(p, issuer, now, &begin, &end);
	const bool begins = check_begin(p, now, past_s, begin, end, v);
	const bool ends = check_end(p, now, begin, end, v);
	if (!check_within_issuer(issuer, begin, end, v) || !begins || !ends)
		return false;
	*ret_not_before = begin;
	*ret_not_after = end;
	return true;
}

static const char *
first_of(const struct names *names, enum name_type type)
{
	for (size_t i = 0; i < names->n; i++)
		if (names->v[i].type == type)
			return names->v[i].text;
	return NULL;
}

void
profile_cn(const struct conf_profile *p, const struct names *names, char ret[static 65])
{
	/* An address is never a CN: beside DNS constraints strangers take it for a host. */
	static const enum name_type order[] = { NAME_TYPE_DNS, NAME_TYPE_EMAIL };
	const char *cn = NULL;

	ret[0] = '\0';
	if (p->subject != SUBJECT_CN)
		return;
	for (size_t i = 0; cn == NULL && i < NITEMS(order); i++)
		cn = first_of(names, order[i]);
	if (cn != NULL && strlen(cn) <= CN_MAX) /* over that dropped, not cut (P13) */
		snprintf(ret, CN_MAX + 1, "%s", cn);
}

void
profile_fill(const struct conf_profile *p, enum key_alg key, struct cert_spec *s)
{
	s->ca = false;
	s->path_len = -1;
	s->constraints = bytes_of(NULL, 0);
	s->usages = p->usages;
	s->key_usage = CERT_KU_DIGITAL_SIGNATURE;
	if (key == KEY_ALG_RSA) /* RSA key transport, up to TLS 1.2 (P20) */
		s->key_usage |= CERT_KU_KEY_ENCIPHERMENT;
	s->ocsp_no_check = false;
	s->no_rev_avail = p->no_rev_avail;
	if (p->no_rev_avail) { /* RFC 9608 3 */
		s->crl_url = NULL;
		s->freshest_url = NULL;
		s->ocsp_url = NULL;
	}
}
