/* SPDX-License-Identifier: Apache-2.0 */
/*
 * msg_field - reading the fields of a message within their ranges.
 *
 * What is out of range sets w->bad, so that wire_end() tells.
 */
#ifndef IPC_MSG_FIELD_H
#define IPC_MSG_FIELD_H

#include "codec/wire.h"

#define MSG_FIELD_TIME_MAX INT64_C(253402300799) /* 9999-12-31T23:59:59Z */
#define MSG_FIELD_NAME_MAX 32 /* octets of an issuer's or profile's name */

struct bytes msg_field_bytes(struct wire *w, size_t least, size_t most);
/* Printable ASCII and UTF-8: no control character. */
struct bytes msg_field_text(struct wire *w, size_t least, size_t most);
struct bytes msg_field_name(struct wire *w);   /* 1 to 32 octets of [a-z0-9-] */
struct bytes msg_field_serial(struct wire *w); /* 1 to 20 octets, no leading 00 */
unsigned msg_field_u8(struct wire *w, unsigned least, unsigned most);
int64_t msg_field_time(struct wire *w); /* 1970 to 9999 */
/* A word of sets.h's enum reason. */
unsigned msg_field_reason(struct wire *w);

#endif
