/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "codec/json.h"
#include "probe/transcript.h"

static void
ends_as(struct transcript *t, const char *wanted)
{
	const struct bytes all = transcript_end(t);

	cr_expect(bytes_eq_str(all, wanted), "%.*s", (int)all.n, (const char *)all.p);
	transcript_free(t);
}

Test(transcript, lines_are_objects_of_one_array)
{
	struct transcript t;

	transcript_init(&t, KIB(4));
	ends_as(&t, "[]");
	transcript_init(&t, KIB(4));
	transcript_line(&t, 0, "resolve");
	transcript_text(&t, "name", bytes_str("a.test"));
	transcript_list(&t, "answers");
	transcript_item(&t, bytes_str("1"));
	transcript_item(&t, bytes_str("2"));
	transcript_list_end(&t);
	transcript_line(&t, 12, "request");
	transcript_num(&t, "status", -1);
	ends_as(&t, "[{\"at\":0,\"what\":\"resolve\",\"name\":\"a.test\",\"answers\":["
		    "\"1\",\"2\"]},"
		    "{\"at\":12,\"what\":\"request\",\"status\":-1}]");
}

Test(transcript, whatever_octets_come_it_is_ascii)
{
	struct transcript t;

	transcript_init(&t, KIB(4));
	transcript_line(&t, 0, "dns");
	transcript_text(&t, "name", bytes_of("\"\\\0\n\x7f\xff/", 7));
	ends_as(&t, "[{\"at\":0,\"what\":\"dns\",\"name\":"
		    "\"\\\"\\\\\\u0000\\u000a\\u007f\\u00ff/\"}]");
}

Test(transcript, it_stays_whole_and_within_its_bound)
{
	static uint8_t many[5000];

	memset(many, 1, sizeof(many));
	for (size_t max = KIB(1); max < KIB(12); max += 97) {
		struct transcript t;

		transcript_init(&t, max);
		for (int i = 0; i < 40; i++) {
			transcript_line(&t, i, "dns");
			transcript_text(&t, "name", bytes_of(many, sizeof(many)));
			transcript_list(&t, "answers");
			for (int k = 0; k < i; k++)
				transcript_item(&t, bytes_of(many, (size_t)k));
			transcript_list_end(&t);
		}
		const struct bytes all = transcript_end(&t);
		json_error_t why;
		json_t *v = json_loadb((const char *)all.p, all.n, 0, &why);
		cr_assert_not_null(v, "%s", why.text);
		cr_expect_leq(all.n, max);
		const json_t *last = json_array_get(v, json_array_size(v) - 1);
		cr_expect_str_eq(json_string_value(json_object_get(last, "what")),
		    "cut");
		json_decref(v);
		transcript_free(&t);
	}
}
