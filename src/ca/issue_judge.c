/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/issue_judge.h"

#include <assert.h>

#include "base/clock.h"
#include "ca/ca_state.h"
#include "ca/descent.h"
#include "policy/grant.h"
#include "store/store_certificate.h"

static enum right
right_of(const struct issue_request *q)
{
	return q->renewal ? RIGHT_RENEW : RIGHT_ISSUE;
}

/* Who may not read hears of no profile but those that a grant of his is for (S72). */
static bool
is_shown(struct ca *ca, const struct issue_request *q, const char *profile)
{
	return q->internal || grant_has(ca->conf, q->who, right_of(q), profile) ||
	       grant_has(ca->conf, q->who, RIGHT_READ, NULL);
}

static const struct conf_profile *
find_profile(struct ca *ca, const struct issue_request *q)
{
	const struct conf_profile *p =
	    q->profile == NULL ? NULL
			       : conf_profile_find(ca->conf, bytes_str(q->profile));

	return p != NULL && (!p->internal || q->internal) ? p : NULL;
}

static void
tell_profile(struct ca *ca, const struct issue_request *q, bool pass, struct verdict *v)
{
	struct buf all;

	if (!verdict_keeps(v, pass))
		return;
	buf_init(&all, KIB(8));
	for (size_t i = 0; i < ca->conf->n_profiles; i++) {
		const struct conf_profile *p = &ca->conf->profiles[i];

		if (!p->internal && is_shown(ca, q, p->name))
			buf_printf(&all, "%s%s", all.n > 0 ? ", " : "", p->name);
	}
	verdict_add(v, pass, ERR_POLICY, "profile", "profile",
	    q->profile == NULL ? "" : q->profile,
	    all.n > 0 ? buf_str(&all) : "one that a grant is for");
	buf_free(&all);
}

/* What no profile lets pass. */
static bool
check_key(struct ca *ca, const struct csr *csr, struct verdict *v, struct err *e)
{
	uint8_t hash[32];
	bool bad, weak;

	spki_hash(csr->key.der, hash);
	if (!store_key_compromised(ca->store, hash, &bad, e) ||
	    !weak_keys_has(ca->weak_keys, &csr->key, &weak, e))
		return false;
	if (weak)
		verdict_add(v, false, ERR_BAD_KEY, "key.weak", "csr.publicKey",
		    "on the list of weak keys",
		    "a key that nobody else knows; make a new one (P52)");
	verdict_add(v, !bad, ERR_BAD_KEY, "key.compromised", "csr.publicKey",
	    bad ? "revoked for keyCompromise" : "not known as compromised",
	    "a key that was never compromised; make a new one");
	for (size_t i = 0; i < ca->n_issuers; i++)
		if (bytes_eq(ca->issuers[i].cert->key.der, csr->key.der))
			verdict_add(v, false, ERR_BAD_KEY, "key.issuer",
			    "csr.publicKey", ca->issuers[i].name,
			    "a key that is not a CA's own (P54)");
	return true;
}

static void
check_names(struct ca *ca, struct issue_judged *j, struct verdict *v)
{
	profile_check_names(j->profile, j->names, conf_names_max(ca->conf, j->profile),
	    v);
	profile_cn(j->profile, j->names, j->cn);
	profile_check_constraints(&j->issuer->policy, j->names, j->cn, v);
}

static void
check_grant(struct ca *ca, const struct issue_request *q, const char *profile,
    struct issue_judged *j, struct verdict *v)
{
	const struct conf_grant *grant;

	if (q->internal ||
	    !grant_find(ca->conf, q->who, right_of(q), profile, &grant, v))
		return;
	if (j->profile != NULL && j->names != NULL)
		grant_names(grant, q->who, j->names, v);
	j->descends =
	    q->renewal || (grant != NULL && grant->names_mode == GRANT_NAMES_OWN);
}

static void
check_validity(const struct issue_request *q, struct issue_judged *j, struct verdict *v)
{
	const struct cert *issuer = j->issuer->cert;

	if (q->not_before != 0 || q->not_after != 0)
		profile_validity_exact(j->profile, issuer, clock_now(),
		    q->past_s != 0 ? q->past_s : PROFILE_PAST_SIGNING_S, q->not_before,
		    q->not_after, &j->not_before, &j->not_after, v);
	else
		profile_validity(j->profile, issuer, clock_now(), q->validity_s,
		    &j->not_before, &j->not_after, v);
}

/* The listener's certificate is issued all the same: CRLs and OCSP go on. */
static void
check_issuer(struct ca *ca, const struct issue_request *q, const struct issue_judged *j,
    struct verdict *v)
{
	const struct ca_issuer *revoked = ca_issuer_revoked(ca, j->issuer);

	if (!q->internal)
		verdict_add(v, revoked == NULL, ERR_POLICY, "issuer.revoked", "issuer",
		    revoked != NULL ? revoked->name : j->issuer->name,
		    "one that is not revoked: hanaper rotate makes the next");
}

void
issue_judge_signature(const char *why, struct verdict *v)
{
	verdict_add(v, why == NULL, ERR_BAD_CSR, "csr.signature", "csr.signature",
	    why != NULL ? why : "verifies",
	    "a signature by the CSR's own key, with SHA-256 or more");
}

bool
issue_judge(struct ca *ca, const struct issue_request *q, struct issue_judged *ret,
    struct verdict *v, struct err *e)
{
	/* One renews by the profile of one's own certificate. */
	const bool shown = q->renewal || is_shown(ca, q, q->profile);
	struct issue_judged j = { .profile = shown ? find_profile(ca, q) : NULL,
		.names = q->names };

	if (j.names == NULL && q->csr != NULL && !q->names_bad)
		j.names = &q->csr->names;
	if (shown) {
		tell_profile(ca, q, j.profile != NULL, v);
		check_grant(ca, q, j.profile != NULL ? q->profile : NULL, &j, v);
	} else { /* the grant first: it is why */
		check_grant(ca, q, q->profile, &j, v);
		tell_profile(ca, q, false, v);
	}
	if (j.profile != NULL) {
		j.issuer = ca_issuer_find(ca, j.profile->issuer);
		if (j.names != NULL)
			check_names(ca, &j, v);
		check_issuer(ca, q, &j, v);
		check_validity(q, &j, v);
		if (q->csr != NULL)
			profile_check_key(j.profile, &q->csr->key, v);
	}
	assert(!j.descends || q->row != NULL); /* a grant fits certificates alone */
	if ((j.descends && !descent_check(ca, q->row, v, e)) ||
	    (q->csr != NULL && !check_key(ca, q->csr, v, e)))
		return false;
	*ret = j;
	return true;
}
