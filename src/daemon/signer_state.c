/* SPDX-License-Identifier: Apache-2.0 */
/* What the signer remembers, all of it told by its journal. */
#include <gnutls/crypto.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "codec/der.h"
#include "daemon/signer.h"

#define SERIAL_EPOCH     INT64_C(1577836800) /* 2020-01-01 (x509/serial.h) */
#define SERIAL_AHEAD_MAX (INT64_C(366) * 86400)
#define SERIALS_MAX      8192 /* drawn with one time, before it moves on by itself */
#define DRAWS_MAX        8

/* ---- records, at start ---- */

static bool
take_genesis(struct signer *s, const struct record *r, struct err *e)
{
	struct record_genesis g;
	uint8_t root[RECORD_HASH_LEN];
	const struct bytes der = buf_bytes(&s->issuers[0].cert->der);

	if (!record_genesis_get(r->body, &g, e))
		return false;
	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, der.p, der.n, root) < 0)
		return err_set(e, ERR_INTERNAL, "SHA-256 failed");
	if (!bytes_eq(g.root_hash, bytes_of(root, sizeof(root))))
		return err_set(e, ERR_CONFLICT,
		    "the journal is of another CA than root.crt");
	return true;
}

/* The serial's INTEGER, without reading the rest of the certificate. */
static bool
serial_in(struct bytes cert, struct serial *ret, struct err *e)
{
	struct der all, tbs, version, serial;
	bool there;

	if (!der_whole(cert, DER_SEQUENCE, &all, e) ||
	    !der_expect(&all.body, DER_SEQUENCE, &tbs, e) ||
	    !der_optional(&tbs.body, DER_CONTEXT_CONSTRUCTED(0), &version, &there, e) ||
	    !der_expect(&tbs.body, DER_INTEGER, &serial, e))
		return false;
	return serial_from_der(serial.body, ret, e);
}

/* The time in a serial that was drawn here must never come back (S26). */
static bool
take_certificate(struct signer *s, const struct record *r, struct err *e)
{
	struct record_certificate c;
	struct serial serial;

	if (!record_certificate_get(r->body, &c, e) || !serial_in(c.der, &serial, e))
		return false;
	if (serial.n != SERIAL_LEN)
		return true;
	const int64_t at =
	    SERIAL_EPOCH + ((int64_t)serial.b[0] << 24 | (int64_t)serial.b[1] << 16 |
			       (int64_t)serial.b[2] << 8 | (int64_t)serial.b[3]);
	if (at >= s->serial_at && at <= r->at + SERIAL_AHEAD_MAX)
		s->serial_at = at + 1;
	return true;
}

/*
 * Puts a revocation into the set.  True: it is new there; false: it raised the reason,
 * or told a later end.
 */
static bool
put_revoked(struct signer_issuer *i, const struct signer_revoked *r)
{
	struct signer_revoked *have = signer_revoked_find(&i->revoked, &r->serial);

	if (have == NULL) {
		signer_revoked_add(&i->revoked, r);
		return true;
	}
	have->was = have->reason;
	have->reason = r->reason;
	have->seq = r->seq;
	if (have->not_after < r->not_after)
		have->not_after = r->not_after;
	return false;
}

static bool
take_revocation(struct signer *s, const struct record *r, struct err *e)
{
	struct record_revocation v;
	struct signer_revoked entry = { .seq = r->seq };

	if (!record_revocation_get(r->body, &v, e) ||
	    !serial_from_bytes(v.serial, &entry.serial, e))
		return false;
	struct signer_issuer *i = signer_issuer_find(s, v.issuer);
	if (i == NULL) /* one that is no longer in the configuration */
		return true;
	entry.reason = entry.was = (uint8_t)v.reason;
	entry.not_after = v.not_after;
	entry.revoked_at = v.revoked_at;
	put_revoked(i, &entry);
	return true;
}

/* Is there one before it that does as well?  Records may be told once more. */
static bool
needs_base(const struct signer_issuer *i, const struct signer_base *b)
{
	if (i->n_bases == 0)
		return true;
	const struct signer_base *last = &i->bases[i->n_bases - 1];
	const int64_t apart = (b->next_update - b->this_update) / SIGNER_BASES_OF;
	const int64_t since = b->this_update - last->this_update;

	return b->number > last->number && (since < 0 || since >= apart);
}

/*
 * How many of the first are of no more use: they have ended, and so has each list
 * that was made before the next of them.
 */
static size_t
over_by(const struct signer_issuer *i, int64_t at)
{
	size_t k = 0;

	while (k + 1 < i->n_bases && i->bases[k].next_update <= at)
		k++;
	return k;
}

/* Without room the last one does for this list too: a delta to it is longer than need be. */
static void
put_base(struct signer_issuer *i, const struct signer_base *b)
{
	const size_t over = over_by(i, b->this_update);

	i->n_bases -= over;
	memmove(i->bases, i->bases + over, i->n_bases * sizeof(*i->bases));
	if (needs_base(i, b) && i->n_bases < SIGNER_BASES_MAX)
		i->bases[i->n_bases++] = *b;
	else if (i->bases[i->n_bases - 1].next_update < b->next_update)
		i->bases[i->n_bases - 1].next_update = b->next_update;
}

const struct signer_base *
signer_state_base(const struct signer_issuer *i, int64_t at)
{
	return i->n_bases == 0 ? NULL : &i->bases[over_by(i, at)];
}

/*
 * One list is made at a time, so everything up to the record of the one before was
 * known when this one began.
 */
static void
put_crl(struct signer *s, struct signer_issuer *i, const struct record_crl *c,
    uint64_t seq)
{
	const struct signer_base base = { c->number, s->crl_seq, c->this_update,
		c->next_update };

	if (seq > s->crl_seq)
		s->crl_seq = seq;
	if (i == NULL)
		return;
	if (c->shards == 0 && c->base == 0)
		put_base(i, &base);
	if (c->number > i->crl_number)
		i->crl_number = c->number;
	i->crl_this_update = c->this_update;
}

static bool
take_crl(struct signer *s, const struct record *r, struct err *e)
{
	struct record_crl c;

	if (!record_crl_get(r->body, &c, e))
		return false;
	put_crl(s, signer_issuer_find(s, c.issuer), &c, r->seq);
	return true;
}

bool
signer_state_take(void *arg, const struct record *r, struct err *e)
{
	static bool (*const takers[])(struct signer *, const struct record *,
	    struct err *) = {
		[RECORD_GENESIS] = take_genesis,
		[RECORD_CERTIFICATE] = take_certificate,
		[RECORD_REVOCATION] = take_revocation,
		[RECORD_CRL] = take_crl,
	};
	struct signer *s = arg;

	if ((r->seq == 1) != (r->type == RECORD_GENESIS))
		return err_set(e, ERR_MALFORMED,
		    "the first record, and no other, names the root");
	if (r->stored >= r->seq)
		return err_set(e, ERR_MALFORMED, "tells of records that come later");
	if (r->stored > s->stored)
		s->stored = r->stored;
	return takers[r->type](s, r, e);
}

/* ---- changes of this batch ---- */

static struct signer_undo *
undo_slot(struct signer *s, struct signer_issuer *i)
{
	s->undo = mem_grow(s->undo, s->n_undo + 1, sizeof(*s->undo));
	struct signer_undo *u = &s->undo[s->n_undo++];
	*u = (struct signer_undo){ .issuer = i };
	return u;
}

void
signer_state_revoke(struct signer *s, struct signer_issuer *i,
    const struct signer_revoked *r)
{
	struct signer_undo *u = undo_slot(s, i);
	const struct signer_revoked *have =
	    signer_revoked_find(&i->revoked, &r->serial);

	u->old = have != NULL ? *have : *r;
	u->kind = put_revoked(i, r) ? SIGNER_UNDO_REVOKED : SIGNER_UNDO_RAISED;
}

void
signer_state_crl(struct signer *s, struct signer_issuer *i, const struct record_crl *r,
    uint64_t seq)
{
	struct signer_undo *u = undo_slot(s, i);

	u->kind = SIGNER_UNDO_CRL;
	u->number = i->crl_number;
	u->this_update = i->crl_this_update;
	u->seq = s->crl_seq;
	put_crl(s, i, r, seq);
}

static void
undo_crl(struct signer *s, struct signer_issuer *i, const struct signer_undo *u)
{
	if (i->n_bases > 0 && i->bases[i->n_bases - 1].number > u->number)
		i->n_bases--;
	i->crl_number = u->number;
	i->crl_this_update = u->this_update;
	s->crl_seq = u->seq;
}

void
signer_state_undo(struct signer *s)
{
	for (; s->n_undo > 0; s->n_undo--) {
		const struct signer_undo *u = &s->undo[s->n_undo - 1];
		struct signer_revoked_set *set = &u->issuer->revoked;

		switch (u->kind) {
		case SIGNER_UNDO_REVOKED:
			signer_revoked_drop_last(set, crl_shard_bucket(&u->old.serial));
			break;
		case SIGNER_UNDO_RAISED:
			*signer_revoked_find(set, &u->old.serial) = u->old;
			break;
		case SIGNER_UNDO_CRL:
			undo_crl(s, u->issuer, u);
			break;
		}
	}
}

bool
signer_state_stored(struct signer *s, uint64_t seq, struct err *e)
{
	if (seq > journal_last_seq(s->journal))
		return err_set(e, ERR_INTERNAL,
		    "core says to have stored record %" PRIu64 "; there are %" PRIu64,
		    seq, journal_last_seq(s->journal));
	if (seq > s->stored)
		s->stored = seq;
	return true;
}

static bool
was_drawn(const struct signer *s, const struct serial *serial)
{
	for (size_t i = 0; i < s->n_serials; i++)
		if (serial_eq(&s->serials[i], serial))
			return true;
	return false;
}

bool
signer_state_serial(struct signer *s, struct serial *ret, struct err *e)
{
	const int64_t now = clock_now();
	struct serial serial;

	if (s->serials == NULL)
		s->serials = mem_zarray(SERIALS_MAX, sizeof(*s->serials));
	if (now > s->serial_at || s->n_serials == SERIALS_MAX) {
		s->serial_at = now > s->serial_at ? now : s->serial_at + 1;
		s->n_serials = 0;
	}
	for (int draw = 0; draw < DRAWS_MAX; draw++) {
		if (!serial_new(s->serial_at, &serial, e))
			return false;
		if (was_drawn(s, &serial))
			continue;
		s->serials[s->n_serials++] = serial;
		*ret = serial;
		return true;
	}
	return err_set(e, ERR_INTERNAL,
	    "the random source gives the same serial again and again");
}
