/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/json_flat.h"

#include <string.h>

/* RFC 8259 2 */
static struct bytes
past_blanks(struct bytes b)
{
	size_t n = 0;

	while (n < b.n &&
	       (b.p[n] == ' ' || b.p[n] == '\t' || b.p[n] == '\n' || b.p[n] == '\r'))
		n++;
	return bytes_skip(b, n);
}

static bool
take(struct bytes *rest, uint8_t c)
{
	*rest = past_blanks(*rest);
	if (rest->n == 0 || rest->p[0] != c)
		return false;
	*rest = bytes_skip(*rest, 1);
	return true;
}

/* What stands for itself in a string: printable ASCII but for '"' and '\\'. */
static const bool plain[256] = {
	[0x20 ... 0x21] = true,
	[0x23 ... 0x5b] = true,
	[0x5d ... 0x7e] = true,
};

static bool
take_string(struct bytes *rest, struct bytes *ret)
{
	size_t n = 0;

	if (!take(rest, '"'))
		return false;
	while (n < rest->n && plain[rest->p[n]])
		n++;
	if (n == rest->n || rest->p[n] != '"')
		return false;
	*ret = bytes_of(rest->p, n);
	*rest = bytes_skip(*rest, n + 1);
	return true;
}

static bool
take_member(struct bytes *rest, struct json_flat *o)
{
	struct bytes name, value;

	if (o->n == JSON_FLAT_MAX || !take_string(rest, &name) || !take(rest, ':') ||
	    !take_string(rest, &value))
		return false;
	for (size_t i = 0; i < o->n; i++)
		if (bytes_eq(o->v[i].name, name))
			return false;
	o->v[o->n].name = name;
	o->v[o->n++].value = value;
	return true;
}

bool
json_flat_read(struct bytes text, struct json_flat *ret)
{
	struct json_flat o = { .n = 0 };

	if (!take(&text, '{'))
		return false;
	do {
		if (!take_member(&text, &o))
			return false;
	} while (take(&text, ','));
	if (!take(&text, '}') || past_blanks(text).n > 0)
		return false;
	*ret = o;
	return true;
}

const struct bytes *
json_flat_find(const struct json_flat *o, const char *name)
{
	for (size_t i = 0; i < o->n; i++)
		if (bytes_eq_str(o->v[i].name, name))
			return &o->v[i].value;
	return NULL;
}
