/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signer - the role that holds the CA keys and the journal (design section 6).
 *
 * What core asks is judged here anew, against the signer's own copy of the
 * configuration and the state that its journal tells; core is taken for
 * hostile.  One round of the loop is one batch: requests are handled, their
 * records added to the journal, one flush, and only then do answers leave.
 *
 * Threads (sys/pool.h) verify CSRs and sign what was built, nothing else.  Jobs are
 * done in the order of their questions, on the loop's thread, and whatever changes
 * what a question is judged by waits first until all jobs of the questions before it
 * are done (signer_settle): a revocation, a CRL's end, another responder or
 * configuration, a reading of the journal.  So no job is ever open across such a
 * change, records and answers come in the order that one thread alone would give
 * them, and an OCSP answer of before a revocation is queued before the revocation's.
 */
#ifndef DAEMON_SIGNER_H
#define DAEMON_SIGNER_H

#include "daemon/role.h"
#include "daemon/signer_revoked.h"
#include "ipc/msg_sign.h"
#include "journal/journal.h"
#include "key/key.h"
#include "policy/issuer.h"
#include "policy/issuer_chain.h"
#include "policy/profile.h"
#include "sys/pool.h"
#include "x509/ocsp.h"

#define SIGNER_ROOT "root" /* name of the root as an issuer */
#define SIGNER_SWITCH_MS                                                               \
	2000 /* after a reload, core may have judged by the configuration before */
#define SIGNER_SKEW_S 300 /* how far core's idea of now may be from ours */
#define SIGNER_LATE_S                                                                  \
	43200 /* what is older than the skew waited for us, what is older than this lies */

struct signer_responder { /* who signs OCSP for an issuer (RFC 6960 4.2.2.2) */
	struct key *key;  /* made at start, in memory only; NULL: none yet */
	struct buf cert;  /* DER */
	struct serial serial;
	uint8_t key_id[20]; /* SHA-1 of its key bits */
	int64_t not_before, not_after;
	int64_t renew_at;
};

/*
 * A list of all, to which a delta CRL can add.  Of those in force some are kept, with
 * a distance: each stands for those up to the next one.
 */
#define SIGNER_BASES_MAX 20
#define SIGNER_BASES_OF  16 /* of one list's life, this part lies between two */
struct signer_base {
	uint64_t number;
	uint64_t after; /* what is revoked by later records may not be on it */
	int64_t this_update, next_update; /* the latest of those it stands for */
};

struct signer_issuer {
	char *name;
	struct cert *cert;
	struct key *key; /* NULL: not here (a root key that was moved offline) */
	char *crl_url, *issuer_url;
	char *delta_url; /* NULL: its certificates name no delta CRL */
	/*
	 * The name constraints of itself and of each CA above it.  Each of them has
	 * to let a name pass, so they are not one list.
	 */
	struct profile_issuer chain[ISSUER_CHAIN_MAX];
	size_t n_chain;
	struct cert *between[ISSUER_CHAIN_MAX]; /* further certificates of its file */
	size_t n_between;
	struct ocsp_issuer ocsp;
	struct signer_responder responder;

	struct signer_revoked_set revoked;
	uint64_t crl_number;                        /* of its last CRL */
	int64_t crl_this_update;                    /* of its last CRL */
	struct signer_base bases[SIGNER_BASES_MAX]; /* by number */
	size_t n_bases;
};

/* What a record changed in the state, to be undone if it does not reach the disk. */
struct signer_undo {
	enum {
		SIGNER_UNDO_REVOKED, /* 'old' was added to i->revoked */
		SIGNER_UNDO_RAISED,  /* its entry was as 'old' */
		SIGNER_UNDO_CRL /* the last CRL was as 'number', 'this_update', 'seq' */
	} kind;
	struct signer_issuer *issuer;
	struct signer_revoked old;
	uint64_t number, seq;
	int64_t this_update;
};

struct signer_answer { /* what waits for the flush */
	unsigned type;
	uint64_t id;   /* 0: nobody asked */
	bool unsynced; /* tells of something that is not on disk yet */
	struct buf body;
};

struct signer_crl; /* the CRL that is being built */
struct signer_keeping;

struct signer {
	struct role *role;
	const struct conf *conf;
	struct loop *loop;
	struct link *core;
	struct journal *journal;
	struct pool *pool;

	struct signer_issuer *issuers; /* [0] is the root */
	size_t n_issuers;
	char *ocsp_url;

	int maps; /* of memlock_open(), until its memory is locked */

	uint64_t stored;   /* the highest seq that core ever said it had committed */
	int64_t serial_at; /* time in the last serial drawn */
	struct serial *serials; /* those drawn with that time */
	size_t n_serials;

	struct signer_undo *undo; /* of this batch, in order */
	size_t n_undo;
	struct signer_answer *answers;
	size_t n_answers, answer_octets;

	bool told;      /* core has begun to take the journal in: news may follow */
	bool watching;  /* the responders are made and renewed by a timer */
	bool replaying; /* core is told the records that it asked for; answers wait */
	uint64_t replay_at, replay_to; /* those that are left */

	struct signer_crl *crl; /* NULL: none */
	uint64_t crl_over; /* id of the last one: what still comes for it is dropped */
	uint64_t crl_seq;  /* of the last record of a CRL, whosever it was */
	int64_t conf_ms;   /* when s->conf changed last, by the monotonic clock */
	uint64_t refused;  /* requests that an honest core does not make (S84) */

	unsigned kept_segment; /* the segments before it are in journal/state */
	struct signer_keeping *keeping; /* that file, being written; NULL: it is not */
};

/* ---- signer_load.c: what it needs to begin ---- */
MUST_CHECK bool signer_load(struct signer *s, struct err *e);
/* What goes into certificates by s->conf, again after that changed. */
void signer_load_urls(struct signer *s);
/* Core changes over a moment later: what it asks meanwhile is no wrong of its. */
bool signer_just_reloaded(const struct signer *s);
void signer_unload(struct signer *s);
struct signer_issuer *signer_issuer_find(struct signer *s, struct bytes name);
/* The issuer whose subject this is; NULL: none. */
struct signer_issuer *signer_issuer_by_dn(struct signer *s, struct bytes dn);
/* As signer_issuer_find(), and its key must be here. */
MUST_CHECK bool signer_issuer_ready(struct signer *s, struct bytes name,
    struct signer_issuer **ret, struct err *e);

/* ---- signer_state.c: what the journal tells ---- */
journal_each signer_state_take; /* arg is the signer */
/* A record of this body was added in this batch: the state follows. */
void signer_state_revoke(struct signer *s, struct signer_issuer *i,
    const struct signer_revoked *r);
void signer_state_crl(struct signer *s, struct signer_issuer *i,
    const struct record_crl *r, uint64_t seq);
/* To which a delta that is made at 'at' adds; NULL: to none. */
const struct signer_base *signer_state_base(const struct signer_issuer *i, int64_t at);
void signer_state_undo(struct signer *s);
/* Core says that it has committed up to 'seq'.  ERR_INTERNAL: there is no such record. */
MUST_CHECK bool signer_state_stored(struct signer *s, uint64_t seq, struct err *e);
/* A serial that was never drawn and whose time never goes back (R20, S26). */
MUST_CHECK bool signer_state_serial(struct signer *s, struct serial *ret,
    struct err *e);

/* ---- signer_answer.c: answers, and the batch they wait for ---- */
/* Queues an answer; 'unsynced' ones become MSG_REFUSED when the flush fails.  'body' is taken over. */
void signer_answer(struct signer *s, unsigned type, uint64_t id, bool unsynced,
    struct buf *body);
/* Adds a record and queues the answer that tells it.  *ret_seq: its number. */
MUST_CHECK bool signer_answer_record(struct signer *s, unsigned type, uint64_t id,
    enum record_type record, struct bytes body, uint64_t *ret_seq, struct err *e);
void signer_refuse(struct signer *s, uint64_t id, const struct err *e);
/* The same for what an honest core would not have asked: counted and logged (S84). */
void signer_refuse_oracle(struct signer *s, uint64_t id, const char *what,
    const struct err *e);
/* Flushes the journal and lets the answers go.  False: nothing of the batch counts. */
bool signer_commit(struct signer *s);
void signer_answer_free(struct signer *s);

/* ---- one file for each thing that core may ask ---- */
msg_handler signer_on_cert, signer_on_revoke, signer_on_crl_begin, signer_on_crl_more,
    signer_on_ocsp, signer_on_journal_read;
/* The next slice of the list that is made, if core asked for one; once in a round. */
void signer_crl_turn(struct signer *s);
void signer_crl_drop(struct signer *s);
/* What it has read of the state is taken back: it is refused. */
void signer_crl_fail(struct signer *s, const struct err *e);

/* Until no job is open: before anything that one was judged by changes. */
void signer_settle(struct signer *s);

/* ---- signer_cert.c: the only place where a certificate is signed ---- */
/*
 * Draws the serial, fills in what is the issuer's, builds the TBSCertificate,
 * lints it, signs these very octets and finds them in the certificate (R24, R25, P47).
 * 'ret' is empty.
 */
MUST_CHECK bool signer_cert_make(struct signer *s, struct signer_issuer *i,
    struct cert_spec *spec, struct buf *ret, struct err *e);

/* ---- signer_responder.c ---- */
/* A responder that will do for now: makes or renews it when needed.  ERR_IO, ERR_UNAVAILABLE. */
MUST_CHECK bool signer_responder_ready(struct signer *s, struct signer_issuer *i,
    struct err *e);
/*
 * Makes, and by a timer from here on renews, what is past half of its life
 * (P86).  Begins when core has taken the journal in, so that it need not read
 * the responders of each start from there.
 */
void signer_responder_watch(void *signer);
/* Before this serial is recorded as revoked: if it is the responder's, another one takes its place (S45). */
void signer_responder_revoke(struct signer *s, struct signer_issuer *i,
    const struct serial *serial);
void signer_responder_free(struct signer_responder *r);

#endif
