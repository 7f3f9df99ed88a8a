/* SPDX-License-Identifier: Apache-2.0 */
/* tmp_store - a store in a directory of a test's own. */
#ifndef TMP_STORE_H
#define TMP_STORE_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/store_certificate.h"
#include "store/store_revocation.h"

#define MUST(call) cr_assert((call), "%s", e.detail)

static char tmp_dir[] = "/tmp/hnp-store-XXXXXX";
static char tmp_path[64];
static struct store *st;
static struct err e;

static inline void
tmp_begin(void)
{
	cr_assert_not_null(mkdtemp(tmp_dir));
	snprintf(tmp_path, sizeof(tmp_path), "%s/a.db", tmp_dir);
	MUST(store_create(tmp_path, &st, &e));
}

/* The database is gone, file and all. */
static inline void
tmp_drop(void)
{
	store_discard(st);
	st = NULL;
}

static inline void
tmp_end(void)
{
	tmp_drop();
	unlink(tmp_path);
	rmdir(tmp_dir);
}

static inline void
tmp_sql(const char *sql)
{
	struct stmt *q = stmt_begin_sql(store_db(st), sql, sql);

	MUST(stmt_finish(q, &e));
}

static inline int64_t
tmp_number(const char *sql)
{
	struct stmt *q = stmt_begin_sql(store_db(st), sql, sql);

	MUST(stmt_row(q, &e));
	const int64_t n = stmt_col_int(q, 0);
	MUST(stmt_finish(q, &e));
	return n;
}

/* Serials of 1 to 20 octets, each another. */
static inline struct serial
tmp_serial(unsigned n)
{
	struct serial s = { .n = (uint8_t)(5 + n % 16) };

	s.b[0] = (uint8_t)(0x40 + n % 0x80); /* half of them with the top bit */
	for (int i = 1; i <= 4; i++)
		s.b[i] = (uint8_t)(n >> (8 * (4 - i)));
	return s;
}

#endif
