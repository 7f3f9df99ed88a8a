/* SPDX-License-Identifier: Apache-2.0 */
/* revoke - a certificate is taken back, for good. */
#ifndef CA_REVOKE_H
#define CA_REVOKE_H

#include "ca/caller.h"
#include "journal/record.h"
#include "policy/verdict.h"

struct revoke_request {
	const struct identity *who;
	struct serial serial;
	enum reason reason;
	const char *request_id;
	bool
	    judged; /* the right to it was proved otherwise (ca/acme_revoke): no grant */
	bool
	    lineage; /* and all that has not ended of its family: ancestors, descendants, theirs */
};

struct revoke_result {
	int64_t revoked_at;
	enum reason reason;
	int64_t ocsp_at; /* by when OCSP tells it */
	int64_t crl_at;  /* by when the CRL tells it, as promised by crl.debounce */
	const struct serial *serials; /* what was revoked; borrowed for the call */
	size_t n_serials;
};

typedef void revoke_done(void *arg, const struct revoke_result *r, const struct err *e);

/*
 * One's own certificate needs no grant.  ERR_NOT_FOUND, ERR_FORBIDDEN (also for
 * CA certificates, R40), ERR_ALREADY_REVOKED with first time and reason, unless
 * this raises the reason to keyCompromise (S43).  With 'lineage' those that are
 * revoked already are let be; ERR_ALREADY_REVOKED when that is all of them.
 */
MUST_CHECK bool revoke_start(struct ca *ca, const struct revoke_request *q,
    revoke_done *done, void *arg, struct verdict *v, struct err *e);

/*
 * An intermediate, by its issuer's name, or by its serial where the configuration does
 * not name it: the right to it was judged (admin).  From the
 * answer on nothing is issued under it, and what it signed identifies nobody.  crl_at
 * and ocsp_at are 0 while the key of who signs its revocation, the root's, is not here.
 * ERR_NOT_FOUND, ERR_CONFLICT (the root; of another CA), ERR_ALREADY_REVOKED.
 */
struct revoke_issuer_request {
	const struct identity *who;
	const char *issuer;
	enum reason reason;
	const char *request_id;
};
MUST_CHECK bool revoke_issuer_start(struct ca *ca,
    const struct revoke_issuer_request *q, revoke_done *done, void *arg, struct err *e);
/* Which issuers are revoked, from the database; and as a record tells it. */
MUST_CHECK bool revoke_issuers_read(struct ca *ca, struct err *e);
void revoke_issuers_heard(struct ca *ca, const struct record_revocation *rr);

/* Is this lineage just being revoked?  Then nothing of it is renewed. */
bool revoke_lineage_underway(const struct ca *ca, int64_t first_id);

#endif
