/* SPDX-License-Identifier: Apache-2.0 */
/* sock - listening sockets and socket pairs. */
#ifndef SYS_SOCK_H
#define SYS_SOCK_H

#include <sys/types.h>

#include "base/err.h"

/* "127.0.0.1:8443" "[::1]:8443" ":8443" (all addresses); port 0 draws a free one.
 * Non-blocking, close-on-exec, SO_REUSEADDR.  ret_bound: "127.0.0.1:8443" as bound. */
MUST_CHECK bool sock_listen_tcp(const char *address, int *ret_fd, char *ret_bound,
    size_t bound_size, struct err *e);
/* Removes a stale socket file first; ERR_CONFLICT when somebody answers there. */
MUST_CHECK bool sock_listen_unix(const char *path, mode_t mode, int *ret_fd,
    struct err *e);
MUST_CHECK bool sock_pair(int ret_fds[2], struct err *e); /* stream, close-on-exec */
/* Credentials of the peer of a unix socket. */
MUST_CHECK bool sock_peer(int fd, uid_t *ret_uid, pid_t *ret_pid, struct err *e);

#endif
