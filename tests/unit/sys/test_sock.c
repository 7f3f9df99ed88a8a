/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/attr.h"
#include "sys/sock.h"

static int
connect_to(const char *bound)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	const int fd = socket(AF_INET, SOCK_STREAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a.sin_port = htons((uint16_t)strtoul(strrchr(bound, ':') + 1, NULL, 10));
	return connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0 ? fd : -1;
}

Test(sock, a_listener_tells_the_port_that_was_drawn_and_answers_there)
{
	static const char *const addresses[] = { "127.0.0.1:0", "localhost:0",
		"0.0.0.0:0", ":0" };

	for (size_t i = 0; i < NITEMS(addresses); i++) {
		struct err e = { 0 };
		char bound[64];
		int fd;

		cr_assert(sock_listen_tcp(addresses[i], &fd, bound, sizeof(bound), &e),
		    "%s", e.detail);
		cr_expect_neq(strcmp(bound, addresses[i]), 0);
		cr_expect_geq(connect_to(bound), 0, "%s", bound);
		cr_expect_neq(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
		cr_expect_neq(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
		close(fd);
	}
}

Test(sock, what_is_no_address_with_a_port_is_refused)
{
	static const char *const bad[] = { "", ":", "8443", "127.0.0.1",
		"127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:84x",
		"127.0.0.1:123456", "127.0.0.256:1", "::1:8443", "[::1:8443", "[]:1",
		"[::g]:1", "example:1", "127.0.0.1 :1", "[127.0.0.1]:1" };

	for (size_t i = 0; i < NITEMS(bad); i++) {
		struct err e = { 0 };
		char bound[64];
		int fd = -7;

		cr_expect_not(sock_listen_tcp(bad[i], &fd, bound, sizeof(bound), &e),
		    "%s", bad[i]);
		cr_expect_eq(e.code, ERR_MALFORMED);
		cr_expect_eq(fd, -7);
	}
}

Test(sock, a_port_in_use_is_told_as_such)
{
	struct err e = { 0 };
	char bound[64], again[64];
	int fd, second = -7;

	cr_assert(sock_listen_tcp("127.0.0.1:0", &fd, bound, sizeof(bound), &e));
	cr_expect_not(sock_listen_tcp(bound, &second, again, sizeof(again), &e));
	cr_expect_eq(e.code, ERR_CONFLICT);
	cr_expect_neq(strstr(e.detail, bound), NULL);
	close(fd);
}

/* S10 */
Test(sock, a_local_socket_has_its_mode_and_tells_who_its_peer_is)
{
	char dir[] = "/tmp/hnp-sock-XXXXXX", path[64];
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct err e = { 0 };
	struct stat st;
	int fd, second = -7, client, server;
	uid_t uid = 99;
	bool there = false;

	cr_assert_not_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/s", dir);
	strcpy(a.sun_path, path);
	umask(0);
	cr_assert(sock_listen_unix(path, 0660, &fd, &e), "%s", e.detail);
	cr_assert_eq(lstat(path, &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0660);
	cr_expect_eq(umask(0), 0, "the umask is as it was");
	client = socket(AF_UNIX, SOCK_STREAM, 0);
	cr_assert_eq(connect(client, (struct sockaddr *)&a, sizeof(a)), 0);
	server = accept(fd, NULL, NULL);
	cr_assert(sock_client(server, path, &uid, &there, &e), "%s", e.detail);
	cr_expect_eq(uid, getuid());
	cr_expect(there);
	cr_assert_eq(shutdown(client, SHUT_WR), 0);
	cr_assert(sock_client(server, path, &uid, &there, &e));
	cr_expect(there, "who says no more may still listen");

	cr_expect_not(sock_listen_unix(path, 0660, &second, &e), "somebody answers");
	cr_expect_eq(e.code, ERR_CONFLICT);
	close(fd);
	cr_expect(sock_listen_unix(path, 0600, &fd, &e), "a stale one is replaced: %s",
	    e.detail);
	close(fd);
	unlink(path);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	cr_expect_not(sock_listen_unix(path, 0660, &second, &e));
	cr_expect_eq(e.code, ERR_CONFLICT);
	cr_expect_eq(access(path, F_OK), 0, "a file is not taken for a stale socket");
	cr_expect_eq(second, -7);
	unlink(path);
	rmdir(dir);
}

static bool
send_with_descriptor(int to, int fd)
{
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .room = { 0 } };
	struct iovec iov = { (void *)"x", 1 };
	const struct msghdr m = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room) };

	control.h.cmsg_level = SOL_SOCKET;
	control.h.cmsg_type = SCM_RIGHTS;
	control.h.cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(&control.h), &fd, sizeof(fd));
	return sendmsg(to, &m, MSG_NOSIGNAL) == 1;
}

/* S83 */
Test(sock, nobody_sends_a_descriptor_to_a_local_socket)
{
	char dir[] = "/tmp/hnp-sock-XXXXXX";
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct err e = { 0 };
	int fd, passes = -1;
	socklen_t len = sizeof(passes);

	cr_assert_not_null(mkdtemp(dir));
	snprintf(a.sun_path, sizeof(a.sun_path), "%s/s", dir);
	cr_assert(sock_listen_unix(a.sun_path, 0660, &fd, &e), "%s", e.detail);
	const int client = socket(AF_UNIX, SOCK_STREAM, 0);
	cr_assert_eq(connect(client, (struct sockaddr *)&a, sizeof(a)), 0);
	unlink(a.sun_path);
	rmdir(dir);
	if (getsockopt(fd, SOL_SOCKET, 83, &passes, &len) < 0)
		cr_skip_test("the kernel has no SO_PASSRIGHTS");
	cr_expect_not(send_with_descriptor(client, client), "before it is accepted");
	const int server = accept(fd, NULL, NULL);
	cr_assert_geq(server, 0);
	cr_expect_not(send_with_descriptor(client, client));
	cr_expect_eq(errno, EPERM);
	cr_expect_eq(send(client, "x", 1, 0), 1);
}

Test(sock, a_local_path_that_is_too_long_is_refused)
{
	struct err e = { 0 };
	char path[200];
	int fd;

	memset(path, 'a', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	cr_expect_not(sock_listen_unix(path, 0600, &fd, &e));
	cr_expect_eq(e.code, ERR_MALFORMED);
}

/* S10, S83: each has credentials of somebody; only one is a client's. */
Test(sock, nothing_but_a_connection_to_the_path_tells_a_client)
{
	char dir[] = "/tmp/hnp-sock-XXXXXX", path[64], other[64], bound[SOCK_BOUND_LEN];
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int listening, elsewhere, tcp, pair[2], client, server;
	struct err e = { 0 };
	uid_t uid = 99;
	bool there = false;

	cr_assert_not_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/s", dir);
	snprintf(other, sizeof(other), "%s/ss", dir);
	cr_assert(sock_listen_unix(path, 0600, &listening, &e));
	cr_assert(sock_listen_unix(other, 0600, &elsewhere, &e));
	cr_assert(sock_listen_tcp("127.0.0.1:0", &tcp, bound, sizeof(bound), &e));
	cr_assert(sock_pair(pair, &e));
	client = socket(AF_UNIX, SOCK_STREAM, 0);
	strcpy(a.sun_path, other);
	cr_assert_eq(connect(client, (struct sockaddr *)&a, sizeof(a)), 0);
	server = accept(elsewhere, NULL, NULL);

	const int liars[] = { listening, elsewhere, tcp, pair[0], client, server,
		STDIN_FILENO, -1 };
	for (size_t i = 0; i < NITEMS(liars); i++) {
		e = (struct err){ 0 };
		cr_expect_not(sock_client(liars[i], path, &uid, &there, &e), "%zu", i);
		cr_expect_eq(e.code, ERR_MALFORMED);
		cr_expect_eq(uid, 99);
	}
	cr_assert(sock_client(server, other, &uid, &there, &e));
	cr_expect(there);
	close(client);
	cr_assert(sock_client(server, other, &uid, &there, &e));
	cr_expect_not(there, "he has gone, and is named no more");
	cr_expect_eq(uid, getuid());

	for (size_t i = 0; i + 2 < NITEMS(liars); i++)
		if (liars[i] != client)
			close(liars[i]);
	close(pair[1]);
	unlink(path);
	unlink(other);
	rmdir(dir);
}
