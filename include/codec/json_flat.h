/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_flat - what nearly every JWS is made of, and every note: one object whose members
 * are strings that stand for themselves.  Such a text is read in place; of any other the
 * JSON reader says what it is and what is wrong with it (codec/json.h).
 */
#ifndef CODEC_JSON_FLAT_H
#define CODEC_JSON_FLAT_H

#include "base/bytes.h"

#define JSON_FLAT_MAX 8 /* members */

struct json_flat {
	struct {
		struct bytes name, value; /* of the text */
	} v[JSON_FLAT_MAX];
	size_t n;
};

/*
 * False, which tells nothing about the text, when it is no object, has more members,
 * one twice, one that is no string, or a string with an escape or an octet that is not
 * printable ASCII.
 */
MUST_CHECK bool json_flat_read(struct bytes text, struct json_flat *ret);
/* NULL when it is absent. */
const struct bytes *json_flat_find(const struct json_flat *o, const char *name);

#endif
