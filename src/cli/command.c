/* SPDX-License-Identifier: Apache-2.0 */
/* Every command.  A new one is a file and a row. */
#include "cli/command.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/longopt.h"
#include "cli/options.h"

const struct command command_table[] = {
	/* clang-format off */
	{ "up",      "make a CA where there is none, and run it in the foreground", cmd_up },
	{ "init",    "make a CA: keys, certificates, configuration, database",      cmd_init },
	{ "issue",   "make a key here and have its certificate signed",             cmd_issue },
	{ "explain", "say what would become of a CSR, rule by rule; nothing is signed", cmd_explain },
	{ "token",   "make, list and withdraw tokens for a first certificate",      cmd_token },
	{ "enroll",  "get a first certificate by a token, key made here",           cmd_enroll },
	{ "renew",   "follow a certificate by the next, in time and without anybody",  cmd_renew },
	{ "renew-all", "have many certificates renewed before their time",          cmd_renew_all },
	{ "revoke",  "revoke a certificate",                                        cmd_revoke },
	{ "show",    "show one certificate and what became of it",                  cmd_show },
	{ "ls",      "list and search certificates",                                cmd_ls },
	{ "ca",      "print the root certificate, or an issuer's chain",            cmd_ca },
	{ "crl",     "fetch a revocation list, check it and say what it holds",     cmd_crl },
	{ "ocsp",    "ask the OCSP responder about a certificate",                  cmd_ocsp },
	{ "profile", "show the profiles: what may be asked for",                    cmd_profile },
	{ "issuer",  "show the issuers: who signs, until when; issuer revoke: no more",                     cmd_issuer },
	{ "acme",    "keys that bind ACME accounts, accounts, orders, validations",  cmd_acme },
	{ "audit",   "who decided what; audit verify: journal against database",   cmd_audit },
	{ "whoami",  "say who the daemon takes you for, and what you may do",       cmd_whoami },
	{ "doctor",  "look whether all is as it should be, and say what to do",     cmd_doctor },
	{ "trust",   "make this machine's programs trust the CA, or stop",          cmd_trust },
	{ "reload",  "have the daemon take up its configuration anew",              cmd_reload },
	{ "lint", "judge certificates, CRLs and OCSP answers by the signer's lints", cmd_lint },
	{ "bench",   "measure how fast a daemon is; only verified answers count",   cmd_bench },
	{ "backup",  "write the CA into one file, while it runs",                   cmd_backup },
	{ "restore", "put a backup back, without going back in time",               cmd_restore },
	{ "rotate",  "make the next intermediate, signed by the root",              cmd_rotate },
	{ "version", "print the version",                                           cmd_version },
	{ "help",    "explain a command",                                           cmd_help },
	{ 0 }
	/* clang-format on */
};

const struct command *
command_find(const char *name)
{
	for (const struct command *c = command_table; c->name != NULL; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

/* What other tools call it.  A row may have several meanings: which, the table settles. */
static const struct {
	const char *word;
	const char
	    *meant; /* NULL: nothing of ours, though a word of ours looks like it */
} synonyms[] = {
	/* clang-format off */
	{ "list", "ls" },
	{ "sign", "issue" },       { "certificate", "issue" }, { "cert", "issue" },
	{ "csr", "issue" },        { "inspect", "show" },      { "info", "show" },
	{ "status", "doctor" },    { "health", "doctor" },     { "check", "doctor" },
	{ "serve", "up" },         { "server", "up" },         { "start", "up" },
	{ "run", "up" },           { "stop", NULL },           { "config", NULL },
	{ "log", "audit" },        { "logs", "audit" },        { "search", "ls" },
	{ "add", "create" },       { "add", "new" },           { "new", "create" },
	{ "create", "new" },       { "generate", "create" },   { "generate", "new" },
	{ "delete", "rm" },        { "delete", "revoke" },     { "remove", "rm" },
	{ "remove", "revoke" },    { "revoke", "rm" },         { "rm", "revoke" },
	/* clang-format on */
};

#define SLIPS_MAX 2 /* letters put in, left out or changed */

/* Of 'size' octets each, whose first member is their name; the last has none. */
struct rows {
	const void *first;
	size_t size, prefix; /* letters of each name that nobody typed */
};

static const char *
row_name(const struct rows *rows, size_t i)
{
	const char *name;

	memcpy(&name, (const char *)rows->first + i * rows->size, sizeof(name));
	return name;
}

/* Is it one of other tools?  *ret stays NULL where none of the rows is meant. */
static bool
is_synonym(const struct rows *rows, const char *word, const char **ret)
{
	bool known = false;
	const char *name;

	for (size_t k = 0; k < NITEMS(synonyms); k++) {
		if (strcmp(synonyms[k].word, word) != 0)
			continue;
		known = known || synonyms[k].meant == NULL;
		for (size_t i = 0; synonyms[k].meant != NULL && *ret == NULL &&
				   (name = row_name(rows, i)) != NULL;
		     i++)
			if (strcmp(name + rows->prefix, synonyms[k].meant) == 0)
				*ret = name;
	}
	return known || *ret != NULL;
}

/* What may be meant by 'word'; NULL: nothing is near. */
static const char *
guess(const struct rows *rows, const char *word)
{
	size_t best = SLIPS_MAX + 1;
	const char *name, *found = NULL;

	if (is_synonym(rows, word, &found))
		return found;
	for (size_t i = 0; (name = row_name(rows, i)) != NULL; i++) {
		const size_t d = longopt_slips(name + rows->prefix, word);

		if (d < best && d < strlen(name + rows->prefix)) {
			best = d;
			found = name;
		}
	}
	return found;
}

const char *
command_guess(const struct command *rows, size_t prefix, const char *word)
{
	return guess(&(struct rows){ rows, sizeof(*rows), prefix }, word);
}

int
command_unknown(const char *word)
{
	const char *name = command_guess(command_table, 0, word);

	fputs("hanaper: there is no command \"", stderr);
	out_text(stderr, word);
	fprintf(stderr, "\"%s%s%s\nSee: hanaper help\n",
	    name != NULL ? "; did you mean \"" : "", name != NULL ? name : "",
	    name != NULL ? "\"?" : "");
	return OUT_USAGE;
}

int
command_verb(const struct command *self, const struct command_verb *rows,
    const char *word, const void *args)
{
	for (const struct command_verb *v = rows; v->name != NULL; v++)
		if (strcmp(v->name, word) == 0)
			return v->run(self, args);

	const char *name = guess(&(struct rows){ rows, sizeof(*rows), 0 }, word);
	if (name != NULL)
		return out_usage(self->name,
		    "there is no \"%s %s\"; did you mean \"%s %s\"?", self->name, word,
		    self->name, name);
	struct buf all;
	buf_init(&all, KIB(1));
	for (const struct command_verb *v = rows; v->name != NULL; v++)
		buf_printf(&all, "%s%s", all.n > 0 ? ", " : "", v->name);
	const int status = out_usage(self->name, "there is no \"%s %s\"; there is: %s",
	    self->name, word, buf_str(&all));
	buf_free(&all);
	return status;
}

/* Does a value stand behind this word? */
static bool
has_value(const char *word)
{
	for (const struct opt *o = options_client; o->name != NULL; o++)
		if (o->arg != NULL && strncmp(word, "--", 2) == 0 &&
		    strcmp(word + 2, o->name) == 0)
			return true;
	return false;
}

/* "hanaper --dir ca ls" */
static int
option_first(int argc, char **argv)
{
	int at = 2;
	struct buf line;

	while (at < argc && (has_value(argv[at - 1]) || command_find(argv[at]) == NULL))
		at++;
	buf_init(&line, KIB(64));
	buf_puts(&line, at < argc ? argv[at] : "COMMAND");
	for (int i = 1; i < argc; i++) {
		char *word = out_word(argv[i]);

		if (i != at)
			buf_printf(&line, " %s", word);
		free(word);
	}
	fputs("hanaper: options stand behind the command: hanaper ", stderr);
	out_text(stderr, buf_str(&line));
	fputs("\nSee: hanaper help\n", stderr);
	buf_free(&line);
	return OUT_USAGE;
}

/* "--help" and the like in the place of a command. */
static const struct {
	const char *word, *command;
} aliases[] = {
	{ "--help", "help" },
	{ "-h", "help" },
	{ "-?", "help" },
	{ "--version", "version" },
	{ "-V", "version" },
};

int
command_main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : NULL;
	const struct command *c;

	if (name == NULL) {
		cmd_help(NULL, 0, NULL);
		return OUT_USAGE;
	}
	for (size_t i = 0; i < NITEMS(aliases); i++)
		if (strcmp(name, aliases[i].word) == 0)
			name = aliases[i].command;
	c = command_find(name);
	if (c == NULL)
		return name[0] == '-' ? option_first(argc, argv)
				      : command_unknown(name);
	options_plain_environment();
	const int status = c->run(c, argc - 1, argv + 1);
	const int written = out_end();

	return status != OUT_DONE ? status : written;
}
