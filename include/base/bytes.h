/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bytes - a view of octets that somebody else owns.
 *
 * Octets from outside stay in this form until something has checked them.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

struct bytes {
	const uint8_t *p; /* may be NULL when n is 0 */
	size_t n;
};

struct bytes bytes_of(const void *p, size_t n);
struct bytes bytes_str(const char *s); /* without the NUL; NULL is empty */
bool bytes_eq(struct bytes a, struct bytes b);
bool bytes_eq_str(struct bytes a, const char *s);
bool bytes_eq_nocase(struct bytes a, const char *s); /* ASCII only */
bool bytes_starts(struct bytes a, const char *prefix);
bool bytes_has_nul(struct bytes a);
/* The first 'n' octets are cut off; n is capped at b.n. */
struct bytes bytes_skip(struct bytes b, size_t n);
/* Index of the first 'c', or b.n. */
size_t bytes_index(struct bytes b, uint8_t c);
/* Without leading and trailing blanks, tabs, CR and LF. */
struct bytes bytes_trim(struct bytes b);
/* Copies into 'ret' with a NUL.  False: longer than size - 1, or a NUL inside. */
MUST_CHECK bool bytes_to_str(struct bytes b, char *ret, size_t size);

#endif
