/* SPDX-License-Identifier: Apache-2.0 */
/* ocsp - requests read, answers built (RFC 6960, 9654, 9919). */
#ifndef X509_OCSP_H
#define X509_OCSP_H

#include "base/buf.h"
#include "base/sets.h"
#include "x509/serial.h"

#define OCSP_SINGLES_MAX 32
#define OCSP_NONCE_MAX   128

enum ocsp_hash {
	OCSP_SHA1,
	OCSP_SHA256,
	OCSP_SHA384,
	OCSP_SHA512,
	OCSP_HASH_OTHER
};

struct ocsp_cert_id {
	struct bytes whole; /* DER CertID, to be repeated octet for octet (P82) */
	enum ocsp_hash hash;
	struct bytes name_hash, key_hash;
	struct bytes serial; /* INTEGER content; may be no serial of ours */
};

struct ocsp_request {
	size_t n;
	struct ocsp_cert_id v[OCSP_SINGLES_MAX];
	struct bytes nonce; /* empty: none */
};

/* Reads an OCSPRequest; views point into 'der'.  ERR_MALFORMED (P88 to P90). */
MUST_CHECK bool ocsp_request_parse(struct bytes der, struct ocsp_request *ret,
    struct err *e);
/*
 * Is this request, which was read from 'der', nothing but the question for one
 * certificate: no nonce, no extension, no name, no signature?  Then there are but
 * few ways to write it: one for each hash and spelling of its parameters.
 */
bool ocsp_request_plain(struct bytes der, const struct ocsp_request *q);
/* Reads one CertID. */
MUST_CHECK bool ocsp_cert_id_parse(struct bytes der, struct ocsp_cert_id *ret,
    struct err *e);

/*
 * The hashes of one issuer, made once: of its whole subject Name and of its
 * key's BIT STRING without the octet of unused bits (RFC 6960 4.1.1).
 */
struct ocsp_issuer {
	uint8_t name[4][64], key[4][64]; /* by enum ocsp_hash */
	bool known[4];                   /* false: that hash is not to be had here */
};
void ocsp_issuer_init(struct ocsp_issuer *i, struct bytes subject_dn,
    struct bytes key_bits);
bool ocsp_issuer_is(const struct ocsp_issuer *i, const struct ocsp_cert_id *id);

/* OCSPResponseStatus */
enum ocsp_status {
	OCSP_SUCCESSFUL = 0,
	OCSP_MALFORMED = 1,
	OCSP_INTERNAL = 2,
	OCSP_TRY_LATER = 3,
	OCSP_UNAUTHORIZED = 6
};
/* An answer without responseBytes: 5 octets. */
void ocsp_status_response(enum ocsp_status s, uint8_t ret[static 5]);

struct ocsp_single {
	struct bytes cert_id;
	unsigned status; /* 0 good, 1 revoked, 2 unknown */
	int64_t revoked_at;
	enum reason reason;
};

struct ocsp_spec {
	struct bytes
	    key_id_sha1; /* responderID byKey: SHA-1 of the responder's key bits */
	int64_t produced_at, this_update, next_update;
	struct bytes nonce;
	const struct ocsp_single *v;
	size_t n;
};
/* Appends ResponseData, which is signed.  ERR_INTERNAL for a spec that makes no answer. */
MUST_CHECK bool ocsp_build_data(const struct ocsp_spec *s, struct buf *ret,
    struct err *e);
/* Appends the whole OCSPResponse; 'responder_cert' is its certificate's DER,
 * empty when the issuer itself has signed. */
MUST_CHECK bool ocsp_assemble(struct bytes data, struct bytes sig_alg, struct bytes sig,
    struct bytes responder_cert, struct buf *ret, struct err *e);

/*
 * Is this whole OCSPResponse one for these certificates, in their order, and of that
 * status for the first (0 good, 1 revoked, 2 unknown)?  Its signature is not looked at.
 */
MUST_CHECK bool ocsp_response_same(struct bytes response, const struct ocsp_request *q,
    unsigned first_status, struct err *e);

#endif
