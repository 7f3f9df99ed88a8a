/* SPDX-License-Identifier: Apache-2.0 */
/* ca_state - what the files of ca/ share among themselves; nobody else includes it. */
#ifndef CA_CA_STATE_H
#define CA_CA_STATE_H

#include "ca/ca.h"
#include "ca/ending.h"
#include "ca/publish.h"
#include "ca/tally.h"
#include "ca/throttle.h"
#include "codec/token.h"
#include "journal/record.h"
#include "sys/aside.h"
#include "x509/weak_keys.h"

enum ca_phase {
	CA_PROBING = 0, /* asking how far the journal goes */
	CA_REPLAYING,   /* taking in what the database lacks */
	CA_RUNNING,
	CA_BEHIND /* running, but a write failed: the journal is ahead of the database */
};

/*
 * What the signer answered; exactly one of 'refused', 'record' and 'ocsp' is not NULL.
 * But a record that could not be stored, and is in the journal, comes with 'refused'.
 */
struct ask_answer {
	const struct err *refused;
	const struct record *record; /* it is in the open transaction */
	const struct cert
	    *cert; /* beside the record, when it has been parsed already */
	const struct msg_ocsp_signed *ocsp;
};
typedef void ask_cb(void *arg, const struct ask_answer *a);

struct replay { /* ca/replay.c's */
	uint64_t to, committed;
	bool many;
	int64_t began_ms, told_ms;
};

struct ask {
	uint64_t id; /* 0: free */
	ask_cb *cb;
	void *arg;
	int64_t since_us;
	bool patient; /* it may take as long as it takes */
};

struct token_in_use { /* asked of the signer, not answered yet */
	char id[TOKEN_ID_LEN];
	int64_t n;
};

struct ca {
	const struct conf *conf;
	struct store *store;
	struct link *signer;
	struct loop *loop;
	struct ca_hooks hooks;
	struct ca_issuer *issuers; /* [0] is the root */
	size_t n_issuers;
	struct weak_keys *weak_keys; /* NULL: there is no list */
	struct publish *publish;
	struct throttle *throttle;
	struct once *under_way; /* requests with an Idempotency-Key */
	struct audit *audit;
	struct census *census;
	struct acme_site *acme;         /* NULL before acme_open() */
	struct validation *validations; /* ca/acme_challenge.c's */
	struct acme_test *acme_tests;
	struct acme_caa *acme_caa;     /* ca/acme_caa.c's */
	struct finalizing *finalizing; /* ca/acme_order_finalize.c's */
	uint64_t next_probe;
	struct retention *retention;
	struct searchable *searchable;
	struct caller_cache *callers;            /* ca/caller.c's */
	int64_t acme_cursor, acme_orders_cursor; /* of acme_order_sweep() */
	struct {
		int64_t all;     /* names without proof, as last looked at */
		int64_t told_ms; /* when the log last had that they are too many */
	} acme_room;             /* ca/acme_room.c's */
	struct tally tally;

	int64_t started_at;
	int64_t written_at; /* of what the audit had last, before this start */
	struct ending ending;
	enum ca_phase phase;
	bool recover;
	bool root_key; /* the signer can sign for the root */
	struct replay replay;
	bool round_failed; /* a write of this round failed; ca_batch_end() tells it */
	struct err round_err;
	struct err behind;      /* why, where the phase is CA_BEHIND */
	uint64_t committed_seq; /* the last record that the database shows */
	uint64_t
	    flushed_seq; /* and holds for good: told to the signer with each request */
	size_t parked_records; /* since the last commit */
	bool commit_now;       /* this round's must not wait for others */
	struct loop_timer *commit_late, *flush_late;
	struct aside *aside; /* flushes files; NULL before ca_threads() */
	struct flush {       /* of the database, on that thread */
		struct aside_job job;
		struct ca *ca;
		int fd, error; /* an errno */
		uint64_t seq;  /* what is flushed with it */
		int64_t took_ms;
		bool busy;
	} flush;
	struct loop_timer *resync;
	bool ready; /* hooks.ready was called */
	struct loop_timer *ready_anyway;

	struct ask *asks; /* open: slot = id modulo n_asks, n_asks a power of two */
	size_t n_asks;
	uint64_t next_id;
	uint64_t oldest_id; /* none before it is open, but patient ones */

	struct ocsp_asked *ocsp_asked; /* ca/ocsp_answer.c's */

	struct token_in_use *tokens; /* enroll.c's */
	size_t n_tokens;
	uint64_t
	    before_reload; /* the last question of an earlier configuration; 0: none */
	uint64_t probes_before_reload; /* so to the prober */

	struct revoke_family
	    *families; /* that are being revoked (ca/revoke_lineage.c) */
};

/* A new question to the signer; the id goes into the message.  'cb' is called once. */
uint64_t ask_new(struct ca *ca, ask_cb *cb, void *arg);
/* Takes the question out of the table; false: there is none of this id. */
bool ask_take(struct ca *ca, uint64_t id, struct ask *ret);

/* Nobody waits for this one: that it is old says nothing. */
void ask_patient(struct ca *ca, uint64_t id);
/* At the end: whoever waits is refused, so that he lets go of what he holds. */
void ask_drop_all(struct ca *ca);
/* Since when the oldest question is open, of clock_mono_us(); 0: none is. */
int64_t ask_oldest_us(struct ca *ca);
/*
 * ERR_UNAVAILABLE while the signer keeps others waiting: who is let in now would wait
 * in vain, and the queue would never get shorter again.
 */
MUST_CHECK bool ask_prompt(struct ca *ca, struct err *e);

/* The signer told of what it was not asked for: the role ends. */
void ask_lied(struct ca *ca, const struct err *e);

/* Is a question open that was asked no later than this one? */
bool ask_any_until(const struct ca *ca, uint64_t id);

/* ERR_UNAVAILABLE while the database is behind the journal: nothing may be written. */
MUST_CHECK bool ca_writable(const struct ca *ca, struct err *e);
/* Has the signer tell its records from this one on. */
void ca_read_journal(struct ca *ca, uint64_t from_seq);
/* The same, soon, from the first that the database lacks. */
void ca_resync(struct ca *ca);
/* A CRL is in place: with the first of each, the role is ready. */
void ca_published(struct ca *ca);
/*
 * A write in the middle of a round failed: what the whole round answers is refused.  It
 * is undone, and what the journal has of it taken in again later.
 */
void ca_round_fail(struct ca *ca, const struct err *e);

#endif
