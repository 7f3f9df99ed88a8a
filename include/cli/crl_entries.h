/* SPDX-License-Identifier: Apache-2.0 */
/* crl_entries - what a CRL says of each certificate on it (RFC 5280 5.3). */
#ifndef CLI_CRL_ENTRIES_H
#define CLI_CRL_ENTRIES_H

#include <jansson.h>

#include "base/bytes.h"
#include "base/err.h"

/*
 * Of a whole CRL in DER: [{"serial", "revoked_at", "reason"}], without a reason where
 * it names none.  ERR_MALFORMED.
 */
MUST_CHECK bool crl_entries_json(struct bytes der, json_t **ret, struct err *e);

#endif
