/* SPDX-License-Identifier: Apache-2.0 */
/* What core asked the signer and has no answer to yet. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ca/ca_state.h"

#define ASKS_FIRST 64
#define SLOW_MS    5000 /* half of what a client is kept waiting (api/overdue.h) */

static void
grow(struct ca *ca)
{
	const size_t n = ca->n_asks == 0 ? ASKS_FIRST : ca->n_asks * 2;
	struct ask *asks = mem_zarray(n, sizeof(*asks));

	/* Ids that differ modulo n differ modulo 2n: nothing collides anew. */
	for (size_t i = 0; i < ca->n_asks; i++)
		if (ca->asks[i].id != 0)
			asks[ca->asks[i].id & (n - 1)] = ca->asks[i];
	free(ca->asks);
	ca->asks = asks;
	ca->n_asks = n;
}

uint64_t
ask_new(struct ca *ca, ask_cb *cb, void *arg)
{
	const uint64_t id = ++ca->next_id;

	while (ca->n_asks == 0 || ca->asks[id & (ca->n_asks - 1)].id != 0)
		grow(ca);
	ca->asks[id & (ca->n_asks - 1)] =
	    (struct ask){ .id = id, .cb = cb, .arg = arg, .since_us = clock_mono_us() };
	ca->tally.asks++;
	return id;
}

static struct ask *
find(struct ca *ca, uint64_t id)
{
	struct ask *slot = ca->n_asks == 0 ? NULL : &ca->asks[id & (ca->n_asks - 1)];

	return id != 0 && slot != NULL && slot->id == id ? slot : NULL;
}

bool
ask_take(struct ca *ca, uint64_t id, struct ask *ret)
{
	struct ask *slot = find(ca, id);

	if (slot == NULL)
		return false;
	*ret = *slot;
	ca->tally.asks--;
	prom_observe(&ca->tally.signer_us, &prom_seconds,
	    (uint64_t)(clock_mono_us() - slot->since_us));
	*slot = (struct ask){ 0 };
	return true;
}

bool
ask_any_until(const struct ca *ca, uint64_t id)
{
	for (size_t i = 0; i < ca->n_asks; i++)
		if (ca->asks[i].id != 0 && ca->asks[i].id <= id)
			return true;
	return false;
}

void
ask_patient(struct ca *ca, uint64_t id)
{
	struct ask *slot = find(ca, id);

	if (slot != NULL)
		slot->patient = true;
}

void
ask_drop_all(struct ca *ca)
{
	struct err e;

	err_set(&e, ERR_UNAVAILABLE, "the daemon stops");
	ca->phase = CA_PROBING; /* nothing is begun any more */
	for (size_t i = 0; i < ca->n_asks; i++) {
		const struct ask ask = ca->asks[i];

		ca->asks[i] = (struct ask){ 0 };
		if (ask.id != 0 && !ask.patient)
			ask.cb(ask.arg, &(struct ask_answer){ .refused = &e });
	}
}

int64_t
ask_oldest_us(struct ca *ca)
{
	for (; ca->oldest_id <= ca->next_id; ca->oldest_id++) {
		const struct ask *slot = find(ca, ca->oldest_id);

		if (slot != NULL && !slot->patient)
			return slot->since_us;
	}
	return 0;
}

bool
ask_prompt(struct ca *ca, struct err *e)
{
	const int64_t since_us = ask_oldest_us(ca);

	if (since_us == 0)
		return true;
	const int64_t ms = (clock_mono_us() - since_us) / 1000;
	if (ms < SLOW_MS)
		return true;
	err_set(e, ERR_UNAVAILABLE,
	    "the signer has kept another request waiting for %lld seconds; if this "
	    "goes "
	    "on, look at what holds the CA key and at the daemon's log",
	    (long long)ms / 1000);
	e->retry_s = SLOW_MS / 1000;
	return false;
}

void
ask_lied(struct ca *ca, const struct err *e)
{
	struct err why = *e;

	err_prefix(&why, "signer");
	ca->hooks.fail(ca->hooks.arg, &why);
}
