/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Written strictly (RFC 7468 3), read with the blanks and line lengths that
 * RFC 7468 2 asks readers to bear, and nothing else.
 */
#include "codec/pem.h"

#include <string.h>

#include "codec/base64.h"

#define COLUMNS   64
#define LABEL_MAX 64

static const char begin[] = "-----BEGIN ", end[] = "-----END ", dashes[] = "-----";

void
pem_put(struct buf *b, const char *label, struct bytes der)
{
	struct buf text;

	buf_init(&text, SIZE_MAX / 2);
	base64_put(&text, der);
	buf_printf(b, "%s%s%s\n", begin, label, dashes);
	for (size_t i = 0; i < text.n; i += COLUMNS) {
		const size_t left = text.n - i;
		buf_put(b, bytes_of(text.p + i, left < COLUMNS ? left : COLUMNS));
		buf_putc(b, '\n');
	}
	buf_printf(b, "%s%s%s\n", end, label, dashes);
	b->full |= text.full;
	buf_wipe(&text); /* may be a private key */
}

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Takes a line without its end. */
static struct bytes
next_line(struct bytes *rest)
{
	const size_t n = bytes_index(*rest, '\n');
	struct bytes line = { rest->p, n };

	*rest = bytes_skip(*rest, n + 1);
	return line;
}

/* RFC 7468 3: printable without '-' at either end; single blanks and '-' between. */
static bool
label_of(struct bytes line, const char *head, struct bytes *ret)
{
	const size_t around = strlen(head) + strlen(dashes);

	while (line.n > 0 && is_blank(line.p[line.n - 1]))
		line.n--;
	if (!bytes_starts(line, head) || line.n <= around ||
	    line.n - around > LABEL_MAX)
		return false;
	struct bytes label = { line.p + strlen(head), line.n - around };
	if (memcmp(label.p + label.n, dashes, strlen(dashes)) != 0)
		return false;
	for (size_t i = 0; i < label.n; i++) {
		const uint8_t c = label.p[i];
		const bool edge = i == 0 || i == label.n - 1;
		const bool gap = c == ' ' || c == '-';

		if (c < 0x20 || c > 0x7e || (gap && edge))
			return false;
		if (gap && (label.p[i - 1] == ' ' || label.p[i - 1] == '-'))
			return false;
	}
	*ret = label;
	return true;
}

/* Gathers the base64 up to the END line of 'label'. */
static bool
read_body(struct bytes *rest, struct bytes label, struct buf *text, struct err *e)
{
	while (rest->n > 0) {
		const struct bytes line = bytes_trim(next_line(rest));
		struct bytes l;

		if (bytes_starts(line, end)) {
			if (!label_of(line, end, &l) || !bytes_eq(l, label))
				return err_set(e, ERR_MALFORMED,
				    "PEM: the END line is not that of %.*s",
				    (int)label.n, (const char *)label.p);
			return true;
		}
		if (bytes_starts(line, dashes))
			return err_set(e, ERR_MALFORMED,
			    "PEM: another block begins inside %.*s", (int)label.n,
			    (const char *)label.p);
		if (bytes_index(line, ':') < line.n)
			return err_set(e, ERR_MALFORMED,
			    "PEM: headers inside %.*s are not accepted", (int)label.n,
			    (const char *)label.p);
		buf_put(text, line);
	}
	return err_set(e, ERR_MALFORMED, "PEM: %.*s has no END line", (int)label.n,
	    (const char *)label.p);
}

bool
pem_next(struct bytes *rest, struct bytes *ret_label, struct buf *ret_der,
    struct err *e)
{
	struct bytes in = *rest, line, label;
	struct buf text;

	do {
		if (in.n == 0)
			return err_set(e, ERR_NOT_FOUND, "PEM: no (further) block");
		line = next_line(&in);
	} while (!bytes_starts(line, begin));
	if (!label_of(line, begin, &label))
		return err_set(e, ERR_MALFORMED,
		    "PEM: the BEGIN line is damaged, or has lost its end (curl -d "
		    "takes "
		    "line ends away, --data-binary does not)");

	buf_init(&text, in.n);
	bool ok = read_body(&in, label, &text, e);
	if (ok && text.n == 0)
		ok = err_set(e, ERR_MALFORMED, "PEM: nothing inside %.*s", (int)label.n,
		    (const char *)label.p);
	if (ok && !base64_read(buf_bytes(&text), ret_der, e))
		ok = err_prefix(e, "PEM");
	buf_wipe(&text); /* may be a private key */
	if (!ok)
		return false;
	*rest = in;
	*ret_label = label;
	return true;
}

bool
pem_looks_like(struct bytes b)
{
	while (b.n > 0)
		if (bytes_starts(next_line(&b), begin))
			return true;
	return false;
}

bool
pem_holds_only(struct bytes b, const char *label)
{
	const uint8_t *at;

	/* Other readers find a block in the middle of a line, too. */
	while (b.n > 0 && (at = memmem(b.p, b.n, begin, strlen(begin))) != NULL) {
		b = bytes_skip(b, (size_t)(at - b.p));
		const struct bytes line = next_line(&b);
		struct bytes l;

		if (!label_of(line, begin, &l) || !bytes_eq_str(l, label))
			return false;
	}
	return true;
}
