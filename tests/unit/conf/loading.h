/* SPDX-License-Identifier: Apache-2.0 */
/* loading - a configuration given as text: it loads, or is refused with its line and reason. */
#ifndef TESTS_CONF_LOADING_H
#define TESTS_CONF_LOADING_H

#include <criterion/criterion.h>
#include <string.h>

#include "conf/conf_load.h"

#define FILE_NAME "/ca/hanaper.yaml"

static inline struct conf *
loads(const char *text)
{
	struct conf *c = NULL;
	struct err e = { 0 };

	cr_assert(conf_load_text(bytes_str(text), FILE_NAME, &c, &e), "%s: %s",
	    e.detail, text);
	return c;
}

static inline void
expect_refused(const char *text, const char *detail)
{
	struct conf *c = NULL;
	struct err e = { 0 };

	cr_expect_not(conf_load_text(bytes_str(text), FILE_NAME, &c, &e), "%s", text);
	cr_expect_null(c, "ret is untouched on failure");
	cr_expect_eq(e.code, ERR_MALFORMED);
	cr_expect(strncmp(e.detail, FILE_NAME ":", strlen(FILE_NAME) + 1) == 0 &&
		      strncmp(e.detail + strlen(FILE_NAME) + 1, detail,
			  strlen(detail)) == 0,
	    "%s\n  said:   %s\n  wanted: %s", text, e.detail, detail);
}

#endif
