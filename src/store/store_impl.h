/* SPDX-License-Identifier: Apache-2.0 */
/* store_impl - what the store's files share. */
#ifndef STORE_STORE_IMPL_H
#define STORE_STORE_IMPL_H

#include "store/store.h"
#include "x509/cert.h"

#define STORE_TEXT(s) ((s) != NULL ? (s) : "") /* text columns are never NULL */

/*
 * Round a function of several statements: opens a transaction unless one is open,
 * and ends it as 'ok' says.  Returns 'ok' and whether that went well.  What was
 * parked may go with it: store_lost() tells.
 */
MUST_CHECK bool store_own_begin(struct store *st, bool *ret_own, struct err *e);
MUST_CHECK bool store_own_end(struct store *st, bool own, bool ok, struct err *e);

/*
 * As stmt_begin_sql(), for a text that is put together again and again: of these, the
 * first STORE_SQL_MAX stay prepared.  'what' lives on.
 */
#define STORE_SQL_MAX 16
struct store_sql;
struct stmt *store_sql_begin(struct store *st, const char *sql, const char *what);
struct store_sql **store_sql_kept(struct store *st);
void store_sql_free(struct store_sql *kept); /* after the database was closed */

/* Ends a statement that tells the rows it changed (RETURNING): adds to *n how many. */
MUST_CHECK bool store_finish_counted(struct stmt *q, int64_t *n, struct err *e);

/* Ends a statement whose only row is one number: that number. */
MUST_CHECK bool store_finish_number(struct stmt *q, int64_t *ret, struct err *e);

/*
 * The last of the next 'limit' rows after 'after', which 'def' ($1, $2) tells; 0: there
 * is none.
 */
MUST_CHECK bool store_window(struct store *st, const struct stmt_def *def,
    int64_t after, int64_t limit, int64_t *ret_last, struct err *e);

/* Attempts (store_acme_authz.h) older than that, at most 'limit'; adds to *n. */
MUST_CHECK bool store_acme_attempt_sweep(struct store *st, int64_t gone_before,
    int64_t limit, int64_t *n, struct err *e);

/* A journal's seq or a CRL number as the database holds it.  ERR_INTERNAL: over 2^63 - 1. */
MUST_CHECK bool store_int(uint64_t v, int64_t *ret, struct err *e);
/* The id of an issuer; it is made when it is new. */
MUST_CHECK bool store_issuer(struct store *st, const char *name, int64_t *ret,
    struct err *e);
/* Says that the database holds what no version of us writes; returns false. */
bool store_damaged(struct err *e, const char *what);

struct certificate_new;
/* A certificate came in that has a parent.  Unknown ones are let be. */
MUST_CHECK bool store_lineage_add(struct store *st, int64_t id,
    const struct certificate_new *c, struct err *e);
/* A certificate's key is compromised. */
MUST_CHECK bool store_lineage_taint(struct store *st, int64_t certificate_id,
    struct err *e);

/* A certificate came in: was it revoked before?  Then the two are tied together. */
MUST_CHECK bool store_revocation_tie(struct store *st, int64_t issuer_id,
    const struct serial *serial, int64_t certificate_id, struct bytes key_hash,
    struct err *e);

/* A certificate came in: which set of shards does it name, until when? */
MUST_CHECK bool store_crl_shard_named(struct store *st, int64_t issuer_id,
    const char *issuer, const struct cert *c, struct err *e);

#endif
