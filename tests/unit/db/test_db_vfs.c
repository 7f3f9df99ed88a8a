/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "tmp_db.h"

/* S81: what a journal names is neither opened nor removed. */
Test(db_vfs, no_super_journal, .init = tmp_begin, .fini = tmp_end)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find("hanaper");
	char *victim = mem_printf("%s-victim", tmp_path);
	char *journal = mem_printf("%s-journal", tmp_path);
	int flags = 0;

	cr_assert_not_null(vfs, "each database is opened by it");
	sqlite3_file *f = mem_zalloc((size_t)vfs->szOsFile);
	close(open(victim, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	close(open(journal, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	cr_expect_eq(vfs->xOpen(vfs, victim, f,
			 SQLITE_OPEN_READONLY | SQLITE_OPEN_SUPER_JOURNAL, &flags),
	    SQLITE_CANTOPEN);
	cr_expect_null(f->pMethods);
	cr_expect_neq(vfs->xDelete(vfs, victim, 0), SQLITE_OK);
	cr_expect_eq(access(victim, F_OK), 0);
	cr_expect_eq(vfs->xDelete(vfs, journal, 0), SQLITE_OK);
	cr_expect_neq(access(journal, F_OK), 0);
	unlink(victim);
	free(f);
	free(victim);
	free(journal);
}
