/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MSG_CRL_BEGIN, _MORE: the signer makes the list from what its journal has revoked, so
 * that nothing can be left out (ADR 0006); core says when, and until when it counts.
 * It is made in slices, one for each that core asks for: first what comes is counted,
 * since the length of all stands before the first entry, then the entries follow.
 * A round makes one slice at most, behind the answers to all else that was asked.
 */
#include <gnutls/crypto.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "daemon/signer.h"
#include "x509/crl.h"
#include "x509/crl_shard.h"

#define NUMBER_STEP_MAX                                                                \
	(UINT64_C(1) << 32) /* the space of numbers is not burnt at once */
#define AHEAD_S  60
#define LOOK_MAX 32768 /* revocations that are looked at for one part */
#define PUT_MAX  1024  /* entries on one part: a quarter of a millisecond */

struct changed { /* an entry of a delta */
	uint32_t bucket, at;
};

struct signer_crl {
	uint64_t id;
	struct signer_issuer *issuer;
	struct crl_spec spec;
	struct crl_shard shard;
	char *points[1 + MSG_CRL_PLACES_MAX]; /* spec.points */
	char *freshest;                       /* spec.freshest */
	int64_t since; /* certificates that ended before are not on it */
	/*
	 * The state when it began: of each bucket the first so many, each as the
	 * records up to 'upto' tell it.  What comes later is for the next list.
	 */
	uint32_t n[CRL_SHARD_BUCKETS];
	uint64_t upto;
	uint32_t to;         /* the buckets end here */
	uint32_t bucket, at; /* the next to be looked at */
	bool counted;
	bool delta;
	uint64_t after; /* of a delta: what was revoked by later records */
	struct changed *changed;
	size_t n_changed, room_changed, put_changed;
	uint64_t octets;
	unsigned more; /* slices that were asked for and are not made */
	struct key_stream *stream;
	gnutls_hash_hd_t hash; /* of the TBSCertList, for the journal */
	struct buf out;        /* octets of the next MSG_CRL_PART */
};

static void
crl_free(struct signer_crl *c)
{
	if (c == NULL)
		return;
	key_stream_free(c->stream);
	if (c->hash != NULL)
		gnutls_hash_deinit(c->hash, NULL);
	buf_free(&c->out);
	for (size_t k = 0; k < c->spec.n_points; k++)
		free(c->points[k]);
	free(c->freshest);
	free(c->changed);
	free(c);
}

void
signer_crl_drop(struct signer *s)
{
	if (s->crl != NULL)
		s->crl_over = s->crl->id;
	crl_free(s->crl);
	s->crl = NULL;
}

/* There is one answer to an id: what core still sends for it is passed over. */
static void
refuse(struct signer *s, uint64_t id, const char *oracle, const struct err *e)
{
	signer_crl_drop(s);
	s->crl_over = id;
	if (oracle != NULL)
		signer_refuse_oracle(s, id, oracle, e);
	else
		signer_refuse(s, id, e);
}

void
signer_crl_fail(struct signer *s, const struct err *e)
{
	if (s->crl != NULL)
		refuse(s, s->crl->id, NULL, e);
}

/* All octets of the TBSCertList pass here: what is signed is what is sent. */
static void
take_in(struct signer_crl *c, size_t from)
{
	const struct bytes b = bytes_skip(buf_bytes(&c->out), from);

	key_stream_add(c->stream, b);
	if (b.n > 0)
		gnutls_hash(c->hash, b.p, b.n);
	c->octets += b.n;
}

static void
send_part(struct signer *s, struct signer_crl *c, bool unsynced)
{
	const struct msg_crl_part m = { c->id, buf_bytes(&c->out) };
	struct buf b;

	buf_init(&b, MSG_SIGN_FRAME_MAX);
	msg_crl_part_put(&b, &m);
	signer_answer(s, MSG_CRL_PART, c->id, unsynced, &b);
	buf_clear(&c->out);
}

/* ---- begin ---- */

static bool
check_begin(const struct signer_issuer *i, const struct msg_crl_begin *m, bool root,
    struct err *e)
{
	const int64_t now = clock_now();

	if (m->number <= i->crl_number || m->number - i->crl_number > NUMBER_STEP_MAX)
		return err_set(e, ERR_CONFLICT,
		    "CRL number %" PRIu64 " does not follow %" PRIu64
		    ", the last one of %s",
		    m->number, i->crl_number, i->name); /* P61, R34 */
	if (m->this_update > now + AHEAD_S)
		return err_set(e, ERR_POLICY,
		    "a CRL whose thisUpdate is in the future");
	if (m->since > m->this_update)
		return err_set(e, ERR_POLICY,
		    "a CRL without what is revoked and has not ended"); /* R27 */
	if (m->shards > CRL_SHARDS_MAX || (root && (m->shards > 0 || m->delta)))
		return err_set(e, ERR_POLICY, "a shard of a set that is not made");
	if (m->delta && signer_state_base(i, m->this_update) == NULL)
		return err_set(e, ERR_CONFLICT,
		    "a delta CRL before the first CRL of %s", i->name);
	return true;
}

/* An old list that still counts is as good as a way to un-revoke what came since. */
static bool
check_life(const struct signer *s, const struct msg_crl_begin *m, bool root,
    struct err *e)
{
	const int64_t life = conf_crl_life_s(s->conf, root, m->delta);

	return (m->next_update > m->this_update &&
		   m->next_update - m->this_update <= life) ||
	       err_set(e, ERR_POLICY,
		   "a CRL that counts for longer than is configured: %" PRId64
		   " s, not %" PRId64,
		   m->next_update - m->this_update, life);
}

/*
 * The URLs of a shard.  Whatever core says of where certificates look for it, the end
 * is ours, and a URL of another shard has another end.
 */
static void
put_points(struct signer *s, struct signer_crl *c, const struct msg_crl_begin *m)
{
	if (c->shard.of == 0)
		return;
	c->points[c->spec.n_points++] =
	    crl_shard_url(s->conf->url_public, c->issuer->name, c->shard);
	for (size_t k = 0; k < m->n_places; k++) {
		char *place = mem_strndup(m->places[k]);

		if (strcmp(place, s->conf->url_public) != 0)
			c->points[c->spec.n_points++] =
			    crl_shard_url(place, c->issuer->name, c->shard);
		free(place);
	}
	c->spec.points = (const char *const *)c->points;
}

/* What is there now is on it; what comes is not. */
static void
look_at_state(struct signer *s, struct signer_crl *c)
{
	const struct signer_issuer *i = c->issuer;

	for (size_t k = 0; k < CRL_SHARD_BUCKETS; k++)
		c->n[k] = i->revoked.bucket[k].n;
	c->upto = journal_last_seq(s->journal);
	crl_shard_buckets(c->shard, &c->bucket, &c->to);
}

static void
put_spec(struct signer *s, struct signer_crl *c, const struct msg_crl_begin *m)
{
	const struct signer_issuer *i = c->issuer;

	c->spec = (struct crl_spec){
		.sig_alg = key_sig_alg(i->key),
		.issuer_dn = i->cert->subject_dn,
		.authority_key_id = i->cert->key_id,
		.this_update = m->this_update,
		.next_update = m->next_update,
		.number = m->number,
	};
	put_points(s, c, m);
	if (m->delta) {
		const struct signer_base *base = signer_state_base(i, m->this_update);

		c->spec.base = base->number;
		c->after = base->after;
	} else if (c->shard.of == 0 && i != &s->issuers[0] && s->conf->crl_delta_s > 0)
		c->spec.freshest = c->freshest =
		    crl_shard_delta_url(s->conf->url_public, i->name);
}

static bool
start(struct signer *s, const struct msg_crl_begin *m, struct signer_issuer *i,
    struct err *e)
{
	struct signer_crl *c = mem_zalloc(sizeof(*c));

	s->crl = c;
	c->id = m->id;
	c->issuer = i;
	c->since = m->since;
	c->shard = (struct crl_shard){ m->shards, m->shard };
	c->delta = m->delta;
	buf_init(&c->out, MSG_CRL_PART_MAX);
	look_at_state(s, c);
	put_spec(s, c, m);
	if (gnutls_hash_init(&c->hash, GNUTLS_DIG_SHA256) < 0)
		return err_set(e, ERR_INTERNAL, "CRL: GnuTLS gave no hash");
	return key_stream_begin(i->key, &c->stream, e);
}

bool
signer_on_crl_begin(void *ctx, const struct frame *f, struct err *e)
{
	struct signer *s = ctx;
	struct msg_crl_begin m;
	struct signer_issuer *i = NULL;
	bool root;
	struct err why;

	if (!msg_crl_begin_get(f->body, &m, e))
		return false;
	if (s->crl != NULL) {
		err_set(&why, ERR_CONFLICT, "another CRL was begun in its place");
		refuse(s, s->crl->id, NULL, &why);
	}
	if (!signer_issuer_ready(s, m.issuer, &i, &why)) {
		refuse(s, m.id, why.code == ERR_UNAVAILABLE ? NULL : "CRL_BEGIN", &why);
		return true;
	}
	root = i == &s->issuers[0];
	if (!signer_state_stored(s, m.stored_seq, &why) ||
	    !check_begin(i, &m, root, &why))
		refuse(s, m.id, "CRL_BEGIN", &why);
	else if (!check_life(s, &m, root, &why))
		refuse(s, m.id, signer_just_reloaded(s) ? NULL : "CRL_BEGIN", &why);
	else if (!start(s, &m, i, &why))
		refuse(s, m.id, NULL, &why);
	return true;
}

/* ---- counting ---- */

/* The reason that it had when the list began. */
static enum reason
reason_of(const struct signer_crl *c, const struct signer_revoked *r)
{
	return (enum reason)(r->seq > c->upto ? r->was : r->reason);
}

/* After a clock that was ahead: nothing is revoked later than the list is made (P74). */
static int64_t
revoked_at(const struct signer_crl *c, const struct signer_revoked *r)
{
	const int64_t made = c->spec.this_update;
	return r->revoked_at < made ? r->revoked_at : made;
}

static bool
is_on(const struct signer_crl *c, const struct signer_revoked *r)
{
	return r->not_after >= c->since && (!c->delta || r->seq > c->after);
}

static void
count(struct signer_crl *c, const struct signer_revoked *r)
{
	struct crl_spec *spec = &c->spec;

	spec->entries++;
	spec->serial_octets += serial_der_len(&r->serial);
	spec->with_reason += reason_of(c, r) != REASON_UNSPECIFIED;
	spec->late += crl_is_late(revoked_at(c, r));
	if (!c->delta)
		return;
	if (c->n_changed == c->room_changed) {
		c->room_changed = c->room_changed == 0 ? 64 : 2 * c->room_changed;
		c->changed = mem_grow(c->changed, c->room_changed, sizeof(*c->changed));
	}
	c->changed[c->n_changed++] = (struct changed){ c->bucket, c->at };
}

static void
put(struct signer_crl *c, const struct signer_revoked *r)
{
	crl_entry(&c->out, &r->serial, revoked_at(c, r), reason_of(c, r));
}

/* Goes on through the buckets.  True: all were looked at. */
static bool
walk(struct signer_crl *c, size_t most,
    void (*each)(struct signer_crl *c, const struct signer_revoked *r))
{
	for (; c->bucket < c->to; c->bucket++, c->at = 0) {
		const struct signer_revoked *v = c->issuer->revoked.bucket[c->bucket].v;

		for (; c->at < c->n[c->bucket]; c->at++) {
			if (most-- == 0)
				return false;
			if (is_on(c, &v[c->at]))
				each(c, &v[c->at]);
		}
	}
	return true;
}

/* A slice of counting; behind the last one comes what stands before the entries. */
static bool
count_more(struct signer_crl *c, struct err *e)
{
	uint32_t from;

	if (!walk(c, LOOK_MAX, count))
		return true;
	c->counted = true;
	crl_shard_buckets(c->shard, &from, &c->to);
	c->bucket = from;
	if (!crl_head(&c->spec, &c->out, e))
		return false;
	take_in(c, 0);
	return true;
}

/* ---- entries ---- */

/* Of a delta those that were found: all the others need not be looked at again. */
static bool
put_changed(struct signer_crl *c)
{
	for (size_t k = 0; k < PUT_MAX && c->put_changed < c->n_changed; k++) {
		const struct changed *at = &c->changed[c->put_changed++];

		put(c, &c->issuer->revoked.bucket[at->bucket].v[at->at]);
	}
	return c->put_changed == c->n_changed;
}

/* A slice of entries.  *ret_last: it was the last one. */
static bool
put_more(struct signer_crl *c, bool *ret_last, struct err *e)
{
	const size_t from = c->out.n;

	*ret_last = c->delta ? put_changed(c) : walk(c, PUT_MAX, put);
	if (!buf_ok(&c->out, "CRL: entries", e))
		return false;
	take_in(c, from);
	return true;
}

/* ---- end ---- */

static bool
record(struct signer *s, struct signer_crl *c, struct err *e)
{
	uint8_t digest[RECORD_HASH_LEN];
	const struct record_crl r = {
		.issuer = bytes_str(c->issuer->name),
		.number = c->spec.number,
		.this_update = c->spec.this_update,
		.next_update = c->spec.next_update,
		.entries = c->spec.entries,
		.tbs_hash = bytes_of(digest, sizeof(digest)),
		.shards = c->shard.of,
		.shard = c->shard.at,
		.base = c->spec.base,
	};
	struct buf body;
	uint64_t seq;

	gnutls_hash_output(c->hash, digest);
	buf_init(&body, KIB(1));
	record_crl_put(&body, &r);
	const bool ok = signer_answer_record(s, MSG_CRL_SIGNED, c->id, RECORD_CRL,
	    buf_bytes(&body), &seq, e);
	buf_free(&body);
	if (ok)
		signer_state_crl(s, c->issuer, &r, seq);
	return ok;
}

/* The last octets of the list, then, once the journal has it, what closes the file. */
static bool
finish(struct signer *s, struct signer_crl *c, struct err *e)
{
	const size_t from = c->out.n;
	struct buf sig;

	signer_settle(s); /* its record comes behind theirs */
	if (!crl_tail(&c->spec, &c->out, e))
		return false;
	take_in(c, from);
	if (c->octets != crl_tbs_len(&c->spec))
		return err_set(e, ERR_INTERNAL,
		    "CRL: its entries are not of the lengths that were counted");
	send_part(s, c, false);

	buf_init(&sig, KIB(2));
	struct key_stream *stream = c->stream;
	c->stream = NULL;
	bool ok = key_stream_end(stream, &sig, e) &&
		  crl_close(c->spec.sig_alg, buf_bytes(&sig), &c->out, e);
	buf_free(&sig);
	if (!ok)
		return false;
	send_part(s, c, true);
	return record(s, c, e);
}

/* ---- more ---- */

/* Is this of the CRL that is being built? */
static bool
is_current(struct signer *s, uint64_t id)
{
	struct err why;

	if (s->crl != NULL && s->crl->id == id)
		return true;
	if (id != s->crl_over) {
		err_set(&why, ERR_CONFLICT, "no CRL of this id was begun");
		signer_refuse_oracle(s, id, "CRL_MORE", &why);
	}
	return false;
}

bool
signer_on_crl_more(void *ctx, const struct frame *f, struct err *e)
{
	struct signer *s = ctx;
	uint64_t id;

	if (!msg_id_get(f->body, &id, e))
		return false;
	if (is_current(s, id))
		s->crl->more++;
	return true;
}

static void
nothing(void *arg)
{
	(void)arg;
}

void
signer_crl_turn(struct signer *s)
{
	struct signer_crl *c = s->crl;
	struct err why;
	bool last = false;
	if (c == NULL || c->more == 0)
		return;
	if (!(c->counted ? put_more(c, &last, &why) : count_more(c, &why)))
		refuse(s, c->id, NULL, &why);
	else if (!last)
		send_part(s, c, false);
	else if (!finish(s, c, &why))
		refuse(s, c->id, NULL, &why);
	else
		signer_crl_drop(s);
	/* Another is made in the next round, for which the loop does not wait. */
	if (s->crl != NULL && --s->crl->more > 0)
		(void)loop_after(s->loop, 0, nothing, NULL);
	signer_commit(s);
}
