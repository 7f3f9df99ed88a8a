/* SPDX-License-Identifier: Apache-2.0 */
/* The reader.  Whatever is not DER is refused, so that what was read, written again, is the same. */
#include "codec/der.h"

#include <string.h>

#define TAG_NUMBER      0x1fu
#define TAG_CONSTRUCTED 0x20u
#define TAG_CLASS       0xc0u

/* X.690 8.1.2: which tags are read at all. */
static bool
tag_is_fit(unsigned tag)
{
	if ((tag & TAG_NUMBER) == TAG_NUMBER) /* of several octets */
		return false;
	if ((tag & TAG_CLASS) != 0)
		return true;
	/* X.690 10.2: no string in pieces; sequences and sets are always constructed. */
	const bool constructed = (tag & TAG_CONSTRUCTED) != 0;
	const bool collection = tag == DER_SEQUENCE || tag == DER_SET;
	const bool flat_collection = (tag | TAG_CONSTRUCTED) == DER_SEQUENCE ||
				     (tag | TAG_CONSTRUCTED) == DER_SET;
	return tag != 0 && constructed == collection && collection == flat_collection;
}

/* Reads the length octets behind the tag.  False: cut off, indefinite or not minimal. */
static bool
take_length(struct bytes in, size_t *ret_len, size_t *ret_header)
{
	size_t len = 0;

	if (in.n < 2)
		return false;
	if (in.p[1] < 0x80) {
		*ret_len = in.p[1];
		*ret_header = 2;
		return true;
	}
	const size_t octets = in.p[1] & 0x7fu;
	if (octets == 0 || octets > 4 || in.n - 2 < octets || in.p[2] == 0)
		return false;
	for (size_t i = 0; i < octets; i++)
		len = len << 8 | in.p[2 + i];
	if (len < 0x80)
		return false;
	*ret_len = len;
	*ret_header = 2 + octets;
	return true;
}

bool
der_next(struct bytes *rest, struct der *ret, struct err *e)
{
	const struct bytes in = *rest;
	size_t len, header;

	if (in.n == 0)
		return err_set(e, ERR_MALFORMED, "DER: ends where more is due");
	if (!tag_is_fit(in.p[0]))
		return err_set(e, ERR_MALFORMED, "DER: tag %02x", in.p[0]);
	if (!take_length(in, &len, &header))
		return err_set(e, ERR_MALFORMED, "DER: a length that is not DER");
	if (len > in.n - header)
		return err_set(e, ERR_MALFORMED, "DER: an element is cut off");
	*ret = (struct der){ .tag = in.p[0],
		.body = { in.p + header, len },
		.whole = { in.p, header + len } };
	*rest = (struct bytes){ in.p + header + len, in.n - header - len };
	return true;
}

bool
der_expect(struct bytes *rest, unsigned tag, struct der *ret, struct err *e)
{
	struct bytes after = *rest;
	struct der found;

	if (!der_next(&after, &found, e))
		return false;
	if (found.tag != tag)
		return err_set(e, ERR_MALFORMED, "DER: tag %02x where %02x is due",
		    found.tag, tag);
	*ret = found;
	*rest = after;
	return true;
}

bool
der_optional(struct bytes *rest, unsigned tag, struct der *ret, bool *ret_there,
    struct err *e)
{
	if (rest->n == 0 || rest->p[0] != tag) {
		*ret_there = false;
		return true;
	}
	if (!der_next(rest, ret, e))
		return false;
	*ret_there = true;
	return true;
}

bool
der_enter(struct bytes *rest, unsigned tag, struct err *e)
{
	size_t len, header;

	if (rest->n == 0 || rest->p[0] != tag || !take_length(*rest, &len, &header))
		return err_set(e, ERR_MALFORMED, "DER: no element of tag %02x", tag);
	*rest = bytes_skip(*rest, header);
	return true;
}

bool
der_whole(struct bytes in, unsigned tag, struct der *ret, struct err *e)
{
	struct der found;

	if (!der_expect(&in, tag, &found, e))
		return false;
	if (in.n > 0)
		return err_set(e, ERR_MALFORMED, "DER: octets behind the end");
	*ret = found;
	return true;
}

bool
der_done(struct bytes rest, const char *what, struct err *e)
{
	if (rest.n > 0)
		return err_set(e, ERR_MALFORMED, "%s: holds more than it may", what);
	return true;
}

bool
der_get_bool(struct bytes body, bool *ret, struct err *e)
{
	if (body.n != 1 || (body.p[0] != 0x00 && body.p[0] != 0xff))
		return err_set(e, ERR_MALFORMED, "DER: not a BOOLEAN");
	*ret = body.p[0] != 0;
	return true;
}

bool
der_get_integer(struct bytes body, struct bytes *ret_magnitude, struct err *e)
{
	if (body.n == 0 || (body.p[0] & 0x80) != 0)
		return err_set(e, ERR_MALFORMED, "DER: an empty or negative INTEGER");
	if (body.n > 1 && body.p[0] == 0) {
		if ((body.p[1] & 0x80) == 0)
			return err_set(e, ERR_MALFORMED, "DER: a padded INTEGER");
		body = bytes_skip(body, 1);
	}
	*ret_magnitude = body;
	return true;
}

bool
der_get_uint(struct bytes body, uint64_t *ret, struct err *e)
{
	struct bytes m;
	uint64_t v = 0;

	if (!der_get_integer(body, &m, e))
		return false;
	if (m.n > sizeof(v))
		return err_set(e, ERR_MALFORMED, "DER: an INTEGER over 64 bits");
	for (size_t i = 0; i < m.n; i++)
		v = v << 8 | m.p[i];
	*ret = v;
	return true;
}

/* Takes one base-128 number.  False: cut off, padded or over 64 bits. */
static bool
take_arc(struct bytes *rest, uint64_t *ret)
{
	uint64_t v = 0;

	if (rest->n > 0 && rest->p[0] == 0x80)
		return false;
	for (size_t i = 0; i < rest->n; i++) {
		if (v >> 57 != 0)
			return false;
		v = v << 7 | (rest->p[i] & 0x7f);
		if ((rest->p[i] & 0x80) == 0) {
			*rest = bytes_skip(*rest, i + 1);
			*ret = v;
			return true;
		}
	}
	return false;
}

/* Writes '.' and the number; gives where the next one goes, or NULL when 'end' is too near. */
static char *
put_arc(char *at, const char *end, uint64_t arc)
{
	char digits[20];
	size_t n = 0;

	do
		digits[n++] = (char)('0' + arc % 10);
	while ((arc /= 10) != 0);
	if ((size_t)(end - at) < n + 2) /* and a NUL behind the last */
		return NULL;
	*at++ = '.';
	while (n > 0)
		*at++ = digits[--n];
	return at;
}

/* Every certificate has a dozen of them to be read, so no printf(3) here. */
bool
der_get_oid(struct bytes body, char *ret, size_t size, struct err *e)
{
	char text[129], *at = text;
	const char *const end = text + sizeof(text);
	uint64_t arc;

	if (!take_arc(&body, &arc))
		return err_set(e, ERR_MALFORMED, "DER: not an OBJECT IDENTIFIER");
	/* X.690 8.19.4: the first two arcs share a number. */
	const uint64_t top = arc < 80 ? arc / 40 : 2;
	at = put_arc(at, end, top);
	at = put_arc(at, end, arc - top * 40);
	while (at != NULL && body.n > 0) {
		if (!take_arc(&body, &arc))
			return err_set(e, ERR_MALFORMED,
			    "DER: not an OBJECT IDENTIFIER");
		at = put_arc(at, end, arc);
	}
	/* The text begins behind the first dot. */
	if (at == NULL || (size_t)(at - text) > size)
		return err_set(e, ERR_MALFORMED, "DER: an OBJECT IDENTIFIER too long");
	memcpy(ret, text + 1, (size_t)(at - text) - 1);
	ret[at - text - 1] = '\0';
	return true;
}

bool
der_is_oid(struct bytes body)
{
	uint64_t arc;

	if (body.n == 0)
		return false;
	while (body.n > 0)
		if (!take_arc(&body, &arc))
			return false;
	return true;
}

bool
der_get_bits(struct bytes body, struct bytes *ret, struct err *e)
{
	if (body.n == 0 || body.p[0] != 0)
		return err_set(e, ERR_MALFORMED,
		    "DER: a BIT STRING that is no whole octets");
	*ret = (struct bytes){ body.p + 1, body.n - 1 };
	return true;
}
