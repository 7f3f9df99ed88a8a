/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/conf_where.h"

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

static bool
is_ours(const struct stat *st)
{
	return st->st_uid == 0 || st->st_uid == geteuid();
}

bool
conf_where_here(void)
{
	struct stat dir, file;

	return stat(".", &dir) == 0 && lstat("hanaper.yaml", &file) == 0 &&
	       is_ours(&dir) && is_ours(&file);
}

bool
conf_where_ours(struct err *e)
{
	return !conf_where_has(".", CONF_WHERE_FILE) || conf_where_here() ||
	       err_set(e, ERR_NOT_FOUND,
		   "hanaper.yaml is here, but it or this directory is another user's; "
		   "if it is the one that you mean: --dir .");
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
