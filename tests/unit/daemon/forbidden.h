/* SPDX-License-Identifier: Apache-2.0 */
/* forbidden - what a process that was taken over would try; for fake_role.c. */
#ifndef TESTS_FORBIDDEN_H
#define TESTS_FORBIDDEN_H

#include <stdio.h>

#include "daemon/role.h"

/*
 * Each act in a process of its own, shut in as 'which'; a line each into 'to': its
 * name, then "done", "killed N" by signal N, or the error's name.
 */
void forbidden_try_all(const struct role *r, enum sandbox_role which, FILE *to);

/* One of them, here and now. */
void forbidden_do(const struct role *r, const char *name);

#endif
