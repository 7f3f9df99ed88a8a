/* SPDX-License-Identifier: Apache-2.0 */
/* Every command.  A new one is a file and a row. */
#include "cli/command.h"

#include <string.h>

#include "base/longopt.h"

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

#define SLIPS_MAX 2 /* letters put in, left out or changed */

const struct command *
command_guess(const struct command *rows, size_t prefix, const char *word)
{
	const struct command *found = NULL;
	size_t best = SLIPS_MAX + 1;

	for (const struct command *c = rows; c->name != NULL; c++) {
		const size_t d = longopt_slips(c->name + prefix, word);

		if (d < best && d < strlen(c->name + prefix)) {
			best = d;
			found = c;
		}
	}
	return found;
}

int
command_unknown(const char *word)
{
	const struct command *c = command_guess(command_table, 0, word);

	fputs("hanaper: there is no command \"", stderr);
	out_text(stderr, word);
	fprintf(stderr, "\"%s%s%s\nSee: hanaper help\n",
	    c != NULL ? "; did you mean \"" : "", c != NULL ? c->name : "",
	    c != NULL ? "\"?" : "");
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
		return command_unknown(name);
	const int status = c->run(c, argc - 1, argv + 1);
	const int written = out_end();

	return status != OUT_DONE ? status : written;
}
