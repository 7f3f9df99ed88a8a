/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/memlock.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/attr.h"

#define HEAP_ROOM MIB(1) /* octets: of what signing takes and gives back */

int
memlock_open(void)
{
	return open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
}

/* Free heap that is not given back to the kernel: the lock has it. */
static void
heap_room(void)
{
	mallopt(M_TRIM_THRESHOLD, 2 * HEAP_ROOM);
	mallopt(M_MMAP_THRESHOLD, 2 * HEAP_ROOM);
	void *room = malloc(HEAP_ROOM);
	if (room != NULL) /* else what there is is locked all the same */
		explicit_bzero(room, HEAP_ROOM); /* or the compiler takes none */
	free(room);
}

struct mapping {
	uintptr_t from, to;
	bool heap;
};

/* "from-to rw-p ...  name": false: nobody but us can read or nothing can be written there. */
static bool
is_written(char *line, struct mapping *ret)
{
	char *at = line;

	ret->from = strtoull(at, &at, 16);
	if (*at++ != '-')
		return false;
	ret->to = strtoull(at, &at, 16);
	ret->heap = strstr(at, "[heap]") != NULL;
	return ret->to > ret->from && strncmp(at, " rw-p ", 6) == 0;
}

/* Locks those that are the heap, or those that are not; takes off *left what it locked. */
static bool
lock_each(FILE *maps, bool heap, size_t *left)
{
	char *line = NULL;
	size_t size = 0;
	bool whole = true;
	struct mapping m;

	rewind(maps);
	while (getline(&line, &size, maps) > 0) {
		if (!is_written(line, &m) || m.heap != heap)
			continue;
		const size_t length = m.to - m.from;
		const size_t n = length < *left ? length : *left;
		if (n > 0 && mlock((const void *)m.from, n) == 0)
			*left -= n;
		else
			whole = false;
		whole = whole && n == length;
	}
	whole = whole && !ferror(maps);
	free(line);
	return whole;
}

/* Stacks and data are few and small; of a heap that is too large, keys came first. */
static bool
lock_written(int fd, rlim_t limit)
{
	size_t left = limit > SIZE_MAX ? SIZE_MAX : (size_t)limit;
	FILE *maps = fd < 0 ? NULL : fdopen(fd, "r");

	if (maps == NULL) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	left -= left % (size_t)sysconf(_SC_PAGESIZE);
	const bool rest = lock_each(maps, false, &left);
	const bool heap = lock_each(maps, true, &left);
	fclose(maps);
	return rest && heap;
}

enum memlock
memlock(int maps)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

	if (setrlimit(RLIMIT_MEMLOCK, &limit) < 0 &&
	    getrlimit(RLIMIT_MEMLOCK, &limit) < 0)
		limit.rlim_cur = 0;
	heap_room();
	/* What comes later is locked too only where there is no limit that it could meet. */
	const bool always = limit.rlim_cur == RLIM_INFINITY;
	if (mlockall(always ? MCL_CURRENT | MCL_FUTURE : MCL_CURRENT) < 0)
		return lock_written(maps, limit.rlim_cur) ? MEMLOCK_WRITTEN
							  : MEMLOCK_PART;
	if (maps >= 0)
		close(maps);
	return always ? MEMLOCK_ALWAYS : MEMLOCK_ALL;
}
