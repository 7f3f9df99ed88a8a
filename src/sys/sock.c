/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/sock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/bytes.h"

#define BACKLOG  1024
#define HOST_LEN 64 /* octets of a numeric address, with the NUL */

#ifndef SO_PASSRIGHTS /* Linux 6.16; the headers may be older than the kernel */
#define SO_PASSRIGHTS 83
#endif

struct where {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} addr;
	socklen_t len;
	bool both; /* IPv6 socket that takes IPv4 too */
};

/* ---- addresses ---- */

static bool
parse_port(struct bytes s, in_port_t *ret)
{
	unsigned port = 0;

	if (s.n == 0 || s.n > 5)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		port = port * 10 + (unsigned)(s.p[i] - '0');
	}
	if (port > 65535)
		return false;
	*ret = htons((uint16_t)port);
	return true;
}

static bool
set_v6(struct where *w, const char *host, in_port_t port)
{
	w->addr.v6 =
	    (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = port };
	w->len = sizeof(w->addr.v6);
	return inet_pton(AF_INET6, host, &w->addr.v6.sin6_addr) == 1;
}

static bool
set_v4(struct where *w, const char *host, in_port_t port)
{
	w->addr.v4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = port };
	w->len = sizeof(w->addr.v4);
	return inet_pton(AF_INET, host, &w->addr.v4.sin_addr) == 1;
}

/* Numeric addresses only: the parent asks no resolver. */
static bool
parse_address(const char *address, struct where *ret)
{
	const char *colon = strrchr(address, ':');
	struct bytes host;
	char text[HOST_LEN];
	in_port_t port;

	if (colon == NULL || !parse_port(bytes_str(colon + 1), &port))
		return false;
	host = bytes_of(address, (size_t)(colon - address));
	*ret = (struct where){ .len = 0 };
	if (host.n == 0) {
		ret->both = true;
		return set_v6(ret, "::", port);
	}
	if (bytes_eq_str(host, "localhost"))
		return set_v4(ret, "127.0.0.1", port);
	if (host.p[0] == '[' && host.p[host.n - 1] == ']')
		return bytes_to_str(bytes_of(host.p + 1, host.n - 2), text,
			   sizeof(text)) &&
		       set_v6(ret, text, port);
	return bytes_to_str(host, text, sizeof(text)) && set_v4(ret, text, port);
}

static bool
print_bound(int fd, char *ret, size_t size, struct err *e)
{
	struct where w = { .len = sizeof(w.addr) };
	char host[INET6_ADDRSTRLEN];
	int n;

	if (getsockname(fd, &w.addr.any, &w.len) < 0)
		return err_errno(e, "getsockname");
	if (w.addr.any.sa_family == AF_INET)
		n = snprintf(ret, size, "%s:%u",
		    inet_ntop(AF_INET, &w.addr.v4.sin_addr, host, sizeof(host)),
		    ntohs(w.addr.v4.sin_port));
	else
		n = snprintf(ret, size, "[%s]:%u",
		    inet_ntop(AF_INET6, &w.addr.v6.sin6_addr, host, sizeof(host)),
		    ntohs(w.addr.v6.sin6_port));
	if (n < 0 || (size_t)n >= size)
		return err_set(e, ERR_INTERNAL, "no room for an address");
	return true;
}

/* ---- TCP ---- */

static bool
bind_failed(const char *address, struct err *e)
{
	if (errno == EADDRINUSE)
		return err_set(e, ERR_CONFLICT,
		    "%s: another program listens there; stop it or choose another port",
		    address);
	if (errno == EACCES)
		return err_set(e, ERR_IO,
		    "%s: not permitted; ports below 1024 need CAP_NET_BIND_SERVICE",
		    address);
	if (errno == EADDRNOTAVAIL)
		return err_set(e, ERR_IO, "%s: this machine has no such address",
		    address);
	return err_errno(e, "%s", address);
}

static bool
open_and_bind(const struct where *w, int *ret)
{
	const int on = 1, only_v6 = w->both ? 0 : 1;
	const int fd = socket(w->addr.any.sa_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return false;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    (w->addr.any.sa_family == AF_INET6 &&
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only_v6, sizeof(only_v6)) <
		    0) ||
	    bind(fd, &w->addr.any, w->len) < 0 || listen(fd, BACKLOG) < 0) {
		const int saved = errno;

		close(fd);
		errno = saved;
		return false;
	}
	*ret = fd;
	return true;
}

bool
sock_listen_tcp(const char *address, int *ret_fd, char *ret_bound, size_t bound_size,
    struct err *e)
{
	struct where w;
	bool bound;
	int fd;

	if (!parse_address(address, &w))
		return err_set(e, ERR_MALFORMED,
		    "\"%s\" is no listener; write ADDRESS:PORT with a numeric address, "
		    "such as "
		    "127.0.0.1:8443, [::1]:8443 or 0.0.0.0:8443",
		    address);
	bound = open_and_bind(&w, &fd);
	if (!bound && w.both && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL)) {
		/* A machine without IPv6. */
		const in_port_t port = w.addr.v6.sin6_port;

		bound = set_v4(&w, "0.0.0.0", port) && open_and_bind(&w, &fd);
	}
	if (!bound)
		return bind_failed(address, e);
	if (!print_bound(fd, ret_bound, bound_size, e)) {
		close(fd);
		return false;
	}
	*ret_fd = fd;
	return true;
}

/* ---- unix ---- */

/* What lies at the path of a socket that is to be made: only a dead socket may go. */
static bool
remove_stale(const struct sockaddr_un *a, struct err *e)
{
	struct stat st;
	int fd, rc;

	if (lstat(a->sun_path, &st) < 0)
		return errno == ENOENT ? true : err_errno(e, "%s", a->sun_path);
	if (!S_ISSOCK(st.st_mode))
		return err_set(e, ERR_CONFLICT, "%s: is there and no socket; move it",
		    a->sun_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_errno(e, "socket");
	rc = connect(fd, (const struct sockaddr *)a, sizeof(*a));
	const bool dead = rc < 0 && errno == ECONNREFUSED;
	close(fd);
	if (!dead)
		return err_set(e, ERR_CONFLICT,
		    "%s: another daemon answers there; stop it first", a->sun_path);
	if (unlink(a->sun_path) < 0 && errno != ENOENT)
		return err_errno(e, "%s", a->sun_path);
	return true;
}

/*
 * No client has a descriptor to send.  Who reads without taking it has the kernel close it, and
 * a TCP connection's may be one whose closing waits (ipc/chan.h).
 */
static void
take_no_descriptors(int fd)
{
	const int off = 0;

	(void)setsockopt(fd, SOL_SOCKET, SO_PASSRIGHTS, &off, sizeof(off));
}

bool
sock_listen_unix(const char *path, mode_t mode, int *ret_fd, struct err *e)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd, rc;

	if (!bytes_to_str(bytes_str(path), a.sun_path, sizeof(a.sun_path)))
		return err_set(e, ERR_MALFORMED,
		    "%s: longer than the %zu octets that a socket's path may have",
		    path, sizeof(a.sun_path) - 1);
	if (!remove_stale(&a, e))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_errno(e, "socket");
	take_no_descriptors(fd);
	/* Closed to all until it has its mode. */
	const mode_t before = umask(0777);
	rc = bind(fd, (const struct sockaddr *)&a, sizeof(a));
	umask(before);
	if (rc < 0 || chmod(path, mode) < 0 || listen(fd, BACKLOG) < 0) {
		err_errno(e, "%s", path);
		close(fd);
		return false;
	}
	*ret_fd = fd;
	return true;
}

bool
sock_pair(int ret_fds[2], struct err *e)
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ret_fds) < 0)
		return err_errno(e, "socketpair");
	return true;
}

/* A connection that was accepted at 'path'; a socket pair and what listens have credentials, too. */
static bool
was_accepted(int fd, const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNSPEC };
	socklen_t len = sizeof(a);
	int listens = 1;

	if (getsockname(fd, (struct sockaddr *)&a, &len) < 0 ||
	    a.sun_family != AF_UNIX || len > sizeof(a) ||
	    len <= offsetof(struct sockaddr_un, sun_path))
		return false;
	const size_t n =
	    strnlen(a.sun_path, len - offsetof(struct sockaddr_un, sun_path));
	if (!bytes_eq_str(bytes_of(a.sun_path, n), path))
		return false;
	len = sizeof(listens);
	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) == 0 &&
	       listens == 0;
}

bool
sock_client(int fd, const char *path, uid_t *ret_uid, bool *ret_there, struct err *e)
{
	struct pollfd p = { .fd = fd };
	struct ucred c;
	socklen_t len = sizeof(c);

	if (!was_accepted(fd, path))
		return err_set(e, ERR_MALFORMED,
		    "a descriptor came that is no connection to %s", path);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &c, &len) < 0)
		return err_errno(e, "the peer of a local socket");
	*ret_uid = c.uid;
	/* POLLHUP is always told; of a peer that only sends no more it is not. */
	*ret_there = poll(&p, 1, 0) == 0;
	return true;
}
