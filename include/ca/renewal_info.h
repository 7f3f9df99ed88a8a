/* SPDX-License-Identifier: Apache-2.0 */
/* renewal_info - when a certificate should be renewed (RFC 9773). */
#ifndef CA_RENEWAL_INFO_H
#define CA_RENEWAL_INFO_H

#include "ca/ca.h"
#include "store/store_certificate.h"

struct renewal_info {
	int64_t start_at, end_at; /* the end is later */
	unsigned retry_s;         /* when to ask again */
	char *explanation_url;    /* NULL: none */
};
void renewal_info_free(struct renewal_info *i); /* what is inside */

/*
 * Of any certificate of ours, whoever asked for it, also under an issuer's earlier key.
 * ERR_MALFORMED: 'certid' is none; ERR_NOT_FOUND: no certificate has it.
 */
MUST_CHECK bool renewal_info_get(struct ca *ca, struct bytes certid,
    struct renewal_info *ret, struct err *e);

/* The certificate of an identifier; certificate_row_free() what is inside *ret. */
MUST_CHECK bool renewal_info_find(struct ca *ca, struct bytes certid,
    struct certificate_row *ret, struct err *e);

#endif
