/* SPDX-License-Identifier: Apache-2.0 */
/*
 * faulty - calls into libc and GnuTLS of which the n-th fails.
 *
 * A program linked with $(FAULTY_LDFLAGS) has faulty.c between its own code and libc,
 * one with $(FAULTY_GNUTLS_LDFLAGS) faulty_gnutls.c between it and GnuTLS; what libraries
 * call among themselves is not touched.  A sweep does one thing again and again: first its
 * first call fails, then its second alone, until none is left that could.
 */
#ifndef UNIT_FAULTY_H
#define UNIT_FAULTY_H

#include "base/err.h"

/* Not an error: reads and writes of one octet only. */
#define FAULTY_SHORT (-1)

/*
 * The 'nth' call from now on fails with errno 'error'; calls of GnuTLS with an error
 * of memory, whatever 'error' is.
 */
void faulty_arm(unsigned nth, int error);
/* No more.  Did it come to that? */
bool faulty_disarm(void);
/* Nothing fails, and nothing is counted, while it is held.  Gives what it was before. */
bool faulty_hold(bool on);
/* For the calls in the middle: is this the one that fails?  FAULTY_SHORT is no failure. */
bool faulty_now(const char *name);
/* Such a call, of a program linked with -Wl,--wrap=name: gives 'failed' when it is the one. */
#define FAULTY_CALL(type, failed, name, params, ...)                                   \
	type __real_##name params;                                                     \
	type __wrap_##name params;                                                     \
	type __wrap_##name params                                                      \
	{                                                                              \
		return faulty_now(#name) ? (failed) : __real_##name(__VA_ARGS__);      \
	}
/* The name of the one that failed last. */
const char *faulty_which(void);

/*
 * Begins, acts and ends until nothing fails any more; 'begin' and 'end' may be NULL.  'end'
 * looks at what must hold now, whether it was done or not, and cleans up.  Each refusal has
 * a code and words, no descriptor is left open, and without a fault it is done.
 * Gives how many calls there were that could fail.
 */
unsigned faulty_sweep(int error, void (*begin)(void), bool (*act)(struct err *e),
    void (*end)(bool ok, const struct err *e));
/* From now on descriptors are not counted: a library keeps some of its own. */
void faulty_keeps_descriptors(void);

#endif
