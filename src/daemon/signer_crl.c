/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MSG_CRL_BEGIN, _ENTRIES, _END: core names the entries, the signer holds them
 * against its journal.  Each entry is one that the journal has, as it has it;
 * none that it has may be missing, but for those that core cannot know yet.
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
#define LEAVES_MAX_S  (INT64_C(10) * 86400 + 3600) /* P73 */
#define ROOT_MAX_S    (INT64_C(366) * 86400)
#define AHEAD_S       60
#define UNKNOWN_YET_S 120 /* so long may a revocation be on its way into the database */

struct signer_crl {
	uint64_t id;
	struct signer_issuer *issuer;
	struct crl_spec spec;
	struct crl_shard shard;
	char *points[1 + MSG_CRL_PLACES_MAX]; /* spec.points */
	uint64_t stored; /* what core had committed when it began */
	uint32_t mark;   /* on the entries that were seen on this CRL */
	uint64_t entries, octets;
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
	free(c);
}

void
signer_crl_drop(struct signer *s)
{
	crl_free(s->crl);
	s->crl = NULL;
}

/* The CRL that is being built is over; what core still sends for it is passed over. */
static void
refuse(struct signer *s, uint64_t id, const char *oracle, const struct err *e)
{
	s->crl_refused = id;
	signer_crl_drop(s);
	if (oracle != NULL)
		signer_refuse_oracle(s, id, oracle, e);
	else
		signer_refuse(s, id, e);
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
	if (m->next_update <= m->this_update ||
	    m->next_update - m->this_update > (root ? ROOT_MAX_S : LEAVES_MAX_S))
		return err_set(e, ERR_POLICY,
		    "a CRL whose nextUpdate is out of bounds");
	if (m->shards > CRL_SHARDS_MAX || (root && m->shards > 0))
		return err_set(e, ERR_POLICY, "a shard of a set that is not made");
	if (m->entries > i->revoked.n)
		return err_set(e, ERR_POLICY,
		    "a CRL of %" PRIu64 " entries; %zu are revoked", m->entries,
		    i->revoked.n);
	return true;
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

static bool
start(struct signer *s, struct signer_crl *c, const struct msg_crl_begin *m,
    struct err *e)
{
	const struct signer_issuer *i = c->issuer;

	c->spec = (struct crl_spec){
		.sig_alg = key_sig_alg(i->key),
		.issuer_dn = i->cert->subject_dn,
		.authority_key_id = i->cert->key_id,
		.this_update = m->this_update,
		.next_update = m->next_update,
		.number = m->number,
		.entries = m->entries,
		.serial_octets = m->serial_octets,
		.with_reason = m->with_reason,
	};
	put_points(s, c, m);
	if (gnutls_hash_init(&c->hash, GNUTLS_DIG_SHA256) < 0)
		return err_set(e, ERR_INTERNAL, "CRL: GnuTLS gave no hash");
	if (!key_stream_begin(i->key, &c->stream, e) || !crl_head(&c->spec, &c->out, e))
		return false;
	take_in(c, 0);
	return true;
}

bool
signer_on_crl_begin(void *ctx, const struct frame *f, struct err *e)
{
	struct signer *s = ctx;
	struct msg_crl_begin m;
	struct signer_issuer *i = NULL;
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
	if (!signer_state_stored(s, m.stored_seq, &why) ||
	    !check_begin(i, &m, i == &s->issuers[0], &why)) {
		refuse(s, m.id, "CRL_BEGIN", &why);
		return true;
	}
	s->crl = mem_zalloc(sizeof(*s->crl));
	s->crl->id = m.id;
	s->crl->issuer = i;
	s->crl->stored = m.stored_seq;
	s->crl->mark = ++s->crl_mark;
	s->crl->shard = (struct crl_shard){ m.shards, m.shard };
	buf_init(&s->crl->out, MSG_CRL_PART_MAX);
	if (!start(s, s->crl, &m, &why))
		refuse(s, m.id, NULL, &why);
	return true;
}

/* ---- entries ---- */

/* The entry must be what the journal says; a reason that core does not know yet may be the old one. */
static bool
check_entry(const struct signer_crl *c, const struct msg_crl_entry *m,
    struct signer_revoked **ret, struct err *e)
{
	struct serial serial;
	char hex[SERIAL_HEX_LEN];

	if (!serial_from_bytes(m->serial, &serial, e))
		return false;
	struct signer_revoked *r = signer_revoked_find(&c->issuer->revoked, &serial);
	serial_to_hex(&serial, hex);
	if (r == NULL)
		return err_set(e, ERR_POLICY, "CRL: %s is not revoked", hex);
	if (!crl_shard_has(c->shard, &serial))
		return err_set(e, ERR_POLICY, "CRL: %s is of another shard", hex);
	if (r->crl == c->mark)
		return err_set(e, ERR_POLICY, "CRL: %s is on it twice", hex);
	if (r->revoked_at != m->revoked_at ||
	    (r->reason != m->reason && !(r->seq > c->stored && r->was == m->reason)))
		return err_set(e, ERR_POLICY, "CRL: %s has another time or reason",
		    hex);
	*ret = r;
	return true;
}

static bool
add_entries(struct signer_crl *c, const struct msg_crl_entries *m, struct err *e)
{
	const size_t from = c->out.n;

	for (size_t k = 0; k < m->n; k++) {
		struct signer_revoked *r = NULL;

		if (!check_entry(c, &m->v[k], &r, e))
			return false;
		r->crl = c->mark;
		crl_entry(&c->out, &r->serial, m->v[k].revoked_at, m->v[k].reason);
	}
	c->entries += m->n;
	if (c->entries > c->spec.entries)
		return err_set(e, ERR_POLICY, "CRL: more entries than were announced");
	if (!buf_ok(&c->out, "CRL: entries", e))
		return false;
	take_in(c, from);
	return true;
}

/* Is this of the CRL that is being built?  What is of a refused one is passed over. */
static bool
is_current(struct signer *s, uint64_t id, const char *what)
{
	struct err why;

	if (s->crl != NULL && s->crl->id == id)
		return true;
	if (id != s->crl_refused) {
		err_set(&why, ERR_CONFLICT, "no CRL of this id was begun");
		signer_refuse_oracle(s, id, what, &why);
	}
	return false;
}

bool
signer_on_crl_entries(void *ctx, const struct frame *f, struct err *e)
{
	struct signer *s = ctx;
	struct msg_crl_entries *m = mem_zalloc(sizeof(*m));
	struct err why;
	const bool ok = msg_crl_entries_get(f->body, m, e);

	if (ok && is_current(s, m->id, "CRL_ENTRIES")) {
		if (add_entries(s->crl, m, &why))
			send_part(s, s->crl, false);
		else
			refuse(s, m->id, "CRL_ENTRIES", &why);
	}
	free(m);
	return ok;
}

/* ---- end ---- */

/*
 * Nothing that the journal has revoked may be left out while its certificate
 * lasts (R27, S84).  What was revoked after core looked is not known to it: it
 * follows on the next list, and cannot be held back for longer than a moment.
 */
static bool
check_complete(const struct signer_crl *c, struct err *e)
{
	const struct signer_revoked_set *set = &c->issuer->revoked;
	const int64_t now = clock_now();
	char hex[SERIAL_HEX_LEN];

	if (c->entries != c->spec.entries)
		return err_set(e, ERR_POLICY,
		    "CRL: %" PRIu64 " entries came, %" PRIu64 " were announced",
		    c->entries, c->spec.entries);
	for (size_t k = 0; k < set->n; k++) {
		const struct signer_revoked *r = &set->v[k];

		if (r->crl == c->mark || r->not_after < c->spec.this_update ||
		    !crl_shard_has(c->shard, &r->serial))
			continue;
		if (r->seq > c->stored && now < r->revoked_at + UNKNOWN_YET_S)
			continue;
		serial_to_hex(&r->serial, hex);
		return err_set(e, ERR_POLICY, "CRL: %s is revoked and not on it", hex);
	}
	return true;
}

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
		signer_state_crl(s, c->issuer, r.number, r.this_update);
	return ok;
}

/* The last octets of the list, then, once the journal has it, what closes the file. */
static bool
finish(struct signer *s, struct signer_crl *c, struct err *e)
{
	const size_t from = c->out.n;
	struct buf sig;

	if (!crl_tail(&c->spec, &c->out, e))
		return false;
	take_in(c, from);
	if (c->octets != crl_tbs_len(&c->spec))
		return err_set(e, ERR_POLICY,
		    "CRL: its entries are not of the lengths that were announced");
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

bool
signer_on_crl_end(void *ctx, const struct frame *f, struct err *e)
{
	struct signer *s = ctx;
	struct err why;
	uint64_t id;

	if (!msg_id_get(f->body, &id, e))
		return false;
	if (!is_current(s, id, "CRL_END"))
		return true;
	signer_settle(s); /* its record comes behind theirs */
	if (!check_complete(s->crl, &why))
		refuse(s, id, "CRL_END", &why);
	else if (!finish(s, s->crl, &why))
		refuse(s, id, why.code == ERR_POLICY ? "CRL_END" : NULL, &why);
	else
		signer_crl_drop(s);
	return true;
}
