/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/msg_control.h"

#include "ipc/msg_field.h"

#define ADDRESS_MAX 256 /* octets */

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
}

bool
msg_start_get(struct bytes body, struct msg_start *ret, struct err *e)
{
	struct wire w = wire_open(body);
	struct msg_start m;

	m.recover = wire_bool(&w);
	if (!wire_end(&w, "START", e))
		return false;
	*ret = m;
	return true;
}

void
msg_failed_put(struct buf *b, const struct msg_failed *m)
{
	wire_put_u8(b, (uint8_t)m->code);
	wire_put_bytes(b, m->text);
}

bool
msg_failed_get(struct bytes body, struct msg_failed *ret, struct err *e)
{
	struct wire w = wire_open(body);
	struct msg_failed m;

	m.code = (enum err_code)msg_field_u8(&w, ERR_NONE + 1, ERR__MAX - 1);
	m.text = msg_field_text(&w, 0, ERR_DETAIL_LEN - 1);
	if (!wire_end(&w, "FAILED", e))
		return false;
	*ret = m;
	return true;
}
