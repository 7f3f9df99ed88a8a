/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/publish_crl.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "sys/file.h"
#include "x509/crl.h"

#define ROOT_NEXT_UPDATE_S (INT64_C(180) * 86400) /* P73: at most 12 months */

void
publish_crl_drop(struct publish *p)
{
	if (p->build.slot == NULL)
		return;
	close(p->build.fd);
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

		if (s->wanted) {
			publish_crl_want(p, s);
			return;
		}
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

/* ---- the signed octets into a file ---- */

static bool
write_all(int fd, const uint8_t *p, size_t n, struct err *e)
{
	while (n > 0) {
		const ssize_t k = write(fd, p, n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return err_errno(e, "cannot write the CRL");
		p += k;
		n -= (size_t)k;
	}
	return true;
}

/* Copies all of 'from' behind what 'to' holds. */
static bool
copy_all(int from, int to, struct err *e)
{
	uint8_t *block = mem_zalloc(KIB(256));
	off_t at = 0;
	ssize_t k;
	bool ok = true;

	while (ok && (k = pread(from, block, KIB(256), at)) > 0) {
		ok = write_all(to, block, (size_t)k, e);
		at += k;
	}
	if (ok && k < 0)
		ok = err_errno(e, "cannot read the CRL back");
	free(block);
	return ok;
}

/*
 * The outer header holds the length of all, which ends in a signature whose
 * length ECDSA does not fix: so it is made last, and the file put together.
 */
static bool
assemble(struct publish *p, const char *temporary, struct err *e)
{
	const struct crl_build *b = &p->build;
	struct buf head;
	const int fd = openat(p->pub_fd, temporary,
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);

	if (fd < 0)
		return err_errno(e, "cannot create pub/%s", temporary);
	buf_init(&head, 16);
	crl_outer(b->octets, &head);
	bool ok = write_all(fd, head.p, head.n, e) && copy_all(b->fd, fd, e);
	if (ok && (fchmod(fd, 0644) < 0 || fdatasync(fd) < 0))
		ok = err_errno(e, "cannot flush pub/%s", temporary);
	buf_free(&head);
	close(fd);
	return ok;
}

static bool
put_in_place(struct publish *p, struct err *e)
{
	const struct crl_slot *s = p->build.slot;
	char *temporary = mem_printf("%s.new", s->file);

	bool ok = assemble(p, temporary, e);
	if (ok && renameat(p->pub_fd, temporary, p->pub_fd, s->file) < 0)
		ok = err_errno(e, "cannot put pub/%s in place", s->file);
	ok = ok && file_sync_dir(p->pub_fd, e);
	free(temporary);
	return ok;
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
	const struct crl_row row = {
		.issuer = s->issuer,
		.shard = s->shard,
		.number = b->number,
		.this_update = b->this_update,
		.next_update = b->next_update,
		.entries = b->sum.entries,
	};
	s->this_update = b->this_update;
	s->next_update = b->next_update;
	s->shown_at = b->this_update;
	publish_announce_crl(p, s, &row);
	/* Of shards there may be hundreds. */
	LOG(s->shard.of == 0 ? LOG_INFO : LOG_DEBUG, "crl",
	    LOG_TEXT("issuer", s->issuer), LOG_NUM("number", row.number),
	    LOG_NUM("entries", row.entries), LOG_NUM("octets", b->octets),
	    LOG_TEXT("file", s->file), LOG_NUM("ms", clock_mono_ms() - b->began_ms));
	publish_schedule(s, publish_age(s) * 1000);
	ca_published(p->ca);
	next_in_line(p);
}

static void
on_signed(void *arg, const struct ask_answer *a)
{
	struct waiting *w = arg;
	struct publish *p = w->publish;
	const bool given_up = p->build.slot == NULL || p->build.id != w->id;
	struct err e;

	if (p->waiting == w)
		p->waiting = NULL;
	free(w);
	if (given_up)
		return;
	if (a->refused != NULL)
		give_up(p, a->refused);
	else if (!put_in_place(p, &e))
		give_up(p, &e);
	else
		in_place(p);
}

/* ---- entries to the signer ---- */

struct batch {
	struct msg_crl_entries m;
	struct serial serials[MSG_CRL_BATCH]; /* m.v's views point here */
	struct crl_shard_at last;
};

static bool
add_entry(void *arg, const struct revocation *r, struct err *e)
{
	struct batch *batch = arg;
	const size_t i = batch->m.n;

	if (i == MSG_CRL_BATCH)
		return err_set(e, ERR_INTERNAL, "more entries than were asked for");
	batch->serials[i] = r->serial;
	batch->m.v[i] = (struct msg_crl_entry){
		.serial = serial_bytes(&batch->serials[i]),
		.revoked_at = r->revoked_at,
		.reason = (enum reason)r->reason,
	};
	batch->m.n = i + 1;
	batch->last = (struct crl_shard_at){ crl_shard_bucket(&r->serial), r->id };
	return true;
}

static void
send(struct publish *p, enum msg_type type, struct buf *b)
{
	link_send(p->ca->signer, type, buf_bytes(b));
	buf_free(b);
}

static void
send_end(struct publish *p)
{
	struct buf b;

	buf_init(&b, 64);
	msg_id_put(&b, p->build.id);
	send(p, MSG_CRL_END, &b);
	p->build.ended = true;
}

static bool
read_batch(struct publish *p, struct batch *batch, struct err *e)
{
	const struct crl_build *c = &p->build;
	const struct crl_slot *s = c->slot;

	return s->shard.of == 0
		   ? store_revocation_list(p->ca->store, s->issuer, c->since, c->at.id,
			 c->sum.last_id, MSG_CRL_BATCH, add_entry, batch, e)
		   : store_crl_shard_list(p->ca->store, s->issuer, s->shard, c->since,
			 c->at, c->sum.last_id, MSG_CRL_BATCH, add_entry, batch, e);
}

/* The next slice of entries, or the end. */
static bool
send_more(struct publish *p, struct err *e)
{
	struct crl_build *c = &p->build;
	struct buf b;

	if (c->ended)
		return true;
	if (c->sent == c->sum.entries) {
		send_end(p);
		return true;
	}
	struct batch *batch = mem_zalloc(sizeof(*batch));
	batch->m.id = c->id;
	bool ok = read_batch(p, batch, e);
	if (ok && batch->m.n == 0)
		ok = err_set(e, ERR_INTERNAL,
		    "the database gave fewer entries than it counted");
	if (ok) {
		buf_init(&b, MIB(1));
		msg_crl_entries_put(&b, &batch->m);
		send(p, MSG_CRL_ENTRIES, &b);
		c->sent += batch->m.n;
		c->at = batch->last;
	}
	free(batch);
	return ok;
}

bool
publish_on_part(struct ca *ca, const struct msg_crl_part *m, struct err *e)
{
	struct publish *p = ca->publish;
	struct crl_build *c = &p->build;
	struct err why;

	(void)e;
	if (c->slot == NULL || m->id != c->id)
		return true; /* of one that was given up */
	c->octets += m->octets.n;
	if (!write_all(c->fd, m->octets.p, m->octets.n, &why) || !send_more(p, &why))
		give_up(p, &why);
	return true;
}

/*
 * P65: what ended before this was on a CRL after its end.  That must be one that
 * clients could fetch, not one that was signed and then found no place on disk;
 * which one a former process showed last is not known, only that it was not older
 * than its own life.
 */
static int64_t
shown_since(const struct crl_slot *s, const struct crl_row *last)
{
	return s->shown_at != 0
		   ? s->shown_at
		   : last->this_update - (last->next_update - last->this_update);
}

/* What goes into the next CRL of this slot. */
static bool
plan(struct publish *p, struct crl_slot *s, struct crl_build *c, struct err *e)
{
	const struct conf *conf = p->ca->conf;
	struct crl_row last = { 0 };

	if (!ca_writable(p->ca, e))
		return false;
	if (!publish_last(s, &last, e) && e->code != ERR_NOT_FOUND)
		return false;
	*c = (struct crl_build){ .slot = s, .fd = -1, .began_ms = clock_mono_ms() };
	/* One row of numbers for all lists of an issuer: each list's grow. */
	if (!store_crl_shard_number(p->ca->store, s->issuer, &c->number, e))
		return false;
	c->number++;
	c->this_update = clock_now();
	c->since = shown_since(s, &last);
	if (c->since > c->this_update)
		c->since = c->this_update; /* the clock was put back */
	c->next_update = c->this_update + (s->issuer == p->ca->issuers[0].name
						  ? ROOT_NEXT_UPDATE_S
						  : conf->crl_next_update_s);
	if (c->next_update > ca_issuer_find(p->ca, s->issuer)->cert->not_after)
		c->next_update = ca_issuer_find(p->ca, s->issuer)->cert->not_after;
	return s->shard.of == 0
		   ? store_revocation_sum(p->ca->store, s->issuer, c->since, &c->sum, e)
		   : store_crl_shard_sum(p->ca->store, s->issuer, s->shard, c->since,
			 &c->sum, e);
}

static int
open_scratch(struct publish *p, struct err *e)
{
	const int fd = openat(p->pub_fd, "crl", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0)
		err_errno(e, "cannot create a file in pub/crl");
	return fd;
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
		.entries = c->sum.entries,
		.serial_octets = c->sum.serial_octets,
		.with_reason = c->sum.with_reason,
		.shards = c->slot->shard.of,
		.shard = c->slot->shard.at,
	};
	struct buf b;

	/* The signer takes the record's number for what the list has to know. */
	if (!ca_flush(p->ca, e))
		return false;
	m.stored_seq = p->ca->flushed_seq;
	const bool ok = publish_shards_places(p, c->slot, places, &m.n_places, e);
	for (size_t i = 0; i < m.n_places; i++)
		m.places[i] = bytes_str(places[i]);
	if (ok) {
		struct waiting *w = mem_zalloc(sizeof(*w));

		m.id = c->id = ask_new(p->ca, on_signed, w);
		*w = (struct waiting){ .publish = p, .id = c->id };
		p->waiting = w;
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
	struct crl_build c;
	struct err e;

	if (p->build.slot != NULL) {
		s->wanted = true;
		return;
	}
	s->wanted = false;
	if (!plan(p, s, &c, &e) || (c.fd = open_scratch(p, &e)) < 0) {
		LOG_ERR(LOG_ERROR, "crl-failed", &e, LOG_TEXT("issuer", s->issuer),
		    LOG_TEXT("file", s->file));
		publish_crl_retry(s);
		return;
	}
	p->build = c;
	if (!send_begin(p, &e) || !send_more(p, &e))
		give_up(p, &e);
}
