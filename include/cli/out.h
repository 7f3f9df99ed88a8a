/* SPDX-License-Identifier: Apache-2.0 */
/*
 * out - what a person sees of the command: results on stdout, errors and the
 * next step on stderr, and the exit status.
 *
 * Text that came from elsewhere goes through here: control characters never
 * reach the terminal (R84).
 */
#ifndef CLI_OUT_H
#define CLI_OUT_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

enum out_status {
	OUT_DONE = 0,
	OUT_FAILED = 1, /* refused or failed */
	OUT_USAGE = 2   /* wrong usage */
};

/* "hanaper: detail" on stderr; returns OUT_FAILED. */
int out_fail(const struct err *e);
/* "hanaper COMMAND: text" and where the help is, on stderr; returns OUT_USAGE. */
int out_usage(const char *command, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* A remark on stderr, "hanaper: text". */
void out_note(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* The natural next command, on stderr and only when that is a terminal. */
void out_next(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* From here on out_next() adds to "hanaper ..." that this option ("--dir") is to be given again. */
void out_next_same(const char *option);
/* As one would type it to a shell: quoted where it has to be.  free() it. */
char *out_word(const char *word);

/* Text with control characters made '?'; UTF-8 is let through.  NULL, what was not said: "?". */
void out_text(FILE *to, const char *s);
/* The same of text of several lines: newlines and tabs stay. */
void out_lines(FILE *to, const char *s);
/* "label   value" with the label padded to 'width'; nothing for a NULL value. */
void out_field(const char *label, int width, const char *value);
/* As JSON, what is not UTF-8 (a path may be anything) made '?'. */
json_t *out_string(const char *s);
/* Indented, with a newline behind; takes 'v'. */
void out_json(json_t *v);
/* The same in one line. */
void out_json_line(FILE *to, const json_t *v);
/* Flushes stdout; OUT_FAILED when what was printed did not get there. */
int out_end(void);

/* What is counted, behind its number: "1 entry", "0 entries", "2 entries". */
const char *out_noun(uint64_t n, const char *one, const char *many);
/* RFC 3339 to "in 29d", "3h ago"; 'ret' is at least 32 octets. */
void out_relative(const char *rfc3339, char *ret, size_t size);

#endif
