/* SPDX-License-Identifier: Apache-2.0 */
/* faults.so: the clock, memory, and the key. */
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "faults_impl.h"

/* ---- the clock ---- */

static time_t
offset(clockid_t id)
{
	if (faults_page == NULL)
		return 0;
	if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)
		return __atomic_load_n(&faults_page->clock_offset_s, __ATOMIC_RELAXED);
	return id == CLOCK_MONOTONIC
		   ? __atomic_load_n(&faults_page->mono_offset_s, __ATOMIC_RELAXED)
		   : 0;
}

int
clock_gettime(clockid_t id, struct timespec *ts)
{
	const long ret = syscall(SYS_clock_gettime, id, ts);

	if (ret == 0)
		ts->tv_sec += offset(id);
	return (int)ret;
}

time_t
time(time_t *ret)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME_COARSE, &ts);
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

/* ---- the key: a token that is slow, or gone ---- */

#define DEVICE_ERROR (-302) /* GNUTLS_E_PKCS11_DEVICE_ERROR */

/* The handles are GnuTLS's own; nothing of it is linked to this library. */
typedef int sign_fn(void *key, int algorithm, unsigned flags, const void *in,
    void *ret);
static sign_fn *sign_data, *sign_hash;

sign_fn gnutls_privkey_sign_data2, gnutls_privkey_sign_hash2;

int
gnutls_privkey_sign_data2(void *key, int algorithm, unsigned flags, const void *in,
    void *ret)
{
	return faults_judge(CALL_SIGN) == FAIL
		   ? DEVICE_ERROR
		   : sign_data(key, algorithm, flags, in, ret);
}

int
gnutls_privkey_sign_hash2(void *key, int algorithm, unsigned flags, const void *in,
    void *ret)
{
	return faults_judge(CALL_SIGN) == FAIL
		   ? DEVICE_ERROR
		   : sign_hash(key, algorithm, flags, in, ret);
}

__attribute__((constructor)) static void
find_key(void)
{
	sign_data = (sign_fn *)dlsym(RTLD_NEXT, "gnutls_privkey_sign_data2");
	sign_hash = (sign_fn *)dlsym(RTLD_NEXT, "gnutls_privkey_sign_hash2");
}
