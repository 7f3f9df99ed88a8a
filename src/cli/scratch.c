/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/owners.h"
#include "sys/file.h"

static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
static char *held[SCRATCH_MAX]; /* changed only while those are blocked */

static void
on_end(int number)
{
	owners_act_self(); /* it may come while we act as another: system calls alone */
	for (size_t i = 0; i < SCRATCH_MAX; i++)
		if (held[i] != NULL)
			file_remove_tree(held[i]);
	raise(number); /* SA_RESETHAND: it ends us when we return */
}

/* ---- what is held ---- */

static void
block(sigset_t *ret_old)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < NITEMS(ends); i++)
		sigaddset(&set, ends[i]);
	sigprocmask(SIG_BLOCK, &set, ret_old);
}

static void
handle(void)
{
	struct sigaction ours = { .sa_handler = on_end, .sa_flags = (int)SA_RESETHAND };
	struct sigaction was;

	for (size_t i = 0; i < NITEMS(ends); i++)
		sigaddset(&ours.sa_mask, ends[i]);
	for (size_t i = 0; i < NITEMS(ends); i++)
		if (sigaction(ends[i], NULL, &was) == 0 && was.sa_handler == SIG_DFL)
			sigaction(ends[i], &ours, NULL);
}

static void
hold(const char *path)
{
	for (size_t i = 0; i < SCRATCH_MAX; i++)
		if (held[i] == NULL) {
			held[i] = mem_strdup(path);
			handle();
			return;
		}
	abort(); /* a command needs more than was foreseen */
}

void
scratch_keep(const char *path)
{
	sigset_t old;

	block(&old);
	for (size_t i = 0; i < SCRATCH_MAX; i++)
		if (held[i] != NULL && strcmp(held[i], path) == 0) {
			free(held[i]);
			held[i] = NULL;
		}
	sigprocmask(SIG_SETMASK, &old, NULL);
}

void
scratch_remove(char *path)
{
	if (path == NULL)
		return;
	file_remove_tree(path); /* a signal meanwhile removes the rest */
	scratch_keep(path);
	free(path);
}

/* ---- making ---- */

bool
scratch_file(const char *beside, const char *word, char **ret_path, int *ret_fd,
    struct err *e)
{
	char *path = mem_printf("%s.%s-XXXXXX", beside, word);
	sigset_t old;

	block(&old);
	const int fd = mkostemp(path, O_CLOEXEC);
	const int why = errno;
	if (fd >= 0)
		hold(path);
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (fd < 0) {
		free(path);
		errno = why;
		return err_errno(e, "cannot make a file beside %s", beside);
	}
	*ret_path = path;
	*ret_fd = fd;
	return true;
}

bool
scratch_dir(const char *beside, const char *word, char **ret_path, struct err *e)
{
	char *path = mem_printf("%s.%s-XXXXXX", beside, word);
	sigset_t old;

	block(&old);
	const bool ok = mkdtemp(path) != NULL;
	const int why = errno;
	if (ok)
		hold(path);
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (!ok) {
		free(path);
		errno = why;
		return err_errno(e, "cannot make a directory beside %s", beside);
	}
	*ret_path = path;
	return true;
}

bool
scratch_temporary(const char *word, char **ret_path, struct err *e)
{
	const char *tmp = getenv("TMPDIR");
	char *beside =
	    mem_printf("%s/hanaper", tmp != NULL && tmp[0] != '\0' ? tmp : "/tmp");
	const bool ok = scratch_dir(beside, word, ret_path, e);

	free(beside);
	return ok;
}
