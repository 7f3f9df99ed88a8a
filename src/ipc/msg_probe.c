/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/msg_probe.h"

#include "ipc/msg_field.h"

/* ASCII without blanks: names, tokens and URLs are nothing else. */
static struct bytes
field_word(struct wire *w, size_t least, size_t most)
{
	const struct bytes v = msg_field_bytes(w, least, most);

	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] <= 0x20 || v.p[i] >= 0x7f)
			w->bad = true;
	return v;
}

/* What goes into the path of a request, and nothing that could end it (RFC 8555 8.3). */
static struct bytes
field_token(struct wire *w, size_t most)
{
	const struct bytes v = msg_field_bytes(w, 0, most);

	for (size_t i = 0; i < v.n; i++) {
		const uint8_t c = v.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    !(c >= '0' && c <= '9') && c != '-' && c != '_')
			w->bad = true;
	}
	return v;
}

static bool
needs_key_authorization(const struct msg_probe *m)
{
	return m->prove && m->challenge != CHALLENGE_DNS_PERSIST_01;
}

static bool
needs_account(const struct msg_probe *m)
{
	return m->caa || (m->prove && (m->challenge == CHALLENGE_DNS_ACCOUNT_01 ||
					  m->challenge == CHALLENGE_DNS_PERSIST_01));
}

/* What the fields say together. */
static bool
is_whole(const struct msg_probe *m)
{
	if (!m->prove && !m->caa)
		return false;
	if (sets_challenge_word(m->challenge) == NULL)
		return false;
	if (m->type != NAME_TYPE_DNS && (m->type != NAME_TYPE_IP || m->wildcard))
		return false;
	if (needs_key_authorization(m) &&
	    (m->token.n == 0 || m->key_authorization.n == 0))
		return false;
	return !needs_account(m) || m->account.n > 0;
}

void
msg_probe_put(struct buf *b, const struct msg_probe *m)
{
	wire_put_u64(b, m->id);
	wire_put_bytes(b, m->profile);
	wire_put_u8(b, (uint8_t)m->challenge);
	wire_put_bool(b, m->prove);
	wire_put_bool(b, m->caa);
	wire_put_u8(b, (uint8_t)m->type);
	wire_put_bytes(b, m->name);
	wire_put_bool(b, m->wildcard);
	wire_put_bytes(b, m->token);
	wire_put_bytes(b, m->key_authorization);
	wire_put_bytes(b, m->account);
	wire_put_u32(b, m->deadline_ms);
}

bool
msg_probe_get(struct bytes body, struct msg_probe *ret, struct err *e)
{
	struct wire w = wire_open(body);
	struct msg_probe m;

	m.id = wire_u64(&w);
	m.profile = msg_field_name(&w);
	m.challenge = (enum challenge)wire_u8(&w);
	m.prove = wire_bool(&w);
	m.caa = wire_bool(&w);
	m.type = (enum name_type)wire_u8(&w);
	m.name = field_word(&w, 1, MSG_PROBE_NAME_MAX);
	m.wildcard = wire_bool(&w);
	m.token = field_token(&w, MSG_PROBE_TOKEN_MAX);
	m.key_authorization = field_word(&w, 0, MSG_PROBE_KEY_AUTH_MAX);
	m.account = field_word(&w, 0, MSG_PROBE_ACCOUNT_MAX);
	m.deadline_ms = wire_u32(&w);
	if (m.id == 0 || m.deadline_ms < MSG_PROBE_DEADLINE_MIN ||
	    m.deadline_ms > MSG_PROBE_DEADLINE_MAX || !is_whole(&m))
		w.bad = true;
	if (!wire_end(&w, "PROBE", e))
		return false;
	*ret = m;
	return true;
}

void
msg_probed_put(struct buf *b, const struct msg_probed *m)
{
	wire_put_u64(b, m->id);
	wire_put_u8(b, (uint8_t)m->code);
	wire_put_bool(b, m->proved);
	wire_put_u32(b, m->retry_s);
	wire_put_bytes(b, m->detail);
	wire_put_bytes(b, m->transcript);
	wire_put_bytes(b, m->seen);
	wire_put_bytes(b, m->address);
	wire_put_i64(b, m->reuse_s);
	wire_put_u32(b, m->took_ms);
}

bool
msg_probed_get(struct bytes body, struct msg_probed *ret, struct err *e)
{
	struct wire w = wire_open(body);
	struct msg_probed m;

	m.id = wire_u64(&w);
	m.code = (enum err_code)msg_field_u8(&w, ERR_NONE, ERR__MAX - 1);
	m.proved = wire_bool(&w);
	m.retry_s = wire_u32(&w);
	m.detail = msg_field_text(&w, 0, ERR_DETAIL_LEN - 1);
	m.transcript = msg_field_text(&w, 2, MSG_PROBE_TRANSCRIPT_MAX);
	m.seen = msg_field_bytes(&w, 0, MSG_PROBE_SEEN_MAX);
	m.address = msg_field_text(&w, 0, MSG_PROBE_ADDRESS_MAX);
	m.reuse_s = wire_i64(&w);
	m.took_ms = wire_u32(&w);
	/* A refusal says why, and success has nothing to say. */
	if (m.id == 0 || (m.code == ERR_NONE) != (m.detail.n == 0) || m.reuse_s < 0 ||
	    m.retry_s > MSG_PROBE_RETRY_MAX)
		w.bad = true;
	if (!wire_end(&w, "PROBED", e))
		return false;
	*ret = m;
	return true;
}
