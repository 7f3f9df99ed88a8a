/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolver - questions to the configured resolvers, by c-ares in the event loop.
 *
 * One resolver is made for one validation: nothing is cached, and each has its own
 * source port (A186, A187).  Neither search domains nor /etc/hosts count.  An
 * answer that does not fit into a datagram is asked for again over TCP.  CNAMEs
 * are followed, RESOLVER_CNAMES_MAX at most, also those whose target the answer
 * does not hold.  When one of several resolvers fails, another is asked; one that is
 * silent is waited for once, and the next questions begin with the one behind it.
 */
#ifndef PROBE_RESOLVER_H
#define PROBE_RESOLVER_H

#include "conf/conf.h"
#include "sys/loop.h"

#define RESOLVER_CNAMES_MAX 8

enum resolver_type { /* RFC 1035 3.2.2, RFC 3596, RFC 8659 */
	RESOLVER_A = 1,
	RESOLVER_CNAME = 5,
	RESOLVER_TXT = 16,
	RESOLVER_AAAA = 28,
	RESOLVER_CAA = 257
};

enum resolver_rc {
	RESOLVER_OK,       /* at least one record */
	RESOLVER_NXDOMAIN, /* no such name */
	RESOLVER_NODATA,   /* the name has no record of this type */
	RESOLVER_SERVFAIL,
	RESOLVER_REFUSED,
	RESOLVER_TIMEOUT,
	RESOLVER_UNREACHABLE, /* nobody listens there */
	RESOLVER_MALFORMED,   /* an answer that cannot be read, or of another kind */
	RESOLVER_LOOP         /* too many CNAMEs */
};

struct resolver_answer {
	const char *name; /* as it was asked for */
	enum resolver_type type;
	enum resolver_rc rc;
	const struct bytes *v; /* RDATA of each record */
	size_t n;
	int64_t ms;
};

struct resolver;

/* All of 'a' is borrowed for the call. */
typedef void resolver_cb(void *arg, const struct resolver_answer *a);

/* "timeout", "SERVFAIL". */
const char *resolver_rc_word(enum resolver_rc rc);
const char *resolver_type_word(enum resolver_type type);

/*
 * 'servers': "192.0.2.1:53", "[::1]:53", also without a port; borrowed until
 * resolver_free().  ERR_INTERNAL: none is right.
 */
MUST_CHECK bool resolver_new(struct loop *l, const struct strings *servers,
    struct resolver **ret, struct err *e);
/* Questions under way are dropped: no callback comes.  Not from a callback.  NULL is fine. */
void resolver_free(struct resolver *r);

/* 'cb' is called once, never before this returns. */
void resolver_ask(struct resolver *r, const char *name, enum resolver_type type,
    resolver_cb *cb, void *arg);

/* libcares, for the process: before the first and after the last. */
MUST_CHECK bool resolver_library(struct err *e);
void resolver_library_end(void);

#endif
