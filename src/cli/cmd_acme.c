/* SPDX-License-Identifier: Apache-2.0 */
/* hanaper acme - what administrators do about ACME clients; a new group is a file and a row. */
#include "cli/cmd_acme.h"

#include <string.h>

/* The name is as people type it: usage and errors say it. */
static const struct command groups[] = {
	/* clang-format off */
	{ "acme eab",      "make, list and revoke keys that bind accounts",    cmd_acme_eab },
	{ "acme accounts", "list and revoke accounts",                         cmd_acme_accounts },
	{ "acme orders",   "list what was ordered and what became of it",      cmd_acme_orders },
	{ "acme why",      "say what the validations of a name saw",           cmd_acme_why },
	{ "acme test",     "try whether a name could be validated, without an order", cmd_acme_test },
	{ 0 }
	/* clang-format on */
};

#define PREFIX 5 /* "acme " */

static void
help(const struct command *self, FILE *to)
{
	fprintf(to,
	    "Usage: hanaper %s GROUP [OPTION...] [ARGUMENT...]\n\n%s: %s\n\n"
	    "Groups:\n",
	    self->name, self->name, self->help);
	for (const struct command *g = groups; g->name != NULL; g++)
		fprintf(to, "  %-10s%s\n", g->name + PREFIX, g->help);
	fputs("\nMore: hanaper acme GROUP --help\n", to);
}

int
cmd_acme(const struct command *self, int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : NULL;

	if (word == NULL) {
		help(self, stderr);
		return OUT_USAGE;
	}
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
		help(self, stdout);
		return OUT_DONE;
	}
	for (const struct command *g = groups; g->name != NULL; g++)
		if (strcmp(word, g->name + PREFIX) == 0)
			return g->run(g, argc - 1, argv + 1);
	const char *meant = command_guess(groups, PREFIX, word);
	if (meant == NULL)
		return out_usage(self->name, "there is no \"%s\"", word);
	return out_usage(self->name, "there is no \"%s\"; did you mean \"%s\"?", word,
	    meant);
}
