/* SPDX-License-Identifier: Apache-2.0 */
/* sock - listening sockets and socket pairs. */
#ifndef SYS_SOCK_H
#define SYS_SOCK_H

#include <sys/types.h>

#include "base/err.h"

#define SOCK_BOUND_LEN 64 /* room for ret_bound */

/*
 * "127.0.0.1:8443" "[::1]:8443" "localhost:8443" ":8443" (all addresses, IPv4
 * and IPv6); names are not looked up; port 0 draws a free one.  Non-blocking,
 * close-on-exec, SO_REUSEADDR.  ret_bound: "127.0.0.1:8443" as bound.
 * ERR_MALFORMED, ERR_CONFLICT when in use, ERR_IO.
 */
MUST_CHECK bool sock_listen_tcp(const char *address, int *ret_fd, char *ret_bound,
    size_t bound_size, struct err *e);
/* Removes a stale socket file first; ERR_CONFLICT when somebody answers there or
 * it is no socket.  Where the kernel can (Linux 6.16), it refuses what clients send
 * descriptors with (EPERM).  Changes the umask for a moment: not with other threads. */
MUST_CHECK bool sock_listen_unix(const char *path, mode_t mode, int *ret_fd,
    struct err *e);
MUST_CHECK bool sock_pair(int ret_fds[2], struct err *e); /* stream, close-on-exec */
/*
 * Who connected to the socket at 'path' and is at the other end of 'fd', by the kernel's
 * word alone: whoever gave us the descriptor is not believed.  *ret_there is false when
 * nobody is any more.  ERR_MALFORMED: it is no connection to that socket.
 */
MUST_CHECK bool sock_client(int fd, const char *path, uid_t *ret_uid, bool *ret_there,
    struct err *e);

#endif
