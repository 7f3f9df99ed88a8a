/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "sys/proc.h"

TestSuite(proc, .timeout = 20);

static char told[8192]; /* what the child said */

/* Starts the child with the pipe as its descriptor 3 and 'more' further ones. */
static void
run_child(size_t more)
{
	int fds[2], given[4];
	struct err e = { 0 };
	size_t n = 0;
	ssize_t got;
	char *path;
	pid_t pid;
	int status;

	cr_assert(proc_find("spawned", "/nowhere", &path, &e), "%s", e.detail);
	cr_assert_eq(pipe2(fds, O_CLOEXEC), 0);
	for (size_t i = 0; i < 1 + more; i++)
		given[i] = fds[1];
	cr_assert(proc_spawn(path, "a-name", given, 1 + more, NULL, &pid, &e), "%s",
	    e.detail);
	close(fds[1]);
	while ((got = read(fds[0], told + n, sizeof(told) - 1 - n)) > 0)
		n += (size_t)got;
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	free(path);
}

static void
expect_said(const char *line)
{
	cr_expect_not_null(strstr(told, line), "no \"%s\" in:\n%s", line, told);
}

static void
expect_not_said(const char *line)
{
	cr_expect_null(strstr(told, line), "\"%s\" in:\n%s", line, told);
}

/* S80, S82 */
Test(proc, a_role_begins_with_its_descriptors_and_nothing_else_of_ours)
{
	sigset_t usr1;

	setenv("SECRET", "password", 1);
	setenv("LD_PRELOAD_X", "x", 1);
	setenv("TZ", "UTC", 1);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr1, NULL);
	cr_assert_geq(fcntl(0, F_DUPFD, 40), 40); /* not close-on-exec */
	run_child(2);
	expect_said("argc 1 name a-name\n");
	expect_said("env TZ=UTC\n");
	expect_not_said("password");
	expect_not_said("LD_");
	expect_not_said("env PATH");
	expect_said("fd 3\nfd 4\nfd 5\n");
	expect_not_said("fd 6");
	expect_not_said("fd 40");
	expect_said("int ignored pipe default usr1 open\n");
	expect_said("death 9\n");
}

/* S80 */
Test(proc, a_hardened_process_gains_no_privilege_and_leaves_no_core)
{
	run_child(0);
	expect_said("privs 1 core 0 umask 77 pipe ignored");
#if !defined(__SANITIZE_ADDRESS__) && !defined(__clang__)
	expect_said("dumpable 0");
#endif
}

/* The two that the child gets lie at 3 and 4, the wrong way round. */
static void
spawn_crosswise(const char *path, int at_3, int at_4)
{
	struct err e = { 0 };
	pid_t pid;

	if (dup2(at_4, 50) != 50 || dup2(at_3, 3) != 3 || dup2(50, 4) != 4)
		_exit(1);
	if (!proc_spawn(path, "x", (const int[]){ 4, 3 }, 2, NULL, &pid, &e))
		_exit(2);
	_exit(waitpid(pid, NULL, 0) == pid ? 0 : 3);
}

Test(proc, descriptors_that_stand_in_each_others_place_are_exchanged)
{
	struct err e = { 0 };
	char *path, c = 0;
	int one[2], two[2], status = -1;

	cr_assert(proc_find("spawned", "/nowhere", &path, &e), "%s", e.detail);
	cr_assert_eq(pipe2(one, O_CLOEXEC), 0);
	cr_assert_eq(pipe2(two, O_CLOEXEC | O_NONBLOCK), 0);
	const pid_t pid = fork(); /* the test's own 3 and 4 are Criterion's */
	if (pid == 0)
		spawn_crosswise(path, two[1], one[1]);
	close(one[1]);
	close(two[1]);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(status, 0);
	cr_expect_eq(read(one[0], &c, 1), 1,
	    "the first given is where the child tells");
	cr_expect_eq(c, 'a');
	cr_expect_eq(read(two[0], &c, 1), 0, "the second is not");
	free(path);
}

Test(proc, what_cannot_be_started_is_told)
{
	struct err e = { 0 };
	char *path = NULL;
	pid_t pid = -5;

	cr_expect_not(proc_spawn("/absent/program", "p", NULL, 0, NULL, &pid, &e));
	cr_expect_neq(strstr(e.detail, "/absent/program"), NULL);
	cr_expect_eq(pid, -5);
	cr_expect_not(proc_find("no-such-program", "/absent", &path, &e));
	cr_expect_eq(e.code, ERR_NOT_FOUND);
	cr_expect_null(path);
	cr_expect(proc_find("sh", "/bin", &path, &e), "%s", e.detail);
	cr_expect_str_eq(path, "/bin/sh");
	free(path);
}

Test(proc, a_program_is_found_below_a_prefix_that_was_moved)
{
	struct err e = { 0 };
	char *path = NULL;

	/* As the build's root lies from here, so does it from there. */
	cr_assert(proc_find("config.status", HNP_PREFIX "/../..", &path, &e), "%s",
	    e.detail);
	cr_expect_neq(strstr(path, "/tests/unit/sys/../../../config.status"), NULL,
	    "%s", path);
	free(path);
	path = NULL;
	cr_expect_not(proc_find("config.status", HNP_PREFIX "er/../..", &path, &e));
	cr_expect_null(path);
}

#define NOBODY 65534

/* As a service manager does by SystemCallFilter=~@privileged. */
static void
forbid_capset(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_capset, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog filter = { NITEMS(code), code };

	cr_assert_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	cr_assert_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), 0);
}

/* The first 32 of each set. */
static struct __user_cap_data_struct
held(void)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = { 0 };

	cr_assert_eq(syscall(SYS_capget, &head, sets), 0);
	return sets[0];
}

/* What root can use it could also hand on: so do services with AmbientCapabilities=. */
static void
hold_inheritable(void)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = { 0 };

	cr_assert_eq(syscall(SYS_capget, &head, sets), 0);
	sets[0].inheritable = sets[0].permitted;
	cr_assert_eq(syscall(SYS_capset, &head, sets), 0);
}

/* S82 */
Test(proc, capabilities_are_given_up)
{
	struct err e = { 0 };

	cr_assert(proc_drop_capabilities(&e), "%s", e.detail);
	cr_expect_eq(held().permitted | held().effective | held().inheritable, 0);
	cr_expect(proc_drop_capabilities(&e), "a second time: %s", e.detail);
}

/* S82 */
Test(proc, capabilities_that_are_held_and_may_not_be_given_up_are_told)
{
	struct err e = { 0 };

	if (held().permitted == 0)
		cr_skip_test("root alone has any");
	forbid_capset();
	cr_assert_not(proc_drop_capabilities(&e));
	cr_expect_eq(e.code, ERR_UNAVAILABLE);
	cr_expect_not_null(strstr(e.detail, "SystemCallFilter=capset"), "%s", e.detail);
}

/* S82 */
Test(proc, what_none_can_use_need_not_be_given_up)
{
	struct err e = { 0 };

	if (held().permitted == 0)
		cr_skip_test("root alone has any");
	hold_inheritable();
	cr_assert_eq(setresuid(NOBODY, NOBODY, NOBODY), 0);
	forbid_capset();
	cr_assert_neq(held().inheritable, 0);
	cr_expect(proc_drop_capabilities(&e), "%s", e.detail);
}
