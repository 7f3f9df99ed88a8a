/* SPDX-License-Identifier: Apache-2.0 */
/*
 * once - the same request again gives the same certificate: for a client that
 * asks for it by an Idempotency-Key, and for ten minutes.
 */
#ifndef CA_ONCE_H
#define CA_ONCE_H

#include "ca/issue.h"
#include "ca/note.h"

#define ONCE_S       600
#define ONCE_KEY_MAX 64 /* octets of the key, visible ASCII */

struct once; /* one request with a key, until it is answered */

/*
 * 'request' is all that the certificate depends on.  *ret_again: it was answered
 * before, and 'done' was called with that answer.  Otherwise the caller goes on
 * with once_done() as its issue_done and *ret as its argument.
 * ERR_MALFORMED: no key.  ERR_CONFLICT: the key stands for another request, or
 * for one that is still being answered (retry_s).
 */
MUST_CHECK bool once_begin(struct ca *ca, const struct identity *who, struct bytes key,
    struct bytes request, issue_done *done, void *arg, bool *ret_again,
    struct once **ret, struct err *e);
/*
 * What goes into the note of the certificate, which is how it is remembered: ca/reconcile
 * writes the row with the certificate's, live or replayed.  NULL of NULL.
 */
const struct note_once *once_noted(const struct once *o);
/* Calls the caller's own 'done'. */
void once_done(void *once, const struct issue_result *r, const struct err *e);
/* Nothing was started: 'done' is not called.  NULL is fine. */
void once_drop(struct once *o);

#endif
