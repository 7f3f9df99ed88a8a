/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "conf/conf_files.h"
#include "daemon/parent.h"
#include "sys/file.h"
#include "sys/lock.h"

static bool
check_one(void *arg, const struct conf_file *f, struct err *e)
{
	const struct parent *p = arg;
	const enum parent_role of = f->signers ? PARENT_SIGNER : PARENT_CORE;

	/* What is not there yet is made by who needs it. */
	return !f->by_parent ||
	       conf_files_check(f, p->has_users ? p->users[of].uid : geteuid(),
		   geteuid(), e) ||
	       e->code == ERR_NOT_FOUND;
}

bool
parent_dir_check(const struct parent *p, const struct conf *c, struct err *e)
{
	/* By its name it may be another by now than the one that was read. */
	const uid_t of = c->file_owner;
	const bool ours = of == 0 || of == geteuid() ||
			  (p->has_users && of == p->users[PARENT_CORE].uid);

	return (ours || err_set(e, ERR_IO, "%s: belongs to user %lu; run: chown %lu %s",
			    c->file, (unsigned long)of, (unsigned long)geteuid(),
			    c->file)) &&
	       conf_files(c, check_one, (void *)(uintptr_t)p, e);
}

static bool
is_there(const struct conf *c, const char *name, struct err *e)
{
	char *path = conf_path(c, name);
	const bool missing =
	    access(path, F_OK) < 0 && (errno == ENOENT || errno == ENOTDIR);

	if (missing)
		err_set(e, ERR_NOT_FOUND,
		    "%s: no such file; put it back, or restore a backup that has it: "
		    "hanaper restore FILE",
		    path);
	free(path);
	return !missing;
}

bool
parent_dir_whole(const struct parent *p, struct err *e)
{
	bool ok = is_there(p->conf, "root.crt", e);

	for (size_t i = 0; ok && i < p->conf->n_issuers; i++)
		ok = is_there(p->conf, p->conf->issuers[i].certificate, e) &&
		     is_there(p->conf, p->conf->issuers[i].key, e);
	return ok;
}

static bool
make_run(const struct parent *p, struct err *e)
{
	char *run = conf_path(p->conf, "run");
	struct err there;
	bool ok = file_mkdir(AT_FDCWD, run, 0750, &there);

	if (!ok && there.code == ERR_CONFLICT)
		ok = file_check_mode(AT_FDCWD, run, FILE_OPEN_DIR, e);
	else if (!ok)
		*e = there;
	free(run);
	return ok;
}

bool
parent_dir_claim(struct parent *p, struct err *e)
{
	char *path = NULL;
	bool ok = false;
	int fd = -1;

	if (!make_run(p, e))
		return false;
	path = conf_path(p->conf, "run/hanaperd.pid");
	/* The lock tells the living from the dead, whatever number is in the file. */
	if (!lock_take(path, 0640, &fd, e)) {
		if (e->code == ERR_CONFLICT)
			err_set(e, ERR_CONFLICT,
			    "another hanaperd serves %s; stop it first", p->conf->dir);
		goto out;
	}
	if (ftruncate(fd, 0) < 0 || dprintf(fd, "%ld\n", (long)getpid()) < 0) {
		err_errno(e, "%s", path);
		goto out;
	}
	p->pid_fd = fd;
	fd = -1;
	ok = true;
out:
	if (fd >= 0)
		close(fd);
	free(path);
	return ok;
}

bool
parent_dir_detach(const struct parent *p, struct err *e)
{
	char *path = conf_path(p->conf, "run/hanaperd.log");
	const int log =
	    open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
	const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	const bool ok = log >= 0 && null >= 0 && dup2(null, STDIN_FILENO) >= 0 &&
			dup2(null, STDOUT_FILENO) >= 0 && dup2(log, STDERR_FILENO) >= 0;

	if (!ok)
		err_errno(e, "%s", path);
	if (log >= 0)
		close(log);
	if (null >= 0)
		close(null);
	free(path);
	return ok;
}

bool
parent_dir_addresses(struct parent *p, struct err *e)
{
	char *path = conf_path(p->conf, "run/addresses");
	struct buf b;
	bool ok;

	buf_init(&b, KIB(64));
	for (size_t i = 0; i < p->n_listeners; i++)
		buf_printf(&b, "%s %s\n", parent_listen_word(p->listeners[i].kind),
		    p->listeners[i].address);
	ok =
	    buf_ok(&b, path, e) && file_replace(AT_FDCWD, path, 0640, buf_bytes(&b), e);
	p->told = p->told || ok;
	buf_free(&b);
	free(path);
	return ok;
}

static bool
made_socket(const struct parent *p)
{
	for (size_t i = 0; i < p->n_listeners; i++)
		if (p->listeners[i].kind == LISTENER_UNIX)
			return true;
	return false;
}

static void
remove_run_file(const struct parent *p, const char *name)
{
	char *path = conf_path(p->conf, name);

	unlink(path);
	free(path);
}

void
parent_dir_release(struct parent *p)
{
	if (p->pid_fd < 0)
		return;
	/* What else is there may be of one that serves, though its lock was lost. */
	if (p->told)
		remove_run_file(p, "run/addresses");
	if (made_socket(p))
		remove_run_file(p, "run/hanaper.sock");
	remove_run_file(p, "run/hanaperd.pid");
	close(p->pid_fd); /* the lock goes last */
	p->pid_fd = -1;
}
