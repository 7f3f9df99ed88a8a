/* SPDX-License-Identifier: Apache-2.0 */
/*
 * export - certificates for other programs: CSV (RFC 4180) or one JSON object a
 * line.  On a terminal control characters of CSV become '?' (R84).
 */
#ifndef CLI_EXPORT_H
#define CLI_EXPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/attr.h"

enum export_format {
	EXPORT_CSV,
	EXPORT_JSONL
};

/* "csv" or "jsonl"; false for another word. */
MUST_CHECK bool export_format_from(const char *word, enum export_format *ret);
/* What stands above the rows: CSV's line of names. */
void export_head(enum export_format f, FILE *to);
/* One certificate as the API has it. */
void export_row(enum export_format f, const json_t *certificate, FILE *to);

#endif
