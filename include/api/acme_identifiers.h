/* SPDX-License-Identifier: Apache-2.0 */
/* acme_identifiers - what an order or a pre-authorization is for, read from JSON (RFC 8555 9.7.7). */
#ifndef API_ACME_IDENTIFIERS_H
#define API_ACME_IDENTIFIERS_H

#include <jansson.h>

#include "policy/verdict.h"
#include "x509/names.h"

struct acme_identifiers {
	struct names
	    names; /* in normal form, once each; one that is refused as it came */
	char **ancestors; /* RFC 9444, one for each name; an entry may be NULL */
};
void acme_identifiers_free(struct acme_identifiers *i); /* what is inside */

/*
 * A list.  'ancestors': the member ancestorDomain counts.  ERR_MALFORMED: no list, empty,
 * far more than 'max', or a value that is no name: then each such one is a row "names[i]".
 * ERR_IDENTIFIER_TYPE.  What is inside *ret is to be freed in each case.
 */
MUST_CHECK bool acme_identifiers_read(const json_t *list, size_t max, bool ancestors,
    struct acme_identifiers *ret, struct verdict *v, struct err *e);
/* One. */
MUST_CHECK bool acme_identifiers_read_one(const json_t *object,
    struct acme_identifiers *ret, struct verdict *v, struct err *e);

#endif
