/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/publish_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/mem.h"
#include "sys/file.h"
#include "x509/crl.h"

#define FLUSH_EACH MIB(1)
#define MOVE_EACH  KIB(64) /* at once, on a thread's stack */

bool
publish_file_begin(struct crl_file *ret, int dir, const char *name, struct err *e)
{
	struct crl_file f = { .dir = dir, .name = name };

	f.temporary = mem_printf("%s.new", name);
	f.fd = openat(dir, f.temporary,
	    O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (f.fd >= 0 && fchmod(f.fd, 0644) == 0) {
		*ret = f;
		return true;
	}
	err_errno(e, "cannot create pub/%s", f.temporary);
	publish_file_end(&f);
	return false;
}

void
publish_file_end(struct crl_file *f)
{
	if (f->temporary != NULL && f->fd >= 0)
		close(f->fd);
	free(f->temporary);
	*f = (struct crl_file){ 0 };
}

bool
publish_file_times(int dir, const char *name, int64_t *ret_this_update,
    int64_t *ret_next_update, struct err *e)
{
	uint8_t head[CRL_HEAD_MAX];
	const int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return err_errno(e, "cannot open pub/%s", name);
	const ssize_t n = pread(fd, head, sizeof(head), 0);
	const bool ok = n < 0 ? err_errno(e, "cannot read pub/%s", name)
			      : crl_times(bytes_of(head, (size_t)n), ret_this_update,
				    ret_next_update, e);
	close(fd);
	return ok;
}

/* ---- the signed octets ---- */

static bool
write_at(int fd, struct bytes b, uint64_t at, struct err *e)
{
	while (b.n > 0) {
		const ssize_t k = pwrite(fd, b.p, b.n, (off_t)at);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return err_errno(e, "cannot write the CRL");
		b = bytes_skip(b, (size_t)k);
		at += (uint64_t)k;
	}
	return true;
}

/* No more than a hint: the end flushes it all. */
static void
begin_flush(struct crl_file *f)
{
	(void)!sync_file_range(f->fd, (off_t)f->flushed,
	    (off_t)(f->room + f->octets - f->flushed), SYNC_FILE_RANGE_WRITE);
	f->flushed = f->octets;
}

bool
publish_file_add(struct crl_file *f, struct bytes octets, struct err *e)
{
	if (octets.n == 0)
		return true;
	if (f->octets == 0)
		f->room = crl_outer_room(octets);
	if (!write_at(f->fd, octets, f->room + f->octets, e))
		return false;
	f->octets += octets.n;
	if (f->octets - f->flushed >= FLUSH_EACH)
		begin_flush(f);
	return true;
}

/* ---- into its place, on another thread ---- */

/*
 * The outer header holds the length of all, which ends in a signature whose
 * length ECDSA does not fix: so it is made last.  The room for it is known but
 * where these few octets add one to the length's own; then all of it is moved.
 */
static bool
move_content(struct crl_file *f, size_t room, struct err *e)
{
	uint8_t block[MOVE_EACH];
	uint64_t left = f->octets;
	bool ok = true;

	/* From the end when it goes up, from the front when it goes down. */
	while (ok && left > 0) {
		const size_t n = left < sizeof(block) ? (size_t)left : sizeof(block);
		const uint64_t at = room > f->room ? left - n : f->octets - left;
		const ssize_t k = pread(f->fd, block, n, (off_t)(f->room + at));

		ok = k == (ssize_t)n ? write_at(f->fd, bytes_of(block, n), room + at, e)
				     : err_errno(e, "cannot read the CRL back");
		left -= n;
	}
	if (ok && ftruncate(f->fd, (off_t)(room + f->octets)) < 0)
		ok = err_errno(e, "cannot cut the CRL's file");
	f->room = room;
	return ok;
}

static bool
put_in_place(struct crl_file *f, struct err *e)
{
	fault_point("core.crl.before");
	if ((f->head_n != f->room && !move_content(f, f->head_n, e)) ||
	    !write_at(f->fd, bytes_of(f->head, f->head_n), 0, e))
		return false;
	if (fdatasync(f->fd) < 0)
		return err_errno(e, "cannot flush pub/%s", f->temporary);
	fault_point("core.crl.written");
	if (renameat(f->dir, f->temporary, f->dir, f->name) < 0)
		return err_errno(e, "cannot put pub/%s in place", f->name);
	fault_point("core.crl.renamed");
	return file_sync_parent(f->dir, f->name, e);
}

static void
work(struct aside_job *j)
{
	struct crl_file *f = (struct crl_file *)j;

	f->placed = put_in_place(f, &f->why);
}

static void
done(struct aside_job *j)
{
	struct crl_file *f = (struct crl_file *)j;

	f->done(f);
}

void
publish_file_place(struct crl_file *f, struct aside *a)
{
	struct buf head;

	buf_init(&head, sizeof(f->head));
	crl_outer(f->octets, &head);
	f->head_n = head.n;
	memcpy(f->head, head.p, head.n);
	buf_free(&head);
	f->whole = true;
	f->job = (struct aside_job){ work, done };
	aside_add(a, &f->job);
}
