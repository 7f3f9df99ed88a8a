/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/front_core.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "api/front_ocsp.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/mem.h"
#include "ipc/msg_http.h"

#define SLOT_BITS 12 /* of an id: which place; the others count up */
_Static_assert(FRONT_CORE_WAITING_MAX == 1 << SLOT_BITS,
    "a place is the id's low bits");

struct slot {
	uint64_t id;
	bool asked;         /* its question is written */
	struct exchange *x; /* NULL: nobody waits */
	bool live;          /* one of those that are bounded */
	bool keyed;
	struct front_kept_key key; /* for what may be kept of the answer */
	int64_t until_ms;
	size_t octets;
	unsigned next_free;
};

struct question {
	struct buf frame;
	bool local; /* it came by the local socket: */
	int socket; /* the connection, a descriptor of our own; -1: there was none left */
};

struct front_core {
	pthread_mutex_t lock;
	struct slot slots[FRONT_CORE_WAITING_MAX];
	unsigned first_free; /* FRONT_CORE_WAITING_MAX: none */
	uint64_t round;
	size_t waiting; /* places that are taken … */
	size_t live;    /* … and of these, by OCSP */
	size_t octets;  /* of all that wait */
	bool stopped;
	struct question *out; /* that are not sent yet */
	size_t n_out, room_out;
	/* Of the loop's thread alone: */
	struct link *link;
	struct loop_fd *woken;
	int wake_fd;
};

static void
question_drop(struct question *q)
{
	if (q->local && q->socket >= 0)
		close(q->socket);
	buf_wipe(&q->frame); /* may hold a token */
}

static void
put_out(struct front_core *c, const struct question *q)
{
	if (c->n_out == c->room_out) {
		c->room_out = c->room_out == 0 ? 64 : c->room_out * 2;
		c->out = mem_grow(c->out, c->room_out, sizeof(*c->out));
	}
	c->out[c->n_out++] = *q;
}

static void
on_wake(void *arg, unsigned events)
{
	struct front_core *c = arg;
	uint64_t times;

	(void)events;
	/* Non-blocking: nothing to read means that nobody woke us. */
	if (read(c->wake_fd, &times, sizeof(times)) != (ssize_t)sizeof(times))
		return;
	pthread_mutex_lock(&c->lock);
	struct question *out = c->out;
	const size_t n = c->n_out;
	c->out = NULL;
	c->n_out = c->room_out = 0;
	pthread_mutex_unlock(&c->lock);

	for (size_t i = 0; i < n; i++) {
		const struct bytes frame = buf_bytes(&out[i].frame);

		if (out[i].local)
			link_send_with(c->link, MSG_HTTP_LOCAL, frame, out[i].socket);
		else
			link_send(c->link, MSG_HTTP_REQUEST, frame);
		buf_wipe(&out[i].frame); /* may hold a token */
	}
	free(out);
}

bool
front_core_new(struct loop *l, struct front_core **ret, struct err *e)
{
	const int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	if (fd < 0)
		return err_errno(e, "eventfd");
	struct front_core *c = mem_zalloc(sizeof(*c));
	pthread_mutex_init(&c->lock, NULL);
	for (unsigned i = 0; i < FRONT_CORE_WAITING_MAX; i++)
		c->slots[i].next_free = i + 1;
	c->wake_fd = fd;
	c->woken = loop_add(l, fd, LOOP_IN, on_wake, c);
	*ret = c;
	return true;
}

void
front_core_free(struct front_core *c)
{
	if (c == NULL)
		return;
	loop_del(c->woken);
	close(c->wake_fd);
	for (size_t i = 0; i < c->n_out; i++)
		question_drop(&c->out[i]);
	free(c->out);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

void
front_core_link(struct front_core *c, struct link *to_core)
{
	c->link = to_core;
}

/* ---- asking ---- */

static struct slot *
slot_take(struct front_core *c, bool live, const struct front_kept_key *key)
{
	struct slot *s = NULL;

	pthread_mutex_lock(&c->lock);
	if (!c->stopped && c->first_free < FRONT_CORE_WAITING_MAX &&
	    c->octets < FRONT_CORE_OCTETS_MAX &&
	    (!live || c->live < FRONT_OCSP_LIVE_MAX)) {
		const unsigned i = c->first_free;

		s = &c->slots[i];
		c->first_free = s->next_free;
		s->id = ++c->round << SLOT_BITS | i;
		s->live = live;
		s->keyed = key != NULL;
		if (key != NULL)
			s->key = *key;
		c->waiting++;
		c->live += live;
	}
	pthread_mutex_unlock(&c->lock);
	return s;
}

/* Under the lock. */
static void
slot_give_back(struct front_core *c, struct slot *s)
{
	c->waiting--;
	c->live -= s->live;
	c->octets -= s->octets;
	s->octets = 0;
	s->x = NULL;
	s->asked = false;
	s->id = 0;
	s->next_free = c->first_free;
	c->first_free = (unsigned)(s - c->slots);
}

/*
 * Core asks the kernel who is at the other end of the local socket: a descriptor of its
 * own, since the connection may be closed before this is sent, and its number another's.
 */
static void
put_question(struct question *q, uint64_t id, const struct exchange *x)
{
	const struct client *p = exchange_client(x);
	const enum peer_kind kind = front_peer_kind(p);

	q->local = p->local;
	q->socket = p->local ? fcntl(exchange_socket(x), F_DUPFD_CLOEXEC, 0) : -1;
	buf_init(&q->frame, MIB(1));
	msg_http_request_put(&q->frame,
	    &(struct msg_http_request){
		.id = id,
		.request_id = bytes_str(exchange_id(x)),
		.method = exchange_method(x),
		.path = exchange_path(x),
		.query = exchange_query(x),
		.content_type = exchange_header(x, "Content-Type"),
		.accept = exchange_header(x, "Accept"),
		.authorization = exchange_header(x, "Authorization"),
		.idempotency_key = exchange_header(x, "Idempotency-Key"),
		.body = exchange_body(x),
		.address = bytes_str(exchange_address(x)),
		.peer = kind,
		.peer_cert = buf_bytes(&p->cert),
		.peer_why =
		    bytes_str(kind == PEER_KIND_TLS_BAD ? p->refused.detail : ""),
	    });
}

static void
refuse(struct exchange *x, const char *why)
{
	struct err e;

	err_set(&e, ERR_UNAVAILABLE, "%s", why);
	exchange_refuse(x, &e, bytes_str("Retry-After: 1\n"));
}

/* Core hears it as it would from a client; nobody is named by it. */
static void
put_renewal(struct question *q, uint64_t id, struct bytes request)
{
	q->local = false;
	q->socket = -1;
	buf_init(&q->frame, MIB(1));
	msg_http_request_put(&q->frame,
	    &(struct msg_http_request){
		.id = id,
		.request_id = bytes_str("0000000000000000"),
		.method = bytes_str("POST"),
		.path = bytes_str("/ocsp"),
		.content_type = bytes_str("application/ocsp-request"),
		.body = request,
		.peer = PEER_KIND_PLAIN,
	    });
}

/* False: there is no going on; the exchange is still the caller's.  'x' NULL: nobody waits. */
static bool
queue(struct front_core *c, struct slot *s, struct exchange *x, struct question *q)
{
	const uint64_t one = 1;

	pthread_mutex_lock(&c->lock);
	const bool go = !c->stopped && !q->frame.full && (q->socket >= 0 || !q->local);
	if (go) {
		/* Once it is held, any thread may answer. */
		if (x != NULL)
			exchange_hold(x);
		s->x = x;
		s->asked = true;
		s->until_ms = clock_mono_ms() + FRONT_CORE_ANSWER_MS;
		s->octets = q->frame.n;
		c->octets += q->frame.n;
		put_out(c, q);
	} else {
		slot_give_back(c, s);
	}
	const bool first = go && c->n_out == 1;
	pthread_mutex_unlock(&c->lock);
	/* Fails only when 2^64 - 2 wake-ups are waiting. */
	if (first && write(c->wake_fd, &one, sizeof(one)) < 0)
		abort();
	return go;
}

void
front_core_ask(void *ctx, struct exchange *x)
{
	struct front_core *c = ctx;
	struct slot *s = slot_take(c, false, NULL);
	struct question q;

	if (s == NULL) {
		refuse(x, "too many requests are waiting; try again in a second");
		return;
	}
	put_question(&q, s->id, x);
	if (!queue(c, s, x, &q)) {
		question_drop(&q);
		refuse(x, "the daemon is about to stop, or has no descriptor left");
	}
}

bool
front_core_ask_live(void *ctx, struct exchange *x, const struct front_kept_key *key)
{
	struct front_core *c = ctx;
	struct slot *s = slot_take(c, true, key);
	struct question q;

	if (s == NULL)
		return false;
	put_question(&q, s->id, x);
	if (queue(c, s, x, &q))
		return true;
	question_drop(&q);
	return false;
}

void
front_core_renew_live(void *ctx, struct bytes request, const struct front_kept_key *key)
{
	struct front_core *c = ctx;
	struct slot *s = slot_take(c, true, key);
	struct question q;

	if (s == NULL)
		return;
	put_renewal(&q, s->id, request);
	if (!queue(c, s, NULL, &q))
		question_drop(&q);
}

size_t
front_core_waiting(void *ctx)
{
	struct front_core *c = ctx;

	pthread_mutex_lock(&c->lock);
	const size_t n = c->waiting;
	pthread_mutex_unlock(&c->lock);
	return n;
}

/* ---- answering ---- */

/* Ends the wait that 'id' is of; *ret is as it was.  False: it has ended before. */
static bool
take(struct front_core *c, uint64_t id, struct slot *ret)
{
	struct slot *s = &c->slots[id & (FRONT_CORE_WAITING_MAX - 1)];
	bool there;

	pthread_mutex_lock(&c->lock);
	there = s->id == id && s->asked;
	if (there) {
		*ret = *s;
		slot_give_back(c, s);
	}
	pthread_mutex_unlock(&c->lock);
	return there;
}

bool
front_core_answer(struct front_core *c, struct front *front, const struct frame *f,
    struct err *e)
{
	struct msg_http_response m;
	struct slot of;

	if (!msg_http_response_get(f->body, &m, e))
		return false;
	if (m.status < 200 || m.status > 599)
		return err_set(e, ERR_MALFORMED, "core answers with status %u",
		    m.status);
	if (!take(c, m.id, &of))
		return true;
	fault_point("front.answer");
	if (of.keyed)
		front_ocsp_keep(front, &of.key, &m);
	if (of.x != NULL) {
		struct answer a = {
			.status = m.status,
			.content_type = m.content_type,
			.headers = m.headers,
			.body = m.body,
		};
		struct buf own;

		front_finish(front, of.x, &a, &own);
		exchange_answer(of.x, &a);
		buf_free(&own);
	}
	return true;
}

/* Refuses those whose time is over at 'now_ms'. */
static void
refuse_until(struct front_core *c, int64_t now_ms, const char *why)
{
	pthread_mutex_lock(&c->lock);
	const bool none = c->waiting == 0; /* as in most seconds */
	pthread_mutex_unlock(&c->lock);

	for (size_t i = 0; !none && i < FRONT_CORE_WAITING_MAX; i++) {
		pthread_mutex_lock(&c->lock);
		struct slot *s = &c->slots[i];
		const bool over = s->asked && s->until_ms <= now_ms;
		struct exchange *x = over ? s->x : NULL;
		if (over)
			slot_give_back(c, s);
		pthread_mutex_unlock(&c->lock);
		if (x != NULL)
			refuse(x, why);
	}
}

void
front_core_expire(struct front_core *c)
{
	refuse_until(c, clock_mono_ms(),
	    "no answer came in time; whether the request took effect is not known");
}

void
front_core_stop(struct front_core *c)
{
	pthread_mutex_lock(&c->lock);
	c->stopped = true;
	pthread_mutex_unlock(&c->lock);
	refuse_until(c, INT64_MAX, "the daemon stops");
}
