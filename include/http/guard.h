/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guard - is this request framed in one way only (R81)?
 *
 * libmicrohttpd reads on where another server would stop: both lengths, two
 * Hosts, a NUL in a header, bare line feeds.  What two parsers can read in two
 * ways is refused before anything acts on it, and the connection ends there.
 *
 * Pure: fed with what the library parsed, and where it stood.  One thing is out of its
 * sight: the library has overwritten each CRLF by two NULs, and a NUL beside a bare LF
 * may look the same then.  Who stands between would have to let a NUL pass, and take
 * that LF for no end of a line, to be misled by it.
 */
#ifndef HTTP_GUARD_H
#define HTTP_GUARD_H

#include "base/bytes.h"
#include "base/err.h"

#define GUARD_TARGET_MAX KIB(8) /* octets of a request target */

struct guard {
	bool http_1_0;
	bool chunked;
	bool has_length;
	uint64_t length; /* of the body, when has_length */
	bool encoded;    /* a Content-Encoding was given */
	/* The guard's own notes: */
	unsigned hosts, lengths, encodings, types, credentials;
	uintptr_t head; /* where the method stood; 0: places are not watched */
	uintptr_t next; /* where the next header must stand */
	struct err bad; /* the first fault; code ERR_NONE: none yet */
};

/*
 * The request line's three parts, as received.  'target_at' is where the target
 * stood: the library parses in place, so method, target, version and every name
 * and value point into the head as it came, and an octet that none of them
 * covers (what a NUL hides, a bare LF, a folded line) leaves a gap.  NULL: this
 * library does not work so, and says itself what it refuses.
 */
void guard_begin(struct guard *g, struct bytes method, struct bytes target,
    struct bytes version, const void *target_at);
/* Each header line, in the order in which they came. */
void guard_header(struct guard *g, struct bytes name, struct bytes value);
/*
 * All headers were given; 'octets' is the size of the whole head as it came.
 * ERR_MALFORMED; ERR_TARGET_TOO_LONG; ERR_TOO_LARGE for the body's length.
 */
MUST_CHECK bool guard_end(struct guard *g, size_t octets, struct err *e);

/* Does the request have a body (or says that one comes)? */
bool guard_has_body(const struct guard *g);

#endif
