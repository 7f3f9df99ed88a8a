/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/out.h"
#include "cli/table.h"

/* What a function prints, as text; free() it. */
#define PRINTED(call)                                                                  \
	({                                                                             \
		char *text_ = NULL;                                                    \
		size_t n_ = 0;                                                         \
		FILE *to = open_memstream(&text_, &n_);                                \
		call;                                                                  \
		fclose(to);                                                            \
		text_;                                                                 \
	})

/* R84 */
Test(out, control_characters_never_reach_the_terminal)
{
	char *text = PRINTED(out_text(to, "a\033[2Jb\nc\x7f"
					  "d\xc2\x9b"
					  "e\xc3\xa4"));

	cr_expect_str_eq(text, "a?[2Jb?c?d?e\xc3\xa4");
	free(text);
}

Test(out, only_one_of_a_thing_is_told_by_the_word_for_one)
{
	cr_expect_str_eq(out_noun(0, "entry", "entries"), "entries");
	cr_expect_str_eq(out_noun(1, "entry", "entries"), "entry");
	cr_expect_str_eq(out_noun(2, "entry", "entries"), "entries");
}

Test(out, spans_are_told_in_the_unit_that_says_most)
{
	static const struct {
		const char *at, *told;
	} rows[] = {
		{ "2026-01-31T12:00:00Z", "now" },
		{ "2026-01-31T12:00:01Z", "in 1s" },
		{ "2026-01-31T12:01:59Z", "in 119s" },
		{ "2026-01-31T12:02:00Z", "in 2m" },
		{ "2026-02-01T12:00:00Z", "in 24h" },
		{ "2026-03-02T12:00:00Z", "in 30d" },
		{ "2026-03-02T11:59:59Z", "in 30d" },
		{ "2026-02-02T11:59:59Z", "in 48h" },
		{ "2026-01-31T11:00:01Z", "60m ago" },
		{ "2026-01-31T09:00:00Z", "3h ago" },
		{ "nonsense", "?" },
	};
	int64_t now;
	struct err e;

	cr_assert(clock_rfc3339_parse(bytes_str("2026-01-31T12:00:00Z"), &now, &e));
	clock_hold(now);
	for (size_t i = 0; i < NITEMS(rows); i++) {
		char told[32];

		out_relative(rows[i].at, told, sizeof(told));
		cr_expect_str_eq(told, rows[i].told, "%s", rows[i].at);
	}
}

Test(table, columns_are_as_wide_as_their_widest_cell_and_lines_have_no_blanks_behind)
{
	static const char *const titles[] = { "A", "LONG", "C" };
	struct table *t = table_new(titles, 3);

	table_add(t, (const char *const[]){ "\xc3\xa4\xc3\xb6\xc3\xbc", "x", "y" });
	table_add(t, (const char *const[]){ "1", NULL, "" });
	cr_expect_eq(table_rows(t), 2);
	char *text = PRINTED(table_print(t, to));

	cr_expect_str_eq(text, "A    LONG  C\n"
			       "\xc3\xa4\xc3\xb6\xc3\xbc  x     y\n"
			       "1\n");
	free(text);
	table_free(t);
}

Test(out, a_word_is_quoted_where_a_shell_would_take_it_apart)
{
	static const struct {
		const char *word, *typed;
	} rows[] = {
		{ "/etc/hanaper", "/etc/hanaper" },
		{ "my ca", "'my ca'" },
		{ "it's", "'it'\\''s'" },
		{ "$(x)", "'$(x)'" },
		{ "", "''" },
	};

	for (size_t i = 0; i < NITEMS(rows); i++) {
		char *typed = out_word(rows[i].word);

		cr_expect_str_eq(typed, rows[i].typed);
		free(typed);
	}
}
