/* SPDX-License-Identifier: Apache-2.0 */
#define CARES_NO_DEPRECATED /* newer ones would have us use what 1.18 lacks */
#include "probe/resolver.h"

#include <ares.h>
#include <assert.h>
#include <stdlib.h>
#include <sys/time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/version.h"
#include "probe/dns_message.h"

#define TIMEOUT_MS 1500 /* for the first try of a server; c-ares doubles it */
#define TRIES      2
#define EDNS_SIZE  1232 /* octets: what is not fragmented on the way */
#define SOCKETS    16   /* of one channel */
#define CLASS_IN   1

struct question {
	struct question *next;
	struct resolver *resolver;
	char *name;
	char *at; /* the name that is asked for now: an alias, or NULL */
	enum resolver_type type;
	unsigned cnames;
	struct channel *channel; /* that is asked for this name, or was last */
	bool elsewhere;          /* the other one was asked for it too */
	int64_t began_ms;
	resolver_cb *cb;
	void *arg;
	struct loop_timer *later; /* it failed before it was sent */
	enum resolver_rc rc;
};

struct watch {
	ares_socket_t fd;
	struct loop_fd *in_loop; /* NULL: free */
	struct channel *channel;
};

struct channel {
	ares_channel ares; /* NULL: not made */
	size_t from;       /* which of the resolvers it asks first */
	size_t asked;      /* questions under way */
	struct resolver *resolver;
	struct watch watches[SOCKETS];
	struct loop_timer *timer;
};

struct resolver {
	struct loop *loop;
	const struct strings *servers;
	struct channel first, second; /* the other asks them in another order */
	struct channel *begin;        /* with questions: no silent one in front */
	struct question *questions;
	bool ending;
};

static const char *const rc_words[] = {
	[RESOLVER_OK] = "ok",
	[RESOLVER_NXDOMAIN] = "NXDOMAIN",
	[RESOLVER_NODATA] = "no such record",
	[RESOLVER_SERVFAIL] = "SERVFAIL",
	[RESOLVER_REFUSED] = "REFUSED",
	[RESOLVER_TIMEOUT] = "no resolver answered (timeout)",
	[RESOLVER_UNREACHABLE] = "no resolver answered (connection refused)",
	[RESOLVER_MALFORMED] = "malformed answer",
	[RESOLVER_LOOP] = "too many CNAMEs",
};

const char *
resolver_rc_word(enum resolver_rc rc)
{
	return rc_words[rc];
}

const char *
resolver_type_word(enum resolver_type type)
{
	static const char *const words[] = {
		[RESOLVER_A] = "A",
		[RESOLVER_CNAME] = "CNAME",
		[RESOLVER_TXT] = "TXT",
		[RESOLVER_AAAA] = "AAAA",
		[RESOLVER_CAA] = "CAA",
	};

	return words[type];
}

bool
resolver_library(struct err *e)
{
	if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
		return err_set(e, ERR_INTERNAL, "c-ares could not be set up");
	return version_check("c-ares", ares_version(NULL), ARES_VERSION_STR, e);
}

void
resolver_library_end(void)
{
	ares_library_cleanup();
}

/* ---- c-ares in the loop ---- */

static void set_timer(struct channel *c);

static void
on_timer(void *arg)
{
	struct channel *c = arg;

	c->timer = NULL;
	ares_process_fd(c->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	set_timer(c);
}

static void
set_timer(struct channel *c)
{
	struct timeval room, *t = ares_timeout(c->ares, NULL, &room);

	loop_cancel(c->timer);
	c->timer = NULL;
	if (t != NULL)
		/* Up, so that it is due when it fires. */
		c->timer = loop_after(c->resolver->loop,
		    (int64_t)t->tv_sec * 1000 + t->tv_usec / 1000 + 1, on_timer, c);
}

static void
on_socket(void *arg, unsigned events)
{
	const struct watch *w = arg;
	struct channel *c = w->channel;
	const ares_socket_t fd = w->fd;

	ares_process_fd(c->ares, events != LOOP_OUT ? fd : ARES_SOCKET_BAD,
	    (events & LOOP_OUT) != 0 ? fd : ARES_SOCKET_BAD);
	set_timer(c);
}

static struct watch *
find_watch(struct channel *c, ares_socket_t fd)
{
	struct watch *unused = NULL;

	for (size_t i = 0; i < SOCKETS; i++) {
		if (c->watches[i].in_loop != NULL && c->watches[i].fd == fd)
			return &c->watches[i];
		if (c->watches[i].in_loop == NULL && unused == NULL)
			unused = &c->watches[i];
	}
	return unused;
}

static void
on_socket_state(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct channel *c = arg;
	struct watch *w = find_watch(c, fd);
	const unsigned events =
	    (readable != 0 ? LOOP_IN : 0) | (writable != 0 ? LOOP_OUT : 0);

	if (w == NULL)
		return; /* its timeout comes */
	if (events == 0) {
		loop_del(w->in_loop);
		w->in_loop = NULL;
	} else if (w->in_loop != NULL) {
		loop_want(w->in_loop, events);
	} else {
		w->fd = fd;
		w->channel = c;
		w->in_loop = loop_add(c->resolver->loop, fd, events, on_socket, w);
	}
}

/* "192.0.2.1:53,[::1]:53", beginning with this one. */
static bool
set_servers(struct channel *c, const struct strings *servers, size_t from)
{
	struct buf all;

	buf_init(&all, KIB(4));
	for (size_t i = 0; i < servers->n; i++)
		buf_printf(&all, "%s%s", i > 0 ? "," : "",
		    servers->v[(from + i) % servers->n]);
	const bool ok = !all.full && ares_set_servers_ports_csv(c->ares,
					 buf_str(&all)) == ARES_SUCCESS;
	c->from = ok ? from : c->from;
	buf_free(&all);
	return ok;
}

static bool
open_channel(struct resolver *r, struct channel *c, size_t from, struct err *e)
{
	/* All that c-ares would read in /etc otherwise; the servers are set below. */
	struct in_addr none = { 0 };
	struct ares_options o = {
		.servers = &none,
		.nservers = 1,
		.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_EDNS |
			 ARES_FLAG_NOCHECKRESP,
		.timeout = TIMEOUT_MS,
		.tries = TRIES,
		.ednspsz = EDNS_SIZE,
		.lookups = (char *)(uintptr_t) "b", /* no /etc/hosts */
		.sock_state_cb = on_socket_state,
		.sock_state_cb_data = c,
	};
	const int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
			 ARES_OPT_NDOTS | ARES_OPT_EDNSPSZ | ARES_OPT_LOOKUPS |
			 ARES_OPT_SOCK_STATE_CB | ARES_OPT_NOROTATE | ARES_OPT_SERVERS |
			 ARES_OPT_DOMAINS | ARES_OPT_SORTLIST;

	c->resolver = r;
	if (ares_init_options(&c->ares, &o, mask) != ARES_SUCCESS) {
		c->ares = NULL;
		return err_set(e, ERR_INTERNAL, "c-ares gave no channel");
	}
	if (!set_servers(c, r->servers, from)) {
		ares_destroy(c->ares);
		c->ares = NULL;
		return err_set(e, ERR_INTERNAL, "c-ares does not take the resolvers");
	}
	return true;
}

static void
close_channel(struct channel *c)
{
	if (c->ares != NULL)
		ares_destroy(c->ares);
	loop_cancel(c->timer);
	for (size_t i = 0; i < SOCKETS; i++)
		loop_del(c->watches[i].in_loop);
}

/* ---- questions ---- */

static void send_question(struct question *q, struct channel *c);

static void
drop(struct question *q)
{
	struct question **at = &q->resolver->questions;

	while (*at != q)
		at = &(*at)->next;
	*at = q->next;
	loop_cancel(q->later);
	free(q->name);
	free(q->at);
	free(q);
}

static void
tell(struct question *q, enum resolver_rc rc, const struct dns_message *m)
{
	const struct resolver_answer a = {
		.name = q->name,
		.type = q->type,
		.rc = rc,
		.v = m != NULL ? m->v : NULL,
		.n = m != NULL ? m->n : 0,
		.ms = clock_mono_ms() - q->began_ms,
	};

	q->cb(q->arg, &a);
	drop(q);
}

static struct channel *
other_than(struct resolver *r, const struct channel *c)
{
	return c == &r->first ? &r->second : &r->first;
}

/* c-ares takes no other servers while it asks. */
static bool
turn(struct resolver *r, struct channel *c, size_t from)
{
	struct err ignored;

	if (c->ares == NULL)
		return open_channel(r, c, from, &ignored);
	return c->from == from || (c->asked == 0 && set_servers(c, r->servers, from));
}

static bool
has_second(struct resolver *r)
{
	return r->second.ares != NULL || (r->servers->n > 1 && turn(r, &r->second, 1));
}

/*
 * So that silent ones in front are waited for once, and not in each question.  Where all
 * were waited for, a datagram was lost, and none is worse than the others.  An order that
 * cannot be turned now will do where it begins behind some of them.
 */
static void
begin_behind(const struct question *q, size_t timeouts)
{
	struct resolver *r = q->resolver;
	const size_t n = r->servers->n, silent = timeouts % n;
	struct channel *c = q->channel, *other = other_than(r, c);

	if (c != r->begin || silent == 0)
		return;
	if (turn(r, other, (c->from + silent) % n) ||
	    (other->ares != NULL && (other->from + n - c->from) % n < silent))
		r->begin = other;
}

/* The resolvers in their other order; false: there is but one, or they were asked. */
static bool
ask_elsewhere(struct question *q)
{
	struct resolver *r = q->resolver;

	if (q->elsewhere || !has_second(r))
		return false;
	q->elsewhere = true;
	send_question(q, other_than(r, q->channel));
	return true;
}

/* An answer that came and is none. */
static void
failed(struct question *q, enum resolver_rc rc)
{
	if (!ask_elsewhere(q))
		tell(q, rc, NULL);
}

static void
take_message(struct question *q, struct bytes octets)
{
	const char *name = q->at != NULL ? q->at : q->name;
	struct dns_message m;
	struct err e;

	if (!dns_message_read(octets, name, q->type, RESOLVER_CNAMES_MAX, &m, &e)) {
		if (e.code == ERR_TOO_LARGE)
			tell(q, RESOLVER_LOOP, NULL);
		else
			failed(q, RESOLVER_MALFORMED);
		return;
	}
	/* c-ares knows the lowest rcodes alone; the others are no less a failure (S57). */
	if (m.rcode != DNS_MESSAGE_NO_ERROR && m.rcode != DNS_MESSAGE_NO_NAME) {
		dns_message_free(&m);
		failed(q, RESOLVER_SERVFAIL);
		return;
	}
	q->cnames += m.cnames;
	if (q->cnames > RESOLVER_CNAMES_MAX)
		tell(q, RESOLVER_LOOP, NULL);
	else if (m.n > 0)
		tell(q, RESOLVER_OK, &m);
	else if (m.rcode == DNS_MESSAGE_NO_NAME)
		tell(q, RESOLVER_NXDOMAIN, NULL);
	else if (m.alias != NULL) {
		/* The resolver did not go along the chain: we do, beginning with it. */
		struct channel *it = q->elsewhere ? q->channel : q->resolver->begin;

		free(q->at);
		q->at = mem_strdup(m.alias);
		q->elsewhere = false;
		send_question(q, it);
	} else
		tell(q, RESOLVER_NODATA, NULL);
	dns_message_free(&m);
}

static enum resolver_rc
rc_of(int status)
{
	static const struct {
		int status;
		enum resolver_rc rc;
	} rcs[] = {
		{ ARES_SUCCESS, RESOLVER_OK },
		{ ARES_ENODATA, RESOLVER_OK },   /* the message tells */
		{ ARES_ENOTFOUND, RESOLVER_OK }, /* so here */
		{ ARES_ETIMEOUT, RESOLVER_TIMEOUT },
		{ ARES_ECONNREFUSED, RESOLVER_UNREACHABLE },
		{ ARES_EREFUSED, RESOLVER_REFUSED },
		{ ARES_ESERVFAIL, RESOLVER_SERVFAIL },
		{ ARES_ENOTIMP, RESOLVER_SERVFAIL },
		{ ARES_EFORMERR, RESOLVER_SERVFAIL },
		{ ARES_EBADNAME, RESOLVER_NXDOMAIN },
	};

	for (size_t i = 0; i < NITEMS(rcs); i++)
		if (rcs[i].status == status)
			return rcs[i].rc;
	return RESOLVER_MALFORMED;
}

static void
on_later(void *arg)
{
	struct question *q = arg;

	q->later = NULL;
	tell(q, q->rc, NULL);
}

static void
on_message(void *arg, int status, int timeouts, unsigned char *p, int n)
{
	struct question *q = arg;

	if (q->resolver->ending)
		return; /* resolver_free() drops it */
	q->channel->asked--;
	begin_behind(q, (size_t)timeouts);
	const enum resolver_rc rc = rc_of(status);
	if (rc == RESOLVER_OK && p != NULL && n > 0) {
		take_message(q, bytes_of(p, (size_t)n));
		return;
	}
	if (ask_elsewhere(q))
		return;
	/* c-ares may call back from within ares_query(). */
	q->rc = rc == RESOLVER_OK ? RESOLVER_MALFORMED : rc;
	q->later = loop_after(q->resolver->loop, 0, on_later, q);
}

static void
send_question(struct question *q, struct channel *c)
{
	q->channel = c;
	c->asked++;
	ares_query(c->ares, q->at != NULL ? q->at : q->name, CLASS_IN, (int)q->type,
	    on_message, q);
	set_timer(c);
}

void
resolver_ask(struct resolver *r, const char *name, enum resolver_type type,
    resolver_cb *cb, void *arg)
{
	struct question *q = mem_zalloc(sizeof(*q));

	q->resolver = r;
	q->name = mem_strdup(name);
	q->type = type;
	q->began_ms = clock_mono_ms();
	q->cb = cb;
	q->arg = arg;
	q->next = r->questions;
	r->questions = q;
	send_question(q, r->begin);
}

/* ---- the whole ---- */

bool
resolver_new(struct loop *l, const struct strings *servers, struct resolver **ret,
    struct err *e)
{
	struct resolver *r = mem_zalloc(sizeof(*r));

	r->loop = l;
	r->servers = servers;
	r->begin = &r->first;
	if (servers->n == 0) {
		resolver_free(r);
		return err_set(e, ERR_INTERNAL, "no resolver is configured");
	}
	if (!open_channel(r, &r->first, 0, e)) {
		resolver_free(r);
		return false;
	}
	*ret = r;
	return true;
}

void
resolver_free(struct resolver *r)
{
	if (r == NULL)
		return;
	r->ending = true;
	close_channel(&r->first);
	close_channel(&r->second);
	while (r->questions != NULL)
		drop(r->questions);
	free(r);
}
