/* SPDX-License-Identifier: Apache-2.0 */
#include "api/instead.h"

#include <string.h>

#include "http/problem.h"

static const struct {
	enum err_code code;
	unsigned retry_s;
	const char *detail;
} rows[] = {
	/* clang-format off */
	[INSTEAD_LOST]  = { ERR_IO, 5,
	    "the database could not be written; what was asked for may still be done: "
	    "look before you ask again" },
	[INSTEAD_LATER] = { ERR_UNAVAILABLE, 2,
	    "too many long answers are on their way; try again in a moment, or with a "
	    "smaller limit" },
	/* clang-format on */
};

static bool
is_index(struct bytes line)
{
	static const char rel[] = ";rel=\"index\"";
	const size_t n = strlen(rel);

	return bytes_starts(line, "Link: ") && line.n > n &&
	       bytes_eq_str(bytes_skip(line, line.n - n), rel);
}

/* What each answer of ACME has, whatever it tells (RFC 8555 6.5, 7.1). */
static void
keep_headers(struct bytes headers, struct buf *to)
{
	while (headers.n > 0) {
		const size_t n = bytes_index(headers, '\n');
		const struct bytes line = bytes_of(headers.p, n);

		if (bytes_starts(line, "Replay-Nonce: ") || is_index(line)) {
			buf_put(to, line);
			buf_putc(to, '\n');
		}
		headers = bytes_skip(headers, n + 1);
	}
}

void
instead_put(struct buf *b, const struct msg_http_response *m, enum instead why)
{
	struct buf headers, body;
	struct err e;

	err_set(&e, rows[why].code, "%s", rows[why].detail);
	buf_init(&headers, KIB(16));
	buf_init(&body, KIB(4));
	keep_headers(m->headers, &headers);
	if (headers.n > 0) {
		buf_puts(&headers, "Content-Language: en\n");
		problem_put_acme(&body, &e);
	} else {
		problem_put(&body, &e, NULL);
	}
	buf_printf(&headers, "Retry-After: %u\n", rows[why].retry_s);
	msg_http_response_put(b, &(struct msg_http_response){
				     .id = m->id,
				     .status = (uint16_t)err_status(e.code),
				     .content_type = bytes_str(PROBLEM_TYPE),
				     .headers = buf_bytes(&headers),
				     .body = buf_bytes(&body),
				 });
	buf_free(&headers);
	buf_free(&body);
}
