/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <criterion/redirect.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/options.h"

struct try_args {
	struct options_common common;
	bool flag;
	const char *text;
	struct strings list;
};

static const struct opt opts[] = {
	OPT_IS_FLAG("flag", struct try_args, flag, "a flag"),
	OPT_HAS_TEXT("text", "TEXT", struct try_args, text, "a text"),
	OPT_HAS_LIST("list", "ITEM", struct try_args, list, "a list"),
	{ 0 },
};

static const struct opt_usage usage = {
	.operands = "NAME...",
	.opts = opts,
	.shared = options_client,
	.least = 1,
	.most = 2,
};

static const struct command cmd = { "try", "try it", NULL };

static bool
read_line(char **argv, struct try_args *a, int *ret_status)
{
	int argc = 0;

	while (argv[argc] != NULL)
		argc++;
	*a = (struct try_args){ 0 };
	return options_read(&cmd, &usage, argc, argv, a, ret_status);
}

#define LINE(...) ((char *[]){ (char[]){ "try" }, __VA_ARGS__, NULL })

Test(options, rows_say_where_values_go_and_operands_may_stand_between)
{
	struct try_args a;
	int status = -1;

	cr_assert(
	    read_line(LINE((char[]){ "one" }, (char[]){ "--flag" },
			  (char[]){ "--text=x" }, (char[]){ "two" },
			  (char[]){ "--list" }, (char[]){ "a" }, (char[]){ "--list" },
			  (char[]){ "b" }, (char[]){ "--json" }),
		&a, &status));
	cr_expect(a.flag);
	cr_expect(a.common.json);
	cr_expect_str_eq(a.text, "x");
	cr_assert_eq(a.list.n, 2);
	cr_expect_str_eq(a.list.v[1], "b");
	cr_assert_eq(a.common.n_operands, 2);
	cr_expect_str_eq(a.common.operands[0], "one");
	cr_expect_str_eq(a.common.operands[1], "two");
	strings_free(&a.list);
}

Test(options, where_the_daemon_is_must_be_said_whole)
{
	static const struct opt_usage apart = {
		.operands = "",
		.opts = opts,
		.shared = options_client,
		.pair_apart = true,
	};
	static const struct {
		const char *url, *cert, *key;
		bool good, good_apart;
	} rows[] = {
		{ "https://ca", NULL, NULL, true, true },
		{ "HTTPS://ca:1/", "c", "k", true, true },
		{ NULL, "c", NULL, true, true },
		{ "https://ca", "c", NULL, false, true },
		{ "https://ca", NULL, "k", false, true },
		{ "http://ca", NULL, NULL, false, false },
		{ "https://", NULL, NULL, false, false },
		{ "ca:8443", NULL, NULL, false, false },
		{ "", NULL, NULL, false, false },
	};

	cr_redirect_stderr();
	for (size_t i = 0; i < 2 * NITEMS(rows); i++) {
		const bool is_apart = i >= NITEMS(rows);
		const size_t k = i % NITEMS(rows);
		const char *given[] = { rows[k].url, rows[k].cert, rows[k].key };
		static const char *const names[] = { "--url", "--cert", "--key" };
		struct opt_usage u = is_apart ? apart : usage;
		struct try_args a = { 0 };
		char *argv[8] = { (char[]){ "try" } };
		int argc = 1, status = -1;

		u.least = 0;
		for (size_t g = 0; g < NITEMS(given); g++)
			if (given[g] != NULL) {
				argv[argc++] = mem_strdup(names[g]);
				argv[argc++] = mem_strdup(given[g]);
			}
		const bool good = options_read(&cmd, &u, argc, argv, &a, &status);
		cr_expect_eq(good, is_apart ? rows[k].good_apart : rows[k].good,
		    "row %zu", i);
		cr_expect(good || status == OUT_USAGE);
		while (argc > 1)
			free(argv[--argc]);
	}
}

Test(options, wrong_usage_ends_with_status_2_and_says_where_the_help_is)
{
	char **const lines[] = {
		LINE((char[]){ "one" }, (char[]){ "--nothing" }),
		LINE((char[]){ "one" }, (char[]){ "--text" }),
		LINE((char[]){ "one" }, (char[]){ "--flag=yes" }),
		LINE((char[]){ "one" }, (char[]){ "--tex" }, (char[]){ "x" }),
		LINE((char[]){ "--flag" }),
		LINE((char[]){ "one" }, (char[]){ "two" }, (char[]){ "three" }),
	};
	char text[1024];

	cr_redirect_stderr();
	for (size_t i = 0; i < NITEMS(lines); i++) {
		struct try_args a;
		int status = -1;

		cr_expect_not(read_line(lines[i], &a, &status), "line %zu", i);
		cr_expect_eq(status, OUT_USAGE, "line %zu", i);
	}
	fflush(stderr);
	FILE *f = cr_get_redirected_stderr();
	const size_t n = fread(text, 1, sizeof(text) - 1, f);

	text[n] = '\0';
	cr_expect(strstr(text, "See: hanaper try --help") != NULL);
	cr_expect(strstr(text, "hanaper try: there is no option --tex; did you mean "
			       "--text?") != NULL);
}

Test(options, help_shows_every_option_and_ends_with_status_0)
{
	struct try_args a;
	int status = -1;
	char text[4096];

	cr_redirect_stdout();
	cr_expect_not(read_line(LINE((char[]){ "--help" }), &a, &status));
	cr_expect_eq(status, OUT_DONE);
	fflush(stdout);
	FILE *f = cr_get_redirected_stdout();
	const size_t n = fread(text, 1, sizeof(text) - 1, f);

	text[n] = '\0';
	cr_expect(strstr(text, "Usage: hanaper try [OPTION...] NAME...") != NULL);
	for (const struct opt *o = opts; o->name != NULL; o++)
		cr_expect(strstr(text, o->name) != NULL, "%s", o->name);
	cr_expect(strstr(text, "--cacert FILE") != NULL);
}

Test(command, every_command_shows_its_help_with_status_0)
{
	cr_redirect_stdout();
	for (const struct command *c = command_table; c->name != NULL; c++) {
		char name[32], help[] = "--help";
		char *argv[] = { name, help, NULL };

		snprintf(name, sizeof(name), "%s", c->name);
		cr_expect_eq(c->run(c, 2, argv), OUT_DONE, "%s", c->name);
		cr_expect_eq(command_find(c->name), c);
	}
	cr_expect_null(command_find("nothing"));
}

Test(options, a_commands_own_row_stands_for_the_shared_one_of_that_name)
{
	static const struct opt own[] = {
		OPT_HAS_TEXT("cert", "FILE", struct try_args, text, "another one"),
		{ 0 },
	};
	static const struct opt_usage u = {
		.operands = "",
		.opts = own,
		.shared = options_client,
	};
	char *line[] = { (char[]){ "try" }, (char[]){ "--cert" }, (char[]){ "x" },
		NULL };
	struct try_args a = { 0 };
	char text[4096];
	int status = -1;

	cr_assert(options_read(&cmd, &u, 3, line, &a, &status));
	cr_expect_str_eq(a.text, "x");
	cr_expect_null(a.common.cert);
	FILE *to = fmemopen(text, sizeof(text), "w");
	options_help(&cmd, &u, to);
	fclose(to);
	const char *first = strstr(text, "--cert ");
	cr_assert_neq(first, NULL);
	cr_expect_neq(strstr(first, "another one"), NULL);
	cr_expect_null(strstr(first + 1, "--cert "));
}
