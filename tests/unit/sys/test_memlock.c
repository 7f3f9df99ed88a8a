/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "base/attr.h"
#include "sys/memlock.h"
#include "sys/proc.h"

TestSuite(memlock, .timeout = 20);

/* As a service is: no right to lock more than the limit says. */
static void
as_service(rlim_t limit)
{
	struct err e = { 0 };
	const struct rlimit l = { limit, limit };

#ifdef UNDER_SANITIZER
	cr_skip_test("its mlockall(2) does nothing, and says that it was done");
#endif
	cr_assert_eq(setrlimit(RLIMIT_MEMLOCK, &l), 0);
	cr_assert(proc_drop_capabilities(&e), "%s", e.detail);
}

/* KiB, of /proc/self/status. */
static size_t
locked(void)
{
	char line[256];
	size_t n = 0;
	FILE *f = fopen("/proc/self/status", "r");

	cr_assert_not_null(f);
	while (fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "VmLck:", 6) == 0)
			n = strtoul(line + 6, NULL, 10);
	fclose(f);
	return n;
}

/* Whether the mapping that 'at' lies in is locked; /proc/self/smaps. */
static bool
is_locked(const void *at)
{
	char line[512], *to;
	bool here = false, found = false, lo = false;
	FILE *f = fopen("/proc/self/smaps", "r");

	cr_assert_not_null(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		const unsigned long from = strtoul(line, &to, 16);
		if (*to == '-' && to != line) {
			here = (unsigned long)at >= from &&
			       (unsigned long)at < strtoul(to + 1, NULL, 16);
			found = found || here;
		} else if (here && strncmp(line, "VmFlags:", 8) == 0)
			lo = strstr(line, " lo") != NULL;
	}
	fclose(f);
	cr_assert(found);
	return lo;
}

/* S80; the whole of it, with a signer as a service has it: tests/flow/test_system.py. */
Test(memlock, data_are_locked_before_a_heap_that_is_too_large)
{
	static char data = 1;
	char *heap;
	bool all = true;

	as_service(MIB(1));
	heap = malloc(MIB(1) - KIB(4));
	memset(heap, 1, MIB(1) - KIB(4));
	const int maps = memlock_open();
	cr_assert_geq(maps, 0);
	cr_expect_eq(memlock(maps), MEMLOCK_PART);
	cr_expect_eq(locked(), 1024);
	cr_expect(is_locked(&data));
	for (size_t i = 0; i < MIB(1) - KIB(4); i += KIB(4))
		all = all && is_locked(heap + i);
	cr_expect_not(all);
	cr_expect_eq(fcntl(maps, F_GETFD), -1, "left open");
	free(heap);
}

/* S80 */
Test(memlock, as_much_as_a_low_limit_lets_us_and_nothing_without_one)
{
	as_service(KIB(64));
	cr_expect_eq(memlock(memlock_open()), MEMLOCK_PART);
	cr_expect_eq(locked(), 64);

	const struct rlimit none = { 0, 0 };
	cr_assert_eq(munlockall(), 0);
	cr_assert_eq(setrlimit(RLIMIT_MEMLOCK, &none), 0);
	cr_expect_eq(memlock(memlock_open()), MEMLOCK_PART);
	cr_expect_eq(locked(), 0);
}

Test(memlock, without_a_list_of_what_is_mapped_nothing_ends)
{
	as_service(KIB(64));
	cr_expect_eq(memlock(-1), MEMLOCK_PART);
	cr_expect_eq(locked(), 0);
}
