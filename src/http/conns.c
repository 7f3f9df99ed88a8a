/* SPDX-License-Identifier: Apache-2.0 */
#include "http/conns.h"

#include <arpa/inet.h>
#include <assert.h>
#include <linux/tcp.h> /* libc's has no tcpi_bytes_acked */
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

#define BUCKETS        512
#define CROWDED_MS     2000    /* in a crowded room, to get on with it … */
#define CROWDED_OCTETS KIB(32) /* … or to take that much of what is sent */

struct origin { /* what the limit per address counts by */
	uint8_t b[8];
	uint8_t n; /* octets; 0: not counted */
};

struct conns_entry {
	struct conns *conns;
	struct conns_entry *prev, *next; /* all of them */
	struct conns_entry *in_bucket;   /* same bucket of origins */
	struct origin origin;
	int fd;
	struct conns_room *room;     /* NULL: none */
	_Atomic int64_t since_ms;    /* when it got on */
	_Atomic int64_t deadline_ms; /* monotonic; 0: none */
	uint64_t taken; /* octets that the client had when it would have been cut off */
	char address[CONNS_ADDRESS_LEN];
};

struct conns {
	pthread_mutex_t lock;
	size_t per_address;
	size_t n;
	struct conns_entry *first;
	struct conns_entry *buckets[BUCKETS];
};

struct conns *
conns_new(size_t per_address)
{
	struct conns *c = mem_zalloc(sizeof(*c));

	pthread_mutex_init(&c->lock, NULL);
	c->per_address = per_address;
	return c;
}

void
conns_free(struct conns *c)
{
	if (c == NULL)
		return;
	assert(c->n == 0);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

static struct origin
origin_v4(struct in_addr a)
{
	struct origin o = { .n = sizeof(a) };

	if ((ntohl(a.s_addr) >> 24) == IN_LOOPBACKNET)
		return (struct origin){ 0 };
	memcpy(o.b, &a, sizeof(a));
	return o;
}

/* Writes the text, and tells what to count by: an IPv6 site has a whole /64. */
static struct origin
origin_of(const struct sockaddr *from, char text[static CONNS_ADDRESS_LEN])
{
	struct origin o = { 0 };
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;

	text[0] = '\0';
	if (from->sa_family == AF_INET) {
		memcpy(&in4, from, sizeof(in4));
		inet_ntop(AF_INET, &in4.sin_addr, text, CONNS_ADDRESS_LEN);
		return origin_v4(in4.sin_addr);
	}
	if (from->sa_family != AF_INET6)
		return o;
	memcpy(&in6, from, sizeof(in6));
	if (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr)) {
		memcpy(&in4.sin_addr, &in6.sin6_addr.s6_addr[12], 4);
		inet_ntop(AF_INET, &in4.sin_addr, text, CONNS_ADDRESS_LEN);
		return origin_v4(in4.sin_addr);
	}
	inet_ntop(AF_INET6, &in6.sin6_addr, text, CONNS_ADDRESS_LEN);
	if (!IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr)) {
		o.n = sizeof(o.b);
		memcpy(o.b, &in6.sin6_addr, sizeof(o.b));
	}
	return o;
}

static struct conns_entry **
bucket(struct conns *c, const struct origin *o)
{
	uint32_t h = 2166136261u; /* FNV-1a: a crowded bucket costs little here */

	for (size_t i = 0; i < sizeof(o->b); i++)
		h = (h ^ o->b[i]) * 16777619u;
	return &c->buckets[h % BUCKETS];
}

bool
conns_admit(struct conns *c, const struct sockaddr *from)
{
	char text[CONNS_ADDRESS_LEN];
	const struct origin o = origin_of(from, text);
	size_t n = 0;

	if (o.n == 0)
		return true;
	pthread_mutex_lock(&c->lock);
	for (struct conns_entry *x = *bucket(c, &o); x != NULL; x = x->in_bucket)
		n += x->origin.n == o.n && memcmp(x->origin.b, o.b, o.n) == 0;
	pthread_mutex_unlock(&c->lock);
	return n < c->per_address;
}

struct conns_entry *
conns_add(struct conns *c, int fd, const struct sockaddr *from, int64_t ms)
{
	struct conns_entry *x = mem_zalloc(sizeof(*x));

	x->conns = c;
	x->fd = fd;
	x->origin = origin_of(from, x->address);
	conns_deadline(x, ms);

	pthread_mutex_lock(&c->lock);
	c->n++;
	x->next = c->first;
	if (c->first != NULL)
		c->first->prev = x;
	c->first = x;
	if (x->origin.n > 0) {
		x->in_bucket = *bucket(c, &x->origin);
		*bucket(c, &x->origin) = x;
	}
	pthread_mutex_unlock(&c->lock);
	return x;
}

void
conns_enter(struct conns_entry *x, struct conns_room *room)
{
	pthread_mutex_lock(&x->conns->lock);
	x->room = room;
	atomic_fetch_add(&room->n, 1);
	pthread_mutex_unlock(&x->conns->lock);
}

void
conns_remove(struct conns_entry *x)
{
	struct conns *c = x->conns;

	pthread_mutex_lock(&c->lock);
	c->n--;
	if (x->room != NULL)
		atomic_fetch_sub(&x->room->n, 1);
	if (x->prev != NULL)
		x->prev->next = x->next;
	else
		c->first = x->next;
	if (x->next != NULL)
		x->next->prev = x->prev;
	if (x->origin.n > 0) {
		struct conns_entry **at = bucket(c, &x->origin);

		while (*at != x)
			at = &(*at)->in_bucket;
		*at = x->in_bucket;
	}
	pthread_mutex_unlock(&c->lock);
	free(x);
}

bool
conns_crowded(const struct conns_entry *x)
{
	const struct conns_room *room = x->room;

	return room != NULL &&
	       4 * atomic_load_explicit(&room->n, memory_order_relaxed) >=
		   3 * room->limit;
}

void
conns_deadline(struct conns_entry *x, int64_t ms)
{
	const int64_t now = clock_mono_ms();

	atomic_store_explicit(&x->since_ms, now, memory_order_relaxed);
	atomic_store_explicit(&x->deadline_ms, ms == 0 ? 0 : now + ms,
	    memory_order_relaxed);
}

/*
 * Under the lock.  The kernel knows what has come to the client; of a local socket it
 * does not tell.
 */
static bool
takes_on(struct conns_entry *x, int64_t now)
{
	struct tcp_info i = { 0 };
	socklen_t n = sizeof(i);

	if (getsockopt(x->fd, IPPROTO_TCP, TCP_INFO, &i, &n) < 0 ||
	    i.tcpi_bytes_acked < x->taken + CROWDED_OCTETS)
		return false;
	x->taken = i.tcpi_bytes_acked;
	atomic_store_explicit(&x->since_ms, now, memory_order_relaxed);
	return true;
}

/* Under the lock. */
static bool
is_over(struct conns_entry *x, int64_t now)
{
	const int64_t deadline =
	    atomic_load_explicit(&x->deadline_ms, memory_order_relaxed);
	const int64_t since = atomic_load_explicit(&x->since_ms, memory_order_relaxed);

	return deadline != 0 &&
	       (now >= deadline || (now >= since + CROWDED_MS && conns_crowded(x) &&
				       !takes_on(x, now)));
}

size_t
conns_sweep(struct conns *c)
{
	const int64_t now = clock_mono_ms();
	size_t n = 0;

	pthread_mutex_lock(&c->lock);
	for (struct conns_entry *x = c->first; x != NULL; x = x->next) {
		if (!is_over(x, now))
			continue;
		/* The lock keeps the descriptor from being closed and used again. */
		shutdown(x->fd, SHUT_RDWR);
		conns_deadline(x, 0);
		n++;
	}
	pthread_mutex_unlock(&c->lock);
	return n;
}

size_t
conns_count(struct conns *c)
{
	pthread_mutex_lock(&c->lock);
	const size_t n = c->n;
	pthread_mutex_unlock(&c->lock);
	return n;
}

int
conns_fd(const struct conns_entry *x)
{
	return x->fd;
}

const char *
conns_address(const struct conns_entry *x)
{
	return x->address;
}
