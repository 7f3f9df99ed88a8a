/* SPDX-License-Identifier: Apache-2.0 */
/*
 * view - what the API's JSON looks like to people.
 */
#ifndef CLI_VIEW_H
#define CLI_VIEW_H

#include <jansson.h>

#include "base/buf.h"

#define VIEW_LABEL 12 /* columns of a label */
#define VIEW_TEXT  KIB(16)

/* [{type, value}] as "localhost, ::1": at most 'most' of them (0: all), then "+N". */
void view_names(struct buf *b, const json_t *names, size_t most);
/* An array of strings, a comma between. */
void view_strings(struct buf *b, const json_t *array);
/* "2026-01-31T12:00:00Z (in 29d)" */
void view_time(struct buf *b, const char *rfc3339);
/* A field of 'object' that is a string, a time or a list; nothing where it is absent. */
void view_field(const json_t *object, const char *member, const char *label);
void view_field_time(const json_t *object, const char *member, const char *label);
void view_field_list(const json_t *object, const char *member, const char *label);
void view_field_names(const json_t *object, const char *label);
/* What the certificate has less than was asked for, on standard error; the answer tells. */
void view_notes(const json_t *issued);
/* One certificate, all that is known. */
void view_certificate(const json_t *certificate);

#endif
