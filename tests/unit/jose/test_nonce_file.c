/* SPDX-License-Identifier: Apache-2.0 */
/* What the file keeps, and when it is not believed. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../src/jose/nonce_part.h"

static const uint8_t key[NONCE_KEY_LEN] = "thirty-two octets, known to all";
static char dir[] = "/tmp/hnp-nonce-XXXXXX", path[100], other[100];

static void
make_dir(void)
{
	cr_assert(mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/nonces", dir);
	snprintf(other, sizeof(other), "%s/other", dir);
}

static void
remove_dir(void)
{
	unlink(path);
	unlink(other);
	rmdir(path);
	rmdir(dir);
}

TestSuite(nonce_file, .init = make_dir, .fini = remove_dir);

static struct nonces *
open_it(void)
{
	struct nonces *n = NULL;
	struct err e = { 0 };

	cr_assert(nonce_open(path, bytes_of(key, sizeof(key)), &n, &e), "%s", e.detail);
	return n;
}

static bool
is_good(struct nonces *n, const char *text)
{
	struct err e = { 0 };

	return nonce_use(n, bytes_str(text), &e);
}

/* Changes octets of the file while nobody has it open. */
static void
patch(size_t at, const void *p, size_t n)
{
	const int fd = open(path, O_WRONLY | O_CLOEXEC);

	cr_assert_geq(fd, 0);
	cr_assert_eq(pwrite(fd, p, n, (off_t)at), (ssize_t)n);
	close(fd);
}

static void
copy(const char *from, const char *to)
{
	static uint8_t octets[sizeof(struct nonce_file)];
	const int in = open(from, O_RDONLY | O_CLOEXEC);
	const int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	cr_assert_eq(read(in, octets, sizeof(octets)), (ssize_t)sizeof(octets));
	cr_assert_eq(write(out, octets, sizeof(octets)), (ssize_t)sizeof(octets));
	close(in);
	close(out);
}

/* A72 */
Test(nonce_file, over_a_restart_the_unused_stay_good_and_the_used_stay_used)
{
	struct nonces *n = open_it();
	char a[NONCE_TEXT], b[NONCE_TEXT], c[NONCE_TEXT];

	nonce_new(n, a);
	nonce_new(n, b);
	cr_expect(is_good(n, a));
	nonce_close(n);

	n = open_it();
	nonce_new(n, c);
	cr_expect_not(is_good(n, a));
	cr_expect(is_good(n, b));
	cr_expect(is_good(n, c));
	cr_expect_str_neq(c, a);
	cr_expect_str_neq(c, b);
	nonce_close(n);
}

#define GIVEN 40 /* how many a child tells; every other one it has used */

static void
child(int fd)
{
	struct nonces *n = open_it();
	char text[NONCE_TEXT];

	for (size_t i = 0; i < GIVEN; i++) {
		nonce_new(n, text);
		if (i % 2 == 0 && !is_good(n, text))
			_exit(1);
		if (write(fd, text, NONCE_TEXT) != NONCE_TEXT)
			_exit(1);
	}
	for (;;) /* killed in the middle of something */
		nonce_new(n, text);
}

/* A72: kill -9 makes no used one good, loses no good one, repeats none. */
Test(nonce_file, who_is_killed_loses_nothing)
{
	char all[8 * GIVEN + 8][NONCE_TEXT];
	size_t n_all = 0;

	for (int round = 0; round < 8; round++) {
		int fds[2];

		cr_assert_eq(pipe(fds), 0);
		const pid_t pid = fork();
		cr_assert_geq(pid, 0);
		if (pid == 0)
			child(fds[1]);
		close(fds[1]);
		const size_t first = n_all;
		for (; n_all < first + GIVEN; n_all++)
			cr_assert_eq(read(fds[0], all[n_all], NONCE_TEXT), NONCE_TEXT);
		usleep(3000);
		kill(pid, SIGKILL);
		cr_assert_eq(waitpid(pid, NULL, 0), pid);
		close(fds[0]);

		struct nonces *n = open_it();
		for (size_t i = 0; i < GIVEN; i++) {
			cr_expect_eq(is_good(n, all[first + i]), i % 2 == 1);
			cr_expect_not(is_good(n, all[first + i]));
		}
		nonce_new(n, all[n_all++]);
		nonce_close(n);
	}
	for (size_t i = 0; i < n_all; i++)
		for (size_t j = 0; j < i; j++)
			cr_assert_str_neq(all[i], all[j]);
}

/* A72: after a power cut the file may be anything, so nothing of it is believed. */
Test(nonce_file, a_file_left_open_under_another_boot_begins_a_new_epoch)
{
	const uint32_t open_still = 0;
	struct nonces *n = open_it();
	char a[NONCE_TEXT], b[NONCE_TEXT];

	nonce_new(n, a);
	nonce_close(n);
	patch(offsetof(struct nonce_file, is_closed), &open_still, 4);
	n = open_it(); /* the same boot: believed */
	nonce_new(n, b);
	cr_expect(is_good(n, a));
	nonce_close(n);
	patch(offsetof(struct nonce_file, boot), "0", 1);
	patch(offsetof(struct nonce_file, boot) + 1, "?", 1);
	n = open_it(); /* another boot, but closed: believed */
	cr_expect(is_good(n, b));
	nonce_new(n, b);
	nonce_close(n);
	patch(offsetof(struct nonce_file, is_closed), &open_still, 4);
	patch(offsetof(struct nonce_file, boot) + 1, "?", 1);
	n = open_it();
	cr_expect_not(is_good(n, b));
	nonce_new(n, a);
	cr_expect(is_good(n, a));
	nonce_close(n);
}

/* A69: what was used since a backup does not get good again by its restoration. */
Test(nonce_file, a_copy_begins_a_new_epoch)
{
	struct nonces *n = open_it();
	char a[NONCE_TEXT];

	nonce_new(n, a);
	nonce_close(n);
	copy(path, other);
	n = open_it();
	cr_expect(is_good(n, a));
	nonce_close(n);
	cr_assert_eq(rename(other, path), 0);
	n = open_it();
	cr_expect_not(is_good(n, a));
	nonce_close(n);
}

/* Whatever stands there, a good file stands there afterwards, and it works. */
static void
made_anew(const char *what, const char *old)
{
	struct nonces *n = open_it();
	struct stat st;
	char text[NONCE_TEXT];

	cr_expect_eq(lstat(path, &st), 0);
	cr_expect(S_ISREG(st.st_mode), "%s", what);
	cr_expect_eq(st.st_mode & 07777, 0600, "%s", what);
	cr_expect_eq(st.st_size, (off_t)sizeof(struct nonce_file), "%s", what);
	cr_expect_eq(st.st_uid, geteuid(), "%s", what);
	if (old != NULL)
		cr_expect_not(is_good(n, old), "%s", what);
	nonce_new(n, text);
	cr_expect(is_good(n, text), "%s", what);
	cr_expect_not(is_good(n, text), "%s", what);
	nonce_close(n);
}

static void
renew(char text[static NONCE_TEXT])
{
	struct nonces *n = open_it();

	nonce_new(n, text);
	nonce_close(n);
}

Test(nonce_file, what_is_no_file_of_ours_is_made_anew)
{
	char a[NONCE_TEXT];

	made_anew("nothing there", NULL);
	renew(a);
	cr_assert_eq(truncate(path, 0), 0);
	made_anew("empty", a);
	renew(a);
	cr_assert_eq(truncate(path, (off_t)sizeof(struct nonce_file) - 1), 0);
	made_anew("one octet too few", a);
	renew(a);
	cr_assert_eq(truncate(path, (off_t)sizeof(struct nonce_file) + 1), 0);
	made_anew("one octet too many", a);
	renew(a);
	cr_assert_eq(chmod(path, 0640), 0);
	made_anew("others may read it", a);
	renew(a);
	patch(0, "x", 1);
	made_anew("another magic", a);
	renew(a);
	patch(offsetof(struct nonce_file, version), "\xff", 1);
	made_anew("another version", a);
	renew(a);
	patch(offsetof(struct nonce_file, epoch), "other octets her", NONCE_EPOCH_LEN);
	made_anew("another epoch", a);
	cr_assert_eq(unlink(path), 0);
	cr_assert_eq(mkfifo(path, 0600), 0);
	made_anew("a pipe", NULL);
	renew(a);
	cr_assert_eq(link(path, other), 0);
	made_anew("a second name", a);
	cr_assert_eq(unlink(other), 0);
	if (geteuid() == 0) {
		renew(a);
		cr_assert_eq(chown(path, 12345, 12345), 0);
		made_anew("of another owner", a);
	}
}

Test(nonce_file, a_counter_that_nobody_reaches_begins_a_new_epoch)
{
	const uint64_t last = UINT64_MAX;
	char a[NONCE_TEXT];

	nonce_close(open_it());
	patch(offsetof(struct nonce_file, next), &last, sizeof(last));
	struct nonces *n = open_it();
	nonce_new(n, a);
	cr_expect(is_good(n, a));
	cr_expect_not(is_good(n, a));
	nonce_close(n);
}

Test(nonce_file, a_symbolic_link_is_replaced_and_what_it_points_to_left_alone)
{
	struct stat st;
	const int fd = open(other, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	cr_assert_eq(write(fd, "mine", 4), 4);
	close(fd);
	cr_assert_eq(symlink(other, path), 0);
	made_anew("a link", NULL);
	cr_assert_eq(stat(other, &st), 0);
	cr_expect_eq(st.st_size, 4);
}

Test(nonce_file, what_cannot_be_replaced_is_told)
{
	struct nonces *n = NULL;
	struct err e = { 0 };

	cr_assert_eq(mkdir(path, 0700), 0);
	cr_expect_not(nonce_open(path, bytes_of(key, sizeof(key)), &n, &e));
	cr_expect_eq(e.code, ERR_IO);
	cr_expect_eq(n, NULL);
	e = (struct err){ 0 };
	cr_expect_not(nonce_open("/nonexistent/x", bytes_of(key, sizeof(key)), &n, &e));
	cr_expect_eq(e.code, ERR_IO);
}

Test(nonce_file, only_one_may_have_it_open)
{
	struct nonces *n = open_it(), *second = NULL;
	struct err e = { 0 };

	cr_expect_not(nonce_open(path, bytes_of(key, sizeof(key)), &second, &e));
	cr_expect_eq(e.code, ERR_CONFLICT);
	cr_expect_eq(second, NULL);
	nonce_close(n);
	nonce_close(open_it());
	nonce_close(NULL);
}

/* A75: the oldest falls out when the window is full; its place tells nothing of it. */
Test(nonce_file, the_window_moves_on_by_one_with_each_new_nonce)
{
	struct nonces *n = open_it();
	char a[NONCE_TEXT], b[NONCE_TEXT], c[NONCE_TEXT];
	uint64_t next = NONCE_WINDOW - 1;

	nonce_new(n, a); /* 0 */
	nonce_new(n, b); /* 1 */
	cr_expect(is_good(n, b));
	nonce_close(n);
	patch(offsetof(struct nonce_file, next), &next, sizeof(next));
	n = open_it();
	nonce_new(n, c); /* the last that leaves 0 alive */
	cr_expect(is_good(n, a));
	cr_expect_not(is_good(n, b));
	cr_expect(is_good(n, c));
	nonce_new(n, c); /* in the place of 0, which was used */
	cr_expect(is_good(n, c));
	cr_expect_not(is_good(n, a));
	nonce_new(n, c); /* in the place of 1 */
	cr_expect_not(is_good(n, b));
	cr_expect(is_good(n, c));
	nonce_close(n);
	next = UINT64_C(1) << 40;
	patch(offsetof(struct nonce_file, next), &next, sizeof(next));
	n = open_it();
	cr_expect_not(is_good(n, c));
	nonce_new(n, c);
	cr_expect(is_good(n, c));
	nonce_close(n);
}
