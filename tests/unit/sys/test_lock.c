/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/lock.h"

static char dir[64], path[96];

static void
make_dir(void)
{
	strcpy(dir, "/tmp/hnp-lock-XXXXXX");
	cr_assert_not_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/pid", dir);
}

static void
remove_dir(void)
{
	unlink(path);
	cr_expect_eq(rmdir(dir), 0);
}

TestSuite(lock, .init = make_dir, .fini = remove_dir);

Test(lock, one_holds_it_whatever_file_was_left)
{
	struct err e = { 0 };
	int fd = -1, second = -1;

	cr_assert(lock_take(path, 0640, &fd, &e), "%s", e.detail);
	cr_expect_not(lock_take(path, 0640, &second, &e));
	cr_expect_eq(e.code, ERR_CONFLICT);
	cr_expect_eq(second, -1);
	close(fd);
	cr_assert(lock_take(path, 0640, &fd, &e), "%s", e.detail);
	close(fd);
}

Test(lock, no_link_is_followed_and_a_directory_is_no_lock)
{
	char other[96];
	struct err e = { 0 };
	int fd = -1;

	snprintf(other, sizeof(other), "%s/other", dir);
	cr_assert_eq(symlink(other, path), 0);
	cr_expect_not(lock_take(path, 0640, &fd, &e));
	cr_expect_eq(e.code, ERR_IO);
	cr_expect_eq(access(other, F_OK), -1, "nor made through it");
	cr_expect_not(lock_take(dir, 0640, &fd, &e));
	cr_expect_eq(fd, -1);
}

#define ROUNDS 3000

struct both {
	atomic_int here, inside, worst, taken;
};

/* As the daemon's parent and a command do: the name goes before the lock. */
static void
come_and_go(struct both *b)
{
	atomic_fetch_add(&b->here, 1);
	while (atomic_load(&b->here) < 2)
		usleep(10);
	for (int i = 0; i < ROUNDS; i++) {
		struct err e;
		int fd;

		if (!lock_take(path, 0640, &fd, &e))
			continue;
		const int now = atomic_fetch_add(&b->inside, 1) + 1;
		if (now > atomic_load(&b->worst))
			atomic_store(&b->worst, now);
		atomic_fetch_add(&b->taken, 1);
		usleep(20);
		atomic_fetch_sub(&b->inside, 1);
		unlink(path);
		close(fd);
	}
}

Test(lock, two_that_take_its_name_away_never_both_hold_it)
{
	struct both *b = mmap(NULL, sizeof(*b), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;

	cr_assert_neq(b, MAP_FAILED);
	const pid_t child = fork();
	cr_assert_geq(child, 0);
	come_and_go(b);
	if (child == 0)
		_exit(0);
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_expect_eq(status, 0);
	cr_expect_eq(atomic_load(&b->worst), 1);
	cr_expect_gt(atomic_load(&b->taken), 0);
	munmap(b, sizeof(*b));
}
