/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <unistd.h>

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

/* R84 */
Test(out, lines_stay_lines_and_what_was_not_said_is_a_question_mark)
{
	char *text = PRINTED(out_lines(to, "a\n\tb\r\033[2J\nd\xc2\x9b"
					   "e\xc3\xa4\n"));

	cr_expect_str_eq(text, "a\n\tb??[2J\nd?e\xc3\xa4\n");
	free(text);
	text = PRINTED(out_lines(to, NULL); out_text(to, NULL));
	cr_expect_str_eq(text, "??");
	free(text);
}

/* What a function says on 'fd', as text; free() it. */
static char *
said_on(int fd, void (*f)(void))
{
	char path[] = "/tmp/hnp-out-XXXXXX", *text = mem_zalloc(4096);
	const int file = mkstemp(path), old = dup(fd);

	cr_assert(file >= 0 && old >= 0);
	unlink(path);
	fflush(NULL);
	cr_assert_geq(dup2(file, fd), 0);
	f();
	fflush(NULL);
	cr_assert_geq(dup2(old, fd), 0);
	cr_assert_geq(pread(file, text, 4095, 0), 0);
	close(file);
	close(old);
	return text;
}

static void
note(void)
{
	out_note("first\nsecond %s", "\033]0;x\007\xc2\x9b"
				     "31m");
}

static void
json(void)
{
	out_json(json_pack("{s:s}", "a", "\033\x7f\xc2\x9b\xc3\xa4"));
}

/* R84 */
Test(out, neither_a_remark_nor_json_tells_the_terminal_what_to_do)
{
	char *text = said_on(STDERR_FILENO, note);

	cr_expect_str_eq(text, "hanaper: first\nsecond ?]0;x??31m\n");
	free(text);
	text = said_on(STDOUT_FILENO, json);
	cr_expect_str_eq(text, "{\n  \"a\": \"\\u001B\\u007f\\u009b\xc3\xa4\"\n}\n");
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

Test(out, a_path_that_is_no_text_is_told_in_json_all_the_same)
{
	static const char *const rows[][2] = { { "/etc/\xc3\xa4", "/etc/\xc3\xa4" },
		{ "/etc/M\xfcller", "/etc/M?ller" } };

	for (size_t i = 0; i < NITEMS(rows); i++) {
		json_t *v = out_string(rows[i][0]);

		cr_expect_str_eq(json_string_value(v), rows[i][1]);
		json_decref(v);
	}
}
