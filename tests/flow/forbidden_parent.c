/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded into hanaperd by tests/flow/test_sandbox.py: when it is about to load its
 * filter, all acts are tried behind it, or one of them is done.
 */
#include <dlfcn.h>
#include <seccomp.h>
#include <stdlib.h>

#include "forbidden.h"

static FILE *to; /* opened before the walls are up */

__attribute__((constructor)) static void
begin(void)
{
	const char *path = getenv("HNP_FORBIDDEN_TO");

	if (path != NULL && (to = fopen(path, "w")) != NULL)
		setlinebuf(to); /* a fork would have its buffer too */
}

static int
load(const scmp_filter_ctx c)
{
	int (*real)(const scmp_filter_ctx) = NULL;

	*(void **)&real = dlsym(RTLD_NEXT, "seccomp_load");
	return real != NULL ? real(c) : -1;
}

static void
shut_in(void *arg)
{
	if (load(arg) < 0)
		abort();
}

int
seccomp_load(const scmp_filter_ctx c)
{
	const char *dir = getenv("HNP_FORBIDDEN_DIR"),
		   *act = getenv("HNP_FORBIDDEN_DO");

	if (dir != NULL && to != NULL)
		forbidden_try_all(dir, shut_in, c, to);
	const int rc = load(c);
	if (dir != NULL && act != NULL)
		forbidden_do(dir, act);
	return rc;
}
