/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/ending.h"

#include "base/clock.h"
#include "base/log.h"
#include "ca/ca_state.h"

void
ending_begin(struct ending *x, int64_t written_at, int64_t now, int64_t boot_ms)
{
	*x = (struct ending){ .base_at = written_at > 0 ? written_at : now,
		.base_ms = boot_ms };
}

/* Is it the one that was not believed before, and for how long? */
static bool
is_steady(struct ending *x, int64_t now, int64_t boot_ms, int64_t limit)
{
	const int64_t lead_s = now - boot_ms / 1000;
	const int64_t jump_s = lead_s - x->lead_s;

	if (!x->held)
		LOG(LOG_WARN, "clock-ahead", LOG_NUM("seconds", now - limit),
		    LOG_TEXT("advice",
			"it is further than what was written last allows: by it "
			"nothing of the audit and of ACME is ended for an hour; if it "
			"is wrong, put it right"));
	if (!x->held || jump_s > ENDING_JUMP_S || jump_s < -ENDING_JUMP_S) {
		x->held = true;
		x->since_ms = boot_ms;
		x->lead_s = lead_s;
	}
	return boot_ms - x->since_ms >= ENDING_STEADY_S * 1000;
}

int64_t
ending_at(struct ending *x, int64_t now, int64_t boot_ms)
{
	const int64_t limit =
	    x->base_at + (boot_ms - x->base_ms) / 1000 + ENDING_AHEAD_S;

	if (x->base_at == 0) /* nothing is ended before there is a base */
		return now;
	if (now > limit && !is_steady(x, now, boot_ms, limit))
		return limit;
	if (x->held)
		LOG(LOG_INFO, "clock-believed");
	if (now > limit)
		ending_begin(x, now, now, boot_ms);
	x->held = false;
	return now;
}

int64_t
ending_now(struct ca *ca)
{
	return ending_at(&ca->ending, clock_now(), clock_boot_ms());
}

bool
ending_is_late(const struct ca *ca, int64_t now)
{
	return ca->ending.base_at != 0 && now >= ca->ending.base_at;
}
