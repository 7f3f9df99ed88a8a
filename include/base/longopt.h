/* SPDX-License-Identifier: Apache-2.0 */
/*
 * longopt - getopt_long(3) that takes whole names alone.
 *
 * A beginning that names one option today names another, or none, when the
 * next one comes: whoever wrote --root is told of --root-validity.
 */
#ifndef BASE_LONGOPT_H
#define BASE_LONGOPT_H

#include <getopt.h>
#include <stddef.h>

#include "base/err.h"

#define LONGOPT_END   (-1)
#define LONGOPT_WRONG '?'

/*
 * As getopt_long(): the option's 'val', LONGOPT_END, or LONGOPT_WRONG with *e
 * filled.  *ret_at is the row of 'longs', or -1 where it was a short option.
 * No letter of 'shorts' has a value, and its first letter is no sign.
 */
int longopt_next(int argc, char **argv, const char *shorts, const struct option *longs,
    int *ret_at, struct err *e);

/* How many letters are to be put in, left out or changed; any number above 2 says "too many". */
size_t longopt_slips(const char *a, const char *b);

#endif
