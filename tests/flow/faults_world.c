/* SPDX-License-Identifier: Apache-2.0 */
/* faults.so: the clock, and memory. */
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "faults_impl.h"

/* ---- the clock ---- */

static time_t
offset(void)
{
	return faults_page == NULL
		   ? 0
		   : (time_t)__atomic_load_n(&faults_page->clock_offset_s,
			 __ATOMIC_RELAXED);
}

int
clock_gettime(clockid_t id, struct timespec *ts)
{
	const long ret = syscall(SYS_clock_gettime, id, ts);

	if (ret == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
		ts->tv_sec += offset();
	return (int)ret;
}

time_t
time(time_t *ret)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	if (ret != NULL)
		*ret = ts.tv_sec;
	return ts.tv_sec;
}

int
gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	struct timespec ts;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &ts);
	tv->tv_sec = ts.tv_sec;
	tv->tv_usec = ts.tv_nsec / 1000;
	return 0;
}

/* ---- memory ---- */

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);

void *
malloc(size_t n)
{
	return faults_judge(CALL_MEMORY) == FAIL ? NULL : __libc_malloc(n);
}

void *
calloc(size_t n, size_t size)
{
	return faults_judge(CALL_MEMORY) == FAIL ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *p, size_t n)
{
	return faults_judge(CALL_MEMORY) == FAIL ? NULL : __libc_realloc(p, n);
}
