/* SPDX-License-Identifier: Apache-2.0 */
/* hanaper help - all commands, or one of them. */
#include "cli/options.h"

#define HELP_NAME_COLUMNS 11
#define HELP_WORDS_MAX    3 /* "acme eab new" */

struct help_args {
	struct options_common common;
};

static const struct opt_usage usage = { .operands = "[COMMAND...]",
	.most = HELP_WORDS_MAX };

static void
overview(FILE *to)
{
	fputs("hanaper - a private certificate authority\n\n"
	      "Usage: hanaper COMMAND [OPTION...] [ARGUMENT...]\n\nCommands:\n",
	    to);
	for (const struct command *c = command_table; c->name != NULL; c++)
		fprintf(to, "  %-*s%s\n", HELP_NAME_COLUMNS, c->name, c->help);
	fputs("\nBegin with:  hanaper up\n"
	      "and then:    hanaper issue localhost\n"
	      "More:        hanaper COMMAND --help, man hanaper\n",
	    to);
}

int
cmd_help(const struct command *self, int argc, char **argv)
{
	struct help_args a = { 0 };
	const struct command *c;
	char *help_argv[HELP_WORDS_MAX + 2] = { NULL };
	int status, n = 0;

	if (self == NULL) { /* "hanaper" alone: that is wrong usage */
		overview(stderr);
		return OUT_USAGE;
	}
	if (!options_read(self, &usage, argc, argv, &a, &status))
		return status;
	if (a.common.n_operands == 0) {
		overview(stdout);
		return OUT_DONE;
	}
	c = command_find(a.common.operands[0]);
	if (c == NULL)
		return command_unknown(a.common.operands[0]);
	for (; n < a.common.n_operands; n++)
		help_argv[n] = a.common.operands[n];
	help_argv[n++] = (char[]){ "--help" };
	return c->run(c, n, help_argv);
}
