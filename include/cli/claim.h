/* SPDX-License-Identifier: Apache-2.0 */
/*
 * claim - a CA directory for a command alone: no daemon serves it, none can begin to
 * while the claim is held.
 */
#ifndef CLI_CLAIM_H
#define CLI_CLAIM_H

#include <sys/types.h>

#include "base/err.h"

struct claim {
	int fd;     /* -1: none is held */
	char *path; /* of the lock */
};

/*
 * 'dir' is the CA directory; what root has to make in it belongs to 'uid' and 'gid'.
 * ERR_CONFLICT: a daemon serves it.
 */
MUST_CHECK bool claim_take(const char *dir, uid_t uid, gid_t gid, struct claim *ret,
    struct err *e);
void claim_release(struct claim *c); /* none held is fine */

#endif
