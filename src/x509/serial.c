/* SPDX-License-Identifier: Apache-2.0 */
#include "x509/serial.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <string.h>

#include "base/hex.h"
#include "codec/der.h"

#define YEAR_2020   INT64_C(1577836800)
#define TIME_OCTETS 4
#define TIME_MIN    (INT64_C(1) << 24)       /* below: the first octet would be 0 */
#define TIME_MAX    ((INT64_C(1) << 31) - 1) /* above: the INTEGER would take 21 octets */

bool
serial_new(int64_t at, struct serial *ret, struct err *e)
{
	struct serial s = { .n = SERIAL_LEN };
	/* A clock far off costs locality, never a bit of randomness or a valid form. */
	int64_t t = at < YEAR_2020 ? 0 : at - YEAR_2020;

	t = t < TIME_MIN ? TIME_MIN : t > TIME_MAX ? TIME_MAX : t;
	for (size_t i = 0; i < TIME_OCTETS; i++)
		s.b[i] = (uint8_t)(t >> (8 * (TIME_OCTETS - 1 - i)));
	if (gnutls_rnd(GNUTLS_RND_RANDOM, s.b + TIME_OCTETS, SERIAL_LEN - TIME_OCTETS) <
	    0)
		return err_set(e, ERR_INTERNAL, "serial: no random octets to be had");
	*ret = s;
	return true;
}

bool
serial_from_bytes(struct bytes magnitude, struct serial *ret, struct err *e)
{
	if (magnitude.n == 0 || magnitude.n > SERIAL_LEN || magnitude.p[0] == 0)
		return err_set(e, ERR_MALFORMED,
		    "a serial has 1 to %d octets and is not 0", SERIAL_LEN);
	*ret = (struct serial){ .n = (uint8_t)magnitude.n };
	memcpy(ret->b, magnitude.p, magnitude.n);
	return true;
}

bool
serial_from_der(struct bytes content, struct serial *ret, struct err *e)
{
	struct bytes magnitude;

	/* RFC 5280 4.1.2.2 bounds the content, not the magnitude. */
	if (content.n > SERIAL_LEN)
		return err_set(e, ERR_MALFORMED, "a serial of over %d octets",
		    SERIAL_LEN);
	if (!der_get_integer(content, &magnitude, e))
		return false;
	return serial_from_bytes(magnitude, ret, e);
}

bool
serial_from_hex(struct bytes hex, struct serial *ret, struct err *e)
{
	char digits[2 * SERIAL_LEN + 1] = "0"; /* one more in front, for odd counts */
	uint8_t octets[SERIAL_LEN];
	size_t n = 1, got;

	for (size_t i = 0; i < hex.n; i++) {
		const char c = (char)hex.p[i];

		if (c == ':' || (c == '0' && n == 1)) /* openssl pads with 00 */
			continue;
		if (n == sizeof(digits))
			return err_set(e, ERR_MALFORMED, "a serial of over %d octets",
			    SERIAL_LEN);
		digits[n++] = c;
	}
	const size_t skip = n % 2;
	if (!hex_read(bytes_of(digits + skip, n - skip), octets, sizeof(octets), &got))
		return err_set(e, ERR_MALFORMED,
		    "a serial is hex digits, with or without colons");
	return serial_from_bytes(bytes_of(octets, got), ret, e);
}

struct bytes
serial_bytes(const struct serial *s)
{
	return bytes_of(s->b, s->n);
}

bool
serial_eq(const struct serial *a, const struct serial *b)
{
	return bytes_eq(serial_bytes(a), serial_bytes(b));
}

void
serial_to_hex(const struct serial *s, char hex[static SERIAL_HEX_LEN])
{
	hex_write(serial_bytes(s), hex);
}

size_t
serial_der_len(const struct serial *s)
{
	return s->n + (size_t)(s->b[0] >> 7);
}
