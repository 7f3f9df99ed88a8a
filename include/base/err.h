/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err - what went wrong: a code for programs and a sentence for people.
 *
 * Passed in by the caller, filled where the fault is found, printed once at
 * the edge.  'detail' never holds a secret.  It may quote octets from outside;
 * err_set() escapes control characters.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>

#include "base/attr.h"

enum err_code {
	ERR_NONE = 0,
#define PROBLEM(name, status, type, acme, acme_status, title) ERR_##name,
#include "tbl/problems.h"
#undef PROBLEM
	ERR__MAX
};

#define ERR_DETAIL_LEN 512 /* octets, with the NUL */

struct err {
	enum err_code code;
	unsigned retry_s; /* when to come again, 0: not said */
	char detail[ERR_DETAIL_LEN];
};

/* Fills 'e' and returns false, so that a refusal is one line.  'e' may not be NULL. */
bool err_set(struct err *e, enum err_code code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Puts "what: " before the detail that is there; returns false. */
bool err_prefix(struct err *e, const char *what);

/* As err_set(ERR_IO), with strerror(errno) behind; ENOSPC and EDQUOT say so. */
bool err_errno(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* What a client sees of a code.  'code' must be a member; ERR_NONE is not. */
int err_status(enum err_code code);        /* HTTP status */
const char *err_type(enum err_code code);  /* "bad-csr" */
const char *err_title(enum err_code code); /* "The CSR is unacceptable" */
/* The same for an ACME client (RFC 8555 6.7). */
int err_acme_status(enum err_code code);
const char *err_acme_type(enum err_code code); /* "badCSR" */

/* The code whose number came over a channel; ERR_INTERNAL for what is no member. */
enum err_code err_code_from(unsigned n);

#endif
