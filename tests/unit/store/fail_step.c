/* SPDX-License-Identifier: Apache-2.0 */
#include "fail_step.h"

#include <sqlite3.h>
#include <string.h>

unsigned fail_step;
bool failed_step;

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
	return __real_sqlite3_step(q);
}
