/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/scratch.h"
#include "sys/file.h"

static size_t
entries_of(const char *dir)
{
	DIR *d = opendir(dir);
	size_t n = 0;

	cr_assert_not_null(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n - 2;
}

static void
put(int dirfd, const char *name)
{
	struct err e;

	cr_assert(file_create(dirfd, name, 0600, bytes_str("x"), &e), "%s", e.detail);
}

/* A file and a directory with more in it than one reading gives, below two others. */
static void
make_some(const char *beside, char **ret_file, char **ret_dir)
{
	struct err e;
	int fd = -1;

	cr_assert(scratch_file(beside, "partial", ret_file, &fd, &e));
	cr_assert_eq(write(fd, "x", 1), 1);
	close(fd);
	cr_assert(scratch_dir(beside, "scratch", ret_dir, &e));
	const int top = open(*ret_dir, O_RDONLY | O_DIRECTORY);
	cr_assert(file_mkdir(top, "a", 0700, &e) && file_mkdir(top, "a/b", 0700, &e));
	for (int i = 0; i < 300; i++) {
		char *name = mem_printf("a/b/%060d", i);
		const int one = openat(top, name, O_CREAT | O_WRONLY, 0600);

		cr_assert_geq(one, 0);
		close(one);
		free(name);
	}
	put(top, "c");
	cr_assert_eq(symlinkat("/etc", top, "link"), 0);
	close(top);
}

/* What ends a child that has made some; "keep" is left there. */
static int
end_of(const char *dir, int number, bool keep)
{
	char *beside = mem_printf("%s/backup", dir);
	const pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		char *file, *below;

		make_some(beside, &file, &below);
		if (keep)
			scratch_keep(below);
		raise(number);
		_exit(0);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	free(beside);
	return status;
}

Test(scratch, a_signal_takes_all_of_it_away_and_ends_the_command_as_it_would)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	char dir[] = "/tmp/hnp-scratch-XXXXXX";

	cr_assert_not_null(mkdtemp(dir));
	for (size_t i = 0; i < NITEMS(numbers); i++) {
		/* Who starts the tests in the background has some of them ignored. */
		signal(numbers[i], SIG_DFL);
		const int status = end_of(dir, numbers[i], false);

		cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == numbers[i]);
		cr_expect_eq(entries_of(dir), 0);
		cr_expect_eq(access("/etc/passwd", F_OK), 0, "no link is followed");
	}
	file_remove_tree(dir);
}

Test(scratch, what_is_to_stay_stays_and_an_ignored_signal_is_ignored)
{
	char dir[] = "/tmp/hnp-scratch-XXXXXX";

	cr_assert_not_null(mkdtemp(dir));
	signal(SIGTERM, SIG_DFL);
	cr_expect(WIFSIGNALED(end_of(dir, SIGTERM, true)));
	cr_expect_eq(entries_of(dir), 1);
	signal(SIGHUP, SIG_IGN); /* as nohup(1) does; the child has it from us */
	cr_expect(WIFEXITED(end_of(dir, SIGHUP, false)));
	cr_expect_eq(entries_of(dir), 3);
	file_remove_tree(dir);
}

Test(scratch, it_is_taken_away_when_it_is_done_and_its_place_is_free_again)
{
	char dir[] = "/tmp/hnp-scratch-XXXXXX";

	cr_assert_not_null(mkdtemp(dir));
	char *beside = mem_printf("%s/backup", dir);
	for (int i = 0; i < 2 * SCRATCH_MAX; i++) {
		char *file, *below;

		make_some(beside, &file, &below);
		cr_expect_eq(entries_of(dir), 2);
		scratch_remove(file);
		scratch_remove(below);
		cr_expect_eq(entries_of(dir), 0);
	}
	scratch_remove(NULL);
	struct err e = { 0 };
	char *none = NULL;
	cr_expect_not(scratch_dir("/nowhere/x", "scratch", &none, &e));
	cr_expect_null(none);
	cr_expect_neq(e.detail[0], '\0');
	file_remove_tree(dir);
	free(beside);
}
