/* SPDX-License-Identifier: Apache-2.0 */
/* store_revocation - what is revoked, in the order of its records; and the CRLs made. */
#ifndef STORE_STORE_REVOCATION_H
#define STORE_STORE_REVOCATION_H

#include "store/store.h"
#include "x509/crl_shard.h"

struct revocation {
	int64_t id;   /* seq of the first record: grows */
	uint64_t seq; /* of the record that gave the present reason, from 1 */
	const char *issuer;
	struct serial serial;
	int64_t
	    not_after; /* it is on lists until then: the certificate's end, or later */
	int64_t revoked_at;
	unsigned reason; /* enum reason */
	const char *requester;
	const char *request_id;
};

/*
 * Adds; when it is there: raises the reason (unspecified, then all others, then
 * cACompromise, then keyCompromise), never lowers it; so with not_after; time and
 * requester stay (S43).  'id' is not read.
 */
MUST_CHECK bool store_revocation_put(struct store *st, const struct revocation *r,
    struct err *e);

/* Its not_after.  ERR_NOT_FOUND. */
MUST_CHECK bool store_revocation_end(struct store *st, const char *issuer,
    const struct serial *serial, int64_t *ret, struct err *e);

typedef bool revocation_each(void *arg, const struct revocation *r, struct err *e);
/*
 * In order of id, those over 'after_id' and up to 'last_id' whose certificate ends at or
 * after 'since', at most 'limit'.
 */
MUST_CHECK bool store_revocation_list(struct store *st, const char *issuer,
    int64_t since, int64_t after_id, int64_t last_id, size_t limit,
    revocation_each *each, void *arg, struct err *e);

struct crl_row {
	uint64_t seq;
	const char *issuer;
	struct crl_shard shard; /* 0 of 0: the list of all */
	uint64_t base;          /* of a delta: its base's number; 0: it is none */
	uint64_t number;
	int64_t this_update, next_update;
	uint64_t entries;
};
/*
 * ERR_CONFLICT: a list of this issuer has this number or a higher one (P61).  Of a
 * shard the newest alone is kept.
 */
MUST_CHECK bool store_crl_add(struct store *st, const struct crl_row *r, struct err *e);
/* The newest list of all of an issuer; ERR_NOT_FOUND.  ret->issuer is the caller's own. */
MUST_CHECK bool store_crl_last(struct store *st, const char *issuer,
    struct crl_row *ret, struct err *e);
/* Likewise the newest whose number is lower than this. */
MUST_CHECK bool store_crl_before(struct store *st, const char *issuer, uint64_t number,
    struct crl_row *ret, struct err *e);

#endif
