/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of an answer at the edge of its size, on its way to front. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "api/request.h"
#include "base/mem.h"

static struct {
	int n, status;
	size_t octets;
	char type[64];
	bool wrote;
	json_t *json;
} got;

/* As it travels: front takes no longer message (MSG_HTTP_FRAME_MAX). */
static void
on_answer(void *arg, const struct msg_http_response *m, bool wrote)
{
	struct msg_http_response taken;
	struct buf frame;
	struct err e;

	(void)arg;
	buf_init(&frame, MSG_HTTP_FRAME_MAX);
	msg_http_response_put(&frame, m);
	cr_assert(buf_ok(&frame, "an answer", &e), "%s", e.detail);
	cr_assert(msg_http_response_get(buf_bytes(&frame), &taken, &e), "%s", e.detail);
	got.n++;
	got.status = taken.status;
	got.octets = taken.body.n;
	got.wrote = wrote;
	cr_assert(bytes_to_str(taken.content_type, got.type, sizeof(got.type)));
	json_decref(got.json);
	got.json =
	    json_loadb((const char *)taken.body.p, taken.body.n, JSON_DECODE_ANY, NULL);
	buf_free(&frame);
}

static struct request *
new_request(void)
{
	static struct request_load load;
	static const struct api api = { .load = &load, .answer = on_answer };
	struct request *r = mem_zalloc(sizeof(*r));

	got.n = 0;
	load.n++;
	r->api = &api;
	r->in.id = 7;
	r->wrote = true;
	buf_init(&r->frame, KIB(1));
	buf_init(&r->headers, KIB(4));
	return r;
}

/* A string of JSON that takes so many octets, with its quotes and the newline. */
static void
put_string(struct buf *b, size_t octets)
{
	char *text = mem_zalloc(octets);

	memset(text, 'a', octets - 3);
	buf_printf(b, "\"%s\"", text);
	free(text);
}

static void
expect_whole(size_t octets)
{
	cr_expect_eq(got.n, 1);
	cr_expect_eq(got.status, 200);
	cr_expect_eq(got.octets, octets);
	cr_expect_str_eq(got.type, "application/json");
	cr_expect(json_is_string(got.json), "all of it, and JSON");
}

/* It tells of what was written: the commit comes first with this one, too. */
static void
expect_problem(void)
{
	cr_expect_eq(got.n, 1);
	cr_expect_eq(got.status, 500);
	cr_expect_str_eq(got.type, "application/problem+json");
	cr_expect(got.wrote);
	cr_assert(json_is_object(got.json));
	cr_expect_eq(json_integer_value(json_object_get(got.json, "status")), 500);
	cr_expect_str_eq(json_string_value(json_object_get(got.json, "type")),
	    "urn:hanaper:problem:internal");
	cr_expect_str_eq(json_string_value(json_object_get(got.json, "detail")),
	    "the answer is too large");
}

Test(request, an_answer_goes_out_whole_or_as_a_problem)
{
	for (size_t over = 0; over < 2; over++) {
		const size_t octets = REQUEST_ANSWER_MAX + over;
		char *text = mem_zalloc(octets);

		memset(text, 'a', octets - 3);
		request_json(new_request(), 200, json_string(text));
		free(text);
		if (over == 0)
			expect_whole(octets);
		else
			expect_problem();
	}
	json_decref(got.json);
}

Test(request, so_does_one_that_was_written_as_text)
{
	for (size_t over = 0; over < 2; over++) {
		const size_t octets = REQUEST_ANSWER_MAX + over;
		struct buf text;

		buf_init(&text, REQUEST_ANSWER_MAX);
		put_string(&text, octets);
		request_json_text(new_request(), 200, &text);
		buf_free(&text);
		if (over == 0)
			expect_whole(octets);
		else
			expect_problem();
	}
	json_decref(got.json);
}
