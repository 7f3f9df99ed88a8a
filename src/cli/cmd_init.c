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
	.opts =
	    (const struct opt[]){
		OPT_IS_FLAG("system", struct setup_args, system,
		    "for the service: " SETUP_ETC ", " SETUP_STATE
		    ", user " SETUP_USER),
		OPT_HAS_TEXT("root", "DIR", struct setup_args, root,
		    "with --system: what is / in an image"),
		OPT_HAS_LIST("user", "signer=USER", struct setup_args, users,
		    "with --system: whose journal and keys are"),
		{ 0 },
	    },
	.shared = setup_opts,
};

int
cmd_init(const struct command *self, int argc, char **argv)
{
	struct setup_args a = { 0 };
	struct setup s = { .workfd = -1 };
	const char *dir;
	struct err e = { 0 };
	int status = OUT_DONE;

	if (!options_read(self, &usage, argc, argv, &a, &status))
		goto out;
	dir = options_named_dir(a.common.dir);
	if (dir == NULL)
		dir = SETUP_DIR;
	if (a.system ? a.common.dir != NULL : a.root != NULL || a.users.n > 0) {
		status = out_usage(self->name,
		    a.system ? "--system has its own directories; leave --dir out"
			     : "--root and --user go with --system");
		goto out;
	}
	if (!a.system && options_named_dir(a.common.dir) == NULL &&
	    !conf_where_free(&e)) {
		status = out_fail(&e);
		goto out;
	}
	if (!setup_plan(&a, dir, &s, &e)) {
		status = e.code == ERR_MALFORMED || e.code == ERR_POLICY
			     ? out_usage(self->name, "%s", e.detail)
			     : out_fail(&e);
	} else if (!setup_make(&s, &e)) {
		status = out_fail(&e);
	} else if (a.common.json) {
		setup_plan_warn(&s);
		out_json(setup_json(&s));
	} else {
		char *word = out_word(dir);

		setup_plan_warn(&s);
		setup_print(&s);
		if (a.users.n > 0)
			out_next("hanaperd --config " SETUP_ETC
				 "/hanaper.yaml --user %s",
			    a.users.v[0]);
		else if (a.system)
			out_next("systemctl enable --now hanaper");
		else
			out_next("hanaper up --dir %s", word);
		free(word);
	}
out:
	setup_free(&s);
	setup_args_free(&a);
	return status;
}
