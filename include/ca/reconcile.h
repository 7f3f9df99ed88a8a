/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reconcile - the journal's records into the database.
 *
 * A live answer of the signer, a record replayed at start and one replayed
 * into a restored database go through this one function, so the database is a
 * function of the journal.
 */
#ifndef CA_RECONCILE_H
#define CA_RECONCILE_H

#include "conf/conf.h"
#include "journal/record.h"
#include "store/store.h"
#include "x509/cert.h"

/*
 * Stores one record and moves the database's seq on to it, in the transaction
 * that is open (or opens one).  ERR_CONFLICT: the record is not the next one
 * (seq + 1); nothing was changed.  'ret', unless NULL: the certificate that the record
 * is of, to be freed with cert_free(); NULL when it is of none.
 */
MUST_CHECK bool reconcile_apply(struct store *st, const struct record *r,
    struct cert **ret, struct err *e);

/*
 * May a database that holds the records up to 'held' serve beside a journal that ends
 * with 'last', and tells that it held those up to 'stored' once (R91)?  ERR_CONFLICT: the
 * journal was cut; ERR_UNAVAILABLE: it is an old copy, to be recovered.
 */
MUST_CHECK bool reconcile_fits(uint64_t held, uint64_t last, uint64_t stored,
    const struct conf *c, struct err *e);
/* There is no database at 'path': ERR_UNAVAILABLE, with what can be done. */
bool reconcile_lacks(const char *path, const struct conf *c, struct err *e);

#endif
