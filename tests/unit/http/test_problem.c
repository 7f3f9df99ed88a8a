/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <jansson.h>
#include <string.h>

#include "http/problem.h"

/* Judged by a JSON library, which the code itself does without. */
Test(problem, any_octet_of_a_detail_makes_valid_JSON)
{
	struct err e = { .code = ERR_TOO_LARGE };
	struct buf b;

	for (int c = 1; c < 256; c++)
		e.detail[c - 1] = (char)c;
	buf_init(&b, KIB(8));
	problem_put(&b, &e, "0123456789abcdef");

	json_t *v = json_loadb((const char *)b.p, b.n, 0, NULL);
	cr_assert_not_null(v, "%s", buf_str(&b));
	cr_expect_str_eq(json_string_value(json_object_get(v, "type")),
	    "urn:hanaper:problem:too-large");
	cr_expect_str_eq(json_string_value(json_object_get(v, "title")),
	    "The request is too large");
	cr_expect_eq(json_integer_value(json_object_get(v, "status")), 413);
	cr_expect_str_eq(json_string_value(json_object_get(v, "request_id")),
	    "0123456789abcdef");
	const char *detail = json_string_value(json_object_get(v, "detail"));
	cr_assert_eq(strlen(detail), 255);
	for (int c = 1; c < 0x80; c++)
		cr_expect_eq((unsigned char)detail[c - 1], c);
	for (int c = 0x80; c < 256; c++)
		cr_expect_eq(detail[c - 1], '?');
	json_decref(v);
	buf_free(&b);
}
