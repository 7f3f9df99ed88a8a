/* SPDX-License-Identifier: Apache-2.0 */
/*
 * issue_same - is the certificate that the signer gives the one that was asked for?
 *
 * The signer has the keys and could sign what it likes; but what it says to core
 * goes to whoever asked, and a client is not given another's certificate.
 */
#ifndef CA_ISSUE_SAME_H
#define CA_ISSUE_SAME_H

#include "ca/ca.h"
#include "journal/record.h"

struct issue_same { /* what was asked for */
	const struct conf_profile *profile;
	struct buf spki, names; /* GeneralNames */
};

/* 'spki' is copied, '*names' is taken over. */
void issue_same_keep(struct issue_same *s, const struct conf_profile *profile,
    struct bytes spki, struct buf *names);
void issue_same_free(struct issue_same *s); /* what is inside */
/* ERR_MALFORMED: the signer lies.  ERR_UNAVAILABLE: by a configuration that we have not yet. */
MUST_CHECK bool issue_same_check(const struct issue_same *s, struct ca *ca,
    const struct record_certificate *rc, const struct cert *c, struct err *e);

#endif
