/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may be believed of the file, and when.  A killed process leaves in the
 * mapping all that it wrote there.  A machine that stops leaves any mixture of old
 * and new pages, but that the file is open, and under which boot, was flushed
 * before the first nonce left.
 */
#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nonce_part.h"
#include "sys/file.h"

#define FILE_VERSION 1
#define COUNTER_MAX  (UINT64_MAX / 2) /* nobody has given out so many */

static const char magic[8] = "hnpnonce";

/* NULs when the kernel does not tell: then no boot is known to be the same. */
static void
read_boot(char ret[static NONCE_BOOT_LEN])
{
	struct buf b;
	struct err e;

	memset(ret, 0, NONCE_BOOT_LEN);
	buf_init(&b, NONCE_BOOT_LEN);
	if (file_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", &b, &e))
		memcpy(ret, b.p, b.n);
	buf_free(&b);
}

/* ---- the descriptor ---- */

static bool
is_ours(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
	       st.st_nlink == 1 && (st.st_mode & 07777) == 0600 &&
	       st.st_size == (off_t)sizeof(struct nonce_file);
}

static bool
make(const char *path, int *ret_fd, struct err *e)
{
	if (unlink(path) < 0 && errno != ENOENT)
		return err_errno(e, "%s: cannot be replaced", path);
	const int fd =
	    open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(e, "%s", path);
	/* Every block now: a full disk is told here, not by SIGBUS. */
	errno = posix_fallocate(fd, 0, (off_t)sizeof(struct nonce_file));
	if (errno != 0) {
		err_errno(e, "%s", path);
		close(fd);
		return false;
	}
	*ret_fd = fd;
	return true;
}

/* The lock is the descriptor's: it ends with the process, and not before. */
static bool
lock(const char *path, int fd, struct err *e)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (fcntl(fd, F_OFD_SETLK, &whole) == 0)
		return true;
	if (errno == EAGAIN || errno == EACCES)
		return err_set(e, ERR_CONFLICT, "%s: another process has it open",
		    path);
	return err_errno(e, "%s: locking", path);
}

static bool
open_or_make(const char *path, int *ret_fd, struct err *e)
{
	/* O_NONBLOCK: a FIFO in the file's place must not hold us. */
	int fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0 || !is_ours(fd)) {
		if (fd >= 0)
			close(fd);
		if (!make(path, &fd, e))
			return false;
	}
	if (!lock(path, fd, e)) {
		close(fd);
		return false;
	}
	*ret_fd = fd;
	return true;
}

/* ---- its contents ---- */

static bool
is_good(const struct nonce_file *f, uint64_t inode, const char *boot)
{
	if (memcmp(f->magic, magic, sizeof(magic)) != 0 || f->version != FILE_VERSION ||
	    f->inode != inode || atomic_load(&f->next) > COUNTER_MAX)
		return false;
	return f->is_closed == 1 ||
	       (boot[0] != '\0' && memcmp(f->boot, boot, NONCE_BOOT_LEN) == 0);
}

/* The magic goes first and comes last: who dies in between leaves no good file. */
static bool
begin_epoch(struct nonce_file *f, struct err *e)
{
	uint8_t epoch[NONCE_EPOCH_LEN];

	if (gnutls_rnd(GNUTLS_RND_RANDOM, epoch, sizeof(epoch)) < 0)
		return err_set(e, ERR_INTERNAL, "nonces: no random octets");
	memset(f->magic, 0, sizeof(f->magic));
	atomic_thread_fence(memory_order_seq_cst);
	memset(f->used, 0, sizeof(f->used));
	memcpy(f->epoch, epoch, sizeof(epoch));
	atomic_store(&f->next, 0);
	f->version = FILE_VERSION;
	return true;
}

static bool
take_up(const char *path, int fd, struct nonce_file *f, struct err *e)
{
	char boot[NONCE_BOOT_LEN];
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_errno(e, "%s", path);
	read_boot(boot);
	if (!is_good(f, (uint64_t)st.st_ino, boot) && !begin_epoch(f, e))
		return false;
	f->is_closed = 0;
	f->inode = (uint64_t)st.st_ino;
	memcpy(f->boot, boot, sizeof(boot));
	atomic_thread_fence(memory_order_seq_cst);
	memcpy(f->magic, magic, sizeof(magic));
	if (msync(f, sizeof(*f), MS_SYNC) < 0)
		return err_errno(e, "%s: flushing", path);
	return true;
}

bool
nonce_file_open(const char *path, int *ret_fd, struct nonce_file **ret, struct err *e)
{
	int fd = -1;

	if (!open_or_make(path, &fd, e))
		return false;
	struct nonce_file *f =
	    mmap(NULL, sizeof(*f), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (f == MAP_FAILED) {
		err_errno(e, "%s: mapping", path);
		close(fd);
		return false;
	}
	if (!take_up(path, fd, f, e)) {
		munmap(f, sizeof(*f));
		close(fd);
		return false;
	}
	*ret_fd = fd;
	*ret = f;
	return true;
}

void
nonce_file_close(int fd, struct nonce_file *f)
{
	/* Not flushed: it stays open, and is believed under this boot only. */
	if (msync(f, sizeof(*f), MS_SYNC) == 0) {
		f->is_closed = 1;
		(void)!msync(f, offsetof(struct nonce_file, used), MS_SYNC);
	}
	munmap(f, sizeof(*f));
	close(fd);
}
