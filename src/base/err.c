/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"

static const struct {
	int status, acme_status;
	const char *type, *acme_type;
	const char *title;
} problems[] = {
#define PROBLEM(name, status, type, acme, acme_status, title)                          \
	[ERR_##name] = { status, acme_status, type, acme, title },
#include "tbl/problems.h"
#undef PROBLEM
};

/* Characters that steer a terminal or the direction of writing, and show nothing. */
static const struct {
	uint32_t first, last;
} unprintable[] = {
	{ 0x00, 0x1f },
	{ 0x7f, 0x9f },
	{ 0x061c, 0x061c },
	{ 0x200b, 0x200f },
	{ 0x2028, 0x202e },
	{ 0x2060, 0x206f },
	{ 0xd800, 0xdfff },
	{ 0xfeff, 0xfeff },
	{ 0xfff9, 0xfffb },
	{ 0x110000, UINT32_MAX },
};

/* Octets of the character that begins 's' (RFC 3629 4); 0: none, or none to be shown. */
static size_t
printable(const char *s)
{
	static const struct {
		uint8_t mask, lead;
		uint32_t least;
	} forms[] = { { 0x80, 0x00, 0 }, { 0xe0, 0xc0, 0x80 }, { 0xf0, 0xe0, 0x800 },
		{ 0xf8, 0xf0, 0x10000 } };
	size_t f = 0;

	while (f < NITEMS(forms) && ((uint8_t)s[0] & forms[f].mask) != forms[f].lead)
		f++;
	if (f == NITEMS(forms))
		return 0;
	uint32_t c = (uint8_t)s[0] & (uint8_t)~forms[f].mask;
	for (size_t i = 1; i <= f; i++) { /* a NUL is none that continues */
		if (((uint8_t)s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | ((uint8_t)s[i] & 0x3f);
	}
	for (size_t i = 0; i < NITEMS(unprintable); i++)
		if (c >= unprintable[i].first && c <= unprintable[i].last)
			return 0;
	return c < forms[f].least ? 0 : f + 1;
}

/*
 * The rest becomes '?': a detail goes into logs, terminals and JSON (R84), and
 * may quote what is no text or be cut in the middle of a character.
 */
static void
make_printable(char *s)
{
	while (*s != '\0') {
		const size_t n = printable(s);

		if (n == 0)
			*s = '?';
		s += n == 0 ? 1 : n;
	}
}

bool
err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
	va_list ap;

	assert(code > ERR_NONE && code < ERR__MAX);
	e->code = code;
	e->retry_s = 0;
	va_start(ap, fmt);
	vsnprintf(e->detail, sizeof(e->detail), fmt, ap);
	va_end(ap);
	make_printable(e->detail);
	return false;
}

bool
err_prefix(struct err *e, const char *what)
{
	char old[ERR_DETAIL_LEN];

	memcpy(old, e->detail, sizeof(old));
	/* The old detail may be cut: what comes first tells where to look. */
	snprintf(e->detail, sizeof(e->detail), "%.200s: %.300s", what, old);
	make_printable(e->detail);
	return false;
}

static const struct {
	int number;
	const char *words;
} advice[] = {
	{ ENOSPC, "free some space" },
	{ EDQUOT, "free some space" },
	{ EROFS, "look why it was mounted so, and mount it for writing" },
	{ EIO, "see the kernel's log" },
	{ EMFILE, "raise the limit of open files (LimitNOFILE=, ulimit -n)" },
	{ ENFILE, "raise the system's limit of open files (fs.file-max)" },
};

bool
err_errno(struct err *e, const char *fmt, ...)
{
	const int saved = errno;
	char what[ERR_DETAIL_LEN / 2];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	for (size_t i = 0; i < NITEMS(advice); i++)
		if (advice[i].number == saved)
			return err_set(e, ERR_IO, "%s: %s; %s", what, strerror(saved),
			    advice[i].words);
	return err_set(e, ERR_IO, "%s: %s", what, strerror(saved));
}

int
err_status(enum err_code code)
{
	assert(code > ERR_NONE && code < ERR__MAX);
	return problems[code].status;
}

const char *
err_type(enum err_code code)
{
	assert(code > ERR_NONE && code < ERR__MAX);
	return problems[code].type;
}

const char *
err_title(enum err_code code)
{
	assert(code > ERR_NONE && code < ERR__MAX);
	return problems[code].title;
}

int
err_acme_status(enum err_code code)
{
	assert(code > ERR_NONE && code < ERR__MAX);
	return problems[code].acme_status;
}

const char *
err_acme_type(enum err_code code)
{
	assert(code > ERR_NONE && code < ERR__MAX);
	return problems[code].acme_type;
}

enum err_code
err_code_from(unsigned n)
{
	return n > ERR_NONE && n < ERR__MAX ? (enum err_code)n : ERR_INTERNAL;
}
