/* SPDX-License-Identifier: Apache-2.0 */
/* usage - what processes have taken so far: CPU and memory, from /proc. */
#ifndef BENCH_USAGE_H
#define BENCH_USAGE_H

#include <sys/types.h>

#include "base/err.h"

#include <stdint.h>

#define USAGE_MAX 32 /* processes */

struct usage_one {
	pid_t pid;
	char name[32];
	int64_t cpu_us; /* of all its threads, since it began */
	int64_t rss_kib, peak_kib;
};

struct usage_all {
	size_t n;
	struct usage_one v[USAGE_MAX];
};

/* Of 'pid' and its children; ERR_NOT_FOUND: there is no such process. */
MUST_CHECK bool usage_read(pid_t pid, struct usage_all *ret, struct err *e);
/* What 'after' has more CPU than 'before', by process; memory as after. */
void usage_between(const struct usage_all *before, const struct usage_all *after,
    struct usage_all *ret);
int64_t usage_self_us(void); /* our own CPU so far */

#endif
