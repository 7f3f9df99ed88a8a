/* SPDX-License-Identifier: Apache-2.0 */
/* acme_challenge_impl - what acme_challenge.c and acme_test.c share. */
#ifndef CA_ACME_CHALLENGE_IMPL_H
#define CA_ACME_CHALLENGE_IMPL_H

#include "ca/acme_challenge.h"
#include "ipc/msg_http.h"

#define ACME_CHALLENGE_MAX   4096 /* validations that are asked for or wait for a try */
/* After its deadline a question will not be answered any more (ipc/msg_probe.h). */
#define ACME_TEST_LATE_MS    3000
#define ACME_TEST_UNANSWERED "the prober does not answer"

struct waiter { /* a client that would like to hear of the end */
	struct validation *of;
	acme_challenge_done *done;
	void *arg;
	uint64_t since; /* the last question to the prober then */
	struct loop_timer *timer;
	struct waiter *next;
};

/*
 * A challenge in PROCESSING.  Most are judged before anybody is told of that: the row
 * says so from when it must be known, and else goes from PENDING to the end at once.
 */
struct validation {
	struct ca *ca;
	uint64_t id; /* of the question to the prober; 0: none is open */
	int64_t challenge_num, authz_num, account_num;
	enum challenge challenge;
	enum name_type type;
	bool wildcard;
	bool subdomains; /* each name has its own CAA records: acme_caa_check() */
	/* In the row, too: it is taken up again after a stop.  False: that is not known. */
	bool kept;
	char *name, *token, *key_authorization, *account_url, *directory;
	char request_id[REQUEST_ID_LEN]; /* that began it; "": before a stop */
	unsigned tries;                  /* that have failed */
	unsigned full;                   /* rounds in which the prober was */
	struct loop_timer *again;        /* the next try; while one is open, its end */
	struct waiter *waiters;
	struct validation *next;
};

/* NULL: none of this challenge is under way. */
struct validation *acme_challenge_find(const struct ca *ca, int64_t challenge_num);
/* May this account have one more?  ERR_RATE_LIMITED: very many are under way. */
MUST_CHECK bool acme_challenge_room(const struct ca *ca, int64_t account_num,
    struct err *e);
/*
 * PROCESSING goes into the row: before anybody is told, or waits no longer.  Where that
 * fails it is logged, and the row is what he is told.
 */
void acme_challenge_keep(struct validation *v);

/*
 * The key authorization by the account's present key (RFC 8555 8.1); free() it.  "" for
 * a token that is "".
 */
char *acme_challenge_proof(const char *token, const struct acme_account *a);
/* That of a validation, which stays as it is where nobody can look. */
void acme_challenge_proof_anew(struct validation *v);

/* What was to be proved is told as proved, or has failed; ERR_MALFORMED. */
MUST_CHECK bool acme_challenge_whole(const struct ca *ca, const struct msg_probed *m,
    struct err *e);

/* What stands for an answer of the prober; 'detail' is borrowed. */
struct msg_probed acme_test_failed(uint64_t id, enum err_code code, const char *detail);
/* Asks; 'done' is called once, whether the prober answers or not.  Fills m->id. */
void acme_test_ask(struct ca *ca, int64_t account_num, struct msg_probe *m,
    acme_challenge_tested *done, void *arg);
/* May this account's names be looked at now?  ERR_RATE_LIMITED: very many are already. */
MUST_CHECK bool acme_test_room(const struct ca *ca, int64_t account_num, struct err *e);
/* The answer to one of these; false: it is not of one. */
bool acme_test_take(struct ca *ca, const struct msg_probed *m);
/* Is this the question of one that is to prove something, too? */
bool acme_test_proves(const struct ca *ca, uint64_t id);
void acme_test_stop(struct ca *ca);
bool acme_test_any_until(const struct ca *ca, uint64_t id);

#endif
