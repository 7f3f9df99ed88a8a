/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hex.h"

void
hex_write(struct bytes b, char *ret)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < b.n; i++) {
		*ret++ = digits[b.p[i] >> 4];
		*ret++ = digits[b.p[i] & 15];
	}
	*ret = '\0';
}

static int
digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool
hex_read(struct bytes s, uint8_t *ret, size_t max, size_t *ret_n)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i += 2) {
		if (s.p[i] == ':' && n > 0)
			i++;
		if (s.n - i < 2 || n == max)
			return false;
		const int high = digit(s.p[i]), low = digit(s.p[i + 1]);
		if (high < 0 || low < 0)
			return false;
		ret[n++] = (uint8_t)(high << 4 | low);
	}
	*ret_n = n;
	return true;
}
