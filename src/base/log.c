/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/clock.h"

static const char *const level_words[] = {
	[LOG_DEBUG] = "debug",
	[LOG_INFO] = "info",
	[LOG_WARN] = "warn",
	[LOG_ERROR] = "error",
};

static const char *const format_words[] = {
	[LOG_FORMAT_TEXT] = "text",
	[LOG_FORMAT_JSON] = "json",
};

/* syslog's numbers (sd-daemon(3)) */
static const char *const priorities[] = {
	[LOG_DEBUG] = "<7>",
	[LOG_INFO] = "<6>",
	[LOG_WARN] = "<4>",
	[LOG_ERROR] = "<3>",
};

static const char *log_role = "hanaper";
static enum log_level log_least = LOG_INFO;
static enum log_format log_form = LOG_FORMAT_TEXT;
static bool log_to_journal;

/* systemd.exec(5): JOURNAL_STREAM is device and inode of the stream that it gave. */
static bool
is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char own[64];
	struct stat st;

	if (stream == NULL || fstat(STDERR_FILENO, &st) < 0)
		return false;
	snprintf(own, sizeof(own), "%llu:%llu", (unsigned long long)st.st_dev,
	    (unsigned long long)st.st_ino);
	return strcmp(stream, own) == 0;
}

void
log_init(const char *role, enum log_level least)
{
	log_role = role;
	log_least = least;
	log_to_journal = is_journal();
}

void
log_format(enum log_format f)
{
	log_form = f;
}

bool
log_format_from(const char *word, enum log_format *ret)
{
	for (size_t i = 0; i < NITEMS(format_words); i++)
		if (strcmp(word, format_words[i]) == 0) {
			*ret = (enum log_format)i;
			return true;
		}
	return false;
}

bool
log_level_from(const char *word, enum log_level *ret)
{
	for (size_t i = 0; i < NITEMS(level_words); i++)
		if (strcmp(word, level_words[i]) == 0) {
			*ret = (enum log_level)i;
			return true;
		}
	return false;
}

static bool
is_plain(const char *s)
{
	if (*s == '\0')
		return false;
	for (; *s != '\0'; s++)
		if ((unsigned char)*s <= ' ' || (unsigned char)*s >= 0x7f ||
		    *s == '"' || *s == '\\' || *s == '=')
			return false;
	return true;
}

/* So many octets need no escape, of text and of JSON. */
static size_t
as_it_is(const char *s)
{
	size_t n = 0;

	while ((unsigned char)s[n] >= 0x20 && (unsigned char)s[n] < 0x7f &&
	       s[n] != '"' && s[n] != '\\')
		n++;
	return n;
}

/*
 * Octets outside ASCII are escaped too: among them are terminals' 8 bit control
 * characters, and characters that turn the direction of writing (R84).
 */
static void
put_text(struct buf *b, const char *s)
{
	if (is_plain(s)) {
		buf_puts(b, s);
		return;
	}
	buf_putc(b, '"');
	while (*s != '\0') {
		const size_t n = as_it_is(s);
		const unsigned char c = (unsigned char)s[n];

		buf_put(b, bytes_of(s, n));
		if (c == '"' || c == '\\')
			buf_printf(b, "\\%c", c);
		else if (c == '\n')
			buf_puts(b, "\\n");
		else if (c != '\0')
			buf_printf(b, "\\x%02x", c);
		s += n + (c != '\0');
	}
	buf_putc(b, '"');
}

/* Octets of the UTF-8 character at 's' (RFC 3629 4); 0: it is none. */
static size_t
utf8_octets(const unsigned char *s)
{
	const unsigned char c = s[0];
	const size_t n = c < 0x80                ? 1
			 : c >= 0xc2 && c < 0xe0 ? 2
			 : (c & 0xf0) == 0xe0    ? 3
			 : c >= 0xf0 && c < 0xf5 ? 4
						 : 0;

	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((c == 0xe0 && s[1] < 0xa0) || (c == 0xed && s[1] > 0x9f) ||
	    (c == 0xf0 && s[1] < 0x90) || (c == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

/* The character of 'n' octets at 's', as RFC 8259 7 escapes it. */
static void
put_escaped(struct buf *b, const unsigned char *s, size_t n)
{
	uint32_t c = n == 1 ? s[0] : s[0] & (0xffu >> (n + 1));

	for (size_t i = 1; i < n; i++)
		c = c << 6 | (s[i] & 0x3f);
	if (c >= 0x10000) {
		c -= 0x10000;
		buf_printf(b, "\\u%04x\\u%04x", 0xd800 | c >> 10, 0xdc00 | (c & 0x3ff));
	} else {
		buf_printf(b, "\\u%04x", c);
	}
}

/* In ASCII alone: what turns the writing around or controls a terminal stays text. */
static void
put_json(struct buf *b, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	buf_putc(b, '"');
	for (;;) {
		const size_t plain = as_it_is((const char *)s);

		buf_put(b, bytes_of(s, plain));
		s += plain;
		if (*s == '\0')
			break;
		const size_t n = utf8_octets(s);
		if (*s == '"' || *s == '\\')
			buf_printf(b, "\\%c", *s);
		else if (n == 0)
			buf_puts(b, "\\ufffd");
		else
			put_escaped(b, s, n);
		s += n > 0 ? n : 1;
	}
	buf_putc(b, '"');
}

static void
put_pair(struct buf *b, const struct log_kv *kv)
{
	char shown[LOG_VALUE_MAX + sizeof("...")];

	buf_puts(b, log_form == LOG_FORMAT_JSON ? ",\"" : " ");
	buf_puts(b, kv->key);
	buf_puts(b, log_form == LOG_FORMAT_JSON ? "\":" : "=");
	if (kv->text == NULL) {
		buf_printf(b, "%lld", (long long)kv->num);
		return;
	}
	const char *text = kv->text;
	if (strnlen(text, LOG_VALUE_MAX + 1) > LOG_VALUE_MAX) {
		snprintf(shown, sizeof(shown), "%.*s...", LOG_VALUE_MAX, text);
		text = shown;
	}
	if (log_form == LOG_FORMAT_JSON)
		put_json(b, text);
	else
		put_text(b, text);
}

void
log_write(enum log_level level, const char *event, const struct log_kv *kv, size_t n)
{
	const bool json = log_form == LOG_FORMAT_JSON;
	char at[CLOCK_RFC3339_LEN];
	struct buf b;

	if (level < log_least)
		return;
	buf_init(&b, KIB(256));
	clock_rfc3339(clock_now(), at);
	if (log_to_journal)
		buf_puts(&b, priorities[level]);
	buf_printf(&b,
	    json ? "{\"time\":\"%s\",\"level\":\"%s\",\"role\":\"%s\",\"event\":\"%s\""
		 : "%s %s %s %s",
	    at, level_words[level], log_role, event);
	for (size_t i = 0; i < n; i++)
		put_pair(&b, &kv[i]);
	buf_puts(&b, json ? "}\n" : "\n");
	/* A log that cannot be written is no reason to stop; there is nobody to tell. */
	if (b.n > 0 && write(STDERR_FILENO, b.p, b.n) < 0)
		b.n = 0;
	buf_free(&b);
}
