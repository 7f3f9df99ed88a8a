/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dns_message - what a DNS answer says about one name and type (RFC 1035 4).
 *
 * Only records that belong to the name count: its own, or those at the end of the
 * chain of CNAMEs that begins with it.  Names are read by c-ares.
 */
#ifndef PROBE_DNS_MESSAGE_H
#define PROBE_DNS_MESSAGE_H

#include "base/buf.h"

#define DNS_MESSAGE_RECORDS_MAX 1024 /* in one answer section */

#define DNS_MESSAGE_NO_ERROR 0 /* RFC 1035 4.1.1; another rcode is no answer */
#define DNS_MESSAGE_NO_NAME  3

struct dns_message {
	unsigned rcode; /* with the upper octet of the OPT record's (RFC 6891 6.1.3) */
	struct bytes
	    *v; /* RDATA, in the answer's octets; free() by dns_message_free() */
	size_t n;
	unsigned cnames; /* that were followed */
	char *alias;     /* where the chain ends; NULL: at the name itself */
};

/*
 * ERR_MALFORMED: it cannot be read, or it answers another question.  ERR_TOO_LARGE:
 * more CNAMEs than 'cnames_max'; they may go round.
 */
MUST_CHECK bool dns_message_read(struct bytes octets, const char *name, unsigned type,
    unsigned cnames_max, struct dns_message *ret, struct err *e);
void dns_message_free(struct dns_message *m);

/* A TXT record's strings, joined (A184).  ERR_MALFORMED: they are not whole. */
MUST_CHECK bool dns_message_txt(struct bytes rdata, struct buf *ret, struct err *e);

#endif
