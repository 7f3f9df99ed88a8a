/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reply - an HTTP/1 answer, read as its octets come: Content-Length, chunked, or none.
 *
 * Answers 1xx are passed over.  A length that only the end of the connection
 * would tell is refused: who measures wants to know whether all has come.
 */
#ifndef BENCH_REPLY_H
#define BENCH_REPLY_H

#include "base/buf.h"

#define REPLY_HEAD_MAX KIB(32)
#define REPLY_BODY_MAX MIB(64)

struct reply {
	int status; /* 0: the head is not whole yet */
	bool done;  /* all of it is there */
	bool close; /* the server closes behind it */
	struct bytes body;
	/* its own */
	struct buf raw, joined; /* as it came; the chunks put together */
	size_t head_n;
	uint64_t length;
	bool chunked;
	size_t at; /* where the next chunk begins */
};

void reply_init(struct reply *r);
void reply_free(struct reply *r);
void reply_clear(struct reply *r); /* for the next answer */
/* ERR_MALFORMED, ERR_TOO_LARGE; octets behind the answer's end are ERR_MALFORMED. */
MUST_CHECK bool reply_feed(struct reply *r, struct bytes in, struct err *e);
/* The value of the first header of that name, trimmed; false: there is none. */
bool reply_header(const struct reply *r, const char *name, struct bytes *ret);

#endif
