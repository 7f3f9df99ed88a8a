/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/file.h"

static char dir[] = "/tmp/hnp-file-XXXXXX";

static void
make_dir(void)
{
	cr_assert_not_null(mkdtemp(dir));
}

static void
remove_dir(void)
{
	file_remove_tree(dir);
}

TestSuite(file_path, .init = make_dir, .fini = remove_dir);

/* S81 */
Test(file_path, whose_a_file_is_is_told_of_the_one_that_was_read)
{
	const uid_t us = geteuid(), other = us == 0 ? 54321 : us;
	char path[80];
	uid_t owner = us + 1;
	struct buf b;
	struct err e = { 0 };

	buf_init(&b, KIB(1));
	snprintf(path, sizeof(path), "%s/a", dir);
	cr_assert_not(file_read_of(path, &b, &owner, &e));
	cr_expect_eq(owner, us + 1, "there is none");
	cr_assert(file_create(AT_FDCWD, path, 0600, bytes_str("one"), &e));
	cr_assert_eq(lchown(path, other, (gid_t)-1), 0);
	cr_assert(file_read_of(path, &b, &owner, &e), "%s", e.detail);
	cr_expect_eq(owner, other);
	cr_expect_str_eq(buf_str(&b), "one");
	buf_free(&b);
}

Test(file_path, a_path_from_the_root_on_is_what_it_was)
{
	char from_here[96], *all;

	cr_assert_eq(chdir(dir), 0);
	snprintf(from_here, sizeof(from_here), "%s/a/../b", dir);
	all = file_absolute("a/../b");
	cr_expect_str_eq(all, from_here, "it need not be there");
	free(all);
	all = file_absolute("./b/.");
	cr_expect_str_eq(all, strcat(strcpy(from_here, dir), "/b"));
	free(all);
	static const char *const plain[][2] = { { "/a//b/", "/a/b" },
		{ "/./a/.b/..", "/a/.b/.." }, { "/", "/" }, { "//./", "/" },
		{ "/a.", "/a." }, { "/.../a", "/.../a" } };
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		all = file_absolute(plain[i][0]);
		cr_expect_str_eq(all, plain[i][1], "%s", plain[i][0]);
		free(all);
	}
	/* Where there is no such directory any more it stays as it is. */
	cr_assert_eq(mkdir("gone", 0700), 0);
	cr_assert_eq(chdir("gone"), 0);
	cr_assert_eq(rmdir(strcat(strcpy(from_here, dir), "/gone")), 0);
	all = file_absolute("a");
	cr_expect_str_eq(all, "a");
	free(all);
}
