/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/conf_where.h"
#include "sys/file.h"

#define STRANGER 54321

static char dir[] = "/tmp/hanaper-test-XXXXXX";

static void
go_there(void)
{
	cr_assert_not_null(mkdtemp(dir));
	cr_assert_eq(chdir(dir), 0);
}

static void
take_away(void)
{
	file_remove_tree(dir);
}

static void
touch(const char *name)
{
	const int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	cr_assert_geq(fd, 0);
	close(fd);
}

TestSuite(conf_where, .init = go_there, .fini = take_away);

Test(conf_where, a_directory_that_has_hanaper_yaml_is_found_from_inside)
{
	cr_expect_not(conf_where_meant("."));
	cr_expect_not(conf_where_has(".", CONF_WHERE_FILE));
	touch("hanaper.yaml");
	cr_expect(conf_where_meant("."));
	cr_expect(conf_where_has(".", CONF_WHERE_FILE));
	cr_expect(conf_where_has(dir, CONF_WHERE_FILE));
}

/* A link that a stranger made to a file of ours is the stranger's choice. */
Test(conf_where, what_a_stranger_made_is_not_found_from_inside)
{
	if (geteuid() != 0)
		cr_skip("gives files away");
	touch("hanaper.yaml");
	touch("ours");
	cr_assert_eq(chown("hanaper.yaml", STRANGER, STRANGER), 0);
	cr_expect_not(conf_where_meant("."));
	cr_assert_eq(unlink("hanaper.yaml"), 0);
	cr_assert_eq(symlink("ours", "hanaper.yaml"), 0);
	cr_expect(conf_where_meant("."));
	cr_assert_eq(lchown("hanaper.yaml", STRANGER, STRANGER), 0);
	cr_expect_not(conf_where_meant("."));
	cr_expect(conf_where_has(".", CONF_WHERE_FILE));
	cr_assert_eq(lchown("hanaper.yaml", 0, 0), 0);
	cr_assert_eq(chown(".", STRANGER, STRANGER), 0);
	cr_expect_not(conf_where_meant("."));
}

Test(conf_where, what_a_stranger_made_is_not_found_from_above)
{
	struct err e = { 0 };

	if (geteuid() != 0)
		cr_skip("gives files away");
	cr_assert_eq(mkdir("hanaper", 0700), 0);
	cr_expect(conf_where_mine("hanaper"), "it may be made there");
	cr_expect_not(conf_where_meant("hanaper"));
	touch("hanaper/hanaper.yaml");
	cr_expect(conf_where_meant("hanaper"));
	cr_expect(conf_where_ours(&e));
	cr_assert_eq(chown("hanaper/hanaper.yaml", STRANGER, STRANGER), 0);
	cr_expect_not(conf_where_mine("hanaper"));
	cr_assert_eq(chown("hanaper/hanaper.yaml", 0, 0), 0);
	cr_assert_eq(chown("hanaper", STRANGER, STRANGER), 0);
	cr_expect_not(conf_where_mine("hanaper"));
	cr_expect_not(conf_where_ours(&e));
	cr_expect_not_null(strstr(e.detail, "mean: --dir hanaper,"), "%s", e.detail);
	cr_assert_eq(chown("hanaper", 0, 0), 0);
	cr_assert_eq(rename("hanaper", "real"), 0);
	cr_assert_eq(symlink("real", "hanaper"), 0);
	cr_expect(conf_where_meant("hanaper"));
	cr_assert_eq(lchown("hanaper", STRANGER, STRANGER), 0);
	cr_expect_not(conf_where_mine("hanaper"));
	cr_assert_eq(lchown("hanaper", 0, 0), 0);
	cr_assert_eq(chown("real", STRANGER, STRANGER), 0);
	cr_expect_not(conf_where_mine("hanaper"), "one's own link to a stranger's");
	cr_expect(conf_where_has("hanaper", CONF_WHERE_FILE));
	touch("hanaper.yaml");
	cr_expect(conf_where_ours(&e), "that one is meant");
}

/* Keys are not put where somebody waits for them. */
Test(conf_where, nothing_is_put_into_what_a_stranger_made)
{
	struct err e = { 0 };

	if (geteuid() != 0)
		cr_skip("gives files away");
	cr_expect(conf_where_free(&e));
	cr_assert_eq(mkdir("hanaper", 0700), 0);
	cr_expect(conf_where_free(&e));
	cr_assert_eq(chown("hanaper", STRANGER, STRANGER), 0);
	cr_expect(conf_where_ours(&e), "there is no CA to be mistaken for another");
	cr_expect_not(conf_where_free(&e));
	cr_expect_eq(e.code, ERR_NOT_FOUND);
	cr_expect_not_null(strstr(e.detail, "mean: --dir hanaper,"), "%s", e.detail);
	cr_assert_eq(rmdir("hanaper"), 0);
	cr_assert_eq(symlink("nowhere", "hanaper"), 0);
	cr_assert_eq(lchown("hanaper", STRANGER, STRANGER), 0);
	cr_expect_not(conf_where_free(&e), "it may lead somewhere later");
	touch("hanaper.yaml");
	cr_expect(conf_where_free(&e), "that one is meant");
	cr_assert_eq(chown("hanaper.yaml", STRANGER, STRANGER), 0);
	cr_expect_not(conf_where_free(&e));
}

Test(conf_where, what_is_the_sudoers_is_found_by_root)
{
	if (geteuid() != 0)
		cr_skip("gives files away");
	static const char *const others[] = { "54322", "", "54321x", "-1", "root",
		"99999999999999999999", "4295021617" };

	touch("hanaper.yaml");
	cr_assert_eq(chown("hanaper.yaml", STRANGER, STRANGER), 0);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		setenv("SUDO_UID", others[i], 1);
		cr_expect_not(conf_where_meant("."), "%s", others[i]);
	}
	setenv("SUDO_UID", "54321", 1);
	cr_expect(conf_where_meant("."));
	cr_assert_eq(chown(".", 65534, 65534), 0);
	cr_assert_eq(chown("hanaper.yaml", 65534, 65534), 0);
	cr_assert_eq(seteuid(65534), 0);
	cr_expect(conf_where_meant("."));
	cr_assert_eq(seteuid(0), 0);
	cr_expect_not(conf_where_meant("."));
	cr_assert_eq(chown("hanaper.yaml", STRANGER, STRANGER), 0);
	cr_assert_eq(chown(".", STRANGER, STRANGER), 0);
	cr_expect(conf_where_meant("."));
	cr_assert_eq(chmod(".", 0755), 0);
	cr_assert_eq(seteuid(65534), 0);
	cr_expect_not(conf_where_meant("."), "what it says counts for root");
	cr_assert_eq(seteuid(0), 0);
}

Test(conf_where, a_journal_without_hanaper_yaml_is_half_of_a_ca)
{
	struct err e = { 0 };

	cr_expect(conf_where_check(".", &e), "nothing is no half");
	cr_assert_eq(mkdir("journal", 0700), 0);
	cr_expect_not(conf_where_check(".", &e));
	cr_expect_eq(e.code, ERR_NOT_FOUND);
	cr_expect_not_null(strstr(e.detail, "--dir /etc/hanaper"), "%s", e.detail);
	touch("hanaper.yaml");
	cr_expect(conf_where_check(".", &e));
}
