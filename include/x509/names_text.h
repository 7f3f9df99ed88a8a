/* SPDX-License-Identifier: Apache-2.0 */
/* names_text - the checks behind name_normal(), one per kind of name. */
#ifndef X509_NAMES_TEXT_H
#define X509_NAMES_TEXT_H

#include "base/bytes.h"
#include "base/err.h"

#define NAMES_QUOTE_LEN 160 /* characters, with the NUL */
#define NAMES_DNS_MAX   253 /* characters of a DNS name */
#define NAMES_URI_MAX   2048

/* For messages: not printable ASCII as \xNN, the rest of a long text as "...". */
void names_quote(struct bytes text, char ret[static NAMES_QUOTE_LEN]);

/* Each gives the normal form, free() *ret; ERR_POLICY says what is wrong. */
MUST_CHECK bool names_dns_normal(struct bytes text, char **ret, struct err *e);
MUST_CHECK bool names_ip_normal(struct bytes text, char **ret, struct err *e);
MUST_CHECK bool names_email_normal(struct bytes text, char **ret, struct err *e);
MUST_CHECK bool names_uri_normal(struct bytes text, char **ret, struct err *e);

/*
 * The host of a URI in normal form, IPv6 without its brackets.  False: the URI
 * has no authority (urn:…).
 */
bool names_uri_host(const char *uri, struct bytes *ret);

#endif
