/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record - what the journal holds: one record for every certificate,
 * revocation and CRL.  The database can be rebuilt from these alone.
 *
 * A record as it travels and lies on disk:
 *
 *	length   u32   octets of what follows, without the hash
 *	seq      u64   1, 2, 3, …
 *	at       i64   when it was written
 *	stored   u64   the last seq that core had committed by then
 *	type     u8    enum record_type; RECORD_FIRST: of those flushed together
 *	body           by type, below
 *	hash     32    SHA-256(previous record's hash || all of the above)
 *
 * The leaf of a Merkle tree over the records is SHA-256(0x00 || the record
 * without its hash), so such a tree needs no change of format.
 */
#ifndef JOURNAL_RECORD_H
#define JOURNAL_RECORD_H

#include "base/buf.h"
#include "base/sets.h"

#define RECORD_HASH_LEN 32
#define RECORD_MAX      KIB(64)
/* What was written by one flush is lost or torn as one; what came before it is not. */
#define RECORD_FIRST    0x80

enum record_type {
	RECORD_GENESIS = 1, /* the first: what this journal is of */
	RECORD_CERTIFICATE,
	RECORD_REVOCATION,
	RECORD_CRL
};

struct record {
	uint64_t seq;
	int64_t at;
	uint64_t stored;
	enum record_type type;
	struct bytes body;
	struct bytes hash;  /* 32 octets */
	struct bytes whole; /* all octets, length and hash included */
};

/* Reads a record from its octets; the hash's value is not checked.  ERR_MALFORMED. */
MUST_CHECK bool record_parse(struct bytes whole, struct record *ret, struct err *e);

struct record_genesis {
	struct bytes root_hash; /* SHA-256 of the root certificate */
};
void record_genesis_put(struct buf *b, const struct record_genesis *r);
MUST_CHECK bool record_genesis_get(struct bytes body, struct record_genesis *ret,
    struct err *e);

struct record_certificate {
	struct bytes issuer; /* name of the issuer; "root" for what the root signed */
	struct bytes
	    profile; /* name; "root", "intermediate", "ocsp-responder" for our own */
	struct bytes der;
	struct bytes requester;
	struct bytes request_id;
	struct bytes note; /* JSON or empty */
};
void record_certificate_put(struct buf *b, const struct record_certificate *r);
MUST_CHECK bool record_certificate_get(struct bytes body,
    struct record_certificate *ret, struct err *e);

struct record_revocation {
	struct bytes issuer;
	struct bytes serial; /* magnitude */
	int64_t not_after;   /* of the certificate */
	int64_t revoked_at;
	enum reason reason;
	struct bytes requester;
	struct bytes request_id;
};
void record_revocation_put(struct buf *b, const struct record_revocation *r);
MUST_CHECK bool record_revocation_get(struct bytes body, struct record_revocation *ret,
    struct err *e);

struct record_crl {
	struct bytes issuer;
	uint64_t number;
	int64_t this_update, next_update;
	uint64_t entries;
	struct bytes tbs_hash; /* SHA-256 of the TBSCertList */
	/*
	 * Of a shard (x509/crl_shard.h): which.  Of the list of all: 0, and the
	 * record ends before them.
	 */
	uint32_t shards, shard;
	/* Of a delta CRL: the number of its base.  Of others 0, and the record ends before. */
	uint64_t base;
};
void record_crl_put(struct buf *b, const struct record_crl *r);
MUST_CHECK bool record_crl_get(struct bytes body, struct record_crl *ret,
    struct err *e);

#endif
