/* SPDX-License-Identifier: Apache-2.0 */
/* hanaper backup - the CA as one file, while it runs. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/backup.h"
#include "cli/client.h"
#include "conf/conf_load.h"

struct backup_args {
	struct options_common common;
	bool with_keys;
};

static const struct opt opts[] = {
	OPT_IS_FLAG("json", struct backup_args, common.json, "print JSON"),
	OPT_IS_FLAG("with-keys", struct backup_args, with_keys,
	    "keys that are not encrypted too: guard the file as them"),
	{ 0 },
};

static const struct opt_usage usage = {
	.operands = "FILE",
	.about = "Database, journal, configuration, certificates, and keys that are\n"
		 "encrypted, in one ustar archive, as of one moment, while the daemon "
		 "runs.\n"
		 "Run it as root or as the daemon's user, on its machine.  What was "
		 "written\n"
		 "is read back and checked.",
	.opts = opts,
	.shared = options_local,
	.least = 1,
	.most = 1,
};

static void
print_json(const struct backup *b)
{
	char at[CLOCK_RFC3339_LEN];
	json_t *left = json_array();

	clock_rfc3339(b->facts.made_at, at);
	for (size_t i = 0; i < b->left_out.n; i++)
		json_array_append_new(left, json_string(b->left_out.v[i]));
	out_json(json_pack("{s:s, s:s, s:I, s:I, s:I, s:o}", "file", b->file, "made_at",
	    at, "octets", (json_int_t)b->octets, "journal_seq",
	    (json_int_t)b->facts.journal_seq, "database_seq",
	    (json_int_t)b->facts.database_seq, "left_out", left));
}

static void
print(const struct backup *b)
{
	out_text(stdout, b->file);
	printf(": %" PRIu64 " octets, up to record %" PRIu64
	       " of the journal; read back and checked\n",
	    b->octets, b->facts.journal_seq);
	for (size_t i = 0; i < b->left_out.n; i++)
		out_note("not in it: %s", b->left_out.v[i]);
	char *word = out_word(b->file);
	out_next("hanaper restore --check %s", word);
	free(word);
}

int
cmd_backup(const struct command *self, int argc, char **argv)
{
	struct backup_args a = { 0 };
	struct backup b = { 0 };
	struct conf *conf = NULL;
	struct err e = { 0 };
	char *file;
	int status = OUT_DONE;

	if (!options_read(self, &usage, argc, argv, &a, &status))
		return status;
	if (strcmp(a.common.operands[0], "-") == 0) /* it is read again to be checked */
		return out_usage(self->name, "- is no file name here; ./- is");
	file = client_find_conf(a.common.dir);
	b.file = a.common.operands[0];
	b.with_keys = a.with_keys;
	bool ok = file != NULL || client_found_none(a.common.dir, &e);
	ok = ok && conf_load(file, &conf, &e);
	b.conf = conf;
	b.named = file;
	if (!ok || !backup_make(&b, &e))
		status = out_fail(&e);
	else if (a.common.json)
		print_json(&b);
	else
		print(&b);
	backup_free(&b);
	conf_free(conf);
	free(file);
	return status;
}
