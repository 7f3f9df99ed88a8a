/* SPDX-License-Identifier: Apache-2.0 */
/* store_certificate - issued certificates and their names. */
#ifndef STORE_STORE_CERTIFICATE_H
#define STORE_STORE_CERTIFICATE_H

#include "base/buf.h"
#include "store/store.h"
#include "x509/cert.h"

struct certificate_metadata { /* a free word about a certificate */
	const char *key, *value;
};

struct certificate_new {
	const struct cert *cert;
	uint64_t seq; /* of the journal record, from 1; becomes the row's id */
	int64_t issued_at;
	const char *issuer; /* name; "root" for what the root signed */
	const char *profile;
	const char *requester;
	const char *request_id;
	struct bytes note;                           /* JSON or empty */
	const struct certificate_metadata *metadata; /* what is to be found of it */
	size_t n_metadata;
	const struct serial *parent; /* the certificate that it renews, or NULL … */
	bool by_holder;              /* … or whose holder got it */
};

/*
 * Adds the row, its names, its words and its DER.  ERR_CONFLICT: issuer and serial are there,
 * or a record of this seq; the transaction goes on without.
 */
MUST_CHECK bool store_certificate_add(struct store *st, const struct certificate_new *c,
    struct err *e);

enum certificate_status { /* words "valid" "expired" "revoked"; derived, never stored */
	CERTIFICATE_ANY = 0,
	CERTIFICATE_VALID,
	CERTIFICATE_EXPIRED,
	CERTIFICATE_REVOKED
};

struct certificate_row {
	int64_t id; /* equal to seq: in the order of issue, the same after a rebuild */
	uint64_t seq;
	struct serial serial;
	char *issuer, *profile, *cn, *requester, *request_id;
	int64_t not_before, not_after, issued_at;
	bool revoked;
	int64_t revoked_at;
	unsigned reason;
	uint8_t key_hash[32]; /* spki_hash */
	struct names names;   /* in the certificate's order */
	bool has_parent;
	struct serial parent; /* that it renews, or whose holder got it */
	/* Of the first of its lineage: itself where it renews none. */
	int64_t first_id, first_at; /* first_at: when it was issued */
	struct serial first;
	int64_t
	    family_id; /* of the first of which it is a renewal; its own: it is none */
	struct buf note;
};
void certificate_row_free(struct certificate_row *r); /* what is inside */
enum certificate_status certificate_row_status(const struct certificate_row *r,
    int64_t now);
const char *certificate_status_word(enum certificate_status s);

/* ERR_NOT_FOUND.  'issuer' NULL: whichever (our serials do not repeat across issuers). */
MUST_CHECK bool store_certificate_get(struct store *st, const char *issuer,
    const struct serial *serial, struct certificate_row *ret, struct err *e);
/* By the row's id alone.  ERR_NOT_FOUND. */
MUST_CHECK bool store_certificate_serial(struct store *st, int64_t id,
    struct serial *ret, struct err *e);
/* Appends the DER. */
MUST_CHECK bool store_certificate_der(struct store *st, int64_t id, struct buf *ret,
    struct err *e);

/*
 * What OCSP needs, and nothing more: fast.  A serial that is revoked but has no
 * certificate here is answered too.  ERR_NOT_FOUND.
 */
struct certificate_brief {
	bool revoked;
	int64_t revoked_at;
	unsigned reason;
	int64_t not_after;
};
MUST_CHECK bool store_certificate_brief(struct store *st, const char *issuer,
    const struct serial *serial, struct certificate_brief *ret, struct err *e);

/* A key that was revoked for keyCompromise, under whatever certificate? (P54, R18) */
MUST_CHECK bool store_key_compromised(struct store *st,
    const uint8_t key_hash[static 32], bool *ret, struct err *e);

#define CERTIFICATE_SAME_KEY_MAX 100

struct certificate_serials {
	struct serial v[CERTIFICATE_SAME_KEY_MAX];
	size_t n;
};
/*
 * The others that have the key of this one, have not ended by 'now' and are not revoked:
 * the newest first, and so many at most.
 */
MUST_CHECK bool store_certificate_same_key(struct store *st, const struct serial *s,
    int64_t now, struct certificate_serials *ret, struct err *e);

/* The key of any certificate, whatever became of it? (RFC 8555 11.1) */
MUST_CHECK bool store_certificate_has_key(struct store *st,
    const uint8_t key_hash[static 32], bool *ret, struct err *e);

#define CERTIFICATE_Q_MAX        256 /* octets */
#define CERTIFICATE_LIST_MAX     1001
#define CERTIFICATE_METADATA_MAX 4 /* in one question */

struct certificate_query { /* a member that is NULL or 0 does not filter */
	/* Part of a name, the CN, the requester or a value of the metadata; letter case
	 * ignored; of at least 3 characters. */
	const char *q;
	/* Whole values; names are brought into normal form first. */
	const char *dns, *ip, *uri, *email, *cn, *profile, *requester, *issuer;
	const struct certificate_metadata *metadata; /* each of them, key and value */
	size_t n_metadata; /* at most CERTIFICATE_METADATA_MAX */
	enum certificate_status status;
	int64_t now;                           /* against which status is judged */
	int64_t expires_before, expires_after; /* before: under it; after: from it on */
	int64_t issued_before, issued_after;
	int64_t before_id; /* keyset: rows older than this one; 0: from the newest */
	int64_t after_id;  /* and newer than this one; 0: to the oldest */
	size_t limit;      /* 1 to 1001 */
};
/*
 * Words of new certificates are made searchable many at a time: how many wait, and
 * 'most' of them now, the oldest first.  store_certificate_list() with a q does it
 * for all by itself, where it may write.
 */
MUST_CHECK bool store_unsearched(struct store *st, int64_t *ret, struct err *e);
MUST_CHECK bool store_search_catch_up(struct store *st, int64_t most, struct err *e);

/* The id of the newest certificate; 0: there is none. */
MUST_CHECK bool store_certificate_newest(struct store *st, int64_t *ret, struct err *e);

typedef bool certificate_each(void *arg, const struct certificate_row *r,
    struct err *e);
/*
 * Newest first.  'each' may refuse; its error is the answer.  ERR_MALFORMED: limit,
 * q or n_metadata out of bounds.
 */
MUST_CHECK bool store_certificate_list(struct store *st,
    const struct certificate_query *q, certificate_each *each, void *arg,
    struct err *e);

#endif
