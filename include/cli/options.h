/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options - a command's options as a table, read by longopt (base/longopt.h).
 *
 * A row says where its value goes: a bool, a const char *, or a struct strings
 * inside the command's own struct of arguments, whose first member is a struct
 * options_common.  Strings are borrowed from argv; lists own copies.  A DIR loses the
 * slashes at its end.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stddef.h>

#include "cli/command.h"
#include "conf/conf.h"

enum opt_kind {
	OPT_FLAG, /* bool */
	OPT_TEXT, /* const char * */
	OPT_LIST  /* struct strings; the option may be repeated */
};

struct opt {              /* a table ends with a row whose name is NULL */
	const char *name; /* without dashes */
	const char *arg;  /* word for the value; NULL with OPT_FLAG */
	enum opt_kind kind;
	size_t offset;
	const char *help;
};

#define OPT_IS_FLAG(name, type, member, help)                                          \
	{                                                                              \
		(name), NULL, OPT_FLAG, offsetof(type, member), (help)                 \
	}
#define OPT_HAS_TEXT(name, arg, type, member, help)                                    \
	{                                                                              \
		(name), (arg), OPT_TEXT, offsetof(type, member), (help)                \
	}
#define OPT_HAS_LIST(name, arg, type, member, help)                                    \
	{                                                                              \
		(name), (arg), OPT_LIST, offsetof(type, member), (help)                \
	}

struct options_common {
	bool help, json;
	const char *dir, *url, *cert, *key, *cacert; /* where the daemon is */
	char **operands;                             /* what is no option */
	int n_operands;
};

/* --json and where the daemon is; --dir alone. */
extern const struct opt options_client[];
extern const struct opt options_local[];

struct opt_usage {
	const char *operands; /* "NAME..." or "" */
	const char *about;    /* a few lines for --help; NULL: none */
	const struct opt *opts;
	const struct opt *shared;
	int least, most; /* how many operands; most < 0: any number */
	bool pair_apart; /* --key may be given without --cert, and the other way */
};

/*
 * Reads argv into 'args', which begins with a struct options_common and is
 * zeroed.  False: the command ends now with *ret_status (--help was given and
 * shown, or the usage is wrong and that was said).
 */
MUST_CHECK bool options_read(const struct command *cmd, const struct opt_usage *u,
    int argc, char **argv, void *args, int *ret_status);

/* $HANAPER_DIR is a DIR, too: before anything reads it. */
void options_plain_environment(void);

/* What --dir says, else $HANAPER_DIR; NULL: neither says anything. */
const char *options_named_dir(const char *given);

/* Does it begin as the URL of an API does: https://HOST? */
bool options_is_https(const char *url);

/* What --help shows. */
void options_help(const struct command *cmd, const struct opt_usage *u, FILE *to);

#endif
