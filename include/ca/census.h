/* SPDX-License-Identifier: Apache-2.0 */
/*
 * census - how many certificates there are, and how many end soon.
 *
 * Counted in slices of a few milliseconds, once a minute at most, and less often
 * where a count takes long; what is shown is the last count that was finished.
 */
#ifndef CA_CENSUS_H
#define CA_CENSUS_H

#include "ca/ca.h"
#include "codec/prom.h"

enum {
	CENSUS_1D,
	CENSUS_7D,
	CENSUS_30D,
	CENSUS_WINDOWS
};
extern const char *const census_window_words[CENSUS_WINDOWS]; /* "1d" "7d" "30d" */

struct census_issuer_count {
	char *issuer;
	uint64_t live;                     /* valid now */
	uint64_t expiring[CENSUS_WINDOWS]; /* of them: ending within */
	uint64_t revoked;                  /* ever */
};

struct census_counts {
	int64_t at; /* when it was counted; 0: not yet */
	struct census_issuer_count *v;
	size_t n;
	struct prom_set issued; /* ever: profile, issuer */
};

const struct census_counts *census_counts(const struct ca *ca);

/* For the files of ca/ alone. */
struct census;
struct census *census_new(struct ca *ca);
void census_free(struct census *c); /* NULL is fine */
void census_start(struct ca *ca); /* the database is level: count, and go on counting */

#endif
