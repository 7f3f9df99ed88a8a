/* SPDX-License-Identifier: Apache-2.0 */
/*
 * publish_crl - one CRL at a time, streamed from the database through the
 * signer into a file, in constant memory.
 */
#ifndef CA_PUBLISH_CRL_H
#define CA_PUBLISH_CRL_H

#include "ca/ca_state.h"
#include "store/store_revocation.h"

struct crl_slot { /* one issuer's CRL */
	struct publish *publish;
	const char *issuer;
	char *file, *url_path;            /* "crl/main.crl", "/crl/main.crl" */
	int64_t this_update, next_update; /* of what is served; 0: nothing yet */
	int64_t shown_at; /* thisUpdate of what this process put in place; 0: nothing */
	struct loop_timer *timer; /* when the next one is due, by due_ms */
	int64_t due_ms;
	bool
	    frozen; /* its key is elsewhere: what is there is served, no other is made */
	bool wanted; /* due, waiting for the one that is being built */
};

struct crl_build {             /* the one that is being built */
	struct crl_slot *slot; /* NULL: none */
	uint64_t id;
	uint64_t number;
	int64_t since, this_update, next_update;
	struct revocation_sum sum;
	int64_t sent_id; /* entries up to this one were sent */
	uint64_t sent;
	bool ended; /* MSG_CRL_END is sent */
	int fd;     /* what the signer sent so far, without the outer header */
	uint64_t octets;
};

struct publish {
	struct ca *ca;
	int pub_fd;
	struct crl_slot *v;
	size_t n;
	struct crl_build build;
	struct waiting
	    *waiting; /* for the answer to the newest CRL; freed by it, or at the end */
};

/* The slot's CRL is due: begins, or waits its turn. */
void publish_crl_want(struct publish *p, struct crl_slot *s);
/* Gives up what is being built, if anything. */
void publish_crl_drop(struct publish *p);

void publish_announce_crl(struct publish *p, const struct crl_slot *s,
    const struct crl_row *row);
void publish_schedule(struct crl_slot *s, int64_t ms);
void publish_crl_retry(struct crl_slot *s);

#endif
