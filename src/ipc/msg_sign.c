/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/msg_sign.h"

#include <assert.h>

#include "ipc/msg_field.h"

#define VALIDITY_MAX INT64_C(3162240000) /* 100 years and some days, in seconds */

void
msg_sign_cert_put(struct buf *b, const struct msg_sign_cert *m)
{
	wire_put_u64(b, m->id);
	wire_put_u64(b, m->stored_seq);
	wire_put_bytes(b, m->profile);
	wire_put_bytes(b, m->csr);
	wire_put_bytes(b, m->names);
	wire_put_i64(b, m->not_before);
	wire_put_i64(b, m->validity_s);
	wire_put_i64(b, m->exact_not_before);
	wire_put_i64(b, m->exact_not_after);
	wire_put_bytes(b, m->requester);
	wire_put_bytes(b, m->request_id);
	wire_put_bytes(b, m->note);
}

bool
msg_sign_cert_get(struct bytes body, struct msg_sign_cert *ret, struct err *e)
{
	struct wire w = wire_open(body);
	struct msg_sign_cert m;

	m.id = wire_u64(&w);
	m.stored_seq = wire_u64(&w);
	m.profile = msg_field_name(&w);
	m.csr = msg_field_bytes(&w, 1, MSG_CSR_MAX);
	m.names = msg_field_bytes(&w, 1, MSG_NAMES_MAX);
	m.not_before = msg_field_time(&w);
	m.validity_s = wire_i64(&w);
	m.exact_not_before = msg_field_time(&w);
	m.exact_not_after = msg_field_time(&w);
	m.requester = msg_field_text(&w, 1, MSG_REQUESTER_MAX);
	m.request_id = msg_field_text(&w, 0, MSG_REQUEST_ID_MAX);
	m.note = msg_field_bytes(&w, 0, MSG_NOTE_MAX);
	if (m.validity_s < 0 || m.validity_s > VALIDITY_MAX)
		w.bad = true;
	if (!wire_end(&w, "SIGN_CERT", e))
		return false;
	*ret = m;
	return true;
}

void
msg_recorded_put(struct buf *b, const struct msg_recorded *m)
{
	wire_put_u64(b, m->id);
	wire_put_bytes(b, m->record);
}

bool
msg_recorded_get(struct bytes body, struct msg_recorded *ret, struct err *e)
{
	struct wire w = wire_open(body);
	struct msg_recorded m;

	m.id = wire_u64(&w);
	m.record = msg_field_bytes(&w, 1, MSG_RECORD_MAX);
	if (!wire_end(&w, "recorded answer", e))
		return false;
	*ret = m;
	return true;
}

void
msg_revoke_put(struct buf *b, const struct msg_revoke *m)
{
	wire_put_u64(b, m->id);
	wire_put_u64(b, m->stored_seq);
	wire_put_bytes(b, m->issuer);
	wire_put_bytes(b, m->serial);
	wire_put_bytes(b, m->certificate);
	wire_put_i64(b, m->revoked_at);
	wire_put_u8(b, (uint8_t)m->reason);
	wire_put_bytes(b, m->requester);
	wire_put_bytes(b, m->request_id);
}

bool
msg_revoke_get(struct bytes body, struct msg_revoke *ret, struct err *e)
{
	struct wire w = wire_open(body);
	struct msg_revoke m;

	m.id = wire_u64(&w);
	m.stored_seq = wire_u64(&w);
	m.issuer = msg_field_name(&w);
	m.serial = msg_field_serial(&w);
	m.certificate = msg_field_bytes(&w, 0, MSG_CERTIFICATE_MAX);
	m.revoked_at = msg_field_time(&w);
	m.reason = (enum reason)msg_field_reason(&w);
	m.requester = msg_field_text(&w, 1, MSG_REQUESTER_MAX);
	m.request_id = msg_field_text(&w, 0, MSG_REQUEST_ID_MAX);
	if (!wire_end(&w, "REVOKE", e))
		return false;
	*ret = m;
	return true;
}

void
msg_crl_begin_put(struct buf *b, const struct msg_crl_begin *m)
{
	wire_put_u64(b, m->id);
	wire_put_u64(b, m->stored_seq);
	wire_put_bytes(b, m->issuer);
	wire_put_u64(b, m->number);
	wire_put_i64(b, m->this_update);
	wire_put_i64(b, m->next_update);
	wire_put_i64(b, m->since);
	wire_put_u8(b, m->delta);
	wire_put_u32(b, m->shards);
	wire_put_u32(b, m->shard);
	assert(m->n_places <= MSG_CRL_PLACES_MAX);
	wire_put_u32(b, (uint32_t)m->n_places);
	for (size_t i = 0; i < m->n_places; i++)
		wire_put_bytes(b, m->places[i]);
}

static void
get_shard(struct wire *w, struct msg_crl_begin *ret)
{
	ret->shards = wire_u32(w);
	ret->shard = wire_u32(w);
	ret->n_places = wire_count(w, 4 + 1);
	if (ret->n_places > MSG_CRL_PLACES_MAX ||
	    (ret->shards == 0 ? ret->shard > 0 || ret->n_places > 0
			      : ret->shard >= ret->shards)) {
		ret->n_places = 0;
		w->bad = true;
	}
	for (size_t i = 0; i < ret->n_places; i++)
		ret->places[i] = msg_field_text(w, 1, MSG_CRL_PLACE_MAX);
}

bool
msg_crl_begin_get(struct bytes body, struct msg_crl_begin *ret, struct err *e)
{
	struct wire w = wire_open(body);
	struct msg_crl_begin m = { 0 };

	m.id = wire_u64(&w);
	m.stored_seq = wire_u64(&w);
	m.issuer = msg_field_name(&w);
	m.number = wire_u64(&w);
	m.this_update = msg_field_time(&w);
	m.next_update = msg_field_time(&w);
	m.since = wire_i64(&w);
	const unsigned delta = wire_u8(&w);
	get_shard(&w, &m);
	m.delta = delta == 1;
	if (m.next_update <= m.this_update || delta > 1 || (m.delta && m.shards > 0))
		w.bad = true;
	if (!wire_end(&w, "CRL_BEGIN", e))
		return false;
	*ret = m;
	return true;
}

void
msg_crl_part_put(struct buf *b, const struct msg_crl_part *m)
{
	wire_put_u64(b, m->id);
	wire_put_bytes(b, m->octets);
}

bool
msg_crl_part_get(struct bytes body, struct msg_crl_part *ret, struct err *e)
{
	struct wire w = wire_open(body);
	struct msg_crl_part m;

	m.id = wire_u64(&w);
	m.octets = msg_field_bytes(&w, 0, MSG_CRL_PART_MAX);
	if (!wire_end(&w, "CRL_PART", e))
		return false;
	*ret = m;
	return true;
}

static void
put_single(struct buf *b, const struct msg_ocsp_single *s)
{
	const bool revoked = s->status == CERT_STATUS_REVOKED;

	wire_put_bytes(b, s->cert_id);
	wire_put_u8(b, (uint8_t)s->status);
	wire_put_i64(b, revoked ? s->revoked_at : 0);
	wire_put_u8(b, revoked ? (uint8_t)s->reason : REASON_UNSPECIFIED);
}

static void
get_single(struct wire *w, struct msg_ocsp_single *ret)
{
	ret->cert_id = msg_field_bytes(w, 1, MSG_CERT_ID_MAX);
	ret->status =
	    (enum cert_status)msg_field_u8(w, CERT_STATUS_GOOD, CERT_STATUS_UNKNOWN);
	ret->revoked_at = msg_field_time(w);
	ret->reason = (enum reason)msg_field_reason(w);
	if (ret->status != CERT_STATUS_REVOKED &&
	    (ret->revoked_at != 0 || ret->reason != REASON_UNSPECIFIED))
		w->bad = true;
}

void
msg_sign_ocsp_put(struct buf *b, const struct msg_sign_ocsp *m)
{
	assert(m->n > 0 && m->n <= MSG_OCSP_MAX);
	wire_put_u64(b, m->id);
	wire_put_bytes(b, m->issuer);
	wire_put_bytes(b, m->nonce);
	wire_put_i64(b, m->this_update);
	wire_put_i64(b, m->next_update);
	wire_put_u32(b, (uint32_t)m->n);
	for (size_t i = 0; i < m->n; i++)
		put_single(b, &m->v[i]);
}

bool
msg_sign_ocsp_get(struct bytes body, struct msg_sign_ocsp *ret, struct err *e)
{
	struct wire w = wire_open(body);
	struct msg_sign_ocsp m = { 0 };

	m.id = wire_u64(&w);
	m.issuer = msg_field_name(&w);
	m.nonce = msg_field_bytes(&w, 0, MSG_NONCE_MAX);
	m.this_update = msg_field_time(&w);
	m.next_update = msg_field_time(&w);
	m.n = wire_count(&w, 4 + 1 + 1 + 8 + 1);
	if (m.n == 0 || m.n > MSG_OCSP_MAX)
		return err_set(e, ERR_MALFORMED, "SIGN_OCSP: %zu certificates", m.n);
	for (size_t i = 0; i < m.n; i++)
		get_single(&w, &m.v[i]);
	if (m.next_update <= m.this_update)
		w.bad = true;
	if (!wire_end(&w, "SIGN_OCSP", e))
		return false;
	*ret = m;
	return true;
}

void
msg_ocsp_signed_put(struct buf *b, const struct msg_ocsp_signed *m)
{
	wire_put_u64(b, m->id);
	wire_put_bytes(b, m->response);
	wire_put_i64(b, m->produced_at);
	wire_put_i64(b, m->next_update);
}

bool
msg_ocsp_signed_get(struct bytes body, struct msg_ocsp_signed *ret, struct err *e)
{
	struct wire w = wire_open(body);
	struct msg_ocsp_signed m;

	m.id = wire_u64(&w);
	m.response = msg_field_bytes(&w, 1, MSG_OCSP_RESPONSE_MAX);
	m.produced_at = msg_field_time(&w);
	m.next_update = msg_field_time(&w);
	if (!wire_end(&w, "OCSP_SIGNED", e))
		return false;
	*ret = m;
	return true;
}

void
msg_journal_read_put(struct buf *b, const struct msg_journal_read *m)
{
	wire_put_u64(b, m->from_seq);
}

bool
msg_journal_read_get(struct bytes body, struct msg_journal_read *ret, struct err *e)
{
	struct wire w = wire_open(body);
	struct msg_journal_read m;

	m.from_seq = wire_u64(&w);
	if (!wire_end(&w, "JOURNAL_READ", e))
		return false;
	*ret = m;
	return true;
}

void
msg_journal_end_put(struct buf *b, const struct msg_journal_end *m)
{
	wire_put_u64(b, m->last_seq);
	wire_put_u64(b, m->stored_seq);
	wire_put_u8(b, m->root_key);
}

bool
msg_journal_end_get(struct bytes body, struct msg_journal_end *ret, struct err *e)
{
	struct wire w = wire_open(body);
	struct msg_journal_end m = { 0 };

	m.last_seq = wire_u64(&w);
	m.stored_seq = wire_u64(&w);
	m.root_key = msg_field_u8(&w, 0, 1) == 1;
	if (!wire_end(&w, "JOURNAL_END", e))
		return false;
	*ret = m;
	return true;
}

void
msg_refused_put(struct buf *b, const struct msg_refused *m)
{
	wire_put_u64(b, m->id);
	wire_put_u8(b, (uint8_t)m->code);
	wire_put_bytes(b, m->detail);
}

bool
msg_refused_get(struct bytes body, struct msg_refused *ret, struct err *e)
{
	struct wire w = wire_open(body);
	struct msg_refused m;

	m.id = wire_u64(&w);
	m.code = (enum err_code)msg_field_u8(&w, ERR_NONE + 1, ERR__MAX - 1);
	m.detail = msg_field_text(&w, 0, ERR_DETAIL_LEN - 1);
	if (!wire_end(&w, "REFUSED", e))
		return false;
	*ret = m;
	return true;
}

void
msg_id_put(struct buf *b, uint64_t id)
{
	wire_put_u64(b, id);
}

bool
msg_id_get(struct bytes body, uint64_t *ret, struct err *e)
{
	struct wire w = wire_open(body);
	const uint64_t id = wire_u64(&w);

	if (!wire_end(&w, "id", e))
		return false;
	*ret = id;
	return true;
}
