/* SPDX-License-Identifier: Apache-2.0 */
/* revoke_impl - what the revocation of one certificate and of a family share. */
#ifndef CA_REVOKE_IMPL_H
#define CA_REVOKE_IMPL_H

#include "ca/ca_state.h"
#include "ca/revoke.h"
#include "store/store_certificate.h"

/*
 * What became of a certificate or an issuer before: a reason is raised at most (R28), or
 * lists would let go of it before it ends.
 */
struct revoke_before {
	const char *issuer;
	const struct serial *serial;
	int64_t not_after; /* of the certificate */
	bool revoked;
	int64_t revoked_at;
	enum reason reason;
};
/* May it be revoked for 'reason' now?  ERR_ALREADY_REVOKED: since when, and why. */
MUST_CHECK bool revoke_again(struct ca *ca, const struct revoke_before *b,
    enum reason reason, struct err *e);
MUST_CHECK bool revoke_again_row(struct ca *ca, const struct certificate_row *row,
    enum reason reason, struct err *e);

struct revoke_one {
	const char *issuer;
	const struct serial *serial;
	struct bytes certificate; /* DER; empty: it is not here */
	int64_t revoked_at;       /* the first time, where a reason is raised; 0: now */
	enum reason reason;
	bool responder; /* an OCSP responder's: what it signed goes, too (S45) */
	const char *requester, *request_id;
};
void revoke_ask(struct ca *ca, const struct revoke_one *o, ask_cb *cb, void *arg);
/* The rights are judged; 'done' is called once. */
void revoke_one_start(struct ca *ca, const struct revoke_one *o, revoke_done *done,
    void *arg);

void revoke_row_start(struct ca *ca, const struct certificate_row *row,
    enum reason reason, const struct identity *who, const char *request_id,
    revoke_done *done, void *arg);

/*
 * The octets of the certificate of this row, into a buffer that it makes; none where they
 * are lost or damaged, which keeps nobody from revoking.
 */
void revoke_read(struct ca *ca, int64_t id, struct buf *ret);

/* Reads the signer's answer, logs it, has the CRL made. */
MUST_CHECK bool revoke_answer(struct ca *ca, const struct ask_answer *a,
    const char *issuer, const struct serial *serial, struct record_revocation *ret,
    struct err *e);
struct revoke_result revoke_result(const struct ca *ca, int64_t revoked_at,
    enum reason reason);

/* The family of 'row'; the rights are judged.  As revoke_start(). */
MUST_CHECK bool revoke_lineage_start(struct ca *ca, const struct revoke_request *q,
    const struct certificate_row *row, revoke_done *done, void *arg, struct err *e);

#endif
