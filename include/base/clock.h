/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock - what time it is, and how times and spans are written.
 *
 * Times are int64_t seconds since the epoch, UTC; spans are seconds or, where
 * the name says so, milliseconds.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"

#define CLOCK_RFC3339_LEN  21 /* "2026-01-31T12:00:00Z" and a NUL */
#define CLOCK_DURATION_LEN 24

int64_t clock_now(void);     /* wall clock, seconds */
int64_t clock_mono_ms(void); /* monotonic, milliseconds */
int64_t clock_boot_ms(void); /* the same, which goes on while the machine sleeps */
int64_t clock_mono_us(void); /* the same in microseconds */

/* Holds clock_now() still for a test; 0 lets it go again. */
void clock_hold(int64_t at);

/* Writes RFC 3339 in UTC; times outside years 1 to 9999 are clamped. */
void clock_rfc3339(int64_t at, char ret[static CLOCK_RFC3339_LEN]);
/* Reads RFC 3339 with Z or an offset, whole seconds (a fraction is refused). */
MUST_CHECK bool clock_rfc3339_parse(struct bytes s, int64_t *ret_at, struct err *e);

/* Reads "90s" "15m" "24h" "30d" "2w" "1y" (365 days), also "1h30m"; not 0, not over 100 years. */
MUST_CHECK bool clock_duration_parse(struct bytes s, int64_t *ret_s, struct err *e);
/* Writes the shortest exact form: 86400 is "1d", 5400 "90m". */
void clock_duration(int64_t s, char ret[static CLOCK_DURATION_LEN]);

#endif
