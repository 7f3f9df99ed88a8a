/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The delegated OCSP responders (P86): a key in memory and a certificate of
 * short life for each issuer, made at each start, anew at half of that life, and when
 * that certificate is revoked.
 */
#include <gnutls/crypto.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "daemon/signer.h"
#include "x509/dn.h"

#define BACKDATE_S  300
#define WATCH_MAX_S 60
#define LEAST_S     60 /* less is not worth a certificate: the issuer ends */

void
signer_responder_free(struct signer_responder *r)
{
	key_free(r->key);
	buf_free(&r->cert);
	*r = (struct signer_responder){ 0 };
}

/* responderID byKey: SHA-1 of the key's bits (RFC 6960 4.2.1); no signature rests on it. */
static bool
fill_ids(struct signer_responder *r, struct spki *ret_key, struct err *e)
{
	if (!spki_parse(key_spki(r->key), ret_key, e))
		return false;
	if (gnutls_hash_fast(GNUTLS_DIG_SHA1, ret_key->key_bits.p, ret_key->key_bits.n,
		r->key_id) < 0)
		return err_set(e, ERR_INTERNAL, "SHA-1 failed");
	return true;
}

/* From when to when; never past the issuer's own end. */
static bool
fill_times(const struct signer *s, const struct signer_issuer *i,
    struct signer_responder *r, struct err *e)
{
	const int64_t now = clock_now();

	r->not_before = now - BACKDATE_S > i->cert->not_before ? now - BACKDATE_S
							       : i->cert->not_before;
	r->not_after = now + s->conf->ocsp_responder_validity_s - 1;
	if (r->not_after > i->cert->not_after)
		r->not_after = i->cert->not_after;
	r->renew_at = now + (r->not_after - now) / 2;
	if (now < i->cert->not_before || r->not_after < now + LEAST_S)
		return err_set(e, ERR_UNAVAILABLE,
		    "issuer %s has not begun, or ends: nobody can answer OCSP for it",
		    i->name);
	return true;
}

static bool
certify(struct signer *s, struct signer_issuer *i, struct signer_responder *r,
    struct err *e)
{
	uint8_t key_id[20];
	struct spki key;
	struct buf subject;

	if (!fill_ids(r, &key, e))
		return false;
	spki_key_id(&key, key_id);
	struct cert_spec spec = {
		.spki = key.der,
		.key_id = bytes_of(key_id, sizeof(key_id)),
		.not_before = r->not_before,
		.not_after = r->not_after,
		.key_usage = CERT_KU_DIGITAL_SIGNATURE,
		.usages = USAGE_OCSP_SIGNING,
		.path_len = -1,
		.ocsp_no_check = true,
	};
	char *cn = mem_printf("OCSP responder of %s", i->name);
	buf_init(&subject, KIB(1));
	bool ok = dn_build(NULL, cn, &subject, e);
	spec.subject_dn = buf_bytes(&subject);
	ok = ok && signer_cert_make(s, i, &spec, &r->cert, e);
	r->serial = spec.serial;
	buf_free(&subject);
	free(cn);
	return ok;
}

/* Into the journal, and to core if it listens already; else it reads it there. */
static bool
record(struct signer *s, const struct signer_issuer *i,
    const struct signer_responder *r, struct err *e)
{
	const struct record_certificate v = {
		.issuer = bytes_str(i->name),
		.profile = bytes_str("ocsp-responder"),
		.der = buf_bytes(&r->cert),
		.requester = bytes_str("system"),
	};
	struct buf body;
	struct bytes octets;
	uint64_t seq;

	buf_init(&body, RECORD_MAX);
	record_certificate_put(&body, &v);
	const bool ok = s->told ? signer_answer_record(s, MSG_JOURNAL_RECORD, 0,
				      RECORD_CERTIFICATE, buf_bytes(&body), &seq, e)
				: journal_add(s->journal, RECORD_CERTIFICATE, s->stored,
				      buf_bytes(&body), &octets, e);
	buf_free(&body);
	return ok;
}

/* The new one takes the old one's place only when it is on disk. */
static bool
renew(struct signer *s, struct signer_issuer *i, struct err *e)
{
	struct signer_responder r = { 0 };
	char until[CLOCK_RFC3339_LEN];

	if (!fill_times(s, i, &r, e))
		return false;
	signer_settle(s); /* they sign with the one before */
	buf_init(&r.cert, CERT_MAX);
	bool ok = key_generate(KEY_ALG_ECDSA_P256, 0, &r.key, e) &&
		  certify(s, i, &r, e) && record(s, i, &r, e);
	if (ok && !signer_commit(s))
		ok = err_set(e, ERR_IO,
		    "the OCSP responder of %s could not be journalled", i->name);
	if (!ok) {
		signer_responder_free(&r);
		return false;
	}
	signer_responder_free(&i->responder);
	i->responder = r;
	clock_rfc3339(r.not_after, until);
	LOG(LOG_INFO, "ocsp-responder", LOG_TEXT("issuer", i->name),
	    LOG_TEXT("not_after", until));
	return true;
}

/* Until 'end'.  One that has not begun was made before the clock was put back. */
static bool
holds(const struct signer_issuer *i, int64_t end)
{
	const struct signer_responder *r = &i->responder;
	const int64_t now = clock_now();

	return r->key != NULL && r->not_before <= now && now < end &&
	       signer_revoked_find(&i->revoked, &r->serial) == NULL;
}

bool
signer_responder_ready(struct signer *s, struct signer_issuer *i, struct err *e)
{
	return holds(i, i->responder.not_after) || renew(s, i, e);
}

/*
 * The new one is told before the revocation is: of its record core has front forget all
 * that the old one signed, and only then does whoever revokes hear of it.  Where there
 * cannot be a new one now, nobody answers until there is (see holds()).
 */
void
signer_responder_revoke(struct signer *s, struct signer_issuer *i,
    const struct serial *serial)
{
	struct err e;

	if (i->responder.key != NULL && serial_eq(&i->responder.serial, serial) &&
	    !renew(s, i, &e))
		LOG_ERR(LOG_ERROR, "ocsp-responder-failed", &e,
		    LOG_TEXT("issuer", i->name));
}

void
signer_responder_watch(void *signer)
{
	struct signer *s = signer;
	const int64_t now = clock_now(), often = s->conf->ocsp_responder_validity_s / 8;
	struct err e;

	for (size_t k = 0; k < s->n_issuers; k++) {
		struct signer_issuer *i = &s->issuers[k];

		/* Of one that ends, core says so. */
		if (i->key == NULL || i->cert->not_after < now + LEAST_S ||
		    holds(i, i->responder.renew_at))
			continue;
		if (!renew(s, i, &e))
			LOG_ERR(LOG_ERROR, "ocsp-responder-failed", &e,
			    LOG_TEXT("issuer", i->name));
	}
	loop_after(s->loop,
	    1000 * (often < 1                ? 1
		       : often > WATCH_MAX_S ? WATCH_MAX_S
					     : often),
	    signer_responder_watch, s);
}
