/* SPDX-License-Identifier: Apache-2.0 */
/* MSG_SIGN_CERT: everything that core says about a certificate is judged again here. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/mem.h"
#include "daemon/signer.h"
#include "policy/lint.h"
#include "x509/crl_shard.h"
#include "x509/csr.h"
#include "x509/dn.h"

#define TBS_MAX     KIB(48)
#define DN_MAX      KIB(1)
#define MESSAGE_MAX KIB(40) /* of MSG_SIGN_CERT, as the rules in signer.c have it */

/* ---- building and signing ---- */

/* A look at what will be signed, wrapped with octets that are no signature (R25, P47). */
static bool
lint(struct bytes tbs, const struct cert_spec *spec, enum lint_mode mode, struct err *e)
{
	static const uint8_t no_signature[64];
	struct verdict v = { .terse = true };
	struct cert *c = NULL;
	struct buf draft;
	bool ok = false;

	buf_init(&draft, CERT_MAX);
	if (!cert_assemble(tbs, spec->sig_alg,
		bytes_of(no_signature, sizeof(no_signature)), &draft, e) ||
	    !cert_parse(buf_bytes(&draft), &c, e))
		goto out;
	lint_built(c, spec, mode, &v);
	ok = verdict_ok(&v, e);
out:
	cert_free(c);
	verdict_free(&v);
	buf_free(&draft);
	return ok;
}

/* Where there are shards, the certificate names its own of them (P68). */
static char *
shard_url(const struct signer *s, const struct signer_issuer *i,
    const struct cert_spec *spec)
{
	const uint32_t shards = (uint32_t)s->conf->crl_shards;

	if (shards == 0 || i == &s->issuers[0] || spec->crl_url == NULL)
		return NULL;
	return crl_shard_url(s->conf->url_public, i->name,
	    crl_shard_of(&spec->serial, shards));
}

/* Serial, what is the issuer's, the TBSCertificate, its lints: all but the signature. */
static bool
build(struct signer *s, struct signer_issuer *i, struct cert_spec *spec,
    enum lint_mode mode, struct buf *tbs, struct err *e)
{
	if (!signer_state_serial(s, &spec->serial, e))
		return false;
	char *shard = shard_url(s, i, spec);
	if (shard != NULL)
		spec->crl_url = shard;
	spec->sig_alg = key_sig_alg(i->key);
	spec->issuer_dn = i->cert->subject_dn;
	spec->authority_key_id = i->cert->key_id;
	const bool ok =
	    cert_build_tbs(spec, tbs, e) && lint(buf_bytes(tbs), spec, mode, e);
	if (shard != NULL)
		spec->crl_url = NULL;
	free(shard);
	return ok;
}

/* Signs these very octets and appends the certificate. */
static bool
sign(const struct key *k, struct bytes tbs, struct buf *ret, struct err *e)
{
	struct buf sig;

	buf_init(&sig, KIB(2));
	const bool ok = key_sign(k, tbs, &sig, e) &&
			cert_assemble(tbs, key_sig_alg(k), buf_bytes(&sig), ret, e);
	buf_free(&sig);
	return ok;
}

/* The certificate, read again, has in it what was built and linted (P47). */
static bool
check_signed(struct bytes der, struct bytes tbs, struct err *e)
{
	struct der all, first;

	if (!der_whole(der, DER_SEQUENCE, &all, e) ||
	    !der_expect(&all.body, DER_SEQUENCE, &first, e) ||
	    !bytes_eq(first.whole, tbs))
		return err_set(e, ERR_INTERNAL,
		    "the certificate that was made is not the one to be signed");
	return true;
}

bool
signer_cert_make(struct signer *s, struct signer_issuer *i, struct cert_spec *spec,
    struct buf *ret, struct err *e)
{
	struct buf tbs;

	buf_init(&tbs, TBS_MAX);
	const bool ok = build(s, i, spec, LINT_NORMAL, &tbs, e) &&
			sign(i->key, buf_bytes(&tbs), ret, e) &&
			check_signed(buf_bytes(ret), buf_bytes(&tbs), e);
	buf_free(&tbs);
	return ok;
}

/* ---- judging ---- */

struct wish { /* one MSG_SIGN_CERT and what it turned out to be */
	struct pool_job job;
	struct signer *signer;
	struct buf message; /* the body of its frame: 'm' points into it */
	struct msg_sign_cert m;
	const struct conf_profile *profile;
	struct signer_issuer *issuer;
	struct csr *csr;
	struct names names;
	char cn[65];
	int64_t not_before, not_after;
	struct buf
	    tbs; /* judged, built, linted: to be signed if the CSR's sender has its key */
	struct buf der; /* the certificate */
	bool late;      /* there is nothing else against it */
	bool made;
	struct err why; /* not */
};

static struct wish *
wish_new(struct signer *s, struct bytes body)
{
	struct wish *w = mem_zalloc(sizeof(*w));

	w->signer = s;
	buf_init(&w->message, MESSAGE_MAX);
	buf_put(&w->message, body);
	buf_init(&w->tbs, TBS_MAX);
	buf_init(&w->der, CERT_MAX);
	return w;
}

static void
wish_free(struct wish *w)
{
	csr_free(w->csr);
	names_free(&w->names);
	buf_free(&w->message);
	buf_free(&w->tbs);
	buf_free(&w->der);
	free(w);
}

static bool
find_policy(struct signer *s, struct wish *w, struct err *e)
{
	w->profile = conf_profile_find(s->conf, w->m.profile);
	if (w->profile == NULL)
		return err_set(e, ERR_NOT_FOUND, "there is no profile \"%.*s\"",
		    (int)w->m.profile.n, (const char *)w->m.profile.p);
	return signer_issuer_ready(s, bytes_str(w->profile->issuer), &w->issuer, e);
}

/*
 * Under a CA that its own issuer has revoked nothing is signed any more, but the
 * listener's certificate: the CRLs and the OCSP answers are to be had all the same.
 * Core may ask while it does not know yet, so this raises no alarm.
 */
static bool
check_issuer_stands(struct signer *s, const struct wish *w, struct err *e)
{
	const struct signer_issuer *i = w->issuer;

	for (size_t k = 0; k < i->n_chain && !w->profile->internal; k++) {
		const struct cert *c = i->chain[k].cert;
		const struct signer_issuer *by = signer_issuer_by_dn(s, c->issuer_dn);

		if (by != NULL && signer_revoked_find(&by->revoked, &c->serial) != NULL)
			return err_set(e, ERR_POLICY,
			    "issuer %s is revoked: it signs no more certificates",
			    i->name);
	}
	return true;
}

/*
 * The CA's own keys and its responders' are nobody else's (P54).  Core does not
 * know the responders': whoever asks with one, which is public, raises no alarm.
 */
static bool
check_key_is_not_ours(const struct signer *s, struct bytes spki, struct err *e)
{
	for (size_t k = 0; k < s->n_issuers; k++) {
		const struct signer_issuer *i = &s->issuers[k];

		if (bytes_eq(spki, i->cert->key.der) ||
		    (i->responder.key != NULL &&
			bytes_eq(spki, key_spki(i->responder.key))))
			return err_set(e, ERR_BAD_KEY, "the key is the CA's own");
	}
	return true;
}

/* Each CA of the chain has to let each name pass (P36). */
static void
check_constraints(const struct wish *w, struct verdict *v)
{
	for (size_t k = 0; k < w->issuer->n_chain; k++)
		profile_check_constraints(&w->issuer->chain[k], &w->names, w->cn, v);
}

/* What core says of the present is believed as little as what it says of the rest. */
static bool
check_times(const struct wish *w, int64_t now, struct err *e)
{
	if (w->m.not_before < now - SIGNER_LATE_S ||
	    w->m.not_before > now + SIGNER_SKEW_S)
		return err_set(e, ERR_POLICY,
		    "a certificate begins now, not at another time");
	return true;
}

/* Whoever asked has given up; that the signer kept it waiting is no lie of core's. */
static bool
check_in_time(struct wish *w, int64_t now, struct err *e)
{
	w->late = w->m.not_before < now - SIGNER_SKEW_S;
	return !w->late ||
	       err_set(e, ERR_UNAVAILABLE,
		   "the request waited for the signer for more than %d seconds",
		   SIGNER_SKEW_S);
}

static void
judge_validity(struct wish *w, int64_t now, struct verdict *v)
{
	const struct msg_sign_cert *m = &w->m;
	const struct cert *issuer = w->issuer->cert;

	if (m->exact_not_before != 0 || m->exact_not_after != 0)
		profile_validity_exact(w->profile, issuer, now, PROFILE_PAST_SIGNING_S,
		    m->exact_not_before, m->exact_not_after, &w->not_before,
		    &w->not_after, v);
	else
		profile_validity(w->profile, issuer, m->not_before, m->validity_s,
		    &w->not_before, &w->not_after, v);
}

/* All but the CSR's signature and key: an honest core has asked itself the same. */
static bool
judge(struct signer *s, struct wish *w, struct err *e)
{
	const int64_t now = clock_now();
	struct verdict v = { .terse = true };

	if (!signer_state_stored(s, w->m.stored_seq, e) || !find_policy(s, w, e) ||
	    !csr_parse(w->m.csr, conf_names_max(s->conf, w->profile), &w->csr, e) ||
	    !names_from_der(w->m.names, conf_names_max(s->conf, w->profile), &w->names,
		e) ||
	    !check_times(w, now, e))
		return false;
	profile_check_key(w->profile, &w->csr->key, &v);
	profile_check_names(w->profile, &w->names, conf_names_max(s->conf, w->profile),
	    &v);
	profile_cn(w->profile, &w->names, w->cn);
	check_constraints(w, &v);
	judge_validity(w, now, &v);
	const bool ok = verdict_ok(&v, e) && check_in_time(w, now, e);
	verdict_free(&v);
	return ok;
}

/* What the certificate will say. */
static bool
draft(struct signer *s, struct wish *w, struct err *e)
{
	struct cert_spec spec = {
		.spki = w->csr->key.der,
		.not_before = w->not_before,
		.not_after = w->not_after,
		.names = &w->names,
		.path_len = -1,
		.crl_url = w->issuer->crl_url,
		.freshest_url = w->issuer->delta_url,
		.ocsp_url = s->ocsp_url,
		.issuer_url = w->issuer->issuer_url,
	};
	uint8_t key_id[20];
	struct buf subject;

	buf_init(&subject, DN_MAX);
	spki_key_id(&w->csr->key, key_id);
	spec.key_id = bytes_of(key_id, sizeof(key_id));
	profile_fill(w->profile, w->csr->key.alg, &spec);
	bool ok = dn_build(NULL, w->cn[0] != '\0' ? w->cn : NULL, &subject, e);
	spec.subject_dn = buf_bytes(&subject);
	ok = ok && build(s, w->issuer, &spec,
		       w->profile->strict_lint ? LINT_STRICT : LINT_NORMAL, &w->tbs, e);
	buf_free(&subject);
	return ok;
}

/* On any thread: two operations on octets that are settled, and no decision but the CSR's own. */
static void
work(struct pool_job *job)
{
	struct wish *w = (struct wish *)job;

	w->made = csr_verify(w->csr, &w->why) &&
		  sign(w->issuer->key, buf_bytes(&w->tbs), &w->der, &w->why);
}

static bool
record(const struct wish *w, struct err *e)
{
	const struct record_certificate r = {
		.issuer = bytes_str(w->issuer->name),
		.profile = w->m.profile,
		.der = buf_bytes(&w->der),
		.requester = w->m.requester,
		.request_id = w->m.request_id,
		.note = w->m.note,
	};
	struct buf body;
	uint64_t seq;

	buf_init(&body, RECORD_MAX);
	fault_point("signer.signed");
	record_certificate_put(&body, &r);
	const bool ok = buf_ok(&body, "a certificate's record", e) &&
			signer_answer_record(w->signer, MSG_CERT_SIGNED, w->m.id,
			    RECORD_CERTIFICATE, buf_bytes(&body), &seq, e);
	buf_free(&body);
	return ok;
}

/* A CSR whose signature is wrong leaves no record, nor does what is not as it was asked. */
static void
done(struct pool_job *job)
{
	struct wish *w = (struct wish *)job;

	if (!w->made ||
	    !check_signed(buf_bytes(&w->der), buf_bytes(&w->tbs), &w->why) ||
	    !record(w, &w->why))
		signer_refuse(w->signer, w->m.id, &w->why);
	wish_free(w);
}

bool
signer_on_cert(void *ctx, const struct frame *f, struct err *e)
{
	struct signer *s = ctx;
	struct wish *w = wish_new(s, f->body);
	struct err why;

	if (!msg_sign_cert_get(buf_bytes(&w->message), &w->m, e)) {
		wish_free(w);
		return false;
	}
	const bool good = judge(s, w, &why);
	if (good && check_issuer_stands(s, w, &why) &&
	    check_key_is_not_ours(s, w->csr->key.der, &why) && draft(s, w, &why)) {
		w->job = (struct pool_job){ .work = work, .done = done };
		pool_add(s->pool, &w->job);
		return true;
	}
	if (good || w->late || signer_just_reloaded(s))
		signer_refuse(s, w->m.id, &why);
	else
		signer_refuse_oracle(s, w->m.id, "SIGN_CERT", &why);
	wish_free(w);
	return true;
}
