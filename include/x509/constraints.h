/* SPDX-License-Identifier: Apache-2.0 */
/* constraints - nameConstraints of a CA certificate (RFC 5280 4.2.1.10, P35, P36). */
#ifndef X509_CONSTRAINTS_H
#define X509_CONSTRAINTS_H

#include "x509/names.h"

struct constraint {
	bool excluded;
	enum name_type type;
	char *text; /* DNS, e-mail, URI host, lower case; for IP the CIDR text */
	uint8_t ip[16], mask[16];
	size_t ip_n; /* 4 or 16; else 0 */
	unsigned ca; /* whose list it is of: each CA's permitted subtrees must be met */
};

struct constraints {
	struct constraint *v;
	size_t n;
};

void constraints_free(struct constraints *c);
/* Content of the extension.  An unsupported kind of name is ERR_MALFORMED. */
MUST_CHECK bool constraints_parse(struct bytes der, struct constraints *ret,
    struct err *e);
/* Moves what 'from' (an ancestor's) holds to the end of 'to'; 'from' is empty afterwards. */
void constraints_join(struct constraints *to, struct constraints *from);
/*
 * permittedSubtrees of these domains: "x" is dNSName x and all below, with a
 * '/' ("10.0.0.0/8") it is an iPAddress.  'no_ip': all IPs are excluded (then
 * no '/' may be among them).  ERR_MALFORMED.
 */
MUST_CHECK bool constraints_build(const char *const *domains, size_t n, bool no_ip,
    struct buf *ret, struct err *e);
/*
 * Excluded wins; a type with permitted entries needs one match per CA that has
 * such.  'text' is in normal form.  ERR_POLICY says which.
 */
MUST_CHECK bool constraints_check(const struct constraints *c, enum name_type type,
    const char *text, struct err *e);

#endif
