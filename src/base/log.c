/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <string.h>
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

static const char *log_role = "hanaper";
/* A reload changes it while front's threads write. */
static _Atomic(enum log_level) log_least = LOG_INFO;

void
log_init(const char *role, enum log_level least)
{
	log_role = role;
	log_least = least;
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

/*
 * Octets outside ASCII are escaped too: among them are terminals' 8 bit control
 * characters, and characters that turn the direction of writing (R84).
 */
static void
put_value(struct buf *b, const char *s)
{
	if (is_plain(s)) {
		buf_puts(b, s);
		return;
	}
	buf_putc(b, '"');
	for (; *s != '\0'; s++) {
		const unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\')
			buf_printf(b, "\\%c", c);
		else if (c == '\n')
			buf_puts(b, "\\n");
		else if (c < 0x20 || c >= 0x7f)
			buf_printf(b, "\\x%02x", c);
		else
			buf_putc(b, c);
	}
	buf_putc(b, '"');
}

void
log_write(enum log_level level, const char *event, const struct log_kv *kv, size_t n)
{
	char at[CLOCK_RFC3339_LEN];
	struct buf b;

	if (level < log_least)
		return;
	buf_init(&b, KIB(16));
	clock_rfc3339(clock_now(), at);
	buf_printf(&b, "%s %s %s %s", at, level_words[level], log_role, event);
	for (size_t i = 0; i < n; i++) {
		buf_printf(&b, " %s=", kv[i].key);
		if (kv[i].text != NULL)
			put_value(&b, kv[i].text);
		else
			buf_printf(&b, "%lld", (long long)kv[i].num);
	}
	buf_putc(&b, '\n');
	/* A log that cannot be written is no reason to stop; there is nobody to tell. */
	if (b.n > 0 && write(STDERR_FILENO, b.p, b.n) < 0)
		b.n = 0;
	buf_free(&b);
}
