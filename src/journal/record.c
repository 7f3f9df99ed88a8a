/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/record.h"

#include "codec/wire.h"

#define HEAD_LEN       25 /* seq, at, stored, type */
#define NAME_LEN_MAX   32 /* of an issuer or a profile (conf.h) */
#define SERIAL_LEN_MAX 20

bool
record_parse(struct bytes whole, struct record *ret, struct err *e)
{
	struct wire w = wire_open(whole);
	struct record r = { .whole = whole };
	const uint32_t length = wire_u32(&w);

	if (w.bad || length < HEAD_LEN || whole.n > RECORD_MAX ||
	    whole.n != sizeof(uint32_t) + (size_t)length + RECORD_HASH_LEN)
		return err_set(e, ERR_MALFORMED,
		    "a journal record whose length is not what it says");
	r.seq = wire_u64(&w);
	r.at = wire_i64(&w);
	r.stored = wire_u64(&w);
	const uint8_t type = wire_u8(&w) & (uint8_t)~RECORD_FIRST;
	if (type < RECORD_GENESIS || type > RECORD_CRL)
		return err_set(e, ERR_MALFORMED,
		    "a journal record of type %u, which this version does not know",
		    type);
	r.type = (enum record_type)type;
	r.body = bytes_of(w.rest.p, w.rest.n - RECORD_HASH_LEN);
	r.hash = bytes_skip(w.rest, w.rest.n - RECORD_HASH_LEN);
	*ret = r;
	return true;
}

void
record_genesis_put(struct buf *b, const struct record_genesis *r)
{
	wire_put_bytes(b, r->root_hash);
}

bool
record_genesis_get(struct bytes body, struct record_genesis *ret, struct err *e)
{
	struct wire w = wire_open(body);
	const struct record_genesis r = { .root_hash = wire_bytes(&w) };

	if (!wire_end(&w, "a journal's first record", e))
		return false;
	if (r.root_hash.n != RECORD_HASH_LEN)
		return err_set(e, ERR_MALFORMED,
		    "a journal's first record: the root's hash has not 32 octets");
	*ret = r;
	return true;
}

void
record_certificate_put(struct buf *b, const struct record_certificate *r)
{
	wire_put_bytes(b, r->issuer);
	wire_put_bytes(b, r->profile);
	wire_put_bytes(b, r->der);
	wire_put_bytes(b, r->requester);
	wire_put_bytes(b, r->request_id);
	wire_put_bytes(b, r->note);
}

static bool
is_name(struct bytes b)
{
	return b.n > 0 && b.n <= NAME_LEN_MAX && !bytes_has_nul(b);
}

bool
record_certificate_get(struct bytes body, struct record_certificate *ret, struct err *e)
{
	struct wire w = wire_open(body);
	struct record_certificate r;

	r.issuer = wire_bytes(&w);
	r.profile = wire_bytes(&w);
	r.der = wire_bytes(&w);
	r.requester = wire_bytes(&w);
	r.request_id = wire_bytes(&w);
	r.note = wire_bytes(&w);
	if (!wire_end(&w, "the journal's record of a certificate", e))
		return false;
	if (!is_name(r.issuer) || !is_name(r.profile) || r.der.n == 0)
		return err_set(e, ERR_MALFORMED,
		    "the journal's record of a certificate: a field is empty or too "
		    "long");
	*ret = r;
	return true;
}

void
record_revocation_put(struct buf *b, const struct record_revocation *r)
{
	wire_put_bytes(b, r->issuer);
	wire_put_bytes(b, r->serial);
	wire_put_i64(b, r->not_after);
	wire_put_i64(b, r->revoked_at);
	wire_put_u8(b, (uint8_t)r->reason);
	wire_put_bytes(b, r->requester);
	wire_put_bytes(b, r->request_id);
}

bool
record_revocation_get(struct bytes body, struct record_revocation *ret, struct err *e)
{
	struct wire w = wire_open(body);
	struct record_revocation r;

	r.issuer = wire_bytes(&w);
	r.serial = wire_bytes(&w);
	r.not_after = wire_i64(&w);
	r.revoked_at = wire_i64(&w);
	r.reason = (enum reason)wire_u8(&w);
	r.requester = wire_bytes(&w);
	r.request_id = wire_bytes(&w);
	if (!wire_end(&w, "the journal's record of a revocation", e))
		return false;
	if (!is_name(r.issuer) || r.serial.n == 0 || r.serial.n > SERIAL_LEN_MAX ||
	    r.serial.p[0] == 0 || sets_reason_word(r.reason) == NULL)
		return err_set(e, ERR_MALFORMED,
		    "the journal's record of a revocation: a field is out of range");
	*ret = r;
	return true;
}

void
record_crl_put(struct buf *b, const struct record_crl *r)
{
	wire_put_bytes(b, r->issuer);
	wire_put_u64(b, r->number);
	wire_put_i64(b, r->this_update);
	wire_put_i64(b, r->next_update);
	wire_put_u64(b, r->entries);
	wire_put_bytes(b, r->tbs_hash);
	if (r->shards == 0 && r->base == 0)
		return;
	wire_put_u32(b, r->shards);
	wire_put_u32(b, r->shard);
	if (r->base != 0)
		wire_put_u64(b, r->base);
}

bool
record_crl_get(struct bytes body, struct record_crl *ret, struct err *e)
{
	struct wire w = wire_open(body);
	struct record_crl r = { 0 };

	r.issuer = wire_bytes(&w);
	r.number = wire_u64(&w);
	r.this_update = wire_i64(&w);
	r.next_update = wire_i64(&w);
	r.entries = wire_u64(&w);
	r.tbs_hash = wire_bytes(&w);
	const bool shard = w.rest.n > 0;
	if (shard) {
		r.shards = wire_u32(&w);
		r.shard = wire_u32(&w);
	}
	const bool delta = w.rest.n > 0;
	if (delta)
		r.base = wire_u64(&w);
	if (!wire_end(&w, "the journal's record of a CRL", e))
		return false;
	if (delta ? r.base == 0 || r.base >= r.number || r.shards > 0 || r.shard > 0
		  : shard && r.shard >= r.shards)
		return err_set(e, ERR_MALFORMED,
		    "the journal's record of a CRL: a shard that is none of its set");
	if (!is_name(r.issuer) || r.number == 0 || r.tbs_hash.n != RECORD_HASH_LEN)
		return err_set(e, ERR_MALFORMED,
		    "the journal's record of a CRL: a field is out of range");
	*ret = r;
	return true;
}
