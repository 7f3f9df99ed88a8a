/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements whose text is put together: the first few texts stay prepared, like those
 * that are written down (db/stmt.h).  Most lists ask in one of a few ways.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store_impl.h"

struct store_sql {
	struct store_sql *next;
	struct stmt_def def; /* owns its SQL */
};

static const struct stmt_def *
find(const struct store_sql *kept, const char *sql, size_t *ret_n)
{
	size_t n = 0;

	for (; kept != NULL; kept = kept->next, n++)
		if (strcmp(kept->def.sql, sql) == 0)
			return &kept->def;
	*ret_n = n;
	return NULL;
}

struct stmt *
store_sql_begin(struct store *st, const char *sql, const char *what)
{
	struct store_sql **kept = store_sql_kept(st);
	size_t n = 0;
	const struct stmt_def *def = find(*kept, sql, &n);

	if (def != NULL)
		return stmt_begin(store_db(st), def);
	if (n == STORE_SQL_MAX)
		return stmt_begin_sql(store_db(st), sql, what);
	struct store_sql *k = mem_zalloc(sizeof(*k));
	*k = (struct store_sql){ *kept, { mem_strdup(sql), what } };
	*kept = k;
	return stmt_begin(store_db(st), &k->def);
}

void
store_sql_free(struct store_sql *kept)
{
	while (kept != NULL) {
		struct store_sql *next = kept->next;

		free((char *)(uintptr_t)kept->def.sql);
		free(kept);
		kept = next;
	}
}
