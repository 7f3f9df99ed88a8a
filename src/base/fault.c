/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fault.h"

#ifdef HNP_FAULTS

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void
hang(void)
{
	for (;;)
		nanosleep(&(struct timespec){ .tv_sec = 60 }, NULL);
}

void
fault_point(const char *name)
{
	static atomic_ulong passages;
	const char *plan = getenv("HNP_FAULT");
	const size_t n = strlen(name);
	char *action;

	if (plan == NULL || strncmp(plan, name, n) != 0 || plan[n] != ':')
		return;
	if (atomic_fetch_add(&passages, 1) + 1 != strtoul(plan + n + 1, &action, 10))
		return;
	if (strcmp(action, ":hang") == 0)
		hang();
	raise(SIGKILL);
}

#endif
