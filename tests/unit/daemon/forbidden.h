/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forbidden - what a process that was taken over would try; for fake_role.c and
 * tests/flow/forbidden_parent.c.  No library but libc's.
 */
#ifndef TESTS_FORBIDDEN_H
#define TESTS_FORBIDDEN_H

#include <stdio.h>

/*
 * Each act in a process of its own, which enter() shuts in, on the CA directory 'dir'; a
 * line each into 'to': its name, then "done", "killed N" by signal N, or the error's name.
 */
void forbidden_try_all(const char *dir, void (*enter)(void *arg), void *arg, FILE *to);

/* One of them, here and now. */
void forbidden_do(const char *dir, const char *name);

#endif
