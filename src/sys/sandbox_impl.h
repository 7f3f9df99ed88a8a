/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SYS_SANDBOX_IMPL_H
#define SYS_SANDBOX_IMPL_H

#include "sys/sandbox.h"

/*
 * Landlock alone; *ret is its version, 0 where the kernel has none.  Scoped, from version 6
 * on, the process sends signals to none but itself, and reaches no socket of another by an
 * abstract name.
 */
MUST_CHECK bool sandbox_files(const struct sandbox_path *paths, size_t n, bool scoped,
    int *ret, struct err *e);

#endif
