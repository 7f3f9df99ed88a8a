/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ending - the time by which something may be ended for good: rows of the audit that
 * are taken out, ACME's orders and authorizations.
 *
 * A clock may be wrong for a while, as after a flat battery and before NTP.  One that is
 * behind ends nothing.  One that is further ahead than what was written before this start
 * allows, with the time since and a day, is not believed until it has gone evenly for
 * an hour: a CA that was off for a month has then its time, and a wrong one was put
 * right.  So long things end by the time that is allowed.  What a wrong clock wrote counts
 * for the next start, so a daemon that is started again meanwhile believes it.
 */
#ifndef CA_ENDING_H
#define CA_ENDING_H

#include "ca/ca.h"

#define ENDING_AHEAD_S  86400
#define ENDING_STEADY_S 3600
#define ENDING_JUMP_S   60 /* by more it is not the same clock that goes on */

struct ending {
	int64_t base_at; /* that it was at least, at base_ms; 0: nothing is known yet */
	int64_t base_ms; /* by the clock that goes on while the machine sleeps */
	bool held;       /* the clock is not believed … */
	int64_t since_ms; /* … as it goes since then … */
	int64_t lead_s;   /* … by so much before that one */
};

/* 'written_at': of what was written last; 0: nothing was, and any clock is believed. */
void ending_begin(struct ending *x, int64_t written_at, int64_t now, int64_t boot_ms);
/* No later than 'now'.  Says in the log when the clock is not believed, or again. */
int64_t ending_at(struct ending *x, int64_t now, int64_t boot_ms);

/* The same, of this CA and by its clocks. */
int64_t ending_now(struct ca *ca);
/* Is this certainly no clock that is behind? */
bool ending_is_late(const struct ca *ca, int64_t now);

#endif
