/* SPDX-License-Identifier: Apache-2.0 */
/* hanaper init - a CA where there was none. */
#include <stdlib.h>

#include "cli/setup.h"

static const struct opt_usage usage = {
	.operands = "",
	.about =
	    "Makes root, intermediate, configuration, database and the first\n"
	    "administrator's certificate in a new directory.  Touches nothing that\n"
	    "is there already.",
	.shared = setup_opts,
};

int
cmd_init(const struct command *self, int argc, char **argv)
{
	struct setup_args a = { 0 };
	struct setup s = { .workfd = -1 };
	const char *dir = getenv("HANAPER_DIR");
	struct err e = { 0 };
	int status = OUT_DONE;

	if (!options_read(self, &usage, argc, argv, &a, &status))
		goto out;
	if (a.common.dir != NULL)
		dir = a.common.dir;
	else if (dir == NULL || dir[0] == '\0')
		dir = SETUP_DIR;
	if (!setup_plan(&a, dir, &s, &e)) {
		status = e.code == ERR_IO ? out_fail(&e)
					  : out_usage(self->name, "%s", e.detail);
	} else if (!setup_make(&s, &e)) {
		status = out_fail(&e);
	} else if (a.common.json) {
		out_json(setup_json(&s));
	} else {
		char *word = out_word(dir);

		setup_print(&s);
		out_next("hanaper up --dir %s", word);
		free(word);
	}
out:
	setup_free(&s);
	setup_args_free(&a);
	return status;
}
