/* SPDX-License-Identifier: Apache-2.0 */
#include "base/longopt.h"

#include <stdio.h>
#include <string.h>

#define WORD_MAX  32 /* longer words are no slip of the fingers */
#define SLIPS_MAX 2
#define MEANT_MAX 4 /* as many are named */

/* Levenshtein's distance, row by row. */
size_t
longopt_slips(const char *a, const char *b)
{
	size_t row[WORD_MAX + 1];
	const size_t n = strlen(b);

	if (n > WORD_MAX)
		return SLIPS_MAX + 1;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1] != '\0'; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			size_t least = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < least)
				least = row[j] + 1;
			if (row[j - 1] + 1 < least)
				least = row[j - 1] + 1;
			row[j] = least;
		}
	}
	return row[n];
}

/* The row of just this name, "NAME" or "NAME=VALUE"; NULL: there is none. */
static const struct option *
find(const struct option *longs, const char *word)
{
	const size_t n = strcspn(word, "=");

	for (; longs->name != NULL; longs++)
		if (strlen(longs->name) == n && memcmp(longs->name, word, n) == 0)
			return longs;
	return NULL;
}

/* What begins so; where nothing does, what is a slip or two away. */
static bool
is_near(const char *name, const char *word, bool by_slips)
{
	if (!by_slips)
		return word[0] != '\0' && strncmp(name, word, strlen(word)) == 0;
	return strlen(word) > SLIPS_MAX && longopt_slips(name, word) <= SLIPS_MAX;
}

/* "there is no option --root; did you mean --root-validity?" */
static int
unknown(const struct option *longs, const char *given, struct err *e)
{
	char word[WORD_MAX + 1], meant[MEANT_MAX * (WORD_MAX + 8)] = "";
	const size_t n = strcspn(given, "=");
	size_t found = 0, used = 0;

	snprintf(word, sizeof(word), "%.*s", (int)n, given);
	for (int by_slips = 0; by_slips < 2 && found == 0 && n <= WORD_MAX; by_slips++)
		for (const struct option *o = longs; o->name != NULL; o++)
			if (found < MEANT_MAX && strlen(o->name) <= WORD_MAX &&
			    is_near(o->name, word, by_slips == 1))
				used +=
				    (size_t)snprintf(meant + used, sizeof(meant) - used,
					"%s--%s", found++ > 0 ? " or " : "", o->name);
	err_set(e, ERR_MALFORMED, "there is no option --%.*s%s%s%s",
	    n > 200 ? 200 : (int)n, given, found > 0 ? "; did you mean " : "", meant,
	    found > 0 ? "?" : "");
	return LONGOPT_WRONG;
}

/* getopt_long() refused something: what, it does not say in so many words. */
static int
refused(const struct option *longs, const char *word, struct err *e)
{
	const bool is_long = strncmp(word, "--", 2) == 0;
	const struct option *o = is_long ? find(longs, word + 2) : NULL;

	if (o != NULL && o->has_arg == no_argument && strchr(word, '=') != NULL)
		err_set(e, ERR_MALFORMED, "--%s takes no value", o->name);
	else if (is_long && o == NULL && optopt == 0)
		unknown(longs, word + 2, e);
	else /* of several letters in one word the word is not over yet */
		err_set(e, ERR_MALFORMED, "there is no option -%c", optopt);
	return LONGOPT_WRONG;
}

int
longopt_next(int argc, char **argv, const char *shorts, const struct option *longs,
    int *ret_at, struct err *e)
{
	char colon[64];
	int at = -1;

	snprintf(colon, sizeof(colon), ":%s", shorts);
	opterr = 0;
	const int c = getopt_long(argc, argv, colon, longs, &at);

	if (c == -1)
		return LONGOPT_END;
	/* A value of its own stands behind the name. */
	const char *word = argv[optind - (c != '?' && c != ':' && optarg != NULL &&
						     optarg == argv[optind - 1]
						 ? 2
						 : 1)];

	if (c == '?')
		return refused(longs, word, e);
	if ((c == ':' || at >= 0) && find(longs, word + 2) == NULL)
		return unknown(longs, word + 2, e);
	if (c == ':') {
		err_set(e, ERR_MALFORMED, "%s wants a value", word);
		return LONGOPT_WRONG;
	}
	*ret_at = at;
	return c;
}
