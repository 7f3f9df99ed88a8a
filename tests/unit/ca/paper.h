/* SPDX-License-Identifier: Apache-2.0 */
/*
 * paper - core's half of a CA, whose signer is the test.
 *
 * The database and the CA's certificates are real and lie below /tmp; the signer is
 * the other end of a socket pair: the test takes core's questions from it and answers
 * them, honestly or not.  One at a time; what goes wrong fails the test.
 */
#ifndef UNIT_PAPER_H
#define UNIT_PAPER_H

#include <criterion/criterion.h>

#include "ca/ca_state.h"
#include "ca/issue.h"
#include "key/key.h"
#include "store/store_certificate.h"
#include "x509/cert.h"
#include "x509/csr.h"

#define PAPER_DAY INT64_C(86400)

/* The root's nameConstraints: it excludes what the profiles, and main, let in. */
#define PAPER_EXCLUDED    "excluded.internal"
#define PAPER_CONSTRAINTS "\x30\x17\xa1\x15\x30\x13\x82\x11" PAPER_EXCLUDED

struct paper {
	char dir[32];
	struct conf *conf;
	struct store *store;
	struct loop *loop;
	struct ca *ca;
	struct chan *signer; /* its end */
	struct key *root_key, *main_key;
	bool peeked; /* 'next' is core's next question */
	struct frame next;
	uint64_t seq;       /* of the last record that the signer told */
	unsigned failures;  /* the role was to end so often */
	struct err failure; /* and why, the last time */
	unsigned forgotten; /* MSG_FORGET */
	unsigned published; /* MSG_PUBLISH */
};

extern struct paper paper;

/* The CA runs, level with its journal.  'more' goes behind the profiles of the configuration. */
void paper_begin_with(const char *more);
void paper_begin(void);
void paper_end(void);

/* The next question of core to its signer; the body is good until the next call. */
struct frame paper_question(void);
/* The same, which stays the next. */
struct frame paper_peek(void);
/* Has core sent another? */
bool paper_asked(void);
/* Hands core a message of the signer; false: core would end by it. */
bool paper_tell(unsigned type, struct bytes body, struct err *e);
/* Tells a record: 'id' 0 as one that nobody asked for. */
void paper_record(unsigned type, uint64_t id, enum record_type kind, struct bytes body);
void paper_refuse(uint64_t id, enum err_code code, const char *why);

/* How a certificate differs from one that the main issuer would sign for 'names'. */
struct paper_leaf {
	const char *issuer;    /* NULL: "main"; what the record says */
	const char *by;        /* NULL: as 'issuer'; who signs it */
	const char *profile;   /* NULL: "server" */
	const char *requester; /* NULL: "cert:admin" */
	const char *cn;        /* NULL: the empty Name */
	const struct names *names;
	struct bytes spki;             /* empty: of a new key */
	int64_t not_before, not_after; /* 0: a day ago, in a month */
	unsigned usages;               /* 0: clientAuth and serverAuth */
	bool ca;
	const char *note; /* NULL: none */
};
/* Appends the body of its record; its serial. */
struct serial paper_leaf(const struct paper_leaf *l, struct buf *ret);
/* Such a certificate is in the database; its DER into *der unless that is NULL. */
struct serial paper_add(const struct paper_leaf *l, struct buf *der);
/* The same for one DNS name, as text. */
struct serial paper_add_dns(const char *profile, const char *dns, const char *note);
/* Revoked in the database, at this time. */
void paper_add_revoked(const struct serial *s, enum reason reason, int64_t at);

/* Takes the next question, which must be of this type, and does what an honest signer does. */
void paper_sign(unsigned type);

/* A CSR for these names ("a.internal", up to a NULL) by a new key. */
struct csr *paper_csr(const char *const *dns);
/* Of web.internal; and what an administrator asks with it of the profile "server". */
struct csr *paper_web(void);
extern struct identity paper_admin;
struct issue_request paper_request(const struct csr *csr);
/* The loop runs for so long. */
void paper_run_for(int64_t ms);

#endif
