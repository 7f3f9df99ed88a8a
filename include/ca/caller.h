/* SPDX-License-Identifier: Apache-2.0 */
/*
 * caller - who sent this request: from what front says to what core believes.
 *
 * A client certificate counts only when it lies octet for octet in the
 * database, issued by one of our issuers, with clientAuth, in its time, not
 * revoked, nor its key with another: checked on each request, so that a revocation
 * counts on a connection that is kept open too (R18, R43, R45, R46).
 */
#ifndef CA_CALLER_H
#define CA_CALLER_H

#include "ca/ca.h"
#include "policy/identity.h"
#include "policy/verdict.h"

struct caller_cache;
struct caller_known;
struct certificate_row;

struct caller {
	struct identity id;
	struct cert *cert; /* id.cert points here */
	char *profile, *issuer;
	/*
	 * IDENTITY_CERT: as it lay in the database.  Only a revocation changes such a row,
	 * and after one it is read anew.
	 */
	const struct certificate_row *row;
	struct caller_known *known; /* owns these and id.text, unless it is NULL */
};

/*
 * ERR_UNAUTHENTICATED says why a certificate that was presented does not count.
 * Without one: IDENTITY_NONE.  'renews': one without clientAuth counts too, and one of
 * an issuer that is revoked; for the renewal of that very certificate, where it only
 * proves who holds its key.
 */
MUST_CHECK bool caller_identify(struct ca *ca, const struct msg_http_request *m,
    bool renews, struct caller *ret, struct err *e);
/*
 * Another than who asks: the serial of a certificate, or "cn:NAME" for the newest
 * of that CN.  ERR_NOT_FOUND, ERR_MALFORMED; ERR_UNAUTHENTICATED: it does not count.
 */
MUST_CHECK bool caller_as(struct ca *ca, const char *subject, struct caller *ret,
    struct err *e);
void caller_free(struct caller *c); /* what is inside */

/*
 * A certificate that was found in the database, unrevoked, with a key that was never
 * revoked for keyCompromise, is not looked for again
 * before caller_forget(): to be called for each revocation, and when something that was
 * stored is undone.  Its dates are looked at each time.
 */
void caller_forget(struct ca *ca);
void caller_cache_free(struct caller_cache *c); /* NULL is fine */

/*
 * May this caller pass a gate that asks for 'right' (0: any identity), whatever the
 * profile?  Adds the row "grant".  ERR_UNAUTHENTICATED, ERR_FORBIDDEN.
 */
MUST_CHECK bool caller_may(struct ca *ca, const struct caller *c, enum right right,
    struct verdict *v, struct err *e);

#endif
