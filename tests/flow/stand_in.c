/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stands in the place of a role for tests/flow/between.py: hands the role's
 * channels to the test, which starts the real one behind them, and ends as that
 * one ended.
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/proc.h"

#define CHANNELS_MAX 4

/* The socket of the test lies beside this program. */
static int
reach_test(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	const ssize_t n =
	    readlink("/proc/self/exe", to.sun_path, sizeof(to.sun_path) - 1);
	char *slash = n > 0 ? strrchr(to.sun_path, '/') : NULL;
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (slash == NULL ||
	    slash + sizeof("/sock") > to.sun_path + sizeof(to.sun_path))
		return -1;
	memcpy(slash, "/sock", sizeof("/sock"));
	return connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 ? fd : -1;
}

static bool
hand_over(int to, const char *name, size_t n)
{
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(CHANNELS_MAX * sizeof(int))];
	} control = { .room = { 0 } };
	struct iovec iov = { (void *)(uintptr_t)name, strlen(name) };
	struct msghdr m = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = CMSG_SPACE(n * sizeof(int)),
	};
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);
	int fds[CHANNELS_MAX];

	for (size_t i = 0; i < n; i++)
		fds[i] = PROC_FD_PARENT + (int)i;
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(h), fds, n * sizeof(int));
	if (sendmsg(to, &m, 0) <= 0)
		return false;
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
	return true;
}

int
main(int argc, char **argv)
{
	const bool core = argc > 0 && strcmp(argv[0], "hanaper-core") == 0;
	const int test = reach_test();
	int status = 0;

	if (test < 0 || !hand_over(test, argv[0], core ? CHANNELS_MAX : 2)) {
		perror("stand_in");
		return 99;
	}
	if (read(test, &status, sizeof(status)) != (ssize_t)sizeof(status))
		return 98;
	if (WIFSIGNALED(status)) {
		const struct rlimit no_core = { 0, 0 };

		setrlimit(RLIMIT_CORE, &no_core);
		signal(WTERMSIG(status), SIG_DFL);
		raise(WTERMSIG(status));
	}
	return WEXITSTATUS(status);
}
