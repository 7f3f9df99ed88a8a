/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file - files as a CA needs them: read whole with a limit, replaced
 * atomically and durably, never through a symbolic link but where a user names one.
 *
 * 'dirfd' may be AT_FDCWD.
 */
#ifndef SYS_FILE_H
#define SYS_FILE_H

#include <sys/stat.h>

#include "base/buf.h"

/*
 * ERR_NOT_FOUND, ERR_TOO_LARGE (over ret's limit), ERR_IO: also for a symbolic
 * link and for what is no regular file.
 */
MUST_CHECK bool file_read(int dirfd, const char *path, struct buf *ret, struct err *e);
/* The same, and whose that file is, whatever has its name by now. */
MUST_CHECK bool file_read_of(const char *path, struct buf *ret, uid_t *ret_owner,
    struct err *e);

/*
 * The end of a file that may be long: at least half of ret's limit where there is so
 * much.  From somewhere within a line.
 */
MUST_CHECK bool file_read_end(int dirfd, const char *path, struct buf *ret,
    struct err *e);

/*
 * As file_read, for what a user names on the command line: links are followed, for ACME
 * clients and "renew --rekey" keep certificates behind them, and a FIFO, "<(...)" of a
 * shell, is read until its end, however long that takes.
 */
MUST_CHECK bool file_read_named(const char *path, struct buf *ret, struct err *e);

/* What comes from a descriptor until its end; 'name' is for the error. */
MUST_CHECK bool file_read_fd(int fd, const char *name, struct buf *ret, struct err *e);

/* A new file by O_EXCL: ERR_CONFLICT when it is there.  Flushed, and its directory too. */
MUST_CHECK bool file_create(int dirfd, const char *path, mode_t mode,
    struct bytes content, struct err *e);

/* The same, and it stays open: for what is done to this very file, whatever its name becomes. */
MUST_CHECK bool file_create_open(int dirfd, const char *path, mode_t mode,
    struct bytes content, int *ret, struct err *e);

/* Replaces or makes: a temporary file beside it, fsync, rename, fsync of the directory. */
MUST_CHECK bool file_replace(int dirfd, const char *path, mode_t mode,
    struct bytes content, struct err *e);

/* All of it, and flushed.  'path' is for the error: ERR_IO. */
MUST_CHECK bool file_write(int fd, const char *path, struct bytes content,
    struct err *e);

/*
 * link(2), never in the place of another.  A file system that has no links, or a file that
 * is not ours: 'from' loses its name.  errno is set when it is not 0.
 */
MUST_CHECK int file_link_or_move(const char *from, const char *to);

/*
 * 'path' from the root on, without "." and empty names, whether it is there or not;
 * free() it.
 */
char *file_absolute(const char *path);

/* mkdir; ERR_CONFLICT when something is there. */
MUST_CHECK bool file_mkdir(int dirfd, const char *path, mode_t mode, struct err *e);
MUST_CHECK bool file_sync_dir(int dirfd, struct err *e);
/* The directory that 'path' is in: its name is on disk. */
MUST_CHECK bool file_sync_parent(int dirfd, const char *path, struct err *e);

/* Mode bits that a CA's files must not have (S81). */
#define FILE_OPEN_SECRET 0077 /* keys and passphrases: 0600 */
#define FILE_OPEN_DATA   0137 /* database and journal: 0640 */
#define FILE_OPEN_DIR    0027 /* directories: 0750 */
#define FILE_OPEN_CONF   0022

/*
 * ERR_IO naming the path and what to run when the file's mode has any bit of
 * 'forbidden', when it is neither a regular file nor a directory, or is owned
 * by neither us nor root (S81).  ERR_NOT_FOUND.
 */
MUST_CHECK bool file_check_mode(int dirfd, const char *path, mode_t forbidden,
    struct err *e);

/* The same of what belongs to 'uid', or to root. */
MUST_CHECK bool file_check_owned(int dirfd, const char *path, mode_t forbidden,
    uid_t uid, struct err *e);
/* The same of what 'uid', whoever we are, has to read: what is root's alone is refused. */
MUST_CHECK bool file_check_for(int dirfd, const char *path, mode_t forbidden, uid_t uid,
    struct err *e);

/* For what others open: ERR_NOT_FOUND, ERR_IO for a symbolic link or no regular file. */
MUST_CHECK bool file_check_regular(int dirfd, const char *path, struct err *e);

/*
 * Removes a file, or a directory and all below it: by descriptors, never through a link
 * or into another mount, whatever somebody exchanges meanwhile.  What cannot go, or lies
 * deeper than 64 directories, stays.  A signal's handler may call it.
 */
void file_remove_tree(const char *path);

#endif
