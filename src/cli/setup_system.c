/* SPDX-License-Identifier: Apache-2.0 */
/* The layout of a service: configuration in /etc/hanaper, the CA in /var/lib/hanaper. */
#include "cli/setup.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "sys/file.h"

#define CONF_FILE "hanaper.yaml"

/* ---- whose it is to be ---- */

/* Of an image, its own users count. */
static bool
find_user(const char *root, struct setup *s, struct err *e)
{
	struct passwd *p = NULL;

	if (root[0] == '\0') {
		p = getpwnam(SETUP_USER);
	} else {
		char *path = mem_printf("%s/etc/passwd", root);
		FILE *f = fopen(path, "re");

		free(path);
		while (f != NULL && (p = fgetpwent(f)) != NULL &&
		       strcmp(p->pw_name, SETUP_USER) != 0)
			continue;
		if (p != NULL) {
			s->uid = p->pw_uid;
			s->gid = p->pw_gid;
		}
		if (f != NULL)
			fclose(f);
	}
	if (p == NULL)
		return err_set(e, ERR_NOT_FOUND,
		    "there is no user " SETUP_USER "; make it: systemd-sysusers, or "
		    "useradd --system --home-dir " SETUP_STATE " " SETUP_USER);
	if (root[0] == '\0') {
		s->uid = p->pw_uid;
		s->gid = p->pw_gid;
	}
	s->chown = true;
	return true;
}

bool
setup_system_plan(const struct setup_args *a, struct setup *s, struct err *e)
{
	const char *root = a->root != NULL ? a->root : "";

	s->system_dir = mem_printf("%s" SETUP_STATE, root);
	s->etc = mem_printf("%s" SETUP_ETC, root);
	s->dir = s->system_dir;
	if (geteuid() == 0)
		return find_user(root, s, e);
	if (root[0] != '\0')
		return true; /* an image under one's own name, or a test */
	return err_set(e, ERR_FORBIDDEN,
	    "--system makes " SETUP_ETC " and " SETUP_STATE ": run it as root");
}

/* ---- what lies in /etc/hanaper ---- */

/* Each directory on the way to 'path', and itself, where it is not there yet. */
static bool
make_way(const char *path, mode_t mode, struct err *e)
{
	char *way = mem_strdup(path);
	bool ok = true;

	for (char *c = way + 1; ok; c++) {
		const char was = *c;

		if (was != '/' && was != '\0')
			continue;
		*c = '\0';
		if (mkdir(way, mode) < 0 && errno != EEXIST)
			ok = err_errno(e, "%s", way);
		*c = was;
		if (was == '\0')
			break;
	}
	free(way);
	return ok;
}

bool
setup_system_ways(const struct setup *s, struct err *e)
{
	const size_t up = strlen(s->dir) - strlen("/hanaper");
	char *parent = mem_strndup(bytes_of(s->dir, up));
	char *conf = mem_printf("%s/" CONF_FILE, s->etc);
	bool ok = make_way(parent, 0755, e) && make_way(s->etc, 0755, e);

	if (ok && access(conf, F_OK) == 0)
		ok = err_set(e, ERR_CONFLICT,
		    "%s is there already; nothing was changed", conf);
	free(parent);
	free(conf);
	return ok;
}

static bool
copy_out(const struct setup *s, const char *name, mode_t mode, gid_t gid, struct err *e)
{
	char *to = mem_printf("%s/%s", s->etc, name);
	struct buf text;

	buf_init(&text, MIB(1));
	bool ok = file_read(s->workfd, name, &text, e) &&
		  file_create(AT_FDCWD, to, mode, buf_bytes(&text), e);
	if (ok && s->chown && lchown(to, 0, gid) < 0)
		ok = err_errno(e, "%s", to);
	buf_free(&text);
	free(to);
	return ok;
}

/* The tree's top last: until then nobody else can reach into it. */
static bool
give_away(const struct setup *s, struct err *e)
{
	char *const paths[] = { s->work, NULL };
	FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	bool ok = walk != NULL;

	for (const FTSENT *f; ok && (f = fts_read(walk)) != NULL;)
		if (f->fts_info != FTS_D)
			ok = lchown(f->fts_path, s->uid, s->gid) == 0;
	if (!ok)
		err_errno(e, "cannot give %s to " SETUP_USER, s->work);
	if (walk != NULL)
		fts_close(walk);
	return ok;
}

bool
setup_system_place(const struct setup *s, struct err *e)
{
	const gid_t gid = s->chown ? s->gid : getegid();

	if (!copy_out(s, CONF_FILE, 0640, gid, e))
		return false;
	if (!copy_out(s, "root.crt", 0644, 0, e))
		goto undo;
	if (unlinkat(s->workfd, CONF_FILE, 0) < 0) {
		err_errno(e, CONF_FILE);
		goto undo;
	}
	if (!s->chown || give_away(s, e))
		return true;
undo:
	setup_system_undo(s);
	return false;
}

void
setup_system_undo(const struct setup *s)
{
	static const char *const names[] = { CONF_FILE, "root.crt" };

	for (size_t i = 0; i < NITEMS(names); i++) {
		char *path = mem_printf("%s/%s", s->etc, names[i]);

		unlink(path);
		free(path);
	}
}
