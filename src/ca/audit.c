/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows go with the round that decided.  What writes nothing else, a refusal
 * above all, waits for the next write or a second: a flood of refusals costs no
 * flush each.  How many wait is bounded, and what did not fit is counted.
 */
#include "ca/audit.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "ca/ca_state.h"

#define WAITING_MAX      2048
#define OCTETS_MAX       MIB(1) /* of all that wait */
#define FLUSH_MS         1000
#define NAMES_OCTETS_MAX KIB(64)
#define FEW_OCTETS_MAX   KIB(1)

enum when {
	AUDIT_RECORD,
	AUDIT_ROUND,
	AUDIT_SOON
};

static const struct kind {
	enum audit_kind kind;
	enum log_level level;
	enum when when;
} kinds[] = {
#define AUDIT(name, n, word, level, when) { AUDIT_##name, level, when },
#include "tbl/audits.h"
#undef AUDIT
};

/* The members of a row that are text. */
#define AT(member) offsetof(struct audit_row, member)
static const struct {
	const char *key; /* in the log */
	size_t at;
} texts[] = {
	{ "request_id", AT(request_id) },
	{ "identity", AT(identity) },
	{ "profile", AT(profile) },
	{ "issuer", AT(issuer) },
	{ "names", AT(names) },
	{ "serial", AT(serial) },
	{ "object", AT(object) },
	{ "result", AT(result) },
	{ "reason", AT(reason) },
};
#undef AT

struct audit {
	struct ca *ca;
	struct audit_row *v; /* what waits; owns its texts */
	size_t n, room;
	size_t octets;    /* of all that wait */
	size_t flushed;   /* the first of them are in the open transaction */
	uint64_t dropped; /* since the last row that told of it */
	uint64_t told;    /* of them: by a row in the open transaction */
	int64_t told_at_ms;
	struct loop_timer *timer;
};

static const char **
text_at(struct audit_row *r, size_t i)
{
	return (const char **)((char *)r + texts[i].at);
}

static size_t
row_octets(const struct audit_row *r)
{
	struct audit_row copy = *r;
	size_t n = sizeof(*r);

	for (size_t i = 0; i < NITEMS(texts); i++)
		n += *text_at(&copy, i) != NULL ? strlen(*text_at(&copy, i)) + 1 : 0;
	return n;
}

static void
row_free(struct audit_row *r)
{
	for (size_t i = 0; i < NITEMS(texts); i++)
		free((char *)(uintptr_t)*text_at(r, i));
}

struct audit *
audit_new(struct ca *ca)
{
	struct audit *a = mem_zalloc(sizeof(*a));

	a->ca = ca;
	return a;
}

void
audit_free(struct audit *a)
{
	if (a == NULL)
		return;
	loop_cancel(a->timer);
	for (size_t i = 0; i < a->n; i++)
		row_free(&a->v[i]);
	free(a->v);
	free(a);
}

/* ---- what waits ---- */

static const struct kind *
kind_of(enum audit_kind k)
{
	for (size_t i = 0; i < NITEMS(kinds); i++)
		if (kinds[i].kind == k)
			return &kinds[i];
	abort(); /* no row of tbl/audits.h */
}

/* An open transaction makes the end of this round a commit, and that flushes. */
static void
on_timer(void *arg)
{
	struct audit *a = arg;
	struct err e;

	a->timer = NULL;
	if (!ca_writable(a->ca, &e))
		a->timer = loop_after(a->ca->loop, FLUSH_MS, on_timer, a);
	else if (!store_begin(a->ca->store, &e))
		ca_round_fail(a->ca, &e);
}

void
audit_drop(struct ca *ca)
{
	struct audit *a = ca->audit;

	a->dropped++;
	ca->tally.audit_dropped++;
	if (a->timer == NULL)
		a->timer = loop_after(ca->loop, FLUSH_MS, on_timer, a);
}

static void
wait_for_write(struct audit *a, const struct audit_row *r)
{
	const size_t octets = row_octets(r);

	if (a->n >= WAITING_MAX || a->octets + octets > OCTETS_MAX) {
		audit_drop(a->ca);
		return;
	}
	if (a->timer == NULL)
		a->timer = loop_after(a->ca->loop, FLUSH_MS, on_timer, a);
	if (a->n == a->room) {
		a->room = a->room == 0 ? 64 : a->room * 2;
		a->v = mem_grow(a->v, a->room, sizeof(*a->v));
	}
	struct audit_row *own = &a->v[a->n++];
	*own = *r;
	for (size_t i = 0; i < NITEMS(texts); i++)
		*text_at(own, i) = mem_strdup(*text_at(own, i));
	a->octets += octets;
}

/* Not with each commit: there may be thousands in a second. */
static bool
tell_dropped(struct audit *a, struct err *e)
{
	const int64_t now_ms = clock_mono_ms();
	char reason[80];
	const struct audit_row r = {
		.at = clock_now(),
		.kind = AUDIT_DROPPED,
		.identity = "system",
		.result = AUDIT_DONE,
		.reason = reason,
	};

	if (a->dropped == a->told || now_ms - a->told_at_ms < FLUSH_MS)
		return true;
	snprintf(reason, sizeof(reason),
	    "%" PRIu64 " refusals came too fast and have no row", a->dropped - a->told);
	LOG(LOG_WARN, "dropped", LOG_TEXT("reason", reason));
	a->told = a->dropped;
	a->told_at_ms = now_ms;
	return store_audit_add(a->ca->store, &r, e);
}

bool
audit_flush(struct audit *a, struct err *e)
{
	for (; a->flushed < a->n; a->flushed++)
		if (!store_audit_add(a->ca->store, &a->v[a->flushed], e))
			return false;
	return tell_dropped(a, e);
}

void
audit_flushed(struct audit *a, bool committed)
{
	if (!committed) {
		a->told = 0;
		a->told_at_ms = 0;
		a->flushed = 0;
		if (a->timer == NULL && a->n + a->dropped > 0)
			a->timer = loop_after(a->ca->loop, FLUSH_MS, on_timer, a);
		return;
	}
	for (size_t i = 0; i < a->flushed; i++) {
		a->octets -= row_octets(&a->v[i]);
		row_free(&a->v[i]);
	}
	if (a->n > a->flushed) /* else there may be no array yet */
		memmove(a->v, a->v + a->flushed, (a->n - a->flushed) * sizeof(*a->v));
	a->n -= a->flushed;
	a->flushed = 0;
	a->dropped -= a->told;
	a->told = 0;
	if (a->n + a->dropped > 0) {
		if (a->timer == NULL)
			a->timer = loop_after(a->ca->loop, FLUSH_MS, on_timer, a);
	} else {
		loop_cancel(a->timer);
		a->timer = NULL;
	}
}

size_t
audit_waiting(const struct ca *ca)
{
	return ca->audit->n;
}

/* ---- telling ---- */

static void
log_row(enum log_level level, struct audit_row *r)
{
	struct log_kv kv[NITEMS(texts)];
	size_t n = 0;

	for (size_t i = 0; i < NITEMS(texts); i++) {
		const char *text = *text_at(r, i);

		if (text != NULL && text[0] != '\0')
			kv[n++] = LOG_TEXT(texts[i].key, text);
	}
	log_write(level, store_audit_word(r->kind), kv, n);
}

/* The event as a row; 'names' and 'hex' hold what it borrows. */
static struct audit_row
row_of(const struct audit_event *ev, struct buf *names, char hex[static SERIAL_HEX_LEN])
{
	hex[0] = '\0';
	if (ev->serial != NULL)
		serial_to_hex(ev->serial, hex);
	if (ev->names != NULL)
		store_audit_names(names, ev->names);
	return (struct audit_row){
		.at = clock_now(),
		.kind = ev->kind,
		.request_id = ev->request_id,
		.identity = ev->identity,
		.profile = ev->profile,
		.issuer = ev->issuer,
		.names = ev->names != NULL ? buf_str(names) : ev->names_text,
		.serial = ev->serial != NULL ? hex : ev->serial_text,
		.object = ev->object,
		.result = ev->result != NULL ? ev->result : AUDIT_DONE,
		.reason = ev->reason,
	};
}

struct names
audit_few(const struct names *all)
{
	struct names few = { .v = all->v };
	size_t octets = 0;

	for (; few.n < all->n; few.n++) {
		octets += strlen(all->v[few.n].text);
		if (octets > FEW_OCTETS_MAX)
			break;
	}
	return few;
}

void
audit_log(const struct audit_event *ev)
{
	char hex[SERIAL_HEX_LEN];
	struct buf names;

	buf_init(&names, NAMES_OCTETS_MAX);
	struct audit_row r = row_of(ev, &names, hex);
	log_row(kind_of(ev->kind)->level, &r);
	buf_free(&names);
}

void
audit_configured(struct ca *ca)
{
	char reason[120];

	snprintf(reason, sizeof(reason), "%zu issuer%s, %zu profile%s, %zu grant%s",
	    ca->conf->n_issuers, ca->conf->n_issuers == 1 ? "" : "s",
	    ca->conf->n_profiles, ca->conf->n_profiles == 1 ? "" : "s",
	    ca->conf->n_grants, ca->conf->n_grants == 1 ? "" : "s");
	audit_add(ca, &(struct audit_event){ .kind = AUDIT_CONFIGURED,
			  .identity = "system",
			  .object = ca->conf->file,
			  .reason = reason });
}

void
audit_add(struct ca *ca, const struct audit_event *ev)
{
	const struct kind *k = kind_of(ev->kind);
	char hex[SERIAL_HEX_LEN];
	struct buf names;
	struct err e;

	assert(k->when != AUDIT_RECORD);
	buf_init(&names, NAMES_OCTETS_MAX);
	struct audit_row r = row_of(ev, &names, hex);
	if (!ev->logged)
		log_row(k->level, &r);
	if (k->when == AUDIT_SOON)
		wait_for_write(ca->audit, &r);
	else if (!ca->round_failed && !store_audit_add(ca->store, &r, &e))
		ca_round_fail(ca, &e);
	buf_free(&names);
}
