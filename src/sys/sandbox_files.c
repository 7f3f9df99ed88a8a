/* SPDX-License-Identifier: Apache-2.0 */
/* Landlock (landlock(7)): the kernel's words of all versions, glibc has no functions for them. */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox_impl.h"

/* Of versions 3 and 5; the headers may be older than the kernel. */
#define TRUNCATE  (UINT64_C(1) << 14)
#define IOCTL_DEV (UINT64_C(1) << 15)

/* Of version 6: no socket of another process by an abstract name, no signal to one. */
#define SCOPES (UINT64_C(1) << 0 | UINT64_C(1) << 1)

/* As of version 6: an older kernel takes what is behind its own words for nothing, if it is 0. */
struct ruleset {
	uint64_t files, network, scopes;
};

#define FIRST ((UINT64_C(1) << 13) - 1) /* all rights of version 1 */
#define FILES (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | TRUNCATE)

static uint64_t
rights_of_version(int version)
{
	return FIRST | (version >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0) |
	       (version >= 3 ? TRUNCATE : 0) | (version >= 5 ? IOCTL_DEV : 0);
}

static uint64_t
rights_of_access(unsigned access)
{
	static const struct {
		unsigned access;
		uint64_t rights;
	} rows[] = {
		{ SANDBOX_LIST, LANDLOCK_ACCESS_FS_READ_DIR },
		{ SANDBOX_READ, LANDLOCK_ACCESS_FS_READ_FILE },
		{ SANDBOX_WRITE, LANDLOCK_ACCESS_FS_WRITE_FILE | TRUNCATE },
		{ SANDBOX_MAKE, LANDLOCK_ACCESS_FS_MAKE_REG |
				    LANDLOCK_ACCESS_FS_MAKE_DIR |
				    LANDLOCK_ACCESS_FS_REMOVE_FILE },
	};
	uint64_t all = 0;

	for (size_t i = 0; i < NITEMS(rows); i++)
		if ((access & rows[i].access) != 0)
			all |= rows[i].rights;
	return all;
}

static bool
add_path(int ruleset, uint64_t handled, const struct sandbox_path *p, struct err *e)
{
	const int fd = open(p->path, O_PATH | O_CLOEXEC);
	struct landlock_path_beneath_attr rule = {
		.allowed_access = rights_of_access(p->access) & handled,
		.parent_fd = fd,
	};
	struct stat st;

	if (fd < 0) /* what is not there needs no rule, and its user will say so */
		return errno == ENOENT || err_errno(e, "%s", p->path);
	bool ok = fstat(fd, &st) == 0 || err_errno(e, "%s", p->path);
	if (ok && !S_ISDIR(st.st_mode))
		rule.allowed_access &= FILES;
	if (ok && syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH,
		      &rule, 0) != 0)
		ok = err_set(e, ERR_UNAVAILABLE, "Landlock: %s: %s", p->path,
		    strerror(errno));
	close(fd);
	return ok;
}

bool
sandbox_files(const struct sandbox_path *paths, size_t n, bool scoped, int *ret,
    struct err *e)
{
	const long version = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
	bool ok = true;

	if (version <= 0) { /* not built in, or not chosen at boot */
		*ret = 0;
		return true;
	}
	const struct ruleset all = {
		.files = rights_of_version((int)version),
		.scopes = scoped && version >= 6 ? SCOPES : 0,
	};
	const int ruleset =
	    (int)syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);
	if (ruleset < 0)
		return err_set(e, ERR_UNAVAILABLE, "Landlock: %s", strerror(errno));
	for (size_t i = 0; ok && i < n; i++)
		ok = add_path(ruleset, all.files, &paths[i], e);
	if (ok && syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
		ok = err_set(e, ERR_UNAVAILABLE, "Landlock: %s", strerror(errno));
	close(ruleset);
	if (ok)
		*ret = (int)version;
	return ok;
}
