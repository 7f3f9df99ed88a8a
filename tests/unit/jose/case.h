/* SPDX-License-Identifier: Apache-2.0 */
/* case - requests and keys put together for the tests of jose. */
#ifndef TESTS_JOSE_CASE_H
#define TESTS_JOSE_CASE_H

#include "jose/jws.h"

/* {"protected":…,"payload":…,"signature":…} of "protected.payload" as it stands. */
void case_body(struct buf *ret, const char *input, const char *signature);
/* The same of a header and a payload in clear. */
void case_clear(struct buf *ret, const char *header, const char *payload);
/* Parses what must parse. */
struct jws *case_jws(const char *input, const char *signature);
struct jwk *case_jwk(const char *text);
/* A jws that has only what verification looks at: RFCs' examples have no "url". */
struct case_signed {
	struct jws s;
	struct buf signature;
};
void case_signed(struct case_signed *ret, const char *alg, const char *input,
    const char *signature);
void case_signed_free(struct case_signed *c);

#endif
