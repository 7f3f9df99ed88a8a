/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/usage.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TEXT_MAX 4096

/* A file of /proc as text; false: it is gone. */
static bool
slurp(char ret[static TEXT_MAX], const char *path)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, ret, TEXT_MAX - 1);
	close(fd);
	if (n <= 0)
		return false;
	ret[n] = '\0';
	return true;
}

/* schedstat counts nanoseconds, stat only ticks (proc(5)). */
static int64_t
cpu_of_thread(pid_t pid, const char *tid)
{
	char path[64 + NAME_MAX], text[TEXT_MAX];

	snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", (int)pid, tid);
	return slurp(text, path) ? (int64_t)(strtoll(text, NULL, 10) / 1000) : 0;
}

static int64_t
cpu_of(pid_t pid)
{
	char path[64];
	int64_t us = 0;
	const struct dirent *d;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	DIR *dir = opendir(path);
	if (dir == NULL)
		return 0;
	while ((d = readdir(dir)) != NULL)
		if (isdigit((unsigned char)d->d_name[0]))
			us += cpu_of_thread(pid, d->d_name);
	closedir(dir);
	return us;
}

static int64_t
field_kib(const char *status, const char *name)
{
	const char *at = strstr(status, name);

	return at != NULL ? strtoll(at + strlen(name), NULL, 10) : 0;
}

static bool
read_one(pid_t pid, struct usage_one *ret, pid_t *ret_parent)
{
	char path[64], text[TEXT_MAX];

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	if (!slurp(text, path))
		return false;
	*ret = (struct usage_one){ .pid = pid };
	ret->rss_kib = field_kib(text, "\nVmRSS:");
	ret->peak_kib = field_kib(text, "\nVmHWM:");
	*ret_parent = (pid_t)field_kib(text, "\nPPid:");
	if (strncmp(text, "Name:\t", 6) == 0)
		snprintf(ret->name, sizeof(ret->name), "%.*s",
		    (int)strcspn(text + 6, "\n"), text + 6);
	return true;
}

bool
usage_read(pid_t pid, struct usage_all *ret, struct err *e)
{
	struct usage_all u = { 0 };
	const struct dirent *d;
	struct usage_one one;
	pid_t parent;

	if (!read_one(pid, &one, &parent))
		return err_set(e, ERR_NOT_FOUND, "there is no process %d", (int)pid);
	DIR *dir = opendir("/proc");
	if (dir == NULL)
		return err_errno(e, "/proc");
	while ((d = readdir(dir)) != NULL && u.n < USAGE_MAX) {
		const pid_t at = (pid_t)strtol(d->d_name, NULL, 10);

		if (at <= 0 || !read_one(at, &one, &parent) ||
		    (at != pid && parent != pid))
			continue;
		one.cpu_us = cpu_of(at);
		u.v[u.n++] = one;
	}
	closedir(dir);
	*ret = u;
	return true;
}

void
usage_between(const struct usage_all *before, const struct usage_all *after,
    struct usage_all *ret)
{
	*ret = *after;
	for (size_t i = 0; i < ret->n; i++)
		for (size_t j = 0; j < before->n; j++)
			if (before->v[j].pid == ret->v[i].pid)
				ret->v[i].cpu_us -= before->v[j].cpu_us;
}

int64_t
usage_self_us(void)
{
	struct timespec t = { 0 };

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}
