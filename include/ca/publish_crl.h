/* SPDX-License-Identifier: Apache-2.0 */
/*
 * publish_crl - one CRL at a time, streamed from the signer into a file, in
 * constant memory.
 */
#ifndef CA_PUBLISH_CRL_H
#define CA_PUBLISH_CRL_H

#include "ca/ca_state.h"
#include "ca/publish_file.h"
#include "store/store_crl_shard.h"

struct crl_slot { /* one issuer's CRL, or a shard of it */
	struct publish *publish;
	const char *issuer;
	struct crl_shard shard; /* 0 of 0: the list of all */
	bool delta;             /* what changed in that */
	char *file, *url_path;  /* "crl/main.crl", "/crl/main.crl" */
	/*
	 * What is served, which is not the newest that was signed where that found no
	 * place on disk.  next_update 0: nothing yet; number 0: it is not known which.
	 */
	struct crl_row shown;
	struct loop_timer *timer; /* when the next one is due, by due_ms */
	int64_t due_ms;
	bool
	    frozen; /* its key is elsewhere: what is there is served, no other is made */
	bool wanted; /* due, waiting for the one that is being built */
	bool over;   /* its issuer has ended, which was said */
};

struct crl_build {             /* the one that is being built */
	struct crl_slot *slot; /* NULL: none */
	uint64_t id;
	uint64_t number;
	int64_t since, this_update, next_update;
	int64_t began_ms; /* by the monotonic clock */
	struct crl_file file;
	bool unwritten;         /* file.why */
	uint64_t entries, base; /* as it was signed */
};

struct publish {
	struct ca *ca;
	int pub_fd;
	struct crl_slot **v; /* grows; each stays where it is */
	size_t n;
	struct crl_build build;
	struct loop_timer *look;
	struct waiting
	    *waiting; /* for the answer to the newest CRL; freed by it, or at the end */
};

/* The slot's CRL is due: begins, or waits its turn. */
void publish_crl_want(struct publish *p, struct crl_slot *s);
/* Gives up what is being built, if anything. */
void publish_crl_drop(struct publish *p);

/* Says what is shown; 'dated': by its thisUpdate, too, which no other list of it has. */
void publish_announce_crl(struct publish *p, const struct crl_slot *s, bool dated);
void publish_schedule(struct crl_slot *s, int64_t ms);
void publish_crl_retry(struct crl_slot *s);
/*
 * Is none to be made: is a delta no longer wanted, or has the issuer ended?  Both are
 * looked at again later.
 */
bool publish_rests(struct crl_slot *s, int64_t now);
/* How long after it was made a list is made anew without need, in seconds. */
int64_t publish_age(const struct crl_slot *s);
/* The last list of this slot; ERR_NOT_FOUND. */
MUST_CHECK bool publish_last(const struct crl_slot *s, struct crl_row *ret,
    struct err *e);
/* Another list; what is there of it is announced, and a new one made soon. */
MUST_CHECK bool publish_slot_add(struct publish *p, const char *issuer, bool frozen,
    struct crl_shard shard, bool delta, struct err *e);

/* ---- publish_shards.c ---- */
/* Slots for all shards that there must be and that have none yet. */
MUST_CHECK bool publish_shards_add(struct publish *p, struct err *e);
/* Removes what former configurations made and nobody looks for any more. */
MUST_CHECK bool publish_shards_clean(struct publish *p, struct err *e);
/* Below which URLs certificates look for this shard; free() each.  None of the list of all. */
MUST_CHECK bool publish_shards_places(struct publish *p, const struct crl_slot *s,
    char *ret[static MSG_CRL_PLACES_MAX], size_t *ret_n, struct err *e);

#endif
