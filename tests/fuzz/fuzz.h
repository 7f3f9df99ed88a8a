/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz - what all targets share.  A target is a file fuzz_NAME.c with one
 * FUZZ_TARGET(NAME); HACKING.md, "Fuzzing".
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

/* In one program with all others (test_fuzz.c) each has a name of its own. */
#ifdef FUZZ_TOGETHER
#define FUZZ_TARGET(name)                                                              \
	int fuzz_##name(const uint8_t *p, size_t n);                                   \
	int fuzz_##name(const uint8_t *p, size_t n)
#else
#define FUZZ_TARGET(name)                                                              \
	int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);                        \
	int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
#endif

/* A property that holds whatever the input is; else which one of this file did not. */
#define require(what) require_at((what), #what, __FILE__, __LINE__)
static inline void
require_at(bool is, const char *what, const char *file, int line)
{
	if (is)
		return;
	(void)fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
	abort();
}

/* Input is never a fault of ours, and each refusal has its words. */
static inline void
told(const struct err *e)
{
	require(e->code != ERR_NONE && e->code != ERR_INTERNAL && e->detail[0] != '\0');
}

/* Does 'part' lie in 'whole'? */
static inline void
require_within(struct bytes part, struct bytes whole)
{
	require(
	    part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n));
}

/* The next piece up to a line feed, in a block of its own size: free() it. */
static inline struct bytes
take_line(struct bytes *rest)
{
	const size_t n = bytes_index(*rest, '\n');
	uint8_t *p = mem_zalloc(n > 0 ? n : 1);

	if (n > 0)
		memcpy(p, rest->p, n);
	*rest = bytes_skip(*rest, n + 1);
	return bytes_of(p, n);
}

#endif
