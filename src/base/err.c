/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	int status;
	const char *type;
	const char *title;
} problems[] = {
#define PROBLEM(name, status, type, title) [ERR_##name] = { status, type, title },
#include "tbl/problems.h"
#undef PROBLEM
};

/* Control characters become '?': a detail goes into logs and terminals (R84). */
static void
make_printable(char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			*s = '?';
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

bool
err_errno(struct err *e, const char *fmt, ...)
{
	const int saved = errno;
	char what[ERR_DETAIL_LEN / 2];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (saved == ENOSPC || saved == EDQUOT)
		return err_set(e, ERR_IO, "%s: %s; free some space", what,
		    strerror(saved));
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

enum err_code
err_code_from(unsigned n)
{
	return n > ERR_NONE && n < ERR__MAX ? (enum err_code)n : ERR_INTERNAL;
}
