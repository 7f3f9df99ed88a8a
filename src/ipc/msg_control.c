/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/msg_control.h"

#include "ipc/msg_field.h"

#define ADDRESS_MAX 256 /* octets */

static void
put_reason(struct buf *b, enum err_code code, struct bytes text)
{
	wire_put_u8(b, (uint8_t)code);
	wire_put_bytes(b, text);
}

static void
get_reason(struct wire *w, unsigned least, enum err_code *ret_code,
    struct bytes *ret_text)
{
	*ret_code = (enum err_code)msg_field_u8(w, least, ERR__MAX - 1);
	*ret_text = msg_field_text(w, 0, ERR_DETAIL_LEN - 1);
}

void
msg_listener_put(struct buf *b, const struct msg_listener *m)
{
	wire_put_u8(b, (uint8_t)m->kind);
	wire_put_bytes(b, m->address);
}

bool
msg_listener_get(struct bytes body, struct msg_listener *ret, struct err *e)
{
	struct wire w = wire_open(body);
	struct msg_listener m;

	m.kind = (enum listener_kind)msg_field_u8(&w, LISTENER_API, LISTENER_UNIX);
	m.address = msg_field_text(&w, 1, ADDRESS_MAX);
	if (!wire_end(&w, "LISTENER", e))
		return false;
	*ret = m;
	return true;
}

void
msg_start_put(struct buf *b, const struct msg_start *m)
{
	wire_put_bool(b, m->recover);
	wire_put_bool(b, m->unconfined);
}

bool
msg_start_get(struct bytes body, struct msg_start *ret, struct err *e)
{
	struct wire w = wire_open(body);
	struct msg_start m;

	m.recover = wire_bool(&w);
	m.unconfined = wire_bool(&w);
	if (!wire_end(&w, "START", e))
		return false;
	*ret = m;
	return true;
}

void
msg_failed_put(struct buf *b, const struct msg_failed *m)
{
	put_reason(b, m->code, m->text);
}

bool
msg_failed_get(struct bytes body, struct msg_failed *ret, struct err *e)
{
	struct wire w = wire_open(body);
	struct msg_failed m;

	get_reason(&w, ERR_NONE + 1, &m.code, &m.text);
	if (!wire_end(&w, "FAILED", e))
		return false;
	*ret = m;
	return true;
}

void
msg_reload_put(struct buf *b, const struct msg_reload *m)
{
	wire_put_u32(b, m->generation);
	wire_put_bytes(b, m->conf);
}

bool
msg_reload_get(struct bytes body, struct msg_reload *ret, struct err *e)
{
	struct wire w = wire_open(body);
	struct msg_reload m;

	m.generation = wire_u32(&w);
	m.conf = wire_bytes(&w);
	if (!wire_end(&w, "RELOAD", e))
		return false;
	*ret = m;
	return true;
}

void
msg_reload_apply_put(struct buf *b, const struct msg_reload_apply *m)
{
	wire_put_u32(b, m->generation);
}

bool
msg_reload_apply_get(struct bytes body, struct msg_reload_apply *ret, struct err *e)
{
	struct wire w = wire_open(body);
	struct msg_reload_apply m;

	m.generation = wire_u32(&w);
	if (!wire_end(&w, "RELOAD_APPLY", e))
		return false;
	*ret = m;
	return true;
}

void
msg_reloaded_put(struct buf *b, const struct msg_reloaded *m)
{
	wire_put_u32(b, m->generation);
	put_reason(b, m->code, m->text);
}

bool
msg_reloaded_get(struct bytes body, struct msg_reloaded *ret, struct err *e)
{
	struct wire w = wire_open(body);
	struct msg_reloaded m;

	m.generation = wire_u32(&w);
	get_reason(&w, ERR_NONE, &m.code, &m.text);
	if (!wire_end(&w, "RELOADED", e))
		return false;
	*ret = m;
	return true;
}

void
msg_reload_ask_put(struct buf *b, const struct msg_reload_ask *m)
{
	wire_put_u64(b, m->id);
}

bool
msg_reload_ask_get(struct bytes body, struct msg_reload_ask *ret, struct err *e)
{
	struct wire w = wire_open(body);
	struct msg_reload_ask m;

	m.id = wire_u64(&w);
	if (!wire_end(&w, "RELOAD_ASK", e))
		return false;
	*ret = m;
	return true;
}

void
msg_reload_told_put(struct buf *b, const struct msg_reload_told *m)
{
	wire_put_u64(b, m->id);
	put_reason(b, m->code, m->text);
}

bool
msg_reload_told_get(struct bytes body, struct msg_reload_told *ret, struct err *e)
{
	struct wire w = wire_open(body);
	struct msg_reload_told m;

	m.id = wire_u64(&w);
	get_reason(&w, ERR_NONE, &m.code, &m.text);
	if (!wire_end(&w, "RELOAD_TOLD", e))
		return false;
	*ret = m;
	return true;
}
