/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire - how our own messages and records are laid out: big-endian numbers and
 * octet strings with a 32-bit length.
 *
 * Writing goes to a struct buf (whose limit sticks); reading is by a cursor
 * whose failure sticks: a reader is a list of gets, checked once by wire_end().
 */
#ifndef CODEC_WIRE_H
#define CODEC_WIRE_H

#include "base/buf.h"

void wire_put_u8(struct buf *b, uint8_t v);
void wire_put_u16(struct buf *b, uint16_t v);
void wire_put_u32(struct buf *b, uint32_t v);
void wire_put_u64(struct buf *b, uint64_t v);
void wire_put_i64(struct buf *b, int64_t v);
void wire_put_bool(struct buf *b, bool v);
void wire_put_bytes(struct buf *b, struct bytes v);
void wire_put_str(struct buf *b, const char *s); /* NULL travels as "" */

struct wire {
	struct bytes rest;
	bool bad;
};

struct wire wire_open(struct bytes b);
uint8_t wire_u8(struct wire *w);
uint16_t wire_u16(struct wire *w);
uint32_t wire_u32(struct wire *w);
uint64_t wire_u64(struct wire *w);
int64_t wire_i64(struct wire *w);
bool wire_bool(struct wire *w);          /* only 0 and 1 are let through */
struct bytes wire_bytes(struct wire *w); /* borrowed from what was opened */
char *wire_str(struct wire *w); /* a copy, free(); a NUL inside is bad; never NULL */
/* A count of things that take at least 'least' octets each: one that cannot be is bad. */
uint32_t wire_count(struct wire *w, size_t least);
/* ERR_MALFORMED naming 'what' when something was bad or octets are left over. */
MUST_CHECK bool wire_end(const struct wire *w, const char *what, struct err *e);

#endif
