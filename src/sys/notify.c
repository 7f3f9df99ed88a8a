/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

#define WAIT_S 2 /* for a manager whose queue is full */

/* "/run/systemd/notify", or "@name" for one of the abstract name space. */
static bool
read_address(const char *text, struct sockaddr_un *ret, socklen_t *ret_len,
    struct err *e)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	const size_t n = strlen(text);

	if ((text[0] != '/' && text[0] != '@') || n < 2 || n >= sizeof(a.sun_path))
		return err_set(e, ERR_IO, "NOTIFY_SOCKET \"%.120s\" is no address",
		    text);
	memcpy(a.sun_path, text, n);
	if (text[0] == '@')
		a.sun_path[0] = '\0';
	*ret = a;
	/* An abstract name ends where the length says. */
	*ret_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n +
			       (text[0] == '/' ? 1 : 0));
	return true;
}

bool
notify_send(const char *lines, struct err *e)
{
	const char *to = getenv("NOTIFY_SOCKET");
	const struct timeval wait = { .tv_sec = WAIT_S };
	struct sockaddr_un address;
	socklen_t length = 0;

	if (to == NULL || to[0] == '\0')
		return true;
	if (!read_address(to, &address, &length, e))
		return false;
	const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_errno(e, "socket");
	bool ok =
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) == 0 &&
	    sendto(fd, lines, strlen(lines), MSG_NOSIGNAL,
		(const struct sockaddr *)&address, length) == (ssize_t)strlen(lines);
	if (!ok)
		err_errno(e, "the service manager at %s does not take our word", to);
	close(fd);
	return ok;
}

bool
notify_reloading(const char *status, struct err *e)
{
	struct timespec t = { 0 };
	char *lines;

	clock_gettime(CLOCK_MONOTONIC, &t);
	lines = mem_printf("RELOADING=1\nMONOTONIC_USEC=%lld\nSTATUS=%s",
	    (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000, status);
	const bool ok = notify_send(lines, e);
	free(lines);
	return ok;
}

/* A number that is all of the text; 0 for anything else. */
static long long
number(const char *text)
{
	char *end = NULL;

	if (text == NULL || text[0] < '0' || text[0] > '9')
		return 0;
	errno = 0;
	const long long v = strtoll(text, &end, 10);
	return errno == 0 && *end == '\0' ? v : 0;
}

int64_t
notify_watchdog_ms(void)
{
	const char *whose = getenv("WATCHDOG_PID");
	const long long us = number(getenv("WATCHDOG_USEC"));

	if (whose != NULL && number(whose) != (long long)getpid())
		return 0;
	return us / 1000 > 0 ? us / 1000 : 0;
}
