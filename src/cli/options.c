/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/options.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/longopt.h"
#include "base/mem.h"

/* Column at which an option's explanation begins. */
#define HELP_COLUMN 28

const struct opt options_client[] = {
	/* clang-format off */
	OPT_IS_FLAG("json", struct options_common, json, "print JSON"),
	OPT_HAS_TEXT("dir", "DIR", struct options_common, dir,
	    "where hanaper.yaml is (else $HANAPER_DIR, ./hanaper, ., /etc/hanaper)"),
	OPT_HAS_TEXT("url", "URL", struct options_common, url,
	    "go to this API over mTLS instead of a CA directory's socket"),
	OPT_HAS_TEXT("cert", "FILE", struct options_common, cert, "client certificate (with --url)"),
	OPT_HAS_TEXT("key", "FILE", struct options_common, key, "its key (with --url)"),
	OPT_HAS_TEXT("cacert", "FILE", struct options_common, cacert,
	    "root certificate to trust (with --url)"),
	{ 0 }
	/* clang-format on */
};

const struct opt options_local[] = {
	OPT_HAS_TEXT("dir", "DIR", struct options_common, dir,
	    "where hanaper.yaml is (else $HANAPER_DIR, ./hanaper, ., /etc/hanaper)"),
	{ 0 },
};

static const struct opt help_row[] = {
	OPT_IS_FLAG("help", struct options_common, help, "show this"),
	{ 0 },
};

#define OPTIONS_TABLES 3
#define OPTIONS_MAX    64 /* rows of all tables together */

static bool
is_among(const struct opt *const *rows, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(rows[i]->name, name) == 0)
			return true;
	return false;
}

/*
 * All rows that apply, one behind the other; *ret has room for OPTIONS_MAX.  A command
 * may have a row of its own for an option that is shared, where it means more.
 */
static size_t
collect(const struct opt_usage *u, const struct opt **ret)
{
	const struct opt *tables[OPTIONS_TABLES] = { u->opts, u->shared, help_row };
	size_t n = 0;

	for (size_t t = 0; t < OPTIONS_TABLES; t++)
		for (const struct opt *o = tables[t]; o != NULL && o->name != NULL;
		     o++) {
			if (is_among(ret, n, o->name))
				continue;
			if (n == OPTIONS_MAX)
				abort(); /* a table grew past what was foreseen */
			ret[n++] = o;
		}
	return n;
}

void
options_help(const struct command *cmd, const struct opt_usage *u, FILE *to)
{
	const struct opt *rows[OPTIONS_MAX];
	const size_t n = collect(u, rows);

	fprintf(to, "Usage: hanaper %s [OPTION...]%s%s\n\n%s: %s\n", cmd->name,
	    u->operands[0] != '\0' ? " " : "", u->operands, cmd->name, cmd->help);
	if (u->about != NULL)
		fprintf(to, "\n%s\n", u->about);
	fputs("\nOptions:\n", to);
	for (size_t i = 0; i < n; i++) {
		char *left = mem_printf("--%s%s%s", rows[i]->name,
		    rows[i]->arg != NULL ? " " : "",
		    rows[i]->arg != NULL ? rows[i]->arg : "");

		fprintf(to, "  %-*s%s%s\n", HELP_COLUMN - 2, left, rows[i]->help,
		    rows[i]->kind == OPT_LIST ? " (repeatable)" : "");
		free(left);
	}
}

static void
store(const struct opt *o, void *args, char *value)
{
	void *at = (char *)args + o->offset;

	if (o->arg != NULL && strcmp(o->arg, "DIR") == 0)
		conf_plain_dir(value);
	if (o->kind == OPT_FLAG)
		*(bool *)at = true;
	else if (o->kind == OPT_TEXT)
		*(const char **)at = value;
	else
		strings_add(at, value);
}

static bool
wrong(const struct command *cmd, int *ret_status, const char *fmt, const char *what)
{
	fprintf(stderr, "hanaper %s: %s", cmd->name, fmt);
	out_text(stderr, what);
	fprintf(stderr, "\nSee: hanaper %s --help\n", cmd->name);
	*ret_status = OUT_USAGE;
	return false;
}

static bool
check_operands(const struct command *cmd, const struct opt_usage *u,
    const struct options_common *c, int *ret_status)
{
	if (c->n_operands < u->least)
		return wrong(cmd, ret_status, "something is missing: ", u->operands);
	if (u->most >= 0 && c->n_operands > u->most)
		return wrong(cmd, ret_status,
		    "one argument too many: ", c->operands[u->most]);
	return true;
}

bool
options_is_https(const char *url)
{
	return strncasecmp(url, "https://", 8) == 0 && url[8] != '\0';
}

static bool
check_where(const struct command *cmd, const struct opt_usage *u,
    const struct options_common *c, int *ret_status)
{
	if (u->shared != options_client || c->url == NULL)
		return true;
	if (!options_is_https(c->url))
		return wrong(cmd, ret_status,
		    "--url wants https://HOST:PORT, not: ", c->url);
	if (!u->pair_apart && (c->cert == NULL) != (c->key == NULL))
		return wrong(cmd, ret_status, "--cert and --key go together; missing: ",
		    c->cert == NULL ? "--cert" : "--key");
	return true;
}

void
options_plain_environment(void)
{
	char *dir = getenv("HANAPER_DIR");

	if (dir == NULL)
		return;
	dir = mem_strdup(dir);
	conf_plain_dir(dir);
	if (setenv("HANAPER_DIR", dir, 1) < 0)
		abort(); /* no memory */
	free(dir);
}

const char *
options_named_dir(const char *given)
{
	const char *named = given != NULL ? given : getenv("HANAPER_DIR");

	return named != NULL && named[0] != '\0' ? named : NULL;
}

bool
options_read(const struct command *cmd, const struct opt_usage *u, int argc,
    char **argv, void *args, int *ret_status)
{
	const struct opt *rows[OPTIONS_MAX];
	const size_t n = collect(u, rows);
	struct option longs[OPTIONS_MAX + 1] = { 0 };
	struct options_common *common = args;
	struct err e;
	int c, at = -1;

	for (size_t i = 0; i < n; i++) {
		longs[i].name = rows[i]->name;
		longs[i].has_arg =
		    rows[i]->kind == OPT_FLAG ? no_argument : required_argument;
	}
	optind = 0; /* glibc: begin anew, tests call this more than once */
	while ((c = longopt_next(argc, argv, "h", longs, &at, &e)) != LONGOPT_END) {
		if (c == LONGOPT_WRONG)
			return wrong(cmd, ret_status, "", e.detail);
		if (c == 'h')
			common->help = true;
		else
			store(rows[at], args, optarg);
	}
	common->operands = argv + optind;
	common->n_operands = argc - optind;
	if (common->help) {
		options_help(cmd, u, stdout);
		*ret_status = OUT_DONE;
		return false;
	}
	if (u->shared == options_client)
		out_next_same(common->url != NULL ? "--url, --cert, --key and --cacert"
			      : common->dir != NULL ? "--dir"
						    : NULL);
	return check_operands(cmd, u, common, ret_status) &&
	       check_where(cmd, u, common, ret_status);
}
