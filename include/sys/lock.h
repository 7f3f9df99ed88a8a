/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lock - a file that says by its lock, not by being there, that somebody is alive.
 *
 * Whoever held it may take its name away before the lock goes: one that was opened before
 * that, and got the lock after, would be seen by nobody.
 */
#ifndef SYS_LOCK_H
#define SYS_LOCK_H

#include <sys/types.h>

#include "base/err.h"

/*
 * Makes the file where it is not there, and holds the lock of the one that bears the name
 * until *ret is closed, by whoever has it (F_OFD_SETLK).  No symbolic link is followed.
 * ERR_CONFLICT: another holds it; the caller knows who that is.
 */
MUST_CHECK bool lock_take(const char *path, mode_t mode, int *ret, struct err *e);

#endif
