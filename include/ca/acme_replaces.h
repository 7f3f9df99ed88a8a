/* SPDX-License-Identifier: Apache-2.0 */
/* acme_replaces - may this order replace that certificate? (RFC 9773 5) */
#ifndef CA_ACME_REPLACES_H
#define CA_ACME_REPLACES_H

#include "ca/acme.h"
#include "x509/names.h"

/*
 * 'certid' is the order's "replaces", and may be stored as it is when this is true.
 *
 * A certificate that was ordered by ACME may be replaced by that account, or one with
 * the same key in another directory; one that came by another way (REST, enrolment) by
 * whoever orders a name of it.
 *
 * ERR_MALFORMED: no identifier, or no name in common; ERR_NOT_FOUND: no such
 * certificate; ERR_FORBIDDEN: another account's; ERR_ALREADY_REPLACED: an order that
 * is not invalid does so.
 */
MUST_CHECK bool acme_replaces_check(struct ca *ca, const struct acme_account *account,
    const char *certid, const struct names *names, struct err *e);

#endif
