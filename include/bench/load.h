/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load - many connections that ask the same kind of thing, bounded in count and time.
 *
 * One thread.  What an operation is, a mode says: the requests it consists of, and
 * the proof of what came back, which is made after the clock has stopped, so that
 * it costs the measured nothing.  Only what is proven counts.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <sys/types.h>

#include "bench/hist.h"
#include "bench/talk.h"
#include "bench/usage.h"

#define LOAD_CONNECTIONS_MAX 512
#define LOAD_REQUEST_MAX     KIB(256)
#define LOAD_KEPT_MAX        MIB(512) /* octets of answers that wait for their proof */

struct load;

struct load_conn { /* one connection, as a mode sees it */
	struct load *of;
	unsigned index;
	uint64_t item; /* of the operation under way: 0, 1, 2, ... of all connections */
	unsigned step; /* of the operation; the mode's to count, 0 at its begin */
	struct buf request; /* whole, as it is to be sent */
	void *world;        /* of the plan */
	void *own;          /* the mode's, for this connection */
	int64_t wait_us;    /* with LOAD_MORE: that long before it is sent */
};

enum load_next {
	LOAD_WRONG, /* 'e' says why */
	LOAD_MORE,  /* 'request' is the next of this operation */
	LOAD_ENDED  /* the operation is done */
};

struct load_kept { /* an answer that waits for its proof */
	uint64_t item;
	struct bytes octets;
	uint64_t times; /* that it came, octet by octet the same */
};

struct load_mode {
	const char *name, *help;
	const char *leaves; /* behind, per operation; NULL: nothing */
	bool on_public;     /* asks the listener without TLS */
	/* Writes the operation's first request.  False: nothing is left to ask. */
	bool (*begin)(struct load_conn *c, struct err *e);
	enum load_next (
	    *answer)(struct load_conn *c, const struct reply *r, struct err *e);
	/* NULL: what 'answer' saw is proof enough. */
	bool (*proof)(void *world, const struct load_kept *k, struct err *e);
	bool anonymous; /* without a client certificate */
};

struct load_plan {
	const struct load_mode *mode;
	const struct talk_place *place;
	/* One for each connection, or one for all; NULL: plain. */
	const gnutls_certificate_credentials_t *creds;
	size_t n_creds;
	unsigned connections;
	int64_t us;     /* how long */
	uint64_t count; /* how many operations at most; 0: as many as fit */
	bool fresh;     /* a new connection for each operation */
	bool resume;    /* which resumes the session of the one before */
	pid_t pid;      /* of the server, to be watched; 0: none */
	uint64_t first; /* number of the first operation */
	void *world;
};

struct load_result {
	struct hist hist; /* of the operations that count */
	uint64_t done;    /* proven */
	uint64_t wrong;   /* answered, and not what was asked for */
	uint64_t failed;  /* not answered */
	uint64_t next;    /* number of the operation that would have been the next */
	int64_t us;       /* from the first question to the last answer */
	int64_t self_us;  /* our own CPU in that time */
	struct talk_counts counts;
	struct usage_all used; /* of the server in that time; n is 0: not watched */
	struct err first;      /* what went wrong first */
};

/* ERR_UNAVAILABLE: nothing at all was answered; *ret is filled all the same. */
MUST_CHECK bool load_run(const struct load_plan *p, struct load_result *ret,
    struct err *e);

/*
 * From a mode's 'answer': keeps octets for the proof of the operation.  What is the
 * same as what the same 'slot' (below LOAD_SLOTS) kept last is proven once.
 */
#define LOAD_SLOTS 1024
void load_keep(struct load_conn *c, struct bytes octets);
void load_keep_slot(struct load_conn *c, unsigned slot, struct bytes octets);

/* Appends "METHOD path HTTP/1.1" and its headers; 'more' are whole lines, "" for none. */
void load_put(struct buf *ret, const char *authority, const char *method,
    const char *path, const char *more, const char *type, struct bytes body);

#endif
