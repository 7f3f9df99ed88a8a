/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bytes.h"

#include <string.h>
#include <strings.h>

struct bytes
bytes_of(const void *p, size_t n)
{
	return (struct bytes){ p, n };
}

struct bytes
bytes_str(const char *s)
{
	return (struct bytes){ (const uint8_t *)s, s == NULL ? 0 : strlen(s) };
}

bool
bytes_eq(struct bytes a, struct bytes b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool
bytes_eq_str(struct bytes a, const char *s)
{
	return bytes_eq(a, bytes_str(s));
}

bool
bytes_eq_nocase(struct bytes a, const char *s)
{
	return a.n == strlen(s) &&
	       (a.n == 0 || strncasecmp((const char *)a.p, s, a.n) == 0);
}

bool
bytes_starts(struct bytes a, const char *prefix)
{
	const size_t n = strlen(prefix);

	return a.n >= n && (n == 0 || memcmp(a.p, prefix, n) == 0);
}

bool
bytes_has_nul(struct bytes a)
{
	return a.n > 0 && memchr(a.p, 0, a.n) != NULL;
}

struct bytes
bytes_skip(struct bytes b, size_t n)
{
	if (n >= b.n)
		return (struct bytes){ NULL, 0 };
	return (struct bytes){ b.p + n, b.n - n };
}

size_t
bytes_index(struct bytes b, uint8_t c)
{
	const uint8_t *at = b.n > 0 ? memchr(b.p, c, b.n) : NULL;

	return at == NULL ? b.n : (size_t)(at - b.p);
}

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct bytes
bytes_trim(struct bytes b)
{
	while (b.n > 0 && is_blank(b.p[0]))
		b = (struct bytes){ b.p + 1, b.n - 1 };
	while (b.n > 0 && is_blank(b.p[b.n - 1]))
		b.n--;
	return b;
}

bool
bytes_to_str(struct bytes b, char *ret, size_t size)
{
	if (b.n >= size || bytes_has_nul(b))
		return false;
	if (b.n > 0)
		memcpy(ret, b.p, b.n);
	ret[b.n] = '\0';
	return true;
}
