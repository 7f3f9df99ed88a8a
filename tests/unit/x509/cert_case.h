/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cert_case - certificates for tests: two strangers, the specs of a leaf and of
 * a CA, and what becomes of a spec when the first stranger signs it.
 */
#ifndef UNIT_CERT_CASE_H
#define UNIT_CERT_CASE_H

#include "stranger.h"
#include "x509/cert.h"

#define CASE_NOW INT64_C(1767225600) /* 2026-01-01 */

struct cert_case {
	struct stranger *ca, *leaf;
	struct names names; /* one DNS name, one IP address */
	struct buf dn, empty_dn;
	struct buf der; /* what was signed last */
};

extern struct cert_case cert_case; /* between begin and end, for .init and .fini */

void cert_case_begin(void);
void cert_case_end(void);
struct cert_spec cert_case_leaf(void);
struct cert_spec cert_case_ca(void);
/* Wraps and signs a TBSCertificate or a CertificationRequestInfo into cert_case.der. */
void cert_case_sign(struct bytes tbs);
/* The certificate of a spec into cert_case.der. */
void cert_case_make(const struct cert_spec *s);
/* GnuTLS imports it and finds it signed by its issuer. */
gnutls_x509_crt_t cert_case_judge(void);

#endif
