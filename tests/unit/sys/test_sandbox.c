/* SPDX-License-Identifier: Apache-2.0 */
/* What goes wrong before the walls stand; the walls themselves: tests/flow/test_sandbox.py. */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../src/sys/sandbox_impl.h"
#include "sys/proc.h"

TestSuite(sandbox, .timeout = 20);

static long
landlock_version(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, 1);
}

Test(sandbox, a_path_that_cannot_be_opened_is_told_as_such)
{
	char loop[] = "/tmp/hnp-loop-XXXXXX";
	struct sandbox s;
	struct err e = { 0 };

	if (landlock_version() <= 0)
		cr_skip_test("the kernel has no Landlock");
	cr_assert_not_null(mkdtemp(loop));
	cr_assert_eq(rmdir(loop), 0);
	cr_assert_eq(symlink(loop, loop), 0);
	const struct sandbox_path path = { loop, SANDBOX_READ };
	const bool ok = sandbox_enter(SANDBOX_CORE, &path, 1, NULL, NULL, &s, &e);
	cr_expect_eq(unlink(loop), 0);
	cr_assert_not(ok);
	cr_expect_eq(e.code, ERR_IO);
	cr_expect_eq(strncmp(e.detail, loop, strlen(loop)), 0, "%s", e.detail);
	cr_expect_null(strstr(e.detail, "Landlock"), "%s", e.detail);
}

/*
 * What kill(2) says of the parent from behind the walls, 0 or errno; -1: no walls, or it
 * does not reach even itself, as abort(3) does.  In a process of its own, which ends
 * without the leak sanitizer: that reads /proc.
 */
static int
signal_parent(bool is_role)
{
	const pid_t pid = fork();
	int version, status;
	struct err e;

	if (pid == 0) {
		proc_shut();
		if (!sandbox_files(NULL, 0, is_role, &version, &e) ||
		    kill(getpid(), 0) != 0)
			_exit(255);
		_exit(kill(getppid(), 0) == 0 ? 0 : errno);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) && WEXITSTATUS(status) != 255 ? WEXITSTATUS(status)
							       : -1;
}

/* S82 */
Test(sandbox, a_role_sends_no_signal_to_others_and_the_parent_does)
{
	if (landlock_version() < 6)
		cr_skip_test("the kernel's Landlock has no word for signals");
	cr_expect_eq(signal_parent(true), EPERM);
	cr_expect_eq(signal_parent(false), 0, "it ends the roles");
}
