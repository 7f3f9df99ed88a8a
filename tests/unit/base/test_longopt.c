/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "base/longopt.h"
#include "base/mem.h"

static const struct option longs[] = {
	{ "dir", required_argument, NULL, 0 },
	{ "dns", required_argument, NULL, 0 },
	{ "root-validity", required_argument, NULL, 0 },
	{ "force", no_argument, NULL, 'f' },
	{ NULL, 0, NULL, 0 },
};

#define WORDS_MAX 6

static int
last(const char *const *words, int *ret_at, struct err *e)
{
	char *argv[WORDS_MAX + 2] = { mem_strdup("try") };
	int argc = 1, c, before = LONGOPT_END;

	while (words[argc - 1] != NULL) {
		argv[argc] = mem_strdup(words[argc - 1]);
		argc++;
	}
	*ret_at = -1;
	optind = 0;
	while ((c = longopt_next(argc, argv, "f", longs, ret_at, e)) != LONGOPT_END &&
	       c != LONGOPT_WRONG)
		before = c;
	while (argc > 0)
		free(argv[--argc]);
	return c == LONGOPT_WRONG ? c : before;
}

Test(longopt, whole_names_are_taken_however_their_value_is_given)
{
	static const struct {
		const char *words[WORDS_MAX];
		int at, ret;
	} rows[] = {
		{ { "--dir", "x" }, 0, 0 },
		{ { "--dir=x", "one" }, 0, 0 },
		{ { "one", "--dns", "--dir", "two" }, 1, 0 },
		{ { "--dir", "a", "one", "--root-validity=" }, 2, 0 },
		{ { "one", "two", "--force" }, 3, 'f' },
		{ { "-f", "one" }, -1, 'f' },
		{ { "one", "--", "--roo" }, -1, LONGOPT_END },
	};

	for (size_t i = 0; i < NITEMS(rows); i++) {
		struct err e = { 0 };
		int at;

		cr_expect_eq(last(rows[i].words, &at, &e), rows[i].ret, "row %zu: %s",
		    i, e.detail);
		cr_expect_eq(at, rows[i].at, "row %zu", i);
	}
}

Test(longopt, what_is_no_option_is_named_and_what_was_meant)
{
	static const struct {
		const char *words[WORDS_MAX];
		const char *said;
	} rows[] = {
		{ { "--root", "X" },
		    "there is no option --root; did you mean --root-validity?" },
		{ { "--root=X" },
		    "there is no option --root; did you mean --root-validity?" },
		{ { "one", "--root-validit" }, "there is no option --root-validit; did "
					       "you mean --root-validity?" },
		{ { "--d", "x" },
		    "there is no option --d; did you mean --dir or --dns?" },
		{ { "--d=x" }, "there is no option --d; did you mean --dir or --dns?" },
		{ { "--forse" }, "there is no option --forse; did you mean --force?" },
		{ { "--dir", "x", "--forc" },
		    "there is no option --forc; did you mean --force?" },
		{ { "--nothing" }, "there is no option --nothing" },
		{ { "--=x" }, "there is no option --" },
		{ { "one", "--dir" }, "--dir wants a value" },
		{ { "--root" },
		    "there is no option --root; did you mean --root-validity?" },
		{ { "--force=yes" }, "--force takes no value" },
		{ { "--force", "-x" }, "there is no option -x" },
		{ { "--dir=x", "-xf" }, "there is no option -x" },
		{ { "--dir", "--roo", "-xf" }, "there is no option -x" },
		{ { "-fx" }, "there is no option -x" },
	};

	for (size_t i = 0; i < NITEMS(rows); i++) {
		struct err e = { 0 };
		int at;

		cr_expect_eq(last(rows[i].words, &at, &e), LONGOPT_WRONG, "row %zu", i);
		cr_expect_str_eq(e.detail, rows[i].said, "row %zu", i);
	}
}

Test(longopt, a_name_of_any_length_is_refused_in_words)
{
	char word[1000] = "--";
	const char *words[] = { word, NULL };
	struct err e = { 0 };
	int at;

	memset(word + 2, 'd', sizeof(word) - 3);
	cr_expect_eq(last(words, &at, &e), LONGOPT_WRONG);
	cr_expect_eq(strncmp(e.detail, "there is no option --ddd", 24), 0);
	cr_expect_null(strchr(e.detail, ';'));
}
