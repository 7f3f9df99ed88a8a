/* SPDX-License-Identifier: Apache-2.0 */
/* hanaper restore - a backup put back, or looked at. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/restore.h"
#include "cli/setup.h"

struct restore_args {
	struct options_common common;
	struct strings crls, users;
	bool check, nothing_since;
};

static const struct opt opts[] = {
	OPT_IS_FLAG("json", struct restore_args, common.json, "print JSON"),
	OPT_IS_FLAG("check", struct restore_args, check,
	    "is it whole?  Nothing is put back"),
	OPT_HAS_LIST("crl", "FILE", struct restore_args, crls,
	    "an issuer's last CRL, where the newest journal is lost"),
	OPT_HAS_LIST("user", "signer=USER", struct restore_args, users,
	    "whose journal and keys are, as hanaperd's --user"),
	OPT_IS_FLAG("nothing-since", struct restore_args, nothing_since,
	    "nothing was revoked after the backup"),
	OPT_HAS_TEXT("dir", "DIR", struct options_common, dir,
	    "where to (else $HANAPER_DIR, a service's to " SETUP_ETC ", ., ./hanaper)"),
	{ 0 },
};

static const struct opt_usage usage = {
	.operands = "FILE",
	.about = "Puts a backup back while no daemon runs.  hanaper.yaml goes to DIR, "
		 "all else\n"
		 "where its 'dir:' says.  A journal or database that is there and "
		 "newer is kept,\n"
		 "and the database brought up to the journal: what was revoked stays "
		 "revoked.\n"
		 "What has to make way is moved into before-restore-TIME.",
	.opts = opts,
	.least = 1,
	.most = 1,
};

static void
print_path(const char *what, const char *path)
{
	printf("%-13s ", what);
	out_text(stdout, path);
	putchar('\n');
}

static void
print(const struct restore *r, bool json)
{
	json_t *told = json_array();
	char *yaml = r->check ? NULL : mem_printf("%s/" BACKUP_CONF, r->etc);

	if (!json && yaml != NULL)
		print_path("configuration", yaml);
	if (!json && yaml != NULL && strcmp(r->state, r->etc) != 0)
		print_path("CA directory", r->state);
	for (size_t i = 0; i < r->told.n; i++) {
		json_array_append_new(told, json_string(r->told.v[i]));
		if (json)
			continue;
		out_text(stdout, r->told.v[i]);
		putchar('\n');
	}
	if (json)
		out_json(json_pack("{s:s, s:s*, s:s*, s:I, s:O}", "file", r->file,
		    "configuration", yaml, "dir", r->state, "journal_seq",
		    (json_int_t)r->facts.journal_seq, "told", told));
	json_decref(told);
	free(yaml);
}

static void
say_next(const struct restore *r)
{
	const bool service =
	    strcmp(r->etc, SETUP_ETC) == 0 && strcmp(r->state, SETUP_STATE) == 0;

	if (service && r->users->n == 0) {
		out_next("systemctl start hanaper");
		return;
	}
	char *word = out_word(service ? r->etc : r->dir);
	out_next("hanaperd --dir %s", word);
	free(word);
}

int
cmd_restore(const struct command *self, int argc, char **argv)
{
	struct restore_args a = { 0 };
	struct restore r = { .fd = -1, .lock = -1, .claim = { .fd = -1 } };
	struct err e = { 0 };
	int status = OUT_DONE;

	if (!options_read(self, &usage, argc, argv, &a, &status))
		goto out;
	buf_init(&r.yaml, MIB(1));
	r.file = a.common.operands[0];
	r.dir = setup_dir_at_hand(a.common.dir);
	r.named = options_named_dir(a.common.dir) != NULL;
	r.check = a.check;
	r.nothing_since = a.nothing_since;
	r.crls = &a.crls;
	r.users = &a.users;
	if (!restore_run(&r, &e)) {
		/* What is in place already: another run finds it done, and is silent. */
		for (size_t i = 0; i < r.told.n; i++)
			out_note("%s", r.told.v[i]);
		status = out_fail(&e);
	} else {
		print(&r, a.common.json);
		if (!a.check && r.keyless == 0)
			say_next(&r);
	}
out:
	restore_free(&r);
	strings_free(&a.crls);
	strings_free(&a.users);
	return status;
}
