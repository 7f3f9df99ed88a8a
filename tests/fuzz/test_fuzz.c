/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each input that is kept, once through its target: the seeds, and what once made a
 * target fail.  The same code as the fuzzers run, in an ordinary build.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/mem.h"
#include "sys/file.h"

#define FUZZ_ROW(name) int fuzz_##name(const uint8_t *p, size_t n);
#include "targets.h"
#undef FUZZ_ROW

typedef int target(const uint8_t *p, size_t n);

static const struct {
	const char *name;
	target *run;
} targets[] = {
#define FUZZ_ROW(name) { #name, fuzz_##name },
#include "targets.h"
#undef FUZZ_ROW
};

static char now[512]; /* the input that runs, for who looks at a failure */

static void
on_abort(int signal)
{
	(void)signal;
	const ssize_t n = write(STDERR_FILENO, now, strlen(now));
	(void)n;
}

static size_t
run_all(const char *kind, const char *name, target *run)
{
	char *dir = mem_printf("%s/%s/%s", HNP_FUZZ_INPUTS, kind, name);
	DIR *d = opendir(dir);
	size_t n = 0;

	for (struct dirent *f; d != NULL && (f = readdir(d)) != NULL;) {
		char *path = mem_printf("%s/%s", dir, f->d_name);
		struct buf in;
		struct err e = { 0 };

		buf_init(&in, MIB(4));
		if (f->d_name[0] != '.') {
			snprintf(now, sizeof(now), "fuzz: %s\n", path);
			cr_assert(file_read(AT_FDCWD, path, &in, &e), "%s", e.detail);
			/* In a block of its own size, as the fuzzers give it. */
			uint8_t *copy = mem_zalloc(in.n > 0 ? in.n : 1);
			if (in.n > 0)
				memcpy(copy, in.p, in.n);
			cr_expect_eq(run(copy, in.n), 0);
			free(copy);
			n++;
		}
		buf_free(&in);
		free(path);
	}
	if (d != NULL)
		closedir(d);
	free(dir);
	return n;
}

static void
replay(const char *name, target *run)
{
	signal(SIGABRT, on_abort);
	run_all("regressions", name, run);
	cr_expect_gt(run_all("seeds", name, run), 0, "%s has no seeds", name);
}

/* A250, R87: every decoder is fuzzed, and passes what its fuzzer once found. */
#define FUZZ_ROW(name)                                                                 \
	Test(fuzz, name##_passes_its_seeds_and_what_was_found)                         \
	{                                                                              \
		replay(#name, fuzz_##name);                                            \
	}
#include "targets.h"
#undef FUZZ_ROW

/* A250, R87 */
Test(fuzz, every_target_is_in_the_table_and_every_input_has_a_target)
{
	static const char *const kinds[] = { "", "seeds", "regressions" };
	size_t files = 0;

	for (size_t k = 0; k < NITEMS(kinds); k++) {
		char *dir = mem_printf("%s/%s", HNP_FUZZ_INPUTS, kinds[k]);
		DIR *d = opendir(dir);

		cr_assert_not_null(d);
		for (struct dirent *f; (f = readdir(d)) != NULL;) {
			const char *name = f->d_name;
			char word[256] = "";

			if (k == 0 && (sscanf(name, "fuzz_%63[a-z]", word) != 1 ||
					  strstr(name, ".c") == NULL))
				continue;
			if (k > 0 && name[0] != '.')
				snprintf(word, sizeof(word), "%s", name);
			bool there = word[0] == '\0';
			for (size_t i = 0; i < NITEMS(targets); i++)
				there = there || strcmp(word, targets[i].name) == 0;
			cr_expect(there, "%s has no row in targets.h", word);
			files += k == 0;
		}
		closedir(d);
		free(dir);
	}
	cr_expect_eq(files, NITEMS(targets));
	cr_expect_gt(files, 15);
}
