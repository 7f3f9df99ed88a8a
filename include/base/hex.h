/* SPDX-License-Identifier: Apache-2.0 */
/* hex - octets as lower-case hexadecimal. */
#ifndef BASE_HEX_H
#define BASE_HEX_H

#include "base/bytes.h"

/* Writes 2 * b.n characters and a NUL. */
void hex_write(struct bytes b, char *ret);
/*
 * Reads an even number of digits of either case; ':' between octets is let
 * through.  False: another character, odd count, or more than 'max' octets.
 */
MUST_CHECK bool hex_read(struct bytes s, uint8_t *ret, size_t max, size_t *ret_n);

#endif
