/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/renew_exec.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"

#define EXEC_MAX_MS 300000
#define EXEC_PATH   "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* As a process group of its own, so that what it starts ends with it. */
static int
spawn(const char *command, char *const env[], pid_t *ret)
{
	char *const argv[] = { (char *)"sh", (char *)"-c", (char *)command, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none;

	sigemptyset(&none);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setpgroup(&attr, 0);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY,
	    0);
	/* Our stdout is for events, which programs may read. */
	posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
	const int rc = posix_spawn(ret, "/bin/sh", &files, &attr, argv, env);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	return rc;
}

/* False: the time is up. */
static bool
wait_for(pid_t pid, int *ret_status)
{
	const int fd = pidfd_open(pid, 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int rc = 1;

	while (fd >= 0 && (rc = poll(&p, 1, EXEC_MAX_MS)) < 0 && errno == EINTR)
		;
	if (fd >= 0)
		close(fd);
	if (rc == 0)
		kill(-pid, SIGKILL);
	while (waitpid(pid, ret_status, 0) < 0 && errno == EINTR)
		;
	return rc != 0;
}

static bool
judge(bool ended, int status, const char *command, struct err *e)
{
	if (!ended)
		return err_set(e, ERR_INTERNAL,
		    "\"%.200s\" did not end within %d s and was killed", command,
		    EXEC_MAX_MS / 1000);
	if (WIFSIGNALED(status))
		return err_set(e, ERR_INTERNAL, "\"%.200s\" was ended by signal %d",
		    command, WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		return err_set(e, ERR_INTERNAL, "\"%.200s\" ended with status %d",
		    command, WEXITSTATUS(status));
	return true;
}

bool
renew_exec(const char *command, const char *cert, const char *key, struct err *e)
{
	char *cert_env = mem_printf("HANAPER_CERT=%s", cert);
	char *key_env = mem_printf("HANAPER_KEY=%s", key);
	char path[] = EXEC_PATH;
	char *const env[] = { path, cert_env, key_env, NULL };
	int status = 0;
	pid_t pid;

	const int rc = spawn(command, env, &pid);
	bool ok;
	if (rc != 0) {
		errno = rc;
		ok = err_errno(e, "/bin/sh");
	} else {
		const bool ended = wait_for(pid, &status);
		ok = judge(ended, status, command, e);
	}
	free(cert_env);
	free(key_env);
	return ok;
}
