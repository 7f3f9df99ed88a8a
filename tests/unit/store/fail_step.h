/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fail_step - the n-th step of SQLite fails.
 *
 * One file of a program includes it, and the program is linked with
 * -Wl,--wrap=sqlite3_step: the linker gives the name in front to ours.
 */
#ifndef UNIT_FAIL_STEP_H
#define UNIT_FAIL_STEP_H

#include <sqlite3.h>
#include <stdbool.h>
#include <string.h>

int __real_sqlite3_step(sqlite3_stmt *q);
int __wrap_sqlite3_step(sqlite3_stmt *q);

static unsigned fail_step; /* the next is 1; 0: none fails */
static int fail_with = SQLITE_FULL;
static bool failed_step;

int
__wrap_sqlite3_step(sqlite3_stmt *q)
{
	/* What undoes is let be: SQLite itself would undo after a failure. */
	if (fail_step > 0 && strncmp(sqlite3_sql(q), "ROLLBACK", 8) != 0 &&
	    --fail_step == 0) {
		failed_step = true;
		sqlite3_reset(q);
		return fail_with;
	}
	return __real_sqlite3_step(q);
}

#endif
