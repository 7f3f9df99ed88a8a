/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tally - what core has done since it started, as numbers for /metrics.
 *
 * Labels are words of the configuration and of our own: no name, serial or
 * identity (S71).
 */
#ifndef CA_TALLY_H
#define CA_TALLY_H

#include "codec/prom.h"

struct ca;

struct tally {
	struct prom_set issued;           /* profile, issuer */
	struct prom_set revoked;          /* reason, issuer */
	struct prom_set refused;          /* problem, rule */
	struct prom_set ocsp;             /* status */
	struct prom_set acme_accounts;    /* directory */
	struct prom_set acme_orders;      /* profile, status */
	struct prom_set acme_validations; /* challenge, result */
	struct prom_hist commit_us;       /* of one commit */
	struct prom_hist batch;           /* answers that waited for one commit */
	struct prom_hist signer_us;       /* from question to answer */
	uint64_t commits_failed;
	uint64_t audit_dropped;
	uint64_t asks; /* open questions to the signer */
};

/* The ca's own; everybody in core may count. */
struct tally *tally_of(struct ca *ca);
void tally_free(struct tally *t); /* what is inside */

#endif
