/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ca - what the certificate authority does, each act one transaction: issue,
 * revoke, publish.  Lives in core; asks the signer, stores what it answers.
 *
 * Acts that need the signer finish later, by a callback, in a later round of
 * the loop.  What a callback says must not reach a client before
 * ca_batch_end() has committed.
 */
#ifndef CA_CA_H
#define CA_CA_H

#include "conf/conf.h"
#include "ipc/link.h"
#include "ipc/msg_http.h"
#include "ipc/msg_sign.h"
#include "policy/profile.h"
#include "store/store.h"
#include "sys/loop.h"
#include "x509/ocsp.h"

struct ca_issuer {
	char *name; /* "root" for the root */
	struct cert *cert;
	struct profile_issuer policy; /* with all ancestors' constraints */
	struct buf pem;               /* its own certificate */
	struct buf chain; /* PEM: itself, then those above it, without the root */
	struct ocsp_issuer ocsp;
	/* Its own certificate is revoked: nothing that it signed identifies anybody. */
	bool revoked;
	int64_t revoked_at;
	enum reason reason;
};

struct ca;

struct ca_hooks { /* how ca reaches the rest of the role */
	void *arg;
	/* Sends MSG_PUBLISH to front. */
	void (*publish)(void *arg, const struct msg_publish *m);
	/* Has MSG_FORGET sent, behind all answers of before and ahead of all later ones. */
	void (*forget)(void *arg, const struct msg_forget *m);
	/* Reconciled, first files published: the role is ready (once). */
	void (*ready)(void *arg);
	/* The role cannot go on: ends it with *e. */
	void (*fail)(void *arg, const struct err *e);
};

/*
 * Reads the issuers' certificates and the root's.  All arguments are borrowed
 * for the life of the ca, but 'conf': until ca_reload().
 */
MUST_CHECK bool ca_new(const struct conf *conf, struct store *st, struct loop *loop,
    const struct ca_hooks *hooks, struct ca **ret, struct err *e);
void ca_free(struct ca *ca); /* NULL is fine */

/* The thread that waits for the disk, to be made before ca_start().  ERR_IO, ERR_INTERNAL. */
MUST_CHECK bool ca_threads(struct ca *ca, struct err *e);

/*
 * Begins over the link to the signer (borrowed): compares database and journal, takes in what is missing, publishes.
 * 'recover': a database older than it once was is brought up to the journal
 * instead of refused.
 */
void ca_start(struct ca *ca, struct link *signer, bool recover);

/* The rules by which core's loop receives from the signer; ctx is the ca. */
extern const struct msg_rule ca_signer_rules[];

/*
 * Commits what this round wrote.  False: it is not on disk; nothing that was
 * written in this round may be answered for.  The ca takes it in again from
 * the journal by itself and refuses to write until that is done.
 */
MUST_CHECK bool ca_batch_end(struct ca *ca, struct err *e);

/* The daemon stops in good order: says so in the audit.  ca_batch_end() has to follow. */
void ca_stop(struct ca *ca);
/*
 * Another configuration, of the same issuers, counts from here on.  Questions to
 * the signer that are open go on with what they took from the one before, which
 * stays until ca_settled() says that there are none.  No more than such a
 * question may keep a pointer into the configuration over a round.
 */
void ca_reload(struct ca *ca, const struct conf *conf);
bool ca_settled(struct ca *ca);

const struct conf *ca_conf(const struct ca *ca);
struct store *ca_store(struct ca *ca);

/* NULL when there is none of this name.  By index: 0 is the root. */
const struct ca_issuer *ca_issuer_find(const struct ca *ca, const char *name);
const struct ca_issuer *ca_issuer_at(const struct ca *ca,
    size_t i); /* NULL past the end */
/* The issuer whose subject this is. */
const struct ca_issuer *ca_issuer_by_dn(const struct ca *ca, struct bytes dn);
/*
 * The issuer that signed this certificate, whatever its name is now: names and files
 * change with the configuration.  NULL: it is not configured any more.
 */
const struct ca_issuer *ca_issuer_of(const struct ca *ca, const struct cert *c);
/* The first that is revoked, of this one and those above it; NULL: none is. */
const struct ca_issuer *ca_issuer_revoked(const struct ca *ca,
    const struct ca_issuer *i);

/*
 * What was not found may be in the journal, and was answered for (ADR 0030): while the
 * database is behind it, 'e' says so instead.  False, always.
 */
bool ca_not_found(const struct ca *ca, struct err *e);

/* Is everything as it should be?  ERR_UNAVAILABLE says what is not: database behind, CRL stale. */
MUST_CHECK bool ca_healthy(struct ca *ca, struct err *e);

#endif
