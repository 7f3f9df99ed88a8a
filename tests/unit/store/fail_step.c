/* SPDX-License-Identifier: Apache-2.0 */
#include "fail_step.h"

#include <sqlite3.h>
#include <string.h>

unsigned fail_step;
bool failed_step;
int64_t step_work;

int __real_sqlite3_step(sqlite3_stmt *q);
int __wrap_sqlite3_step(sqlite3_stmt *q);

int
__wrap_sqlite3_step(sqlite3_stmt *q)
{
	/* What undoes is let be: SQLite itself would undo after a failure. */
	if (fail_step > 0 && strncmp(sqlite3_sql(q), "ROLLBACK", 8) != 0 &&
	    --fail_step == 0) {
		failed_step = true;
		sqlite3_reset(q);
		return SQLITE_FULL;
	}
	const int rc = __real_sqlite3_step(q);
	step_work += sqlite3_stmt_status(q, SQLITE_STMTSTATUS_VM_STEP, 1);
	return rc;
}
