/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/file.h"

static char dir[64];
static int at = -1;

static void
make_dir(void)
{
	strcpy(dir, "/tmp/hnp-file-XXXXXX");
	cr_assert_not_null(mkdtemp(dir));
	at = open(dir, O_RDONLY | O_DIRECTORY);
	cr_assert_geq(at, 0);
}

static void
remove_dir(void)
{
	close(at);
	file_remove_tree(dir);
	cr_expect_neq(access(dir, F_OK), 0, "the tree is gone");
}

TestSuite(file, .init = make_dir, .fini = remove_dir);

static void
expect_content(const char *path, const char *want)
{
	struct err e = { 0 };
	struct buf b;

	buf_init(&b, 100);
	cr_assert(file_read(at, path, &b, &e), "%s", e.detail);
	cr_expect_str_eq(buf_str(&b), want);
	buf_free(&b);
}

static enum err_code
read_code(const char *path, size_t max)
{
	struct err e = { 0 };
	struct buf b;
	enum err_code code = ERR_NONE;

	buf_init(&b, max);
	buf_puts(&b, "x");
	if (!file_read(at, path, &b, &e)) {
		code = e.code;
		cr_expect_str_eq(buf_str(&b), "x", "untouched on failure");
	}
	buf_free(&b);
	return code;
}

static mode_t
mode_of(const char *path)
{
	struct stat st;

	cr_assert_eq(fstatat(at, path, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_mode & 07777;
}

static size_t
entries(void)
{
	DIR *d = opendir(dir);
	size_t n = 0;

	cr_assert_not_null(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n - 2; /* "." and ".." */
}

/* S81 */
Test(file, a_new_file_has_its_mode_whatever_the_umask_and_is_never_overwritten)
{
	struct err e = { 0 };

	umask(0);
	cr_assert(file_create(at, "key", 0600, bytes_str("secret"), &e), "%s",
	    e.detail);
	cr_expect_eq(mode_of("key"), 0600);
	umask(0777);
	cr_assert(file_create(at, "crt", 0644, bytes_str(""), &e));
	cr_expect_eq(mode_of("crt"), 0644);
	expect_content("key", "secret");
	expect_content("crt", "");
	cr_expect_not(file_create(at, "key", 0600, bytes_str("other"), &e));
	cr_expect_eq(e.code, ERR_CONFLICT);
	expect_content("key", "secret");
	cr_expect_not(file_create(at, "no/key", 0600, bytes_str("x"), &e));
	cr_expect_eq(e.code, ERR_NOT_FOUND);
}

Test(file, replacing_leaves_one_file_with_new_mode_and_content)
{
	struct err e = { 0 };

	cr_assert(file_replace(at, "a", 0644, bytes_str("one"), &e), "%s", e.detail);
	cr_assert(file_replace(at, "a", 0600, bytes_str("two"), &e), "%s", e.detail);
	expect_content("a", "two");
	cr_expect_eq(mode_of("a"), 0600);
	cr_assert(file_mkdir(at, "d", 0700, &e), "%s", e.detail);
	cr_assert(file_replace(at, "d/b", 0600, bytes_str("three"), &e), "%s",
	    e.detail);
	expect_content("d/b", "three");
	cr_expect_not(file_replace(at, "d", 0600, bytes_str("x"), &e));
	cr_expect_eq(e.code, ERR_IO);
	cr_expect_eq(entries(), 2, "no temporary file is left");
}

/* S81 */
/* A directory has no links, as a file on vfat. */
Test(file, what_can_have_no_second_name_is_moved_and_never_in_the_place_of_another)
{
	char a[80], b[80], c[80];
	struct err e = { 0 };

	snprintf(a, sizeof(a), "%s/a", dir);
	snprintf(b, sizeof(b), "%s/b", dir);
	snprintf(c, sizeof(c), "%s/c", dir);
	cr_assert(file_create(at, "a", 0600, bytes_str("one"), &e));
	cr_expect_eq(file_link_or_move(a, b), 0);
	expect_content("a", "one");
	expect_content("b", "one");
	cr_assert(file_create(at, "c", 0600, bytes_str("another"), &e));
	cr_expect_eq(file_link_or_move(a, c), -1);
	cr_expect_eq(errno, EEXIST);
	cr_assert_eq(unlink(a), 0);
	cr_assert_eq(mkdir(a, 0700), 0);
	cr_expect_eq(file_link_or_move(a, c), -1);
	cr_expect_eq(errno, EEXIST);
	expect_content("c", "another");
	cr_assert_eq(unlink(c), 0);
	cr_expect_eq(file_link_or_move(a, c), 0);
	cr_expect_neq(access(a, F_OK), 0);
	cr_expect_eq(access(c, F_OK), 0);
}

Test(file, a_symbolic_link_is_never_followed)
{
	struct err e = { 0 };

	cr_assert(file_create(at, "target", 0600, bytes_str("t"), &e));
	cr_assert_eq(symlinkat("target", at, "link"), 0);
	cr_assert_eq(symlinkat("absent", at, "dangling"), 0);
	cr_expect_eq(read_code("link", 100), ERR_IO);
	cr_expect_not(file_create(at, "dangling", 0600, bytes_str("x"), &e));
	cr_expect_eq(e.code, ERR_CONFLICT);
	cr_expect_not(file_check_mode(at, "link", 077, &e));
	cr_assert(file_replace(at, "link", 0600, bytes_str("new"), &e));
	expect_content("target", "t");
	expect_content("link", "new");
}

Test(file, a_link_is_followed_where_a_user_names_it_and_still_to_a_regular_file_alone)
{
	struct buf b;
	struct err e = { 0 };

	cr_assert(file_create(at, "target", 0600, bytes_str("t"), &e));
	cr_assert_eq(symlinkat("target", at, "link"), 0);
	cr_assert_eq(symlinkat("absent", at, "dangling"), 0);
	cr_assert_eq(symlinkat(".", at, "folder"), 0);
	cr_assert_eq(fchdir(at), 0);
	buf_init(&b, 100);
	cr_assert(file_read_named("link", &b, &e), "%s", e.detail);
	cr_expect_str_eq(buf_str(&b), "t");
	cr_expect_not(file_read_named("dangling", &b, &e));
	cr_expect_eq(e.code, ERR_NOT_FOUND);
	cr_expect_not(file_read_named("folder", &b, &e));
	cr_expect_eq(e.code, ERR_IO);
	buf_free(&b);
}

Test(file, a_fifo_is_read_to_its_end_where_a_user_names_it)
{
	static const char *const more[] = { "cd", "cde" };
	struct buf b;
	struct err e = { 0 };

	cr_assert_eq(mkfifoat(at, "fifo", 0600), 0);
	cr_assert_eq(fchdir(at), 0);
	buf_init(&b, 4);
	for (size_t i = 0; i < NITEMS(more); i++) {
		const pid_t pid = fork();

		if (pid == 0) { /* late, and not at once */
			usleep(50000);
			const int fd = open("fifo", O_WRONLY);
			const bool ok = write(fd, "ab", 2) == 2 && usleep(50000) == 0 &&
					write(fd, more[i], strlen(more[i])) > 0;
			_exit(ok ? 0 : 1);
		}
		buf_clear(&b);
		cr_expect_eq(file_read_named("fifo", &b, &e), i == 0, "%s", e.detail);
		cr_expect_str_eq(buf_str(&b), i == 0 ? "abcd" : "");
		waitpid(pid, NULL, 0);
	}
	cr_expect_eq(e.code, ERR_TOO_LARGE);
	buf_free(&b);
}

Test(file, reading_stops_at_the_limit_and_takes_regular_files_only)
{
	struct err e = { 0 };

	cr_assert(file_create(at, "five", 0600, bytes_str("12345"), &e));
	cr_assert_eq(mkfifoat(at, "fifo", 0600), 0);
	cr_expect_eq(read_code("five", 6), ERR_NONE);
	cr_expect_eq(read_code("five", 5), ERR_TOO_LARGE);
	cr_expect_eq(read_code("five", 1), ERR_TOO_LARGE);
	cr_expect_eq(read_code("absent", 9), ERR_NOT_FOUND);
	cr_expect_eq(read_code("fifo", 9), ERR_IO);
	cr_expect_eq(read_code(".", 9), ERR_IO);
	cr_expect_eq(read_code("/dev/zero", 9), ERR_IO);
}

Test(file, the_end_of_a_long_file_is_read_and_of_nothing_else)
{
	struct err e = { 0 };
	struct buf b;

	cr_assert(file_create(at, "log", 0600, bytes_str("0123456789abcdef"), &e));
	cr_assert_eq(mkfifoat(at, "fifo", 0600), 0);
	buf_init(&b, 8);
	cr_assert(file_read_end(at, "log", &b, &e), "%s", e.detail);
	cr_expect_str_eq(buf_str(&b), "cdef");
	cr_expect_not(file_read_end(at, "fifo", &b, &e));
	cr_expect_eq(e.code, ERR_IO);
	buf_free(&b);
	buf_init(&b, 100);
	cr_assert(file_read_end(at, "log", &b, &e), "%s", e.detail);
	cr_expect_str_eq(buf_str(&b), "0123456789abcdef", "one that is short whole");
	buf_free(&b);
}

Test(file, what_others_open_is_a_regular_file)
{
	struct err e = { 0 };

	cr_assert(file_create(at, "file", 0600, bytes_str("x"), &e));
	cr_assert_eq(mkfifoat(at, "fifo", 0600), 0);
	cr_assert_eq(symlinkat("file", at, "link"), 0);
	cr_expect(file_check_regular(at, "file", &e), "%s", e.detail);
	cr_expect_not(file_check_regular(at, "fifo", &e));
	cr_expect_eq(e.code, ERR_IO);
	cr_expect_not(file_check_regular(at, "link", &e));
	cr_expect_eq(e.code, ERR_IO);
	cr_expect_not(file_check_regular(at, "absent", &e));
	cr_expect_eq(e.code, ERR_NOT_FOUND);
}

/* S81 */
Test(file, what_is_roots_alone_is_refused_for_another_user)
{
	struct err e = { 0 };

	if (geteuid() != 0)
		return;
	cr_assert(file_create(at, "key", 0600, bytes_str("k"), &e));
	cr_expect(file_check_owned(at, "key", 077, 12345, &e), "%s", e.detail);
	cr_expect_not(file_check_for(at, "key", 077, 12345, &e));
	cr_expect_neq(strstr(e.detail, "chown 12345 key"), NULL, "%s", e.detail);
	cr_assert_eq(fchownat(at, "key", 12345, -1U, 0), 0);
	cr_expect(file_check_for(at, "key", 077, 12345, &e), "%s", e.detail);
}

/* S81 */
Test(file, a_loose_mode_is_told_with_the_command_that_mends_it)
{
	struct err e = { 0 };

	cr_assert(file_create(at, "key", 0640, bytes_str("k"), &e));
	cr_assert(file_mkdir(at, "d", 0750, &e));
	cr_expect(file_check_mode(at, "d", 027, &e), "%s", e.detail);
	cr_expect(file_check_mode(at, "key", 037, &e));
	cr_expect_not(file_check_mode(at, "key", 077, &e));
	cr_expect_eq(e.code, ERR_IO);
	cr_expect_neq(strstr(e.detail, "chmod 0600 key"), NULL, "%s", e.detail);
	cr_expect_not(file_check_mode(at, "absent", 077, &e));
	cr_expect_eq(e.code, ERR_NOT_FOUND);
	cr_expect_not(file_mkdir(at, "d", 0750, &e));
	cr_expect_eq(e.code, ERR_CONFLICT);
	if (geteuid() == 0) { /* only root can give a file away */
		cr_assert_eq(fchownat(at, "key", 12345, -1U, 0), 0);
		cr_expect_not(file_check_mode(at, "key", 0, &e));
		cr_expect_neq(strstr(e.detail, "chown"), NULL);
	}
}

/* ---- trees ---- */

static char *
in_dir(const char *name)
{
	static char path[96];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void
make_outside(void)
{
	struct err e = { 0 };

	cr_assert(file_mkdir(at, "outside", 0700, &e), "%s", e.detail);
	cr_assert(file_create(at, "outside/kept", 0600, bytes_str("k"), &e));
}

static bool
is_there(const char *name)
{
	return faccessat(at, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* S81 */
Test(file, a_tree_goes_and_nothing_that_its_links_lead_to)
{
	struct err e = { 0 };

	make_outside();
	cr_assert(
	    file_mkdir(at, "tree", 0700, &e) && file_mkdir(at, "tree/a", 0700, &e));
	cr_assert_eq(symlinkat("../outside", at, "tree/link"), 0);
	cr_assert_eq(symlinkat("../../outside", at, "tree/a/link"), 0);
	cr_assert_eq(symlinkat("absent", at, "tree/a/dangling"), 0);
	cr_assert_eq(mkfifoat(at, "tree/a/fifo", 0600), 0);
	cr_assert_eq(symlinkat("outside", at, "top"), 0);
	file_remove_tree(in_dir("tree"));
	file_remove_tree(in_dir("top"));
	file_remove_tree(in_dir("absent"));
	cr_expect_not(is_there("tree"));
	cr_expect_not(is_there("top"), "the link itself");
	expect_content("outside/kept", "k");
}

static void
make_deep(unsigned levels)
{
	int fd = openat(at, ".", O_RDONLY | O_DIRECTORY);

	for (unsigned i = 0; i < levels; i++) {
		cr_assert_eq(mkdirat(fd, "d", 0700), 0);
		const int below = openat(fd, "d", O_RDONLY | O_DIRECTORY);

		cr_assert_geq(below, 0);
		close(openat(below, "file", O_WRONLY | O_CREAT, 0600));
		close(fd);
		fd = below;
	}
	close(fd);
}

Test(file, a_deep_tree_goes_and_one_that_is_too_deep_goes_in_parts)
{
	make_deep(64);
	file_remove_tree(in_dir("d"));
	cr_expect_not(is_there("d"));
	make_deep(1000); /* fewer descriptors than that are ever open */
	file_remove_tree(in_dir("d"));
	cr_expect(is_there("d/d"));
	cr_expect_not(is_there("d/file"));
	cr_expect_not(is_there("d/d/file"));
	for (unsigned i = 0; is_there("d") && i < 1000; i++) {
		/* What is left goes up. */
		char path[200] = "d";

		for (unsigned k = 1; k < 64; k++)
			strcat(path, "/d");
		if (renameat(at, path, at, "e") < 0)
			break;
		file_remove_tree(in_dir("d"));
		cr_assert_eq(renameat(at, "e", at, "d"), 0);
	}
	file_remove_tree(in_dir("d"));
	cr_expect_not(is_there("d"));
}

/* S81 */
Test(file, a_tree_goes_but_for_what_is_mounted_in_it)
{
	struct err e = { 0 };

	make_outside();
	cr_assert(
	    file_mkdir(at, "tree", 0700, &e) && file_mkdir(at, "tree/m", 0700, &e));
	cr_assert(file_create(at, "tree/f", 0600, bytes_str("f"), &e));
	char *from = strdup(in_dir("outside")), *to = strdup(in_dir("tree/m"));
	if (unshare(CLONE_NEWNS) < 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount(from, to, NULL, MS_BIND, NULL) < 0) {
		cr_skip_test("this user cannot mount");
	}
	file_remove_tree(in_dir("tree"));
	cr_expect_not(is_there("tree/f"));
	expect_content("outside/kept", "k");
	cr_expect_eq(umount(to), 0);
	free(from);
	free(to);
}

struct swapping {
	atomic_bool end;
	unsigned rounds;
};

/* Exchanges a directory for a link to another again and again. */
static void *
swap(void *arg)
{
	struct swapping *s = arg;

	while (!atomic_load(&s->end)) {
		(void)renameat2(at, "tree/a", at, "lnk", RENAME_EXCHANGE);
		sched_yield();
		s->rounds++;
	}
	return NULL;
}

/* S81 */
Test(file, a_directory_that_is_exchanged_for_a_link_meanwhile_leads_nowhere)
{
	struct swapping s = { 0 };
	pthread_t thread;

	make_outside();
	cr_assert_eq(pthread_create(&thread, NULL, swap, &s), 0);
	for (unsigned i = 0; i < 300 && is_there("outside/kept"); i++) {
		char name[32];

		file_remove_tree(in_dir("lnk"));
		if (symlinkat("outside", at, "lnk") < 0)
			continue; /* what lies there is just being exchanged */
		(void)mkdirat(at, "tree", 0700);
		(void)mkdirat(at, "tree/a", 0700);
		for (unsigned k = 0; k < 20; k++) {
			snprintf(name, sizeof(name), "tree/a/%u", k);
			close(openat(at, name, O_WRONLY | O_CREAT, 0600));
		}
		file_remove_tree(in_dir("tree"));
	}
	atomic_store(&s.end, true);
	cr_assert_eq(pthread_join(thread, NULL), 0);
	cr_expect(is_there("outside/kept"));
	cr_expect_gt(s.rounds, 0);
}
