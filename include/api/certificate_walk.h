/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certificate_walk - the certificates that some filters let through, from the newest
 * down, a slice of a few milliseconds at a time (api/slices.h).
 */
#ifndef API_CERTIFICATE_WALK_H
#define API_CERTIFICATE_WALK_H

#include "ca/ca.h"
#include "store/store_certificate.h"

#define CERTIFICATE_WALK_METADATA "metadata." /* before a key of the metadata */
#define CERTIFICATE_WALK_TEXTS    (16 + 2 * CERTIFICATE_METADATA_MAX)

struct certificate_walk { /* zeroed at first */
	struct certificate_query q;
	struct certificate_metadata metadata[CERTIFICATE_METADATA_MAX];
	char *texts[CERTIFICATE_WALK_TEXTS]; /* what q borrows */
	size_t n_texts;
	int64_t at;  /* what is from here on has been looked through */
	int64_t ids; /* in the next slice */
};
void certificate_walk_free(struct certificate_walk *w); /* what is inside */

/* The names of the filters, but for those of the metadata; NULL from the last on. */
const char *certificate_walk_filter(size_t i);
/* One filter.  ERR_MALFORMED naming it: there is none of this name, or not with this value. */
MUST_CHECK bool certificate_walk_set(struct certificate_walk *w, const char *filter,
    const char *value, struct err *e);

/* From 'before' on (an id; 0: from the newest). */
MUST_CHECK bool certificate_walk_begin(struct certificate_walk *w, struct ca *ca,
    int64_t before, struct err *e);
/* At most 'most' rows; 'each' must not write. */
MUST_CHECK bool certificate_walk_slice(struct certificate_walk *w, struct ca *ca,
    size_t most, certificate_each *each, void *arg, struct err *e);
bool certificate_walk_over(const struct certificate_walk *w);

#endif
