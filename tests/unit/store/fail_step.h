/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fail_step - the n-th step of SQLite fails; and what the others cost.
 *
 * A program with fail_step.c is linked with -Wl,--wrap=sqlite3_step: the linker gives
 * the name to ours.
 */
#ifndef UNIT_FAIL_STEP_H
#define UNIT_FAIL_STEP_H

#include <stdbool.h>
#include <stdint.h>

extern unsigned fail_step; /* the next is 1; 0: none fails */
extern bool failed_step;
/* What SQLite did since the test set it to 0, in steps of its virtual machine. */
extern int64_t step_work;

#endif
