/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json - jansson, with the strictness that a server needs (R85).
 *
 * json_t is jansson's own; release with json_decref().
 */
#ifndef CODEC_JSON_H
#define CODEC_JSON_H

#include <jansson.h>

#include "base/buf.h"

#define JSON_DEPTH_MAX 32

/*
 * jansson's memory does not fail either (base/mem.h), for nobody asks it each time: an
 * answer would leave without what it is to tell.  Before the first use.
 * ERR_UNAVAILABLE: it is older than the one that was built with.
 */
MUST_CHECK bool json_begin(struct err *e);

/* Duplicate members, depth over JSON_DEPTH_MAX, NUL in strings, octets behind: ERR_MALFORMED. */
MUST_CHECK bool json_read(struct bytes in, json_t **ret, struct err *e);
/* Compact, with a newline behind. */
void json_write(struct buf *b, const json_t *v);

/* What an object may hold; a table ends with a row whose name is NULL. */
struct json_member {
	const char *name;
	json_type type; /* JSON_TRUE stands for either boolean */
	bool required;
};

/*
 * ERR_MALFORMED naming the member: 'v' is no object, lacks a required member,
 * has one of another type, or one that is in no row.
 */
MUST_CHECK bool json_check(const json_t *v, const struct json_member *members,
    struct err *e);

/* NULL when absent. */
const char *json_text(const json_t *object, const char *name);

#endif
