/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csr - PKCS #10 certification requests (RFC 2986), hand-read.
 */
#ifndef X509_CSR_H
#define X509_CSR_H

#include "x509/names.h"
#include "x509/spki.h"

#define CSR_MAX KIB(16) /* octets of DER (P57) */

struct csr {
	struct buf der;       /* own copy; everything below points into it */
	struct bytes info;    /* CertificationRequestInfo: what is signed */
	struct bytes sig_alg; /* AlgorithmIdentifier */
	struct bytes sig;
	struct spki key;
	char cn[65]; /* first CN of the subject, "" when none or unusable */
	bool has_san;
	struct names names; /* from the SAN extension; empty when it has none */
	bool asks_must_staple;
	/* Extensions that were asked for and will not be honoured, as words for explain: */
	struct {
		char oid[64];
	} ignored[16];
	size_t n_ignored;
	size_t
	    names_max; /* more in the subjectAltName are refused by their count (P57) */
	const char *reading; /* the rule that what is being read is held to */
};

/*
 * Reads one request in DER.  All of R7, R8, R17, P50 to P57 that can be seen
 * without a public-key operation.  The signature is NOT verified: csr_verify().
 * ERR_BAD_CSR or ERR_BAD_KEY; CA:TRUE, keyCertSign or cRLSign asked for is refused here (R1, R2).
 */
MUST_CHECK bool csr_parse(struct bytes der, size_t names_max, struct csr **ret,
    struct err *e);
/* DER, or PEM with exactly one block of either label (P50); NAMES_READ_MAX names. */
MUST_CHECK bool csr_parse_any(struct bytes in, struct csr **ret, struct err *e);
/*
 * The same, but for 'names_max'; on failure *ret_rule (static) is which rule was broken: "csr.syntax",
 * "csr.names", "csr.extensions" or "csr.key".
 */
MUST_CHECK bool csr_parse_told(struct bytes in, size_t names_max, struct csr **ret,
    const char **ret_rule, struct err *e);
/* Proof of possession.  ERR_BAD_CSR. */
MUST_CHECK bool csr_verify(const struct csr *c, struct err *e);
void csr_free(struct csr *c); /* NULL is fine */

#endif
