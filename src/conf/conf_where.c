/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/conf_where.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

bool
conf_where_has(const char *dir, const char *name)
{
	char *path = mem_printf("%s/%s", dir, name);
	const bool there = access(path, F_OK) == 0;

	free(path);
	return there;
}

/* Root by sudo is also whoever asked for it: the environment is from him. */
static bool
is_sudoers(uid_t uid)
{
	const char *text = getenv("SUDO_UID");

	if (geteuid() != 0 || text == NULL || text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	char *end;
	const unsigned long n = strtoul(text, &end, 10);
	return errno == 0 && *end == '\0' && n == uid;
}

static bool
is_ours(const struct stat *st)
{
	return st->st_uid == 0 || st->st_uid == geteuid() || is_sudoers(st->st_uid);
}

static bool
is_here_ours(void)
{
	struct stat here;

	return stat(".", &here) == 0 && is_ours(&here);
}

/*
 * A directory's link counts as what it is, and leads to what counts, too.  Whose the
 * working directory is may exchange all of them.
 */
bool
conf_where_mine(const char *dir)
{
	char *path = mem_printf("%s/" CONF_WHERE_FILE, dir);
	struct stat link, at, file;

	const bool mine = is_here_ours() && lstat(dir, &link) == 0 &&
			  stat(dir, &at) == 0 && is_ours(&link) && is_ours(&at) &&
			  (lstat(path, &file) < 0 ? errno == ENOENT || errno == ENOTDIR
						  : is_ours(&file));
	free(path);
	return mine;
}

bool
conf_where_meant(const char *dir)
{
	return conf_where_has(dir, CONF_WHERE_FILE) && conf_where_mine(dir);
}

bool
conf_where_ours(struct err *e)
{
	static const char *const dirs[] = { CONF_WHERE_DIR, "." };

	if (conf_where_meant(CONF_WHERE_DIR) || conf_where_meant("."))
		return true;
	for (size_t i = 0; i < NITEMS(dirs); i++)
		if (conf_where_has(dirs[i], CONF_WHERE_FILE))
			return err_set(e, ERR_NOT_FOUND,
			    "%s/" CONF_WHERE_FILE
			    " is there, but it or its directory is another user's; if "
			    "it is the one that you mean: --dir %s, or name another",
			    dirs[i], dirs[i]);
	return true;
}

bool
conf_where_free(struct err *e)
{
	struct stat link, at;

	if (!conf_where_ours(e))
		return false;
	if (!is_here_ours())
		return err_set(e, ERR_NOT_FOUND,
		    "the working directory is another user's, or closed to you: say "
		    "where the CA is to be: --dir DIR");
	if (conf_where_meant(".") || lstat(CONF_WHERE_DIR, &link) < 0 ||
	    (is_ours(&link) && (stat(CONF_WHERE_DIR, &at) < 0 || is_ours(&at))))
		return true;
	return err_set(e, ERR_NOT_FOUND,
	    CONF_WHERE_DIR
	    " is there, but it or what it leads to is another user's; if it is the one "
	    "that you mean: --dir " CONF_WHERE_DIR ", or name another");
}

bool
conf_where_check(const char *dir, struct err *e)
{
	return !conf_where_has(dir, "journal") ||
	       conf_where_has(dir, CONF_WHERE_FILE) ||
	       err_set(e, ERR_NOT_FOUND,
		   "%s holds keys and journal of a CA, and no hanaper.yaml: that is "
		   "elsewhere (a service's: --dir " CONF_WHERE_ETC
		   "), or lost (hanaper restore)",
		   dir);
}
