/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/publish_crl.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "sys/file.h"
#include "x509/crl.h"

#define AHEAD 2 /* parts that are asked for, or on their way */

void
publish_crl_drop(struct publish *p)
{
	if (p->build.slot == NULL)
		return;
	publish_file_end(&p->build.file);
	p->build = (struct crl_build){ 0 };
}

/* The build is over, one way or the other: the next one in line begins. */
static void
next_in_line(struct publish *p)
{
	size_t from = 0;

	while (from < p->n && p->v[from] != p->build.slot)
		from++;
	publish_crl_drop(p);
	for (size_t k = 1; k <= p->n; k++) { /* each has its turn */
		struct crl_slot *s = p->v[(from + k) % p->n];

		/* One that rests, or cannot be begun, keeps nobody behind it waiting. */
		if (s->wanted)
			publish_crl_want(p, s);
		if (p->build.slot != NULL)
			return;
	}
}

static void
give_up(struct publish *p, const struct err *e)
{
	struct crl_slot *s = p->build.slot;

	LOG_ERR(LOG_ERROR, "crl-failed", e, LOG_TEXT("issuer", s->issuer),
	    LOG_TEXT("file", s->file));
	publish_crl_retry(s);
	next_in_line(p);
}

struct
    waiting { /* for one MSG_CRL_SIGNED; the build may have been given up meanwhile */
	struct publish *publish;
	uint64_t id;
};

static void
in_place(struct publish *p)
{
	const struct crl_build *b = &p->build;
	struct crl_slot *s = b->slot;
	const int64_t before = s->shown.this_update;

	fault_point("core.crl.after");
	s->shown = (struct crl_row){
		.issuer = s->issuer,
		.shard = s->shard,
		.base = b->base,
		.number = b->number,
		.this_update = b->this_update,
		.next_update = b->next_update,
		.entries = b->entries,
	};
	s->over = false;
	if (b->this_update < before) /* S27 */
		LOG(LOG_WARN, "clock-back", LOG_TEXT("file", s->file),
		    LOG_NUM("seconds", before - b->this_update));
	publish_announce_crl(p, s, b->this_update != before);
	/* Of shards there may be hundreds. */
	LOG(s->shard.of == 0 && !s->delta ? LOG_INFO : LOG_DEBUG, "crl",
	    LOG_TEXT("issuer", s->issuer), LOG_NUM("number", b->number),
	    LOG_NUM("entries", b->entries), LOG_NUM("octets", b->file.octets),
	    LOG_TEXT("file", s->file), LOG_NUM("ms", clock_mono_ms() - b->began_ms));
	publish_schedule(s, publish_age(s) * 1000);
	ca_published(p->ca);
	next_in_line(p);
}

/* Of another list or number it is not the one whose octets we hold. */
static bool
is_planned(const struct crl_build *b, const struct record *r, struct record_crl *ret)
{
	struct err ignored;

	return r != NULL && r->type == RECORD_CRL &&
	       record_crl_get(r->body, ret, &ignored) &&
	       bytes_eq_str(ret->issuer, b->slot->issuer) && ret->number == b->number &&
	       ret->shards == b->slot->shard.of && ret->shard == b->slot->shard.at &&
	       (ret->base == 0 || b->slot->delta);
}

static void
on_placed(struct crl_file *f)
{
	struct publish *p = f->ctx;

	if (f->placed)
		in_place(p);
	else
		give_up(p, &f->why);
}

static void
place(struct publish *p, const struct record_crl *r)
{
	struct crl_build *b = &p->build;

	b->entries = r->entries;
	b->base = r->base;
	b->file.done = on_placed;
	b->file.ctx = p;
	publish_file_place(&b->file, p->ca->aside);
}

static void
on_signed(void *arg, const struct ask_answer *a)
{
	struct waiting *w = arg;
	struct publish *p = w->publish;
	const bool given_up = p->build.slot == NULL || p->build.id != w->id;
	struct record_crl r;
	struct err e;

	if (p->waiting == w)
		p->waiting = NULL;
	free(w);
	if (given_up)
		return;
	if (a->refused != NULL)
		give_up(p, a->refused);
	else if (!is_planned(&p->build, a->record, &r)) {
		err_set(&e, ERR_MALFORMED, "it signed a CRL that was not asked for");
		ask_lied(p->ca, &e);
	} else if (p->build.unwritten)
		give_up(p, &p->build.file.why);
	else
		place(p, &r);
}

/* ---- asking the signer ---- */

static void
send(struct publish *p, enum msg_type type, struct buf *b)
{
	link_send(p->ca->signer, type, buf_bytes(b));
	buf_free(b);
}

static void
send_more(struct publish *p)
{
	struct buf b;

	buf_init(&b, 64);
	msg_id_put(&b, p->build.id);
	send(p, MSG_CRL_MORE, &b);
}

bool
publish_on_part(struct ca *ca, const struct msg_crl_part *m, struct err *e)
{
	struct publish *p = ca->publish;
	struct crl_build *c = &p->build;

	(void)e;
	if (c->slot == NULL || m->id != c->id || c->file.whole)
		return true; /* of one that was given up */
	/*
	 * What finds no place is asked for to its end: the signer may have made a record
	 * of it already, and the next list must not have its number.
	 */
	if (!c->unwritten && !publish_file_add(&c->file, m->octets, &c->file.why))
		c->unwritten = true;
	send_more(p);
	return true;
}

/*
 * P65: what ended before this was on a CRL after its end.  That must be one that
 * clients could fetch, not one that was signed and then found no place on disk.  Where
 * none is there, which was shown last is not known, only that it was not older than
 * its own life.
 */
static int64_t
shown_since(const struct crl_slot *s, const struct crl_row *last)
{
	return s->shown.next_update != 0
		   ? s->shown.this_update
		   : last->this_update - (last->next_update - last->this_update);
}

static int64_t
life_of(const struct crl_slot *s)
{
	const struct ca *ca = s->publish->ca;

	return conf_crl_life_s(ca->conf, s->issuer == ca->issuers[0].name, s->delta);
}

/* What goes into the next CRL of this slot, whose issuer has not ended 'now'. */
static bool
plan(struct publish *p, struct crl_slot *s, int64_t now, struct crl_build *c,
    struct err *e)
{
	struct crl_row last = { 0 };

	if (!ca_writable(p->ca, e))
		return false;
	if (!publish_last(s, &last, e) && e->code != ERR_NOT_FOUND)
		return false;
	*c = (struct crl_build){ .slot = s, .began_ms = clock_mono_ms() };
	/* One row of numbers for all lists of an issuer: each list's grow. */
	if (!store_crl_shard_number(p->ca->store, s->issuer, &c->number, e))
		return false;
	c->number++;
	c->this_update = now;
	c->since = shown_since(s, &last);
	if (c->since > c->this_update)
		c->since = c->this_update; /* the clock was put back */
	c->next_update = c->this_update + life_of(s);
	if (c->next_update > ca_issuer_find(p->ca, s->issuer)->cert->not_after)
		c->next_update = ca_issuer_find(p->ca, s->issuer)->cert->not_after;
	return true;
}

static bool
send_begin(struct publish *p, struct err *e)
{
	struct crl_build *c = &p->build;
	char *places[MSG_CRL_PLACES_MAX];
	struct msg_crl_begin m = {
		.issuer = bytes_str(c->slot->issuer),
		.number = c->number,
		.this_update = c->this_update,
		.next_update = c->next_update,
		.since = c->since,
		.delta = c->slot->delta,
		.stored_seq = p->ca->flushed_seq,
		.shards = c->slot->shard.of,
		.shard = c->slot->shard.at,
	};
	struct buf b;

	const bool ok = publish_shards_places(p, c->slot, places, &m.n_places, e);
	for (size_t i = 0; i < m.n_places; i++)
		m.places[i] = bytes_str(places[i]);
	if (ok) {
		struct waiting *w = mem_zalloc(sizeof(*w));

		m.id = c->id = ask_new(p->ca, on_signed, w);
		*w = (struct waiting){ .publish = p, .id = c->id };
		p->waiting = w;
		ask_patient(p->ca, m.id); /* a large one takes its time */
		buf_init(&b, KIB(16));
		msg_crl_begin_put(&b, &m);
		send(p, MSG_CRL_BEGIN, &b);
	}
	for (size_t i = 0; i < m.n_places; i++)
		free(places[i]);
	return ok;
}

void
publish_crl_want(struct publish *p, struct crl_slot *s)
{
	const int64_t now = clock_now();
	struct crl_build c;
	struct err e;

	if (p->build.slot != NULL) {
		s->wanted = true;
		return;
	}
	s->wanted = false;
	if (publish_rests(s, now))
		return;
	if (!plan(p, s, now, &c, &e) ||
	    !publish_file_begin(&c.file, p->pub_fd, s->file, &e)) {
		LOG_ERR(LOG_ERROR, "crl-failed", &e, LOG_TEXT("issuer", s->issuer),
		    LOG_TEXT("file", s->file));
		publish_crl_retry(s);
		return;
	}
	p->build = c;
	if (!send_begin(p, &e)) {
		give_up(p, &e);
		return;
	}
	for (int k = 0; k < AHEAD; k++)
		send_more(p);
}
