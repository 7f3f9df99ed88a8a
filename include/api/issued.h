/* SPDX-License-Identifier: Apache-2.0 */
/* issued - the answer that hands out a new certificate, whichever way it was asked for. */
#ifndef API_ISSUED_H
#define API_ISSUED_H

#include "api/request.h"
#include "ca/once.h"

struct issued;

/* Before anything is signed: JSON or PEM chain, as Accept says.  ERR_NOT_ACCEPTABLE. */
MUST_CHECK bool issued_new(struct request *r, struct issued **ret, struct err *e);
void issued_free(struct issued *i); /* when it is not answered; NULL is fine */

/* An issue_done whose 'arg' is a struct issued: answers the request, frees both. */
void issued_answer(void *arg, const struct issue_result *res,
    const struct err *refused);

/*
 * For a request with an Idempotency-Key, as once_begin() with issued_answer();
 * *ret_again: it is answered.  'apart', unless NULL, makes it another request than one
 * of another route that says the same.
 */
MUST_CHECK bool issued_once(struct request *r, const char *apart, struct issued *answer,
    bool *ret_again, struct once **ret, struct err *e);

#endif
