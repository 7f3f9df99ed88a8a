/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/attr.h"
#include "sys/notify.h"

static int
listen_at(const char *name)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	const size_t n = strlen(name);

	memcpy(a.sun_path, name, n);
	if (name[0] == '@')
		a.sun_path[0] = '\0';
	cr_assert_eq(bind(fd, (struct sockaddr *)&a,
			 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)),
	    0);
	return fd;
}

Test(notify, one_datagram_reaches_a_path_or_an_abstract_name)
{
	char path[64], abstract[64], got[256];
	struct err e = { 0 };

	snprintf(path, sizeof(path), "/tmp/hnp-notify-%ld", (long)getpid());
	snprintf(abstract, sizeof(abstract), "@hnp-notify-%ld", (long)getpid());
	const char *const names[] = { path, abstract };
	for (size_t i = 0; i < NITEMS(names); i++) {
		const int fd = listen_at(names[i]);

		setenv("NOTIFY_SOCKET", names[i], 1);
		cr_assert(notify_send("READY=1\nSTATUS=a b", &e), "%s", e.detail);
		const ssize_t n = recv(fd, got, sizeof(got), 0);
		cr_assert_eq(n, 18);
		cr_expect_eq(memcmp(got, "READY=1\nSTATUS=a b", 18), 0);
		cr_assert(notify_reloading("s", &e), "%s", e.detail);
		cr_assert_gt(recv(fd, got, sizeof(got), 0), 30);
		cr_expect_eq(strncmp(got, "RELOADING=1\nMONOTONIC_USEC=", 27), 0);
		close(fd);
	}
	unlink(path);
}

Test(notify, without_a_manager_there_is_nothing_to_do_and_a_wrong_address_is_told)
{
	struct err e = { 0 };

	unsetenv("NOTIFY_SOCKET");
	cr_expect(notify_send("READY=1", &e));
	setenv("NOTIFY_SOCKET", "", 1);
	cr_expect(notify_send("READY=1", &e));
	static const char *const wrong[] = { "x", "/", "@", "relative/path",
		"/absent/it" };
	for (size_t i = 0; i < NITEMS(wrong); i++) {
		setenv("NOTIFY_SOCKET", wrong[i], 1);
		cr_expect_not(notify_send("READY=1", &e), "%s", wrong[i]);
		cr_expect_eq(e.code, ERR_IO);
	}
}

Test(notify, the_watchdog_is_meant_for_us_or_not_at_all)
{
	static const struct {
		const char *us;
		int64_t ms;
	} rows[] = { { "3000000", 3000 }, { "1000", 1 }, { "999", 0 }, { "0", 0 },
		{ "-1", 0 }, { "", 0 }, { "1s", 0 }, { "99999999999999999999", 0 } };
	char pid[32];

	unsetenv("WATCHDOG_PID");
	unsetenv("WATCHDOG_USEC");
	cr_expect_eq(notify_watchdog_ms(), 0);
	for (size_t i = 0; i < NITEMS(rows); i++) {
		setenv("WATCHDOG_USEC", rows[i].us, 1);
		cr_expect_eq(notify_watchdog_ms(), rows[i].ms, "%s", rows[i].us);
	}
	setenv("WATCHDOG_USEC", "3000000", 1);
	setenv("WATCHDOG_PID", "1", 1);
	cr_expect_eq(notify_watchdog_ms(), 0);
	snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	setenv("WATCHDOG_PID", pid, 1);
	cr_expect_eq(notify_watchdog_ms(), 3000);
}
