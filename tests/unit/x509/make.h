/* SPDX-License-Identifier: Apache-2.0 */
/* make - DER as a test wants it, right or wrong, and requests of it. */
#ifndef UNIT_MAKE_H
#define UNIT_MAKE_H

#include "stranger.h"

/* A string literal as octets; a NUL inside counts. */
#define MAKE_T(s) ((struct bytes){ (const uint8_t *)(s), sizeof(s) - 1 })

/* Appends one element. */
void make_tlv(struct buf *ret, unsigned tag, struct bytes body);
void make_oid(struct buf *ret, const char *dotted);
/* Wraps all of 'b' as the content of 'tag'. */
void make_wrap(struct buf *b, unsigned tag);

/* Appends an Extension of a request. */
void make_extension(struct buf *ret, const char *oid, struct bytes value);
/* Appends an Attribute with one value: SEQUENCE { extensions }. */
void make_attribute(struct buf *ret, const char *oid, struct bytes extensions);

struct make_csr {
	uint64_t version;
	const char *cn;          /* NULL: no CN */
	struct bytes subject;    /* a Name instead of 'cn' */
	struct bytes spki;       /* empty: the stranger's own */
	struct bytes attributes; /* content of [0] */
	struct bytes sig_alg;    /* empty: the stranger's own */
};
/* The request, signed by 's'. */
void make_csr(const struct stranger *s, const struct make_csr *m, struct buf *ret);
/* The same with CN "a.b" and these attributes; with these extensions; with this extension. */
void make_csr_with_attributes(const struct stranger *s, struct bytes attributes,
    struct buf *ret);
void make_csr_with_extensions(const struct stranger *s, struct bytes extensions,
    struct buf *ret);
void make_csr_with_extension(const struct stranger *s, const char *oid,
    struct bytes value, struct buf *ret);

#endif
