/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/replay.h"

#include "base/clock.h"
#include "base/log.h"
#include "ca/ca_state.h"

#define COMMIT  65536 /* records of one transaction */
#define MANY    4096  /* so many are worth a larger cache, and being told of */
#define TELL_MS 5000

void
replay_begin(struct ca *ca, uint64_t from, uint64_t to)
{
	struct err e;

	ca->replay = (struct replay){ .to = to,
		.committed = from - 1,
		.many = to - from >= MANY && to >= from,
		.began_ms = clock_mono_ms() };
	ca->replay.told_ms = ca->replay.began_ms;
	if (to >= from)
		LOG(LOG_WARN, "replay", LOG_NUM("from", from), LOG_NUM("to", to));
	if (ca->replay.many && !store_bulk(ca->store, true, &e))
		LOG_ERR(LOG_WARN, "replay-slow", &e);
}

bool
replay_goes_on(struct ca *ca)
{
	struct replay *r = &ca->replay;
	const int64_t now = clock_mono_ms();
	struct err ignored;
	uint64_t seq;

	if (ca->phase != CA_REPLAYING || !store_seq(ca->store, &seq, &ignored))
		return false;
	if (now - r->told_ms >= TELL_MS) {
		r->told_ms = now;
		LOG(LOG_INFO, "replaying", LOG_NUM("at", seq), LOG_NUM("to", r->to));
	}
	if (seq - r->committed < COMMIT)
		return true;
	r->committed = seq;
	return false;
}

void
replay_end(struct ca *ca)
{
	struct replay *r = &ca->replay;
	struct err e;

	if (!r->many || ca->phase != CA_RUNNING)
		return;
	r->many = false;
	LOG(LOG_INFO, "replayed", LOG_NUM("to", r->to),
	    LOG_NUM("ms", clock_mono_ms() - r->began_ms));
	if (!store_bulk(ca->store, false, &e))
		LOG_ERR(LOG_WARN, "cache-size", &e);
}
