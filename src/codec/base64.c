/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing is GnuTLS's.  It reads leniently, so each character had to be looked at
 * beforehand (RFC 4648 3.2, 3.3, 3.5); as that tells its value, reading is done here,
 * in one pass: an OCSP request and each part of an ACME request come this way.
 */
#include "codec/base64.h"

#include <gnutls/gnutls.h>
#include <limits.h>

#include "base/mem.h"

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

/*
 * The six bits of a character, plus one; 0: it is not of the alphabet.  A table, because
 * no processor guesses which range the next character is in.
 */
/* clang-format off */
#define LETTERS \
	['A'] = 1, ['B'] = 2, ['C'] = 3, ['D'] = 4, ['E'] = 5, ['F'] = 6, \
	['G'] = 7, ['H'] = 8, ['I'] = 9, ['J'] = 10, ['K'] = 11, ['L'] = 12, \
	['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16, ['Q'] = 17, ['R'] = 18, \
	['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24, \
	['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, \
	['e'] = 31, ['f'] = 32, ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, \
	['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40, ['o'] = 41, ['p'] = 42, \
	['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48, \
	['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, \
	['2'] = 55, ['3'] = 56, ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, \
	['8'] = 61, ['9'] = 62
/* clang-format on */
static const uint8_t values[256] = { LETTERS, ['+'] = 63, ['/'] = 64 };
static const uint8_t url_values[256] = { LETTERS, ['-'] = 63, ['_'] = 64 };

/* How many characters come before the padding, which is as it has to be. */
static bool
check_padding(struct bytes s, enum padding padding, size_t *ret_n, struct err *e)
{
	size_t n = s.n;

	while (n > 0 && s.n - n < 2 && s.p[n - 1] == '=')
		n--;
	const size_t pad = s.n - n, due = (4 - n % 4) % 4;
	if (n % 4 == 1)
		return err_set(e, ERR_MALFORMED, "base64: one character too many");
	if (padding == PADDING_MUST_NOT && pad > 0)
		return err_set(e, ERR_MALFORMED, "base64url: padding is not allowed");
	if (pad != due && (padding == PADDING_MUST || pad > 0))
		return err_set(e, ERR_MALFORMED,
		    "base64: %zu octets of padding, %zu are due", pad, due);
	*ret_n = n;
	return true;
}

/* 'to' has room for what 'n' characters hold. */
static bool
read_values(const uint8_t *s, size_t n, bool url, uint8_t *to, struct err *e)
{
	const uint8_t *const table = url ? url_values : values;
	uint32_t held = 0; /* values whose bits are not all written */
	unsigned bits = 0;

	for (size_t i = 0; i < n; i++) {
		const unsigned v = table[s[i]];

		if (v == 0)
			return err_set(e, ERR_MALFORMED,
			    "base64: octet %02x at %zu is not of the alphabet", s[i],
			    i);
		held = held << 6 | (v - 1);
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			*to++ = (uint8_t)(held >> bits);
		}
	}
	if ((held & ((UINT32_C(1) << bits) - 1)) != 0)
		return err_set(e, ERR_MALFORMED, "base64: unused bits are not zero");
	return true;
}

static bool
read_strict(struct bytes s, bool url, enum padding padding, struct buf *ret,
    struct err *e)
{
	const struct buf before = *ret;
	size_t n = 0;

	if (!check_padding(s, padding, &n, e))
		return false;
	if (n == 0)
		return true;

	const size_t octets = n / 4 * 3 + (n % 4) * 6 / 8;
	uint8_t *to = buf_reserve(ret, octets);
	if (to == NULL)
		return buf_ok(ret, "what base64 holds", e);
	if (read_values(s.p, n, url, to, e))
		return true;
	mem_wipe(to, octets);
	ret->n = before.n;
	if (before.p == NULL)
		buf_free(ret);
	return false;
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
