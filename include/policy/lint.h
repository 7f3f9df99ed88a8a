/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lint - the last look at what is about to be signed (R24, R25, P47).
 *
 * A lint is one function and one row of the table in lint.c: id, reference,
 * severity.  An error blocks; so does a lint that cannot read its input.
 */
#ifndef POLICY_LINT_H
#define POLICY_LINT_H

#include "policy/verdict.h"
#include "x509/cert.h"

/* Judges a certificate (TBS wrapped with any signature) against RFC 5280's musts: rows "lint.ID". */
bool lint_certificate(const struct cert *c, struct verdict *v);
/* Is what was built what was asked for, field by field? row "lint.same". */
bool lint_same(const struct cert *c, const struct cert_spec *asked, struct verdict *v);

#endif
