/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The translation itself is GnuTLS's; it is lenient, so what is strict about
 * RFC 4648 (3.2, 3.3, 3.5) is checked here beforehand.
 */
#include "codec/base64.h"

#include <gnutls/gnutls.h>
#include <limits.h>
#include <string.h>

#include "base/mem.h"

#define READ_MAX MIB(512) /* gnutls_datum_t counts in unsigned int */

enum padding {
	PADDING_MUST,
	PADDING_MAY,
	PADDING_MUST_NOT
};

/* The octets came from or go to GnuTLS and may be a key: never left behind. */
static void
wipe_datum(gnutls_datum_t *d)
{
	if (d->data != NULL)
		gnutls_memset(d->data, 0, d->size);
	gnutls_free(d->data);
}

static bool
encode(struct buf *b, struct bytes v, gnutls_datum_t *ret)
{
	gnutls_datum_t in = { (unsigned char *)(uintptr_t)v.p, (unsigned)v.n };

	/* What cannot fit is not tried; 4/3 of UINT_MAX / 2 is still an unsigned int. */
	if (v.n > UINT_MAX / 2 || gnutls_base64_encode2(&in, ret) < 0) {
		b->full = true;
		return false;
	}
	return true;
}

void
base64_put(struct buf *b, struct bytes v)
{
	gnutls_datum_t out = { NULL, 0 };

	if (v.n == 0 || !encode(b, v, &out))
		return;
	buf_put(b, bytes_of(out.data, out.size));
	wipe_datum(&out);
}

void
base64url_put(struct buf *b, struct bytes v)
{
	gnutls_datum_t out = { NULL, 0 };

	if (v.n == 0 || !encode(b, v, &out))
		return;
	unsigned n = out.size;
	while (n > 0 && out.data[n - 1] == '=')
		n--;
	for (unsigned i = 0; i < n; i++)
		if (out.data[i] == '+')
			out.data[i] = '-';
		else if (out.data[i] == '/')
			out.data[i] = '_';
	buf_put(b, bytes_of(out.data, n));
	wipe_datum(&out);
}

/* The six bits of a character, or -1. */
static int
value_of(uint8_t c, bool url)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == (url ? '-' : '+'))
		return 62;
	return c == (url ? '_' : '/') ? 63 : -1;
}

/* Is 's' what an encoder makes?  Says how many characters come before the padding. */
static bool
check(struct bytes s, bool url, enum padding padding, size_t *ret_n, struct err *e)
{
	size_t n = s.n;

	while (n > 0 && s.n - n < 2 && s.p[n - 1] == '=')
		n--;
	const size_t pad = s.n - n, due = (4 - n % 4) % 4;
	for (size_t i = 0; i < n; i++)
		if (value_of(s.p[i], url) < 0)
			return err_set(e, ERR_MALFORMED,
			    "base64: octet %02x at %zu is not of the alphabet", s.p[i],
			    i);
	if (n % 4 == 1)
		return err_set(e, ERR_MALFORMED, "base64: one character too many");
	if (padding == PADDING_MUST_NOT && pad > 0)
		return err_set(e, ERR_MALFORMED, "base64url: padding is not allowed");
	if (pad != due && (padding == PADDING_MUST || pad > 0))
		return err_set(e, ERR_MALFORMED,
		    "base64: %zu octets of padding, %zu are due", pad, due);
	if (due > 0 && (value_of(s.p[n - 1], url) & (due == 2 ? 0x0f : 0x03)) != 0)
		return err_set(e, ERR_MALFORMED, "base64: unused bits are not zero");
	*ret_n = n;
	return true;
}

static bool
read_strict(struct bytes s, bool url, enum padding padding, struct buf *ret,
    struct err *e)
{
	gnutls_datum_t out = { NULL, 0 };
	size_t n = 0;

	if (s.n > READ_MAX)
		return err_set(e, ERR_TOO_LARGE, "base64: over %zu octets", READ_MAX);
	if (!check(s, url, padding, &n, e))
		return false;
	if (n == 0)
		return true;

	/* GnuTLS wants the standard alphabet and whole groups of four. */
	const size_t whole = (n + 3) / 4 * 4;
	uint8_t *std = mem_zalloc(whole);
	memcpy(std, s.p, n);
	memset(std + n, '=', whole - n);
	for (size_t i = 0; url && i < n; i++)
		if (std[i] == '-')
			std[i] = '+';
		else if (std[i] == '_')
			std[i] = '/';
	const gnutls_datum_t in = { std, (unsigned)whole };
	const int rc = gnutls_base64_decode2(&in, &out);
	mem_wipe_free(std, whole);
	if (rc < 0)
		return err_set(e, ERR_MALFORMED, "base64: %s", gnutls_strerror(rc));
	buf_put(ret, bytes_of(out.data, out.size));
	wipe_datum(&out);
	return buf_ok(ret, "what base64 holds", e);
}

bool
base64_read(struct bytes s, struct buf *ret, struct err *e)
{
	return read_strict(s, false, PADDING_MUST, ret, e);
}

bool
base64_read_lax(struct bytes s, struct buf *ret, struct err *e)
{
	return read_strict(s, false, PADDING_MAY, ret, e);
}

bool
base64url_read(struct bytes s, struct buf *ret, struct err *e)
{
	return read_strict(s, true, PADDING_MUST_NOT, ret, e);
}
