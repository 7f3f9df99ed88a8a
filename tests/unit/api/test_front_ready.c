/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "api/front_ready.h"

#define NOW INT64_C(1800000000)

static const struct front_kept_key key = { { 1, 2, 3, 4, 5, 6 } };
static struct front_ready *all;
static struct content *content, *other;

static void
begin(void)
{
	all = front_ready_new();
	content = content_new(bytes_str("one"));
	other = content_new(bytes_str("two"));
}

static void
end(void)
{
	front_ready_free(all);
	content_unref(content);
	content_unref(other);
}

TestSuite(front_ready, .init = begin, .fini = end);

static struct exchange_ready *
make(struct content *of, const char *headers)
{
	return exchange_ready_new(&(struct answer){ .status = 200,
				      .content_type = bytes_str("text/plain"),
				      .headers = bytes_str(headers),
				      .content = of },
	    NOW);
}

static void
put(struct content *of, int64_t now)
{
	struct exchange_ready *r = make(of, "ETag: \"x\"\n");

	cr_assert_not_null(r);
	front_ready_put(all, &key, of, now, r);
	exchange_ready_unref(r);
}

/* 2: it is there; 1: it is worth making; 0: neither. */
static int
get(const struct content *of, int64_t now)
{
	bool worth;
	struct exchange_ready *r = front_ready_get(all, &key, of, now, &worth);

	exchange_ready_unref(r);
	return r != NULL ? 2 : worth ? 1 : 0;
}

Test(front_ready, the_second_in_a_second_is_worth_it_and_the_next_has_it)
{
	cr_expect_eq(get(content, NOW), 0);
	cr_expect_eq(get(content, NOW), 1);
	put(content, NOW);
	cr_expect_eq(get(content, NOW), 2);
	cr_expect_eq(get(content, NOW + 1), 0, "it bears another date");
	cr_expect_eq(get(content, NOW + 1), 1);
}

/* R29 */
Test(front_ready, other_octets_are_never_answered_with_what_was_made_before)
{
	(void)get(content, NOW);
	put(content, NOW);
	cr_expect_eq(get(other, NOW), 0);
	cr_expect_eq(get(other, NOW), 1);
	put(other, NOW);
	cr_expect_eq(get(other, NOW), 2);
	cr_expect_eq(get(content, NOW), 0, "who comes later has the place");
}

Test(front_ready, an_unusable_header_makes_none)
{
	cr_expect_null(make(content, "no colon\n"));
	cr_expect_null(make(content, "Date: Sun, 06 Nov 1994 08:49:37 GMT\n"));
	cr_expect_null(make(content, "Content-Length: 1\n"));
}
