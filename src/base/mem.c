/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *
or_die(void *p)
{
	if (p == NULL) {
		fputs("hanaper: out of memory\n", stderr);
		_Exit(1);
	}
	return p;
}

void *
mem_zalloc(size_t n)
{
	return or_die(calloc(1, n > 0 ? n : 1));
}

void *
mem_zarray(size_t n, size_t size)
{
	return or_die(calloc(n > 0 ? n : 1, size > 0 ? size : 1));
}

void *
mem_grow(void *p, size_t n, size_t size)
{
	return or_die(reallocarray(p, n > 0 ? n : 1, size > 0 ? size : 1));
}

char *
mem_strdup(const char *s)
{
	return s == NULL ? NULL : or_die(strdup(s));
}

char *
mem_strndup(struct bytes b)
{
	if (b.n == 0)
		return or_die(strdup(""));
	return or_die(strndup((const char *)b.p, b.n));
}

char *
mem_printf(const char *fmt, ...)
{
	char *s = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		s = NULL;
	va_end(ap);
	return or_die(s);
}

void
mem_wipe(void *p, size_t n)
{
	if (n > 0)
		explicit_bzero(p, n);
}

void
mem_wipe_free(void *p, size_t n)
{
	if (p != NULL)
		mem_wipe(p, n);
	free(p);
}
