/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fail_step - the n-th step of SQLite fails.
 *
 * A program with fail_step.c is linked with -Wl,--wrap=sqlite3_step: the linker gives
 * the name to ours.
 */
#ifndef UNIT_FAIL_STEP_H
#define UNIT_FAIL_STEP_H

#include <stdbool.h>

extern unsigned fail_step; /* the next is 1; 0: none fails */
extern bool failed_step;

#endif
