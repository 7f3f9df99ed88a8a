/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jws_flat - the JSON that nearly every JWS is made of: one object whose members are
 * strings that stand for themselves.  Such a text is read in place; of any other the
 * JSON reader says what it is and what is wrong with it (codec/json.h).
 */
#ifndef JOSE_JWS_FLAT_H
#define JOSE_JWS_FLAT_H

#include "base/bytes.h"

#define JWS_FLAT_MAX 8 /* members */

struct jws_flat {
	struct {
		struct bytes name, value; /* of the text */
	} v[JWS_FLAT_MAX];
	size_t n;
};

/*
 * False, which tells nothing about the text, when it is no object, has more members,
 * one twice, one that is no string, or a string with an escape or an octet that is not
 * printable ASCII.
 */
MUST_CHECK bool jws_flat_read(struct bytes text, struct jws_flat *ret);
/* NULL when it is absent. */
const struct bytes *jws_flat_find(const struct jws_flat *o, const char *name);

#endif
