/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mem - memory that does not fail.
 *
 * Small memory never fails: these end the process instead (exit status 1 with
 * one line on stderr), so that no path has to be written that cannot be tested.
 * All is released by free().
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

#include "base/bytes.h"

void *mem_zalloc(size_t n);
void *mem_zarray(size_t n, size_t size);        /* n * size, checked */
void *mem_grow(void *p, size_t n, size_t size); /* realloc, checked */
char *mem_strdup(const char *s);                /* NULL gives NULL */
char *mem_strndup(struct bytes b);              /* NUL is added; copies up to a NUL */
char *mem_printf(const char *fmt, ...) PRINTF_LIKE(1, 2);
void mem_wipe(void *p, size_t n);      /* never optimised away */
void mem_wipe_free(void *p, size_t n); /* NULL is fine */

#endif
