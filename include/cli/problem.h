/* SPDX-License-Identifier: Apache-2.0 */
/*
 * problem - a problem document (RFC 9457) as sentences for people.
 */
#ifndef CLI_PROBLEM_H
#define CLI_PROBLEM_H

#include <jansson.h>
#include <stdio.h>

#include "base/err.h"

/* Reads title, detail and type into 'e'; 'status' stands in where they lack. */
void problem_to_err(const json_t *problem, long status, struct err *e);

/* One line per violation: "  names[0] is "x": rule …; allowed: y". */
void problem_print(const json_t *problem, FILE *to);

/* What to do about it; NULL: nothing general.  'problem' may be NULL. */
const char *problem_hint(enum err_code code, const json_t *problem);

#endif
