/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <jansson.h>
#include <string.h>

#include "http/problem.h"

static void
expect_text(const json_t *v, const char *name, const char *text)
{
	const char *is = json_string_value(json_object_get(v, name));

	cr_expect_eq(is == NULL, text == NULL, "%s", name);
	if (is != NULL && text != NULL)
		cr_expect_str_eq(is, text);
}

static void
put_acme(struct buf *b, const struct err *e, const char *request_id)
{
	(void)request_id;
	problem_put_acme(b, e);
}

/* Judged by a JSON library, which the code itself does without. */
Test(problem, any_octet_of_a_detail_makes_valid_JSON)
{
	static const struct {
		void (*put)(struct buf *b, const struct err *e, const char *request_id);
		const char *type, *title, *request_id;
	} forms[] = {
		{ problem_put, "urn:hanaper:problem:too-large",
		    "The request is too large", "0123456789abcdef" },
		{ problem_put, "urn:hanaper:problem:too-large",
		    "The request is too large", NULL },
		{ put_acme, "urn:ietf:params:acme:error:malformed", NULL, NULL },
	};
	struct err e = { .code = ERR_TOO_LARGE };

	for (int c = 1; c < 256; c++)
		e.detail[c - 1] = (char)c;
	for (size_t i = 0; i < NITEMS(forms); i++) {
		struct buf b;

		buf_init(&b, KIB(8));
		forms[i].put(&b, &e, forms[i].request_id);
		json_t *v = json_loadb((const char *)b.p, b.n, 0, NULL);
		cr_assert_not_null(v, "%s", buf_str(&b));
		expect_text(v, "type", forms[i].type);
		expect_text(v, "title", forms[i].title);
		expect_text(v, "request_id", forms[i].request_id);
		cr_expect_eq(json_integer_value(json_object_get(v, "status")), 413);
		const char *detail = json_string_value(json_object_get(v, "detail"));
		cr_assert_eq(strlen(detail), 255);
		for (int c = 1; c < 256; c++)
			cr_expect_eq((unsigned char)detail[c - 1], c < 0x80 ? c : '?');
		json_decref(v);
		buf_free(&b);
	}
}
