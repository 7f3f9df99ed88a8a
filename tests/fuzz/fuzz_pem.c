/* SPDX-License-Identifier: Apache-2.0 */
/* PEM texts and base64: all blocks are read, and what was read is written and read again. */
#include <gnutls/gnutls.h>

#include "codec/base64.h"
#include "codec/pem.h"
#include "fuzz.h"

static void
again(struct bytes der)
{
	struct buf text, back;
	struct bytes rest, label;
	struct err e = { 0 };

	buf_init(&text, MIB(16));
	buf_init(&back, MIB(16));
	pem_put(&text, "X", der);
	rest = buf_bytes(&text);
	if (!pem_next(&rest, &label, &back, &e) || rest.n != 0 ||
	    !bytes_eq(buf_bytes(&back), der))
		abort();
	buf_free(&back);
	buf_free(&text);
}

/* GnuTLS reads the same octets, and writes the same text of them. */
static void
as_gnutls_reads_it(struct bytes text, struct bytes octets)
{
	const gnutls_datum_t in = { (unsigned char *)(uintptr_t)text.p,
		(unsigned)text.n };
	const gnutls_datum_t plain = { (unsigned char *)(uintptr_t)octets.p,
		(unsigned)octets.n };
	gnutls_datum_t out = { NULL, 0 };

	if (octets.n == 0)
		return;
	require(gnutls_base64_decode2(&in, &out) >= 0 &&
		bytes_eq(bytes_of(out.data, out.size), octets));
	gnutls_free(out.data);
	require(gnutls_base64_encode2(&plain, &out) >= 0 &&
		bytes_eq(bytes_of(out.data, out.size), text));
	gnutls_free(out.data);
}

/* Each text that is base64 is the only one of its octets. */
static void
base64_is_one_to_one(struct bytes s)
{
	struct buf octets, text;
	struct err e = { 0 };

	buf_init(&octets, MIB(16));
	buf_init(&text, MIB(16));
	if (base64_read(s, &octets, &e)) {
		base64_put(&text, buf_bytes(&octets));
		if (!bytes_eq(buf_bytes(&text), s))
			abort();
		as_gnutls_reads_it(s, buf_bytes(&octets));
	}
	buf_clear(&octets);
	buf_clear(&text);
	if (base64url_read(s, &octets, &e)) {
		base64url_put(&text, buf_bytes(&octets));
		if (!bytes_eq(buf_bytes(&text), s))
			abort();
	}
	buf_clear(&octets);
	if (!base64_read_lax(s, &octets, &e) && octets.n != 0)
		abort();
	buf_free(&text);
	buf_free(&octets);
}

FUZZ_TARGET(pem)
{
	struct bytes rest = bytes_of(p, n), label;
	struct buf der;
	struct err e = { 0 };

	buf_init(&der, MIB(16));
	for (;;) {
		const size_t left = rest.n;

		buf_clear(&der);
		if (!pem_next(&rest, &label, &der, &e))
			break;
		if (rest.n >= left || !pem_looks_like(bytes_of(p, n)))
			abort();
		again(buf_bytes(&der));
	}
	buf_free(&der);
	base64_is_one_to_one(bytes_of(p, n));
	return 0;
}
