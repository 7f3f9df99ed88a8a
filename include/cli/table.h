/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table - rows of text in columns, each as wide as its widest cell.
 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stdio.h>

#include "base/attr.h"

#define TABLE_COLUMNS_MAX 8

struct table;

/* 'titles' ends with NULL and is borrowed; at most TABLE_COLUMNS_MAX.  NULL: no head line. */
struct table *table_new(const char *const *titles, size_t columns);
/* One cell per column, copied; NULL is an empty cell. */
void table_add(struct table *t, const char *const *cells);
size_t table_rows(const struct table *t);
void table_print(const struct table *t, FILE *to);
void table_free(struct table *t); /* NULL is fine */

#endif
