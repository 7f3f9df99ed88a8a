/* SPDX-License-Identifier: Apache-2.0 */
/* The layout of a service: configuration in /etc/hanaper, the CA in /var/lib/hanaper. */
#include "cli/setup.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/owners.h"
#include "sys/file.h"

#define CONF_FILE "hanaper.yaml"

/* What lies in SETUP_ETC, in the order in which it is made. */
static const struct {
	const char *name;
	mode_t mode;
	bool shared; /* with the daemon's group */
} outs[] = { { CONF_FILE, 0640, true }, { "root.crt", 0644, false } };

/* ---- whose it is to be ---- */

/* Of an image, its own users count. */
static bool
find_users(const struct setup_args *a, const char *root, struct setup *s, struct err *e)
{
	if (!owners_find(root, SETUP_USER, &s->uid, &s->gid, e))
		return err_set(e, ERR_NOT_FOUND,
		    "there is no user " SETUP_USER "; make it: systemd-sysusers, or "
		    "useradd --system --home-dir " SETUP_STATE " " SETUP_USER);
	s->signer = s->uid;
	s->chown = true;
	return owners_signer(root, &a->users, &s->signer, e);
}

bool
setup_system_plan(const struct setup_args *a, struct setup *s, struct err *e)
{
	const char *root = a->root != NULL ? a->root : "";

	s->system_dir = mem_printf("%s" SETUP_STATE, root);
	s->etc = mem_printf("%s" SETUP_ETC, root);
	s->dir = s->system_dir;
	if (geteuid() == 0)
		return find_users(a, root, s, e);
	if (a->users.n > 0)
		return err_set(e, ERR_FORBIDDEN,
		    "--user gives files away: run it as root");
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
	bool ok = make_way(parent, 0755, e) && make_way(s->etc, 0755, e);

	for (size_t i = 0; ok && i < NITEMS(outs); i++) {
		char *path = mem_printf("%s/%s", s->etc, outs[i].name);

		if (access(path, F_OK) == 0)
			ok = err_set(e, ERR_CONFLICT,
			    "%s is there already; nothing was changed", path);
		free(path);
	}
	free(parent);
	return ok;
}

static bool
copy_out(struct setup *s, size_t i, gid_t gid, struct err *e)
{
	char *to = mem_printf("%s/%s", s->etc, outs[i].name);
	struct buf text;

	buf_init(&text, MIB(1));
	bool ok = file_read(s->workfd, outs[i].name, &text, e) &&
		  file_create(AT_FDCWD, to, outs[i].mode, buf_bytes(&text), e);
	s->n_out += ok;
	if (ok && s->chown && lchown(to, 0, gid) < 0)
		ok = err_errno(e, "%s", to);
	buf_free(&text);
	free(to);
	return ok;
}

/* One of the tree; 'name' is below its top.  The signer's user has to reach its keys. */
static bool
give_one(const struct setup *s, const char *path, const char *name)
{
	static const char *const keys[] = { "issuers/" SETUP_ISSUER ".key" };
	const struct strings of = { (char **)(uintptr_t)keys, NITEMS(keys) };
	const uid_t uid = owners_are_signers(name, &of) ? s->signer : s->uid;

	return lchown(path, uid, s->gid) == 0 &&
	       (s->signer == s->uid || strcmp(name, "issuers") != 0 ||
		   chmod(path, 0750) == 0);
}

/* The tree's top last: until then nobody else can reach into it. */
static bool
give_away(const struct setup *s, struct err *e)
{
	const size_t skip = strlen(s->work) + 1;
	char *const paths[] = { s->work, NULL };
	FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	bool ok = walk != NULL;

	for (const FTSENT *f; ok && (f = fts_read(walk)) != NULL;)
		if (f->fts_info != FTS_D)
			ok = give_one(s, f->fts_path,
			    f->fts_pathlen > skip ? f->fts_path + skip : "");
	if (!ok)
		err_errno(e, "cannot give %s to " SETUP_USER, s->work);
	if (walk != NULL)
		fts_close(walk);
	return ok;
}

bool
setup_system_place(struct setup *s, struct err *e)
{
	for (size_t i = 0; i < NITEMS(outs); i++)
		if (!copy_out(s, i, outs[i].shared ? s->gid : 0, e))
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
setup_system_undo(struct setup *s)
{
	for (; s->n_out > 0; s->n_out--) {
		char *path = mem_printf("%s/%s", s->etc, outs[s->n_out - 1].name);

		unlink(path);
		free(path);
	}
}
