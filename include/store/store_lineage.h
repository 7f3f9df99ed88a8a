/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_lineage - which certificate renews which.
 *
 * A lineage is a first certificate and all that descend from it, by renewal or because
 * a holder got it for his own names; certificate_row.first_id names it.  Rows come with store_certificate_add().
 */
#ifndef STORE_STORE_LINEAGE_H
#define STORE_STORE_LINEAGE_H

#include "store/store.h"
#include "x509/serial.h"

/* Was one of those from which the certificate 'id' descends revoked for keyCompromise? (S8) */
MUST_CHECK bool store_lineage_compromised(struct store *st, int64_t id,
    int64_t first_id, bool *ret, struct err *e);

struct lineage_member {
	int64_t id;
	struct serial serial;
	const char *issuer;    /* borrowed for the call */
	struct bytes key_hash; /* likewise; spki_hash */
	int64_t not_after;
	bool revoked;
	int64_t revoked_at;
};
typedef bool lineage_each(void *arg, const struct lineage_member *m, struct err *e);

struct lineage_query {
	int64_t first_id;
	int64_t family_id; /* of it these renewals alone; 0: all */
	int64_t target_id; /* this one also when it has ended */
	int64_t now;       /* the others only when they have not */
	bool raise;        /* those too that are revoked for less than keyCompromise */
	int64_t after_id;  /* keyset */
	size_t limit;
};
/* The members that are still to be revoked, in the order of issue. */
MUST_CHECK bool store_lineage_list(struct store *st, const struct lineage_query *q,
    lineage_each *each, void *arg, struct err *e);

#endif
