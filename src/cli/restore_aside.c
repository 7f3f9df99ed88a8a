/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was there makes way, into a directory of this restore's own.  Nothing is written
 * over, and nothing deleted.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/owners.h"
#include "cli/restore.h"
#include "sys/file.h"

#define IN_ONE_SECOND 100 /* restores */

/* One that nobody has put anything into: of a restore that was cut off just now, too. */
static bool
need_aside(struct restore *r, struct err *e)
{
	const time_t now = (time_t)clock_now();
	struct tm tm;
	char at[32];

	if (r->aside != NULL)
		return true;
	gmtime_r(&now, &tm);
	strftime(at, sizeof(at), "%Y%m%dT%H%M%SZ", &tm);
	for (unsigned i = 1; i <= IN_ONE_SECOND; i++) {
		char *path = mem_printf("%s/before-restore-%s", r->state, at);

		if (i > 1) {
			char *other = mem_printf("%s-%u", path, i);
			free(path);
			path = other;
		}
		if (mkdir(path, 0700) == 0) {
			r->aside = path;
			return restore_own(r, path, path, e);
		}
		const bool there = errno == EEXIST;
		(void)err_errno(e, "%s", path);
		free(path);
		if (!there)
			return false;
	}
	return false;
}

/* Where 'path' goes, with the directories above that; free() it.  NULL: *e says why. */
static char *
place_of(struct restore *r, const char *path, struct err *e)
{
	const size_t skip = strlen(r->state);
	const bool below = strncmp(path, r->state, skip) == 0 && path[skip] == '/';

	if (!need_aside(r, e))
		return NULL;
	char *to =
	    mem_printf("%s%s", r->aside, below ? path + skip : strrchr(path, '/'));
	for (char *slash = strchr(to + strlen(r->aside) + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		const bool ok = restore_make_dir(r, to, 0700, e);
		*slash = '/';
		if (!ok) {
			free(to);
			return NULL;
		}
	}
	return to;
}

bool
restore_aside_as_root(const struct restore *r, const char *name, const char *from,
    const char *to, struct err *e)
{
	const int flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	const int top = open(r->state, flags);
	const int in = top < 0 ? -1 : openat(top, from, flags);
	const int out = top < 0 ? -1 : openat(top, to, flags);

	owners_act_root();
	const bool ok = in >= 0 && out >= 0 && renameat(in, name, out, name) == 0;
	const int why = errno;
	owners_act_self();
	if (top >= 0)
		close(top);
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	errno = why;
	return ok || err_errno(e, "%s/%s", r->state, name);
}

/* Where 'path' goes if that is another file system; free() it. */
static char *
name_beside(const struct restore *r, const char *path)
{
	char *to = mem_printf("%s.%s", path, strrchr(r->aside, '/') + 1);
	struct stat st;

	for (unsigned i = 2; lstat(to, &st) == 0; i++) {
		free(to);
		to = mem_printf("%s.%s-%u", path, strrchr(r->aside, '/') + 1, i);
	}
	return to;
}

/* By rename(2), or file_link_or_move(). */
static bool
give_way(struct restore *r, const char *path, int (*way)(const char *, const char *),
    struct err *e)
{
	char *to = place_of(r, path, e);

	if (to == NULL)
		return false;
	bool ok = way(path, to) == 0;
	if (!ok && errno == EXDEV) {
		free(to);
		to = name_beside(r, path);
		ok = way(path, to) == 0;
		if (ok)
			strings_printf(&r->told, "the %s that was there is %s",
			    strrchr(path, '/') + 1, to);
	}
	if (!ok)
		(void)err_errno(e, "%s", path);
	free(to);
	return ok;
}

static bool
is_there(const char *path, struct stat *ret, bool *ok, struct err *e)
{
	const bool there = lstat(path, ret) == 0;

	*ok = there || errno == ENOENT || err_errno(e, "%s", path);
	return there;
}

bool
restore_aside(struct restore *r, const char *path, struct err *e)
{
	struct stat st;
	bool ok;

	if (!is_there(path, &st, &ok, e))
		return ok;
	/* A directory of the signer's only root can move, from one descriptor to another. */
	if (S_ISDIR(st.st_mode) && st.st_uid != geteuid())
		return need_aside(r, e) &&
		       restore_aside_as_root(r, strrchr(path, '/') + 1, ".",
			   strrchr(r->aside, '/') + 1, e);
	return give_way(r, path, rename, e);
}

bool
restore_aside_link(struct restore *r, const char *path, struct err *e)
{
	struct stat st;
	bool ok;

	return is_there(path, &st, &ok, e) ? give_way(r, path, file_link_or_move, e)
					   : ok;
}

/* Of hanaper.yaml: /etc may be another file system than the CA directory, and another's. */
bool
restore_aside_copy(struct restore *r, const char *path, struct err *e)
{
	struct buf text;
	struct stat st;
	bool ok;

	if (!is_there(path, &st, &ok, e))
		return ok;
	char *to = place_of(r, path, e);
	buf_init(&text, MIB(1));
	ok = to != NULL && owners_act(path, e) && file_read(AT_FDCWD, path, &text, e);
	owners_act_self();
	ok = ok && file_create(AT_FDCWD, to, 0600, buf_bytes(&text), e);
	buf_wipe(&text);
	free(to);
	return ok;
}

/* Keys may be in them.  Nobody else restores here now: we hold the claim, or made the directory. */
static void
tell_left_over(struct restore *r, const char *pattern)
{
	glob_t found;

	if (glob(pattern, GLOB_NOSORT, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++)
		if (strcmp(found.gl_pathv[i], r->work) != 0)
			strings_printf(&r->told,
			    "%s is left over from a restore that was cut off: nothing "
			    "needs it any more, and keys may be in it: remove it",
			    found.gl_pathv[i]);
	globfree(&found);
}

void
restore_aside_tell(struct restore *r)
{
	char *within = mem_printf("%s/.restore-??????", r->state);
	char *beside = mem_printf("%s.restore-??????", r->state);

	/* Nothing is in it where all lay on another file system. */
	if (r->aside != NULL && rmdir(r->aside) < 0)
		strings_printf(&r->told, "what was there is in %s", r->aside);
	tell_left_over(r, within);
	tell_left_over(r, beside);
	free(within);
	free(beside);
}
