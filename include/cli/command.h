/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command - what hanaper can do: one row and one file per command.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "cli/out.h"

struct command {
	const char *name;
	const char *help; /* one line */
	/* argv[0] is the command's name; returns an exit status (enum out_status). */
	int (*run)(const struct command *self, int argc, char **argv);
};

/* In the order in which help shows them; ends with a row whose name is NULL. */
extern const struct command command_table[];

const struct command *command_find(const char *name); /* NULL: there is none */
/*
 * The name that may be meant by 'word', of rows as command_table's whose names begin
 * with 'prefix' letters that nobody typed; NULL: nothing is near.
 */
const char *command_guess(const struct command *rows, size_t prefix, const char *word);
/* Says that there is no such command, and which may be meant; OUT_USAGE. */
int command_unknown(const char *word);

/* What stands behind the name of some commands: "token ls". */
struct command_verb {
	const char *name;
	int (*run)(const struct command *self, const void *args);
};
/* Runs the verb with 'args'; OUT_USAGE: it is none of 'rows', which end as the table does. */
int command_verb(const struct command *self, const struct command_verb *rows,
    const char *word, const void *args);

/* Runs argv[1] with what follows it; the whole program but for main(). */
int command_main(int argc, char **argv);

int cmd_acme(const struct command *self, int argc, char **argv);
int cmd_audit(const struct command *self, int argc, char **argv);
int cmd_backup(const struct command *self, int argc, char **argv);
int cmd_bench(const struct command *self, int argc, char **argv);
int cmd_ca(const struct command *self, int argc, char **argv);
int cmd_crl(const struct command *self, int argc, char **argv);
int cmd_doctor(const struct command *self, int argc, char **argv);
int cmd_enroll(const struct command *self, int argc, char **argv);
int cmd_explain(const struct command *self, int argc, char **argv);
int cmd_help(const struct command *self, int argc, char **argv);
int cmd_init(const struct command *self, int argc, char **argv);
int cmd_issue(const struct command *self, int argc, char **argv);
int cmd_issuer(const struct command *self, int argc, char **argv);
int cmd_lint(const struct command *self, int argc, char **argv);
int cmd_ls(const struct command *self, int argc, char **argv);
int cmd_ocsp(const struct command *self, int argc, char **argv);
int cmd_profile(const struct command *self, int argc, char **argv);
int cmd_reload(const struct command *self, int argc, char **argv);
int cmd_renew(const struct command *self, int argc, char **argv);
int cmd_renew_all(const struct command *self, int argc, char **argv);
int cmd_restore(const struct command *self, int argc, char **argv);
int cmd_revoke(const struct command *self, int argc, char **argv);
int cmd_rotate(const struct command *self, int argc, char **argv);
int cmd_show(const struct command *self, int argc, char **argv);
int cmd_token(const struct command *self, int argc, char **argv);
int cmd_trust(const struct command *self, int argc, char **argv);
int cmd_up(const struct command *self, int argc, char **argv);
int cmd_version(const struct command *self, int argc, char **argv);
int cmd_whoami(const struct command *self, int argc, char **argv);

#endif
