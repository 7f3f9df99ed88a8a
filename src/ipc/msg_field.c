/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/msg_field.h"

#include "base/sets.h"

#define SERIAL_MAX 20 /* octets (RFC 5280 4.1.2.2) */

struct bytes
msg_field_bytes(struct wire *w, size_t least, size_t most)
{
	const struct bytes v = wire_bytes(w);

	if (v.n < least || v.n > most)
		w->bad = true;
	return v;
}

struct bytes
msg_field_text(struct wire *w, size_t least, size_t most)
{
	const struct bytes v = msg_field_bytes(w, least, most);

	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] < 0x20 || v.p[i] == 0x7f)
			w->bad = true;
	return v;
}

struct bytes
msg_field_name(struct wire *w)
{
	const struct bytes v = msg_field_bytes(w, 1, MSG_FIELD_NAME_MAX);

	for (size_t i = 0; i < v.n; i++) {
		const uint8_t c = v.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-')
			w->bad = true;
	}
	return v;
}

struct bytes
msg_field_serial(struct wire *w)
{
	const struct bytes v = msg_field_bytes(w, 1, SERIAL_MAX);

	if (v.n > 0 && v.p[0] == 0)
		w->bad = true;
	return v;
}

unsigned
msg_field_u8(struct wire *w, unsigned least, unsigned most)
{
	const unsigned v = wire_u8(w);

	if (v < least || v > most)
		w->bad = true;
	return v;
}

int64_t
msg_field_time(struct wire *w)
{
	const int64_t v = wire_i64(w);

	if (v < 0 || v > MSG_FIELD_TIME_MAX)
		w->bad = true;
	return v;
}

unsigned
msg_field_reason(struct wire *w)
{
	const unsigned v = wire_u8(w);

	if (sets_reason_word(v) == NULL)
		w->bad = true;
	return v;
}
