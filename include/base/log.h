/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log - one event, one line: time, level, role, event, then key=value pairs; or
 * all of it as one JSON object.
 *
 * Values are quoted where they need it and control characters are escaped, so
 * no octet from outside can begin a line (R84), and all is ASCII; of a long value the first
 * LOG_VALUE_MAX octets are written.  Only daemon/, api/ and ca/ write to the log.
 * Lines go to stderr, whole, by one write().  Where that is systemd's journal
 * (its environment says so) each begins with its priority, "<6>" (sd-daemon(3)).
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum log_level {
	LOG_DEBUG,
	LOG_INFO,
	LOG_WARN,
	LOG_ERROR
};

enum log_format {
	LOG_FORMAT_TEXT,
	LOG_FORMAT_JSON
};

#define LOG_VALUE_MAX 1024

struct log_kv {
	const char *key;
	const char *text; /* or NULL: then 'num' is written */
	int64_t num;
};

/* 'role' is borrowed for ever: "core", "front". */
void log_init(const char *role, enum log_level least);
void log_write(enum log_level level, const char *event, const struct log_kv *kv,
    size_t n);
void log_format(enum log_format f);
/* "text" "json"; false for another word. */
MUST_CHECK bool log_format_from(const char *word, enum log_format *ret);
/* "debug" "info" "warn" "error"; false for another word. */
MUST_CHECK bool log_level_from(const char *word, enum log_level *ret);

static inline struct log_kv
log_text(const char *key, const char *text)
{
	return (struct log_kv){ key, text != NULL ? text : "", 0 };
}

#define LOG_TEXT(k, v) log_text((k), (v))
#define LOG_NUM(k, v)  ((struct log_kv){ (k), NULL, (int64_t)(v) })
#define LOG(level, event, ...)                                                         \
	log_write((level), (event), (const struct log_kv[]){ __VA_ARGS__ },            \
	    sizeof((const struct log_kv[]){ __VA_ARGS__ }) / sizeof(struct log_kv))
/* The event with what 'e' says. */
#define LOG_ERR(level, event, e, ...)                                                  \
	LOG(level, event, LOG_TEXT("error", (e)->detail), ##__VA_ARGS__)

#endif
