/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/out.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"

#define OUT_JSON_INDENT 2

static const char *same; /* of out_next_same(), or NULL */

int
out_fail(const struct err *e)
{
	fputs("hanaper: ", stderr);
	out_text(stderr, e->detail);
	fputc('\n', stderr);
	return OUT_FAILED;
}

int
out_usage(const char *command, const char *fmt, ...)
{
	char text[ERR_DETAIL_LEN];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fprintf(stderr, "hanaper %s: ", command);
	out_text(stderr, text); /* it repeats what was typed, or pasted */
	fprintf(stderr, "\nSee: hanaper %s --help\n", command);
	return OUT_USAGE;
}

/* What is put into a sentence of ours may be the daemon's word, or another's. */
static void PRINTF_LIKE(1, 0) say(const char *fmt, va_list ap)
{
	char *text;

	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	out_lines(stderr, text);
	free(text);
}

void
out_note(const char *fmt, ...)
{
	va_list ap;

	fputs("hanaper: ", stderr);
	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

void
out_next(const char *fmt, ...)
{
	va_list ap;

	if (!isatty(STDERR_FILENO))
		return;
	fflush(
	    stdout); /* the hint is the last line, also where both are one terminal */
	fputs("Next: ", stderr);
	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
	if (same != NULL && strncmp(fmt, "hanaper ", 8) == 0)
		fprintf(stderr, "  (with the same %s)", same);
	fputc('\n', stderr);
}

void
out_next_same(const char *option)
{
	same = option;
}

char *
out_word(const char *word)
{
	static const char plain[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789_./:=@,%+-";
	struct buf b;
	char *ret;

	if (word[0] != '\0' && word[strspn(word, plain)] == '\0')
		return mem_strdup(word);
	buf_init(&b, KIB(64));
	buf_puts(&b, "'");
	for (; *word != '\0'; word++)
		if (*word == '\'')
			buf_puts(&b, "'\\''");
		else
			buf_put(&b, bytes_of(word, 1));
	buf_puts(&b, "'");
	ret = mem_strdup(buf_str(&b));
	buf_free(&b);
	return ret;
}

/* C1 controls travel as C2 80 to C2 9F in UTF-8. */
static bool
is_c1(const char *s)
{
	const unsigned char second = (unsigned char)s[1];

	return (unsigned char)s[0] == 0xc2 && second >= 0x80 && second < 0xa0;
}

static void
put_plain(FILE *to, const char *s, const char *stays)
{
	for (; *s != '\0'; s++) {
		const unsigned char c = (unsigned char)*s;

		if (is_c1(s)) {
			fputc('?', to);
			s++;
		} else {
			const bool plain = c >= 0x20 && c != 0x7f;

			fputc(plain || strchr(stays, c) != NULL ? c : '?', to);
		}
	}
}

void
out_text(FILE *to, const char *s)
{
	put_plain(to, s != NULL ? s : "?", "");
}

void
out_lines(FILE *to, const char *s)
{
	put_plain(to, s != NULL ? s : "?", "\n\t");
}

void
out_field(const char *label, int width, const char *value)
{
	if (value == NULL)
		return;
	printf("%-*s  ", width, label);
	out_text(stdout, value);
	putchar('\n');
}

json_t *
out_string(const char *s)
{
	json_t *v = json_string(s);

	if (v == NULL) {
		char *plain = mem_strdup(s);

		for (char *c = plain; *c != '\0'; c++)
			if ((unsigned char)*c >= 0x80)
				*c = '?';
		v = json_string(plain);
		free(plain);
	}
	return v;
}

/* What JSON need not escape, and a terminal obeys, is escaped too. */
static void
put_json(FILE *to, const json_t *v, size_t how)
{
	char *text = json_dumps(v, how | JSON_PRESERVE_ORDER);

	for (const char *s = text; s != NULL && *s != '\0'; s++) {
		const size_t n = strcspn(s, "\x7f\xc2");

		fwrite(s, 1, n, to);
		s += n;
		if (*s == '\0')
			break;
		if (is_c1(s))
			fprintf(to, "\\u00%02x", (unsigned char)*++s);
		else if (*s == 0x7f)
			fputs("\\u007f", to);
		else
			fputc(*s, to);
	}
	fputc('\n', to);
	free(text);
}

void
out_json(json_t *v)
{
	put_json(stdout, v, JSON_INDENT(OUT_JSON_INDENT));
	json_decref(v);
}

void
out_json_line(FILE *to, const json_t *v)
{
	put_json(to, v, JSON_COMPACT);
}

int
out_end(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return OUT_DONE;
	out_note("cannot write the output; look at where stdout leads");
	return OUT_FAILED;
}

const char *
out_noun(uint64_t n, const char *one, const char *many)
{
	return n == 1 ? one : many;
}

void
out_relative(const char *rfc3339, char *ret, size_t size)
{
	static const struct {
		int64_t s;
		char unit;
	} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	struct err e;
	int64_t at, span;
	size_t i = 0;

	if (!clock_rfc3339_parse(bytes_str(rfc3339), &at, &e)) {
		snprintf(ret, size, "?");
		return;
	}
	span = at - clock_now();
	const int64_t whole = span < 0 ? -span : span;

	/* Two of a unit at least: "36h" says more than "1d". */
	while (i + 1 < NITEMS(units) && whole < 2 * units[i].s)
		i++;
	if (span == 0) {
		snprintf(ret, size, "now");
		return;
	}
	/* To the nearest: of 30 days a second has gone when they are shown first. */
	snprintf(ret, size, span < 0 ? "%lld%c ago" : "in %lld%c",
	    (long long)((whole + units[i].s / 2) / units[i].s), units[i].unit);
}
