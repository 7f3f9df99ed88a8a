/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of src/probe/ share: a job is one question that is under way.
 *
 * A method is begun by its row in probe.c.  It ends, once, by probe_proved(),
 * probe_permitted() or probe_failed(); what it allocated hangs in j->work or
 * j->climb and is freed with the job, a round later, so that a method may end from
 * within any callback.
 */
#ifndef PROBE_PROBE_IMPL_H
#define PROBE_PROBE_IMPL_H

#include <netinet/in.h>

#include "probe/egress.h"
#include "probe/fetch.h"
#include "probe/probe.h"
#include "probe/resolver.h"
#include "probe/transcript.h"

#define PROBE_TARGETS_MAX 2 /* addresses that are tried: IPv6 first, then IPv4 (A179) */
#define PROBE_CONNECT_MS  4000  /* for one of them */
#define PROBE_TALK_MS     10000 /* from the first connect to the end */

union probe_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

enum probe_state {
	PROBE_QUEUED,  /* for a place */
	PROBE_PARKED,  /* for fewer connections to its address; holds no place */
	PROBE_RUNNING, /* holds a place */
	PROBE_ENDED    /* answered; freed in the next round */
};

struct probe_job;
typedef void probe_step(struct probe_job *j);

struct probe_lookup { /* a question that is under way */
	struct probe_job *job;
	const char *what;
	resolver_cb *cb;
};

struct probe_search { /* for the addresses of a host */
	uint16_t port;
	probe_step *go;
	unsigned left;              /* answers that are waited for */
	struct err refused, failed; /* the last of each; code 0: none */
};

struct probe_job {
	struct probe_job *next, *prev; /* in the order of their arrival */
	struct probe *probe;
	enum probe_state state;
	struct buf octets; /* what 'ask' is a view of */
	struct msg_probe ask;
	uint64_t name_hash;

	/* From the configuration that was in force when it started. */
	struct strings networks, resolvers, identities;
	uint16_t http_port, tls_port;

	struct loop_timer *deadline, *limit;
	int64_t limit_at, limit_left; /* when it fires; of a parked one: for how long */
	int64_t began_ms;
	int64_t wait_at, waited_ms; /* for a place: since when, and before that */
	struct err late;            /* what is answered when a timer ends it */

	struct resolver *resolver;
	struct probe_lookup lookups[4]; /* one for each type */
	struct probe_search search;
	struct transcript log;

	union probe_address
	    targets[PROBE_TARGETS_MAX]; /* of the host that was looked up last */
	size_t n_targets;
	union probe_address at; /* connected or connecting to; family 0: none */
	probe_step *resume;     /* of a parked one */

	void *work; /* the proof's */
	void (*work_free)(void *work);
	void *climb; /* CAA's */
	void (*climb_free)(void *climb);

	bool proved;
	int64_t reuse_s;
	char address[EGRESS_TEXT_LEN];
	uint8_t seen[MSG_PROBE_SEEN_MAX];
	size_t n_seen;
};

/* ---- probe.c ---- */

struct fetch_multi *probe_fetcher(struct probe *p);
struct loop *probe_loop(struct probe *p);
int64_t probe_ms(const struct probe_job *j); /* since it arrived */
/* What is answered if time runs out from here on.  'what' is a sentence for the client. */
void probe_waits_for(struct probe_job *j, enum err_code code, const char *what);
/* Ends it in 'ms', those that it is parked aside, if it has not gone on; 0: no more. */
void probe_limit(struct probe_job *j, int64_t ms);
/*
 * A place among the connections to 'a': 'go' is called, now or when there is one.
 * probe_leave() gives it back.
 */
void probe_enter(struct probe_job *j, const union probe_address *a, probe_step *go);
void probe_leave(struct probe_job *j);
void probe_saw(struct probe_job *j, struct bytes octets);
/* Is it what was to be put up?  It takes the same time wherever it differs. */
bool probe_is_proof(struct bytes octets, struct bytes proof);

void probe_proved(struct probe_job *j);    /* the challenge; CAA may follow */
void probe_permitted(struct probe_job *j); /* CAA */
void probe_failed(struct probe_job *j, const struct err *e);

/* ---- probe_target.c ---- */

/* As resolver_ask(), with a line in the transcript. */
void probe_lookup(struct probe_job *j, const char *what, const char *name,
    enum resolver_type type, resolver_cb *cb);
/* The words for the client, who may be told 'name': "DNS: SERVFAIL for the A records of x". */
void probe_lookup_failed(const struct resolver_answer *a, const char *name,
    struct err *e);
/*
 * Resolves 'host' (or takes the address that it is), keeps what the egress rules
 * let pass in j->targets, at least one, and calls 'go'; else ends the job.
 */
void probe_target(struct probe_job *j, const char *host, uint16_t port, probe_step *go);
bool probe_target_is_localhost(struct bytes host); /* RFC 6761 6.3 */

/* ---- one file for each method ---- */

probe_step probe_http_01, probe_dns_01, probe_dns_account_01, probe_dns_persist_01,
    probe_tls_alpn_01, probe_caa;

#endif
