/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_put - JSON written straight into a buffer, compact: for answers that are many,
 * or long.  What is small and rare is made by jansson and codec/json.h.
 *
 *	json_put_open(&w, '{');
 *	json_put_member(&w, "status", "valid");
 *	json_put_name(&w, "names");
 *	json_put_open(&w, '[');
 *	…
 *
 * Commas come by themselves; that brackets fit and that a name stands before each
 * member's value is the caller's.  The buffer's limit is checked at the end, by buf_ok().
 */
#ifndef CODEC_JSON_PUT_H
#define CODEC_JSON_PUT_H

#include <jansson.h>

#include "base/buf.h"

struct json_put {
	struct buf *b; /* borrowed */
	bool comma;    /* before what comes next */
};

void json_put_open(struct json_put *w, char bracket);
void json_put_close(struct json_put *w, char bracket);
/* 'name' is ours: it is not escaped. */
void json_put_name(struct json_put *w, const char *name);
/* Escaped as must be (RFC 8259 7); an octet that is not of UTF-8 becomes U+FFFD. */
void json_put_bytes(struct json_put *w, struct bytes text);
void json_put_text(struct json_put *w, const char *text); /* NULL is empty */
void json_put_num(struct json_put *w, int64_t v);
void json_put_bool(struct json_put *w, bool v);
void json_put_value(struct json_put *w, const json_t *v);
/* A name and its text. */
void json_put_member(struct json_put *w, const char *name, const char *text);

#endif
