/* SPDX-License-Identifier: Apache-2.0 */
/*
 * paper_acme - a directory "acme" of the paper CA, with one account and its order for
 * a.internal; the prober is the test.
 */
#ifndef UNIT_PAPER_ACME_H
#define UNIT_PAPER_ACME_H

#include "ca/acme_challenge.h"
#include "paper.h"

struct paper_acme {
	struct acme_account account;
	int64_t authz_num, order_num;
	unsigned answered; /* so often paper_acme_done() was called */
};

extern struct paper_acme paper_acme;

void paper_acme_begin(void);
void paper_acme_end(void);
void paper_acme_done(void *arg);

/* As their rows are; the caller frees what is inside. */
struct acme_authz paper_acme_authz(void);
struct acme_order paper_acme_order(void);
void paper_acme_expect(enum acme_status of_authz, enum acme_status of_challenge);

/* The client asks, and does not wait. */
void paper_acme_ask(void);
/* He is told that it is processing; false: he could not be. */
bool paper_acme_tell(void);
/* What the prober says to a question; ERR_NONE: it is proved. */
bool paper_acme_probed(uint64_t id, enum err_code code, struct err *e);
/* The same, whatever it says of the proof. */
bool paper_acme_told(uint64_t id, enum err_code code, bool proved, struct err *e);
/* To the last. */
void paper_acme_prove(void);

#endif
