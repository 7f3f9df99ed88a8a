/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serial - certificate serial numbers (RFC 5280 4.1.2.2).
 *
 * Those we draw are 20 octets: 4 of time, 16 (128 bits) from the system's
 * random source.  The time is seconds since 2020-01-01, so the top bit stays
 * clear until 2088, the first octet is never 0, and the index stays local.
 * Others' serials have 1 to 20 octets.  A serial is a value.
 */
#ifndef X509_SERIAL_H
#define X509_SERIAL_H

#include "base/bytes.h"
#include "base/err.h"

#define SERIAL_LEN     20 /* octets, at most; exactly of our own */
#define SERIAL_HEX_LEN 41 /* characters, with the NUL */

struct serial {
	uint8_t n;
	uint8_t b[SERIAL_LEN]; /* big-endian magnitude, no leading zero octet */
};

/*
 * Draws a serial whose time is 'at'.  ERR_INTERNAL when the random source
 * fails.  (That no two are equal is the signer's to see to: it never lets 'at'
 * go back, and redraws what it drew in the same second.)
 */
MUST_CHECK bool serial_new(int64_t at, struct serial *ret, struct err *e);
/* From the content octets of an INTEGER: positive, minimal, at most 20 octets. */
MUST_CHECK bool serial_from_der(struct bytes content, struct serial *ret,
    struct err *e);
/* From a magnitude (database, wire): 1 to 20 octets, the first not 0. */
MUST_CHECK bool serial_from_bytes(struct bytes magnitude, struct serial *ret,
    struct err *e);
/* From hex of either case, ':' let through, odd digit counts too. */
MUST_CHECK bool serial_from_hex(struct bytes hex, struct serial *ret, struct err *e);
struct bytes serial_bytes(const struct serial *s);
bool serial_eq(const struct serial *a, const struct serial *b);
/* Lower-case hex and a NUL; cannot fail. */
void serial_to_hex(const struct serial *s, char hex[static SERIAL_HEX_LEN]);
/* Octets of the INTEGER's content: n, or n + 1 when the top bit is set. */
size_t serial_der_len(const struct serial *s);

#endif
