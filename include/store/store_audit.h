/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_audit - who decided what, and when: one row for each decision.
 *
 * Rows are added, and taken out by store_audit_prune() alone, which counts them:
 * ids have no other gap, so a row that somebody took out is seen.  A row with a
 * 'seq' came with that record of the journal.
 */
#ifndef STORE_STORE_AUDIT_H
#define STORE_STORE_AUDIT_H

#include "store/store.h"
#include "x509/names.h"
#include "x509/serial.h"

enum audit_kind {
#define AUDIT(name, n, word, level, when) AUDIT_##name = (n),
#include "tbl/audits.h"
#undef AUDIT
};

/* "token-made"; NULL for what is no member. */
const char *store_audit_word(unsigned kind);
MUST_CHECK bool store_audit_from(struct bytes word, enum audit_kind *ret);

#define AUDIT_DONE "done" /* the result of what went well; else a problem's type */

/* Texts may be NULL, which is the same as empty. */
struct audit_row {
	int64_t id; /* not read when a row is added */
	int64_t at;
	enum audit_kind kind;
	uint64_t seq; /* of the journal's record that it came with; 0: none */
	const char *request_id, *identity, *profile, *issuer;
	const char *names;  /* "dns:a.internal ip:10.0.0.1" */
	const char *serial; /* hex */
	const char
	    *object; /* what it is about, where that is no certificate: "token 3f9a" */
	const char *result; /* AUDIT_DONE, or a problem's type such as "policy" */
	const char *reason; /* a sentence, or the word of a revocation's reason */
};

/* In the transaction that is open, or one of its own. */
MUST_CHECK bool store_audit_add(struct store *st, const struct audit_row *r,
    struct err *e);

/* Appends "dns:a.internal ip:10.0.0.1": no name has a blank inside. */
void store_audit_names(struct buf *ret, const struct names *names);

#define AUDIT_LIST_MAX 1001

struct audit_query {                  /* a member that is NULL or 0 does not filter */
	enum audit_kind kind;         /* 0: all */
	const char *identity;         /* whole */
	const char *serial;           /* hex, in lower case */
	int64_t since, until;         /* from 'since' on, before 'until' */
	int64_t before_at, before_id; /* keyset: older than this row; 0: all */
	int64_t after_id;             /* those added after this row */
	bool oldest_first;            /* by id; 'before' is not looked at then */
	size_t limit;                 /* 1 to AUDIT_LIST_MAX rows are told */
	size_t look;                  /* and so many looked at; 0: as it takes */
};
struct audit_seen {     /* how far a listing came */
	int64_t at, id; /* the last row that was looked at; 0: there was none */
	bool all;       /* there are no more behind it */
};
typedef bool audit_each(void *arg, const struct audit_row *r, struct err *e);
/* 'each' may refuse; its error is the answer.  ERR_MALFORMED: limit out of bounds. */
MUST_CHECK bool store_audit_list(struct store *st, const struct audit_query *q,
    audit_each *each, void *arg, struct audit_seen *ret, struct err *e);

/* The newest row's id; 0: there is none. */
MUST_CHECK bool store_audit_last(struct store *st, int64_t *ret, struct err *e);
/* And its time. */
MUST_CHECK bool store_audit_last_at(struct store *st, int64_t *ret, struct err *e);
/* From which journal record on rows came with the records: an older schema had none. */
MUST_CHECK bool store_audit_since(struct store *st, uint64_t *ret, struct err *e);
/* Rows that came with records up to this one are taken out: for a comparison alone. */
MUST_CHECK bool store_audit_forget(struct store *scratch, uint64_t upto, struct err *e);

/* What retention has taken out of a database so far. */
struct audit_pruned {
	int64_t rows;
	int64_t last_id; /* the highest among them */
	int64_t
	    before; /* rows older than this may be gone, whatever they tell; 0: none */
};
MUST_CHECK bool store_audit_pruned(struct store *st, struct audit_pruned *ret,
    struct err *e);
/* The boundary alone: for the other side of a comparison, or because it cannot be. */
MUST_CHECK bool store_audit_pruned_set(struct store *st, int64_t before, struct err *e);
/*
 * Takes out refusals older than 'refusals_before', and all rows older than 'before'
 * (0: none), 'most' of each kind at once, never the newest row.  In the transaction
 * that is open, or one of its own.  *ret: how many went.
 */
MUST_CHECK bool store_audit_prune(struct store *st, int64_t refusals_before,
    int64_t before, size_t most, size_t *ret, struct err *e);

#endif
