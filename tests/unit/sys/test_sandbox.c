/* SPDX-License-Identifier: Apache-2.0 */
/* What goes wrong before the walls stand; the walls themselves: tests/flow/test_sandbox.py. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/sandbox.h"

TestSuite(sandbox, .timeout = 20);

static bool
has_landlock(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, 1) > 0;
}

Test(sandbox, a_path_that_cannot_be_opened_is_told_as_such)
{
	char loop[] = "/tmp/hnp-loop-XXXXXX";
	struct sandbox s;
	struct err e = { 0 };

	if (!has_landlock())
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
