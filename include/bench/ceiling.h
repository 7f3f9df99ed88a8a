/* SPDX-License-Identifier: Apache-2.0 */
/* ceiling - how many signatures this machine makes and verifies on one core: what bounds a CA. */
#ifndef BENCH_CEILING_H
#define BENCH_CEILING_H

#include "base/err.h"
#include "base/sets.h"

#include <stdint.h>

struct ceiling {
	double signs, verifies; /* per second of CPU */
};

/* Does each for 'us' of CPU. */
MUST_CHECK bool ceiling_take(enum key_alg alg, int64_t us, struct ceiling *ret,
    struct err *e);

#endif
