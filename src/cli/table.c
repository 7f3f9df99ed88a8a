/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/out.h"

struct table {
	const char *const *titles;
	size_t columns, rows;
	char **cells; /* rows * columns */
};

struct table *
table_new(const char *const *titles, size_t columns)
{
	struct table *t = mem_zalloc(sizeof(*t));

	assert(columns > 0 && columns <= TABLE_COLUMNS_MAX);
	t->titles = titles;
	t->columns = columns;
	return t;
}

void
table_add(struct table *t, const char *const *cells)
{
	t->cells = mem_grow(t->cells, (t->rows + 1) * t->columns, sizeof(t->cells[0]));
	for (size_t i = 0; i < t->columns; i++)
		t->cells[t->rows * t->columns + i] =
		    mem_strdup(cells[i] != NULL ? cells[i] : "");
	t->rows++;
}

size_t
table_rows(const struct table *t)
{
	return t->rows;
}

/* Code points, which is columns for all that a CA writes. */
static size_t
width_of(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static void
print_row(const struct table *t, const char *const *cells, const size_t *width,
    FILE *to)
{
	size_t last = t->columns;

	while (last > 1 && cells[last - 1][0] == '\0')
		last--; /* no blanks at the end of a line */
	for (size_t i = 0; i < last; i++) {
		out_text(to, cells[i]);
		if (i + 1 < last)
			fprintf(to, "%*s", (int)(width[i] - width_of(cells[i]) + 2),
			    "");
	}
	fputc('\n', to);
}

void
table_print(const struct table *t, FILE *to)
{
	size_t width[TABLE_COLUMNS_MAX] = { 0 };

	for (size_t i = 0; i < t->columns; i++)
		width[i] = t->titles != NULL ? width_of(t->titles[i]) : 0;
	for (size_t i = 0; i < t->rows * t->columns; i++) {
		const size_t w = width_of(t->cells[i]);

		if (w > width[i % t->columns])
			width[i % t->columns] = w;
	}
	if (t->titles != NULL)
		print_row(t, t->titles, width, to);
	for (size_t r = 0; r < t->rows; r++)
		print_row(t, (const char *const *)&t->cells[r * t->columns], width, to);
}

void
table_free(struct table *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->rows * t->columns; i++)
		free(t->cells[i]);
	free(t->cells);
	free(t);
}
