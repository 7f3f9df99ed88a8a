/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/census.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "ca/ca_state.h"
#include "store/store_census.h"

#define SLICE      2000 /* rows: some three milliseconds */
#define PAUSE_MS   5    /* between two slices */
#define INTERVAL_S 60
#define SHARE      50 /* a count takes one part in so many of the time */

const char *const census_window_words[CENSUS_WINDOWS] = { "1d", "7d", "30d" };
static const int64_t windows_s[CENSUS_WINDOWS] = { 86400, 7 * 86400, 30 * 86400 };

struct census {
	struct ca *ca;
	struct loop_timer *timer;
	const struct step *step; /* of the count that goes on */
	int64_t began_ms, now;
	struct census_issuer *issuers;
	size_t n;
	struct census_issuer_count *counting; /* by issuer */
	struct census_at live;
	/* Ids only grow: these walks go on where they were. */
	struct census_at issued, revoked;
	struct prom_set issued_so_far, revoked_so_far;
	int64_t issued_until,
	    revoked_until; /* the issuers that ended them; 0: none has */
	struct census_counts shown;
	bool told; /* of what it shows: issuers that the configuration lacks */
};

struct census *
census_new(struct ca *ca)
{
	struct census *c = mem_zalloc(sizeof(*c));

	c->ca = ca;
	return c;
}

static void
counts_free(struct census_issuer_count *v, size_t n)
{
	for (size_t i = 0; v != NULL && i < n; i++)
		free(v[i].issuer);
	free(v);
}

static void
forget(struct census *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->issuers[i].name);
	free(c->issuers);
	counts_free(c->counting, c->n);
	c->issuers = NULL;
	c->counting = NULL;
	c->n = 0;
}

void
census_free(struct census *c)
{
	if (c == NULL)
		return;
	loop_cancel(c->timer);
	forget(c);
	counts_free(c->shown.v, c->shown.n);
	prom_set_free(&c->shown.issued);
	prom_set_free(&c->issued_so_far);
	prom_set_free(&c->revoked_so_far);
	free(c);
}

const struct census_counts *
census_counts(const struct ca *ca)
{
	return &ca->census->shown;
}

/* ---- the walks ---- */

static struct census_issuer_count *
count_of(struct census *c, int64_t issuer_id)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->issuers[i].id == issuer_id)
			return &c->counting[i];
	return NULL; /* made since the count began: it is in the next one */
}

/*
 * What these walks have counted stays: one whose issuer is not known yet, as the first
 * after a rotation, waits for the next count.  No second time for the same.
 */
static bool
name_of(struct census *c, int64_t issuer_id, int64_t *until, const char **ret)
{
	const struct census_issuer_count *n = count_of(c, issuer_id);

	if (n == NULL && *until != issuer_id) {
		*until = issuer_id;
		return false;
	}
	*ret = n != NULL ? n->issuer : "other";
	return true;
}

static void
on_live(void *arg, int64_t issuer_id, int64_t not_after, bool revoked)
{
	struct census *c = arg;
	struct census_issuer_count *n = count_of(c, issuer_id);

	if (n == NULL || revoked)
		return;
	n->live++;
	for (size_t i = 0; i < CENSUS_WINDOWS; i++)
		n->expiring[i] += not_after < c->now + windows_s[i];
}

static bool
on_issued(void *arg, int64_t issuer_id, const char *profile)
{
	struct census *c = arg;
	const char *issuer;

	if (!name_of(c, issuer_id, &c->issued_until, &issuer))
		return false;
	prom_count(&c->issued_so_far, profile, issuer);
	return true;
}

static bool
on_revoked(void *arg, int64_t issuer_id)
{
	struct census *c = arg;
	const char *issuer;

	if (!name_of(c, issuer_id, &c->revoked_until, &issuer))
		return false;
	prom_count(&c->revoked_so_far, issuer, NULL);
	return true;
}

static bool
walk_live(struct census *c, struct err *e)
{
	return store_census_live(c->ca->store, &c->live, SLICE, on_live, c, e);
}

static bool
walk_issued(struct census *c, struct err *e)
{
	return store_census_issued(c->ca->store, &c->issued, SLICE, on_issued, c, e);
}

static bool
walk_revoked(struct census *c, struct err *e)
{
	return store_census_revoked(c->ca->store, &c->revoked, SLICE, on_revoked, c, e);
}

static const struct step {
	bool (*walk)(struct census *c, struct err *e);
	size_t at; /* of its struct census_at */
} steps[] = {
	{ walk_live, offsetof(struct census, live) },
	{ walk_issued, offsetof(struct census, issued) },
	{ walk_revoked, offsetof(struct census, revoked) },
	{ NULL, 0 },
};

/* ---- one count after another ---- */

static void on_slice(void *arg);

/* Clients of one that was taken out of the configuration too early get neither CRL nor OCSP. */
static void
tell_unnamed(struct census *c)
{
	uint64_t live = 0;

	for (size_t i = 0; i < c->shown.n; i++) {
		const struct census_issuer_count *n = &c->shown.v[i];

		if (n->live == 0 || ca_issuer_find(c->ca, n->issuer) != NULL)
			continue;
		live += n->live;
		if (!c->told)
			LOG(LOG_WARN, "issuer-unnamed", LOG_TEXT("issuer", n->issuer),
			    LOG_NUM("live", n->live));
	}
	c->told = live > 0;
}

static void
show(struct census *c)
{
	for (size_t i = 0; i < c->revoked_so_far.n; i++)
		for (size_t k = 0; k < c->n; k++)
			if (strcmp(c->counting[k].issuer, c->revoked_so_far.v[i].a) ==
			    0)
				c->counting[k].revoked = c->revoked_so_far.v[i].n;
	counts_free(c->shown.v, c->shown.n);
	prom_set_free(&c->shown.issued);
	for (size_t i = 0; i < c->issued_so_far.n; i++)
		prom_add(&c->shown.issued, c->issued_so_far.v[i].a,
		    c->issued_so_far.v[i].b, c->issued_so_far.v[i].n);
	c->shown.v = c->counting;
	c->shown.n = c->n;
	c->shown.at = c->now;
	c->counting = NULL;
	tell_unnamed(c);
}

static bool
begin(struct census *c, struct err *e)
{
	if (!store_census_issuers(c->ca->store, &c->issuers, &c->n, e))
		return false;
	c->counting = mem_zarray(c->n + 1, sizeof(*c->counting));
	for (size_t i = 0; i < c->n; i++)
		c->counting[i].issuer = mem_strdup(c->issuers[i].name);
	c->now = clock_now();
	c->began_ms = clock_mono_ms();
	c->live = (struct census_at){ .not_after = c->now };
	c->step = steps;
	return true;
}

static void
on_interval(void *arg)
{
	struct census *c = arg;
	struct err e;

	c->timer = NULL;
	if (begin(c, &e)) {
		on_slice(c);
		return;
	}
	LOG_ERR(LOG_WARN, "census-failed", &e);
	c->timer = loop_after(c->ca->loop, INTERVAL_S * 1000, on_interval, c);
}

static void
rest(struct census *c)
{
	const int64_t took_ms = clock_mono_ms() - c->began_ms;
	const int64_t ms =
	    took_ms * SHARE > INTERVAL_S * 1000 ? took_ms * SHARE : INTERVAL_S * 1000;

	forget(c);
	c->timer = loop_after(c->ca->loop, ms, on_interval, c);
}

static void
on_slice(void *arg)
{
	struct census *c = arg;
	struct err e;

	c->timer = NULL;
	if (!c->step->walk(c, &e)) {
		LOG_ERR(LOG_WARN, "census-failed", &e);
		rest(c);
		return;
	}
	if (((const struct census_at *)((const char *)c + c->step->at))->rows < SLICE)
		c->step++;
	if (c->step->walk == NULL) {
		show(c);
		rest(c);
		return;
	}
	c->timer = loop_after(c->ca->loop, PAUSE_MS, on_slice, c);
}

void
census_start(struct ca *ca)
{
	loop_cancel(ca->census->timer);
	on_interval(ca->census);
}
