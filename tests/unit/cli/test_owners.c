/* SPDX-License-Identifier: Apache-2.0 */
/* Root in a directory of somebody else, who exchanges what lies there (S81, S82). */
#include "cli/owners.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

#define OTHER 65534

static char top[] = "/tmp/hnp-owners-XXXXXX";
static struct err e;

static char *
in(const char *name)
{
	return mem_printf("%s/%s", top, name);
}

static void
make(const char *name, mode_t dir)
{
	char *path = in(name);

	if (dir != 0)
		cr_assert_eq(mkdir(path, dir), 0);
	else
		close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	free(path);
}

static uid_t
uid_of(const char *name)
{
	char *path = in(name);
	struct stat st = { .st_uid = 4711 };

	(void)lstat(path, &st);
	free(path);
	return st.st_uid;
}

static void
begin(void)
{
	if (geteuid() != 0)
		cr_skip_test("only root gives files away");
	cr_assert_not_null(mkdtemp(top));
	cr_assert_eq(chmod(top, 0755), 0);
	make("ca", 0755);
	make("ca/journal", 0755);
	make("ca/journal/1", 0);
	make("roots", 0755);
	make("roots/file", 0);
}

static void
end(void)
{
	static const char *const names[] = { "ca/journal/1", "ca/journal/hard",
		"ca/journal", "ca/lnk", "ca/file", "ca/made", "roots/file",
		"roots/made", "roots", "ca" };

	for (size_t i = 0; i < NITEMS(names); i++) {
		char *path = in(names[i]);

		(void)remove(path);
		free(path);
	}
	rmdir(top);
}

static bool
give(const char *name)
{
	char *dir = in("ca"), *path = in(name);
	const bool ok = owners_give(dir, path, OTHER, OTHER, &e);

	free(dir);
	free(path);
	return ok;
}

static void
link_to(const char *what, const char *name, int (*how)(const char *, const char *))
{
	char *from = in(what), *to = in(name);

	cr_assert_eq(how(from, to), 0);
	free(from);
	free(to);
}

TestSuite(owners, .init = begin, .fini = end);

Test(owners, what_lies_in_the_directory_is_given_and_nothing_else)
{
	cr_expect(give("ca/journal/1"), "%s", e.detail);
	cr_expect_eq(uid_of("ca/journal/1"), OTHER);
	cr_expect(give("ca/journal"));
	cr_expect_eq(uid_of("ca/journal"), OTHER);
	link_to("roots", "ca/lnk", symlink);
	cr_expect_not(give("ca/lnk/file"));
	link_to("roots/file", "ca/journal/hard", link);
	cr_expect_not(give("ca/journal/hard"));
	cr_expect_not(give("ca/../roots/file"));
	cr_expect_eq(uid_of("roots/file"), 0);
	cr_expect(give("ca/lnk"), "the link itself");
	cr_expect_eq(uid_of("ca/lnk"), OTHER);
	cr_expect_eq(uid_of("roots"), 0);
}

static bool
can_make(const char *name)
{
	char *path = in(name);
	const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
	free(path);
	return fd >= 0;
}

Test(owners, root_acts_as_the_owner_and_comes_back)
{
	char *ca = in("ca"), *made = in("ca/made"), *none = in("none");

	cr_assert_eq(chown(ca, OTHER, OTHER), 0);
	cr_assert(owners_act(ca, &e), "%s", e.detail);
	cr_expect_eq(geteuid(), OTHER);
	cr_expect(can_make("ca/made"));
	cr_expect_not(can_make("roots/made"));
	owners_act_self();
	cr_expect_eq(geteuid(), 0);
	cr_expect_eq(getegid(), getgid());
	cr_expect_eq(uid_of("ca/made"), OTHER);
	cr_assert_eq(chown(made, 0, 0), 0);
	cr_assert(owners_act(made, &e), "root's, but in another's directory");
	cr_expect_eq(geteuid(), OTHER);
	cr_assert(owners_act_in(made, &e));
	cr_expect_eq(geteuid(), OTHER);
	cr_expect_not(owners_act(none, &e));
	cr_expect_eq(geteuid(), 0);
	owners_act_self();
	free(ca);
	free(made);
	free(none);
}

/* What is root's may lie behind what is not. */
Test(owners, whoever_can_exchange_a_component_is_acted_as)
{
	char *ca = in("ca"), *lnk = in("ca/lnk"), *behind = in("ca/lnk/file"),
	     *roots = in("roots"), *to_ca = in("roots/made"),
	     *file = in("roots/made/file");

	link_to("roots", "ca/lnk", symlink);
	cr_assert(owners_act(behind, &e), "all are root's: %s", e.detail);
	cr_expect_eq(geteuid(), 0);
	cr_assert_eq(lchown(lnk, OTHER, OTHER), 0);
	cr_assert(owners_act(behind, &e), "%s", e.detail);
	cr_expect_eq(geteuid(), OTHER);
	cr_expect_not(can_make("ca/lnk/made"));
	owners_act_self();
	cr_assert_eq(chown(ca, OTHER, OTHER), 0);
	make("ca/file", 0);
	link_to("ca", "roots/made", symlink);
	for (int i = 0; i < 2; i++) {
		cr_assert(owners_act(i == 0 ? to_ca : file, &e), "%s", e.detail);
		cr_expect_eq(geteuid(), OTHER, "by a link of root's");
		owners_act_self();
	}
	/* By root's link to his link to what is root's. */
	char *far = in("roots/far");
	link_to("ca/lnk", "roots/far", symlink);
	cr_assert(owners_act(far, &e), "%s", e.detail);
	cr_expect_eq(geteuid(), OTHER);
	owners_act_self();
	unlink(far);
	free(far);
	cr_assert(owners_stay(ca, &e), "%s", e.detail);
	cr_expect_eq(geteuid(), OTHER);
	cr_assert(owners_act(roots, &e), "%s", e.detail);
	cr_expect_eq(geteuid(), 0);
	owners_act_self();
	cr_expect_eq(geteuid(), OTHER);
	owners_act_root();
	cr_expect_eq(geteuid(), 0);
	owners_act_self();
	cr_expect_eq(geteuid(), OTHER);
	owners_leave();
	cr_expect_eq(geteuid(), 0);
	free(ca);
	free(lnk);
	free(behind);
	free(roots);
	free(to_ca);
	free(file);
}
