/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit - every decision is one row in the database and one line in the log.
 *
 *	audit_add(ca, &(struct audit_event){
 *	    .kind = AUDIT_TOKEN_MADE,
 *	    .request_id = r->id,
 *	    .identity = r->caller.id.text,
 *	    .profile = "server",
 *	    .names = &names,
 *	    .object = "token 3f9a" });
 *
 * writes both.  The kinds are the rows of tbl/audits.h; a new one is a row there.
 *
 * - Of what a round writes (token made, used, withdrawn): call it where the write
 *   is made; the row is in the same transaction and falls with it.
 * - Certificates and revocations: nothing is to be called.  issued, renewed (its
 *   note has a parent) and revoked are written from the journal's record, live and
 *   replayed, by ca/reconcile.
 * - Refusals: nothing is to be called; request_problem() does it.  But tell it what
 *   the request was about, by request_about() (api/request.h), as soon as that is known.
 */
#ifndef CA_AUDIT_H
#define CA_AUDIT_H

#include "ca/ca.h"
#include "store/store_audit.h"

struct audit_event { /* all is borrowed; what is NULL is not said */
	enum audit_kind kind;
	const char *request_id;
	const char *identity; /* "cert:admin", "uid:0", "system" */
	const char *profile, *issuer;
	const struct names *names;
	const char *names_text; /* or so: "dns:a.internal ip:10.0.0.1" */
	const struct serial *serial;
	const char *serial_text; /* or so, as hex */
	const char
	    *object; /* where it is no certificate: "token 3f9a", a file's path */
	const char *result; /* NULL: AUDIT_DONE; else err_type(e->code) */
	const char *reason; /* in words */
	bool logged;        /* its line is in the log already */
};

/*
 * As many of them, from the first on, as an entry has room for that anybody can bring
 * about; borrowed.  Its 'object' tells of the others.
 */
struct names audit_few(const struct names *all);

/* One refusal more that gets no row: they are counted into one. */
void audit_drop(struct ca *ca);
/* Row and line.  Never for a kind that comes with the journal's record. */
void audit_add(struct ca *ca, const struct audit_event *ev);
/* CONFIGURED with what the configuration of 'ca' holds: at start, and after a reload. */
void audit_configured(struct ca *ca);
/* The line alone. */
void audit_log(const struct audit_event *ev);

/* How many rows wait for the next write. */
size_t audit_waiting(const struct ca *ca);

/* For the files of ca/ alone. */
struct audit;
struct audit *audit_new(struct ca *ca);
void audit_free(struct audit *a); /* NULL is fine */
/* Into the open transaction with what waits: before a commit. */
MUST_CHECK bool audit_flush(struct audit *a, struct err *e);
/* The transaction of the last audit_flush() is on disk, or is not. */
void audit_flushed(struct audit *a, bool committed);

#endif
