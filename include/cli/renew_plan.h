/* SPDX-License-Identifier: Apache-2.0 */
/* renew_plan - when a certificate is renewed, and when that is tried again. */
#ifndef CLI_RENEW_PLAN_H
#define CLI_RENEW_PLAN_H

#include "x509/cert.h"

/* Two thirds of the life: where the daemon's renew_after is not at hand. */
int64_t renew_plan_after(const struct cert *c);

/*
 * 'renew_after' and up to a tenth of the life more (at most three of what is left), so
 * that what was issued together does not come back together.  Drawn from the certificate itself: it is
 * the same each time it is asked.
 */
int64_t renew_plan_due(const struct cert *c, int64_t renew_after);

/* Somewhere between start and end, drawn in the same way. */
int64_t renew_plan_within(const struct cert *c, int64_t start, int64_t end);

/*
 * How long to wait after the n-th failure in a row (from 1): one second, doubled
 * each time, up to a twentieth of the life, an hour at most; then somewhere
 * between half of that and all of it.  Never shorter than the server's
 * 'retry_after_s'.
 */
int64_t renew_plan_wait_ms(unsigned n, const struct cert *c, int64_t retry_after_s);

/* May this fault be gone by itself?  All others a person must mend. */
bool renew_plan_passes(enum err_code code);

#endif
