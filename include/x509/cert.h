/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cert - X.509 certificates: read (our own and our CA's), and built.
 */
#ifndef X509_CERT_H
#define X509_CERT_H

#include "codec/der.h"
#include "x509/constraints.h"
#include "x509/names.h"
#include "x509/serial.h"
#include "x509/spki.h"

#define CERT_MAX    KIB(64) /* octets of DER */
#define CERT_CN_LEN 257     /* 64 characters of UTF-8, with the NUL */

struct cert {
	struct buf der; /* own copy; the views point into it */
	struct bytes tbs, sig_alg, sig;
	struct serial serial;
	struct bytes issuer_dn, subject_dn; /* whole Name */
	char cn[CERT_CN_LEN];               /* of the subject, "" when none */
	int64_t not_before, not_after;
	struct spki key;
	struct names names;
	bool ca;
	int path_len;       /* -1: none */
	unsigned usages;    /* enum usage bits */
	bool any_usage;     /* no extKeyUsage at all, or anyExtendedKeyUsage */
	uint16_t key_usage; /* bit 0 of RFC 5280 4.2.1.3 is the top bit; 0: absent */
	struct bytes key_id, authority_key_id; /* octets, empty when absent */
	struct bytes constraints; /* content of nameConstraints, empty when absent */
	bool no_rev_avail;
	struct bytes crl_url; /* where there is one point with one URL; else empty */
};

/*
 * Reads one certificate: version 3, no extension twice, none that is critical
 * and not known here, no unique identifiers.  No signature is verified and no
 * clock is asked.  ERR_MALFORMED, or ERR_BAD_KEY from the key.
 */
MUST_CHECK bool cert_parse(struct bytes der, struct cert **ret, struct err *e);
/* The first certificate of a PEM text, or DER.  ERR_NOT_FOUND: a text without one. */
MUST_CHECK bool cert_parse_any(struct bytes in, struct cert **ret, struct err *e);
void cert_free(struct cert *c); /* NULL is fine */
/* Does it name 'by' as its issuer, and has that one's key signed it? */
bool cert_is_by(const struct cert *c, const struct cert *by);

/* Key usage bits, top bit first (RFC 5280 4.2.1.3). */
#define CERT_KU_DIGITAL_SIGNATURE 0x8000
#define CERT_KU_KEY_ENCIPHERMENT  0x2000
#define CERT_KU_KEY_CERT_SIGN     0x0400
#define CERT_KU_CRL_SIGN          0x0200

/* All that goes into a certificate; the builder adds nothing of its own. */
struct cert_spec {
	struct serial serial;
	struct bytes sig_alg;   /* AlgorithmIdentifier of the issuer's key (P4) */
	struct bytes issuer_dn; /* octet for octet the issuer's subject (P6) */
	struct bytes authority_key_id; /* the issuer's SKI; empty: no AKI (roots) */
	struct bytes subject_dn;       /* Name; the empty Name makes the SAN critical */
	struct bytes spki;             /* octet for octet the request's (P15) */
	struct bytes key_id;           /* 20 octets */
	int64_t not_before, not_after; /* not_after inclusive (P8) */
	const struct names *names;     /* NULL: no SAN (CA, OCSP responder) */
	uint16_t key_usage;
	unsigned usages;
	bool ca;
	int path_len;             /* -1: none */
	struct bytes constraints; /* content of nameConstraints; empty: none */
	const char *crl_url, *ocsp_url, *issuer_url; /* NULL: none */
	const char *freshest_url; /* of the delta CRL (RFC 5280 4.2.1.15); NULL: none */
	bool ocsp_no_check;       /* RFC 6960 4.2.2.2.1 */
	bool no_rev_avail;        /* RFC 9608 */
};

/*
 * Appends the TBSCertificate.  ERR_INTERNAL for a spec that makes no certificate:
 * what is missing, a leaf with a CA's key usage or without names, OCSP signing
 * beside another usage, noRevAvail beside a CRL or OCSP URL, a URL that is not http.
 */
MUST_CHECK bool cert_build_tbs(const struct cert_spec *s, struct buf *ret,
    struct err *e);
/* Appends SEQUENCE { tbs, sig_alg, BIT STRING sig }: certificates, CRLs and CSRs have this form. */
MUST_CHECK bool cert_assemble(struct bytes tbs, struct bytes sig_alg, struct bytes sig,
    struct buf *ret, struct err *e);

/* Appends a CertificationRequestInfo: empty attributes but for a SAN when 'names' is given. */
MUST_CHECK bool cert_build_csr_info(struct bytes subject_dn, struct bytes spki,
    const struct names *names, struct buf *ret, struct err *e);

#endif
