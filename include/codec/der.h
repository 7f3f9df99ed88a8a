/* SPDX-License-Identifier: Apache-2.0 */
/*
 * der - ASN.1 DER, written and read (X.690).
 *
 * The writer fills from the back: what is inside is written first, then its
 * header, so no length is ever computed beforehand.  Octets land in front of
 * those that are there:
 *
 *	size_t end = der_mark(w);
 *	der_put_null(w);              // last member first
 *	der_put_oid(w, "1.2.840...");
 *	der_wrap(w, DER_SEQUENCE, end);
 *
 * The writer's failures stick, der_take() tells.  The reader accepts DER only:
 * minimal lengths, definite form, one-octet tags below 31.
 */
#ifndef CODEC_DER_H
#define CODEC_DER_H

#include "base/buf.h"

enum der_tag {
	DER_BOOLEAN = 0x01,
	DER_INTEGER = 0x02,
	DER_BIT_STRING = 0x03,
	DER_OCTET_STRING = 0x04,
	DER_NULL = 0x05,
	DER_OID = 0x06,
	DER_ENUMERATED = 0x0a,
	DER_UTF8_STRING = 0x0c,
	DER_PRINTABLE_STRING = 0x13,
	DER_IA5_STRING = 0x16,
	DER_UTC_TIME = 0x17,
	DER_GENERALIZED_TIME = 0x18,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31
};

#define DER_CONTEXT(n)             (0x80 | (n)) /* [n] IMPLICIT primitive */
#define DER_CONTEXT_CONSTRUCTED(n) (0xa0 | (n)) /* [n] EXPLICIT or constructed */

/* ---- writing ---- */

struct derw {
	uint8_t *p; /* the block; what is written ends at p + cap */
	size_t cap;
	size_t n; /* octets written, from the back */
	size_t max;
	bool full;
	bool bad; /* a value that DER cannot hold: bad OID text, bad time */
};

void derw_init(struct derw *w, size_t max);
void derw_free(struct derw *w);
/* How much is written so far: give it to der_wrap(). */
size_t der_mark(const struct derw *w);
/* Wraps all that was written since 'mark' as the content of 'tag'. */
void der_wrap(struct derw *w, unsigned tag, size_t mark);
/* As der_wrap(BIT STRING): puts the octet of unused bits (0) in front first. */
void der_wrap_bits(struct derw *w, size_t mark);
void der_put_raw(struct derw *w, struct bytes v);               /* as it stands */
void der_put_tlv(struct derw *w, unsigned tag, struct bytes v); /* header and content */
void der_put_null(struct derw *w);
void der_put_bool(struct derw *w, bool v); /* TRUE is FF */
void der_put_uint(struct derw *w, uint64_t v);
void der_put_enum(struct derw *w, unsigned v);
/* A non-negative INTEGER from big-endian octets: made minimal, 00 put in front where needed. */
void der_put_integer(struct derw *w, struct bytes be);
void der_put_oid(struct derw *w, const char *dotted);
/* A named BIT STRING (RFC 5280 4.2.1.3): bit 0 is the top bit of 'bits' (16 bits wide);
 * trailing zero bits are cut. */
void der_put_named_bits(struct derw *w, uint16_t bits);
/* UTCTime to 2049, GeneralizedTime from 2050 (RFC 5280 4.1.2.5). */
void der_put_time(struct derw *w, int64_t at);
void der_put_generalized(struct derw *w, int64_t at);
/*
 * The same as whole elements, for what is written without a derw.  Give the
 * octets written, at most DER_TIME_MAX; 0: a year that the form cannot hold.
 */
#define DER_TIME_MAX 17
size_t der_time(int64_t at, uint8_t ret[static DER_TIME_MAX]);
size_t der_generalized(int64_t at, uint8_t ret[static DER_TIME_MAX]);
/* Header of an element of 'n' octets; gives its length. */
#define DER_HEADER_MAX 10
size_t der_header(unsigned tag, uint64_t n, uint8_t ret[static DER_HEADER_MAX]);
/* All that was written, borrowed until the next write or derw_free(). */
struct bytes der_bytes(const struct derw *w);
/* Appends all that was written to 'ret'.  ERR_TOO_LARGE or ERR_INTERNAL naming 'what'. */
MUST_CHECK bool der_take(struct derw *w, const char *what, struct buf *ret,
    struct err *e);

/* ---- reading ---- */

struct der { /* one element */
	unsigned tag;
	struct bytes body;  /* content */
	struct bytes whole; /* header and content */
};

/* Takes the element at the front of '*rest' and moves '*rest' behind it. ERR_MALFORMED. */
MUST_CHECK bool der_next(struct bytes *rest, struct der *ret, struct err *e);
/* As der_next, and the tag must be this one. */
MUST_CHECK bool der_expect(struct bytes *rest, unsigned tag, struct der *ret,
    struct err *e);
/* The same if the next tag is this one; otherwise *ret_there is false and nothing moves. */
MUST_CHECK bool der_optional(struct bytes *rest, unsigned tag, struct der *ret,
    bool *ret_there, struct err *e);
/*
 * Moves '*rest' to the content of the element at the front, of which only the beginning
 * need be there: '*rest' may end before it does, or go on behind it.
 */
MUST_CHECK bool der_enter(struct bytes *rest, unsigned tag, struct err *e);
/* Exactly one element and nothing behind it. */
MUST_CHECK bool der_whole(struct bytes in, unsigned tag, struct der *ret,
    struct err *e);
/* ERR_MALFORMED when octets are left. */
MUST_CHECK bool der_done(struct bytes rest, const char *what, struct err *e);

/* Content octets of an element, checked for their type. */
MUST_CHECK bool der_get_bool(struct bytes body, bool *ret, struct err *e);
MUST_CHECK bool der_get_uint(struct bytes body, uint64_t *ret, struct err *e);
/* Minimal, non-negative: gives the magnitude without a leading 00 (of zero: one 00). */
MUST_CHECK bool der_get_integer(struct bytes body, struct bytes *ret_magnitude,
    struct err *e);
MUST_CHECK bool der_get_oid(struct bytes body, char *ret, size_t size, struct err *e);
/* Is it an OBJECT IDENTIFIER of any length?  What nobody has a name for needs no text. */
bool der_is_oid(struct bytes body);
/* BIT STRING with no unused bits. */
MUST_CHECK bool der_get_bits(struct bytes body, struct bytes *ret, struct err *e);
/* UTCTime or GeneralizedTime? */
bool der_is_time(unsigned tag);
/* The element's tag tells UTCTime or GeneralizedTime; Zulu with seconds only. */
MUST_CHECK bool der_get_time(const struct der *t, int64_t *ret_at, struct err *e);

#endif
