/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names - subject alternative names in one normal form.
 *
 * The text of a name is what people write and the database stores: DNS names
 * in lower case without trailing dot; IP addresses as inet_ntop writes them;
 * URIs and e-mail addresses as they are, host in lower case.
 */
#ifndef X509_NAMES_H
#define X509_NAMES_H

#include "base/buf.h"
#include "base/sets.h"

#define NAMES_MAX 100 /* default limit of names in one certificate (P57) */
#define NAMES_READ_MAX                                                                 \
	1000 /* the highest that can be configured, which CSRs are read to */

struct name {
	enum name_type type;
	char *text;
};

struct names {
	struct name *v;
	size_t n;
};

void names_free(struct names *n); /* what is inside; n itself is the caller's */

/*
 * Checks one name of a type and brings it into normal form (P24-P29): free()
 * *ret.  ERR_POLICY says what is wrong with it.  DNS: LDH labels, underscores
 * let through (the profile decides), A-labels checked by round trip through
 * libidn2, U-labels and IP addresses refused, "*" only as whole leftmost label
 * with two labels or more behind it (P25, R12).
 */
MUST_CHECK bool name_normal(enum name_type type, struct bytes text, char **ret,
    struct err *e);

/* Checks, normalises and appends; a name that is there already is ERR_POLICY. */
MUST_CHECK bool names_add(struct names *n, enum name_type type, struct bytes text,
    struct err *e);
bool names_have(const struct names *n, enum name_type type, const char *text);
/* The same set of names, in whatever order? */
bool names_same(const struct names *a, const struct names *b);

/* The content of a SAN extension: SEQUENCE OF GeneralName, in the order of 'n'; at least one. */
MUST_CHECK bool names_to_der(const struct names *n, struct buf *ret, struct err *e);
/*
 * Reads GeneralNames.  ERR_BAD_CSR: not DER, another kind of name (said by its
 * name: otherName, directoryName, …), a bad or doubled name, none, more than 'max'.
 */
MUST_CHECK bool names_from_der(struct bytes der, size_t max, struct names *ret,
    struct err *e);

/* Octets of an IP name's text: 4 or 16, else 0. */
size_t name_ip_octets(const char *text, uint8_t ret[static 16]);

#endif
