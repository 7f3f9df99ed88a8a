/* SPDX-License-Identifier: Apache-2.0 */
/*
 * version - is a library that was found at start the one that was built with, or
 * newer?  An older one has holes that the newer one closed (R88).
 *
 * Whoever is the one to use a library asks: base links none.
 */
#ifndef BASE_VERSION_H
#define BASE_VERSION_H

#include "base/err.h"

/*
 * "3.7.9" against "3.7.10", number by number; what is missing is 0, and what
 * follows a number that is none ("-rc1") does not count.  ERR_UNAVAILABLE.
 */
MUST_CHECK bool version_check(const char *library, const char *have, const char *least,
    struct err *e);

#endif
