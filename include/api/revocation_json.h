/* SPDX-License-Identifier: Apache-2.0 */
/* revocation_json - a revocation as the API reads and writes it. */
#ifndef API_REVOCATION_JSON_H
#define API_REVOCATION_JSON_H

#include <jansson.h>

#include "ca/revoke.h"

/* The reason of a word.  NULL: *ret stays.  ERR_MALFORMED; so cACompromise unless 'ca'. */
MUST_CHECK bool revocation_json_reason(const char *word, bool ca, enum reason *ret,
    struct err *e);
/* {serial, revoked_at, reason, effective_by: {ocsp, crl}}; null: nobody knows by when. */
json_t *revocation_json(const struct serial *serial, const struct revoke_result *r);

#endif
