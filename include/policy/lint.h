/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lint - the last look at what is about to be signed (R24, R25, P47).
 *
 * A lint is one function and one row of the table in lint.c: id, reference,
 * severity.  An error blocks; so does a lint that cannot read its input.  A
 * warning passes and says why in its row's value.
 */
#ifndef POLICY_LINT_H
#define POLICY_LINT_H

#include "policy/verdict.h"
#include "x509/cert.h"

/*
 * How a profile takes warnings.  What an RFC demands blocks in either case.
 */
enum lint_mode {
	LINT_NORMAL, /* a warning passes */
	LINT_STRICT  /* and here it blocks: the profile's "strict_lint" */
};

/*
 * Judges a certificate (TBS wrapped with any signature) against RFC 5280's musts
 * and this project's own: a row "lint.ID" for each lint.  ERR_POLICY, or
 * ERR_INTERNAL for "lint.read".
 */
bool lint_certificate(const struct cert *c, enum lint_mode mode, struct verdict *v);
/*
 * The same, and is it what was asked for?  Row "lint.same" per field that differs, or
 * one pass; ERR_INTERNAL.
 */
bool lint_built(const struct cert *c, const struct cert_spec *asked,
    enum lint_mode mode, struct verdict *v);
/*
 * As lint_certificate() for a CRL (RFC 5280 5) and an OCSP answer (RFC 6960, RFC 9919), in DER.
 * The certificate that an OCSP answer brings is judged with it.
 */
bool lint_crl(struct bytes der, struct verdict *v);
bool lint_ocsp(struct bytes der, struct verdict *v);

#endif
