/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "probe_impl.h"

#define TOO_MANY "too many validations are under way"

struct probe {
	struct loop *loop;
	const struct conf *conf;
	probe_answer_cb *cb;
	void *arg;
	struct fetch_multi *fetcher;
	struct probe_job *first, *last;              /* all */
	struct probe_job *places[PROBE_RUNNING_MAX]; /* the first 'running' */
	size_t running, waiting;
	struct loop_timer *look; /* for those who wait */
};

/* A challenge is one row. */
static const struct {
	enum challenge challenge;
	bool of_addresses; /* may validate an IP address (RFC 8738) */
	probe_step *begin;
} methods[] = {
	{ CHALLENGE_HTTP_01, true, probe_http_01 },
	{ CHALLENGE_DNS_01, false, probe_dns_01 },
	{ CHALLENGE_TLS_ALPN_01, true, probe_tls_alpn_01 },
	{ CHALLENGE_DNS_ACCOUNT_01, false, probe_dns_account_01 },
	{ CHALLENGE_DNS_PERSIST_01, false, probe_dns_persist_01 },
};

static void look_soon(struct probe *p);

struct fetch_multi *
probe_fetcher(struct probe *p)
{
	return p->fetcher;
}

struct loop *
probe_loop(struct probe *p)
{
	return p->loop;
}

size_t
probe_running(const struct probe *p)
{
	return p->running;
}

int64_t
probe_ms(const struct probe_job *j)
{
	return clock_mono_ms() - j->began_ms;
}

/* ---- the end of one ---- */

static void
free_job(struct probe_job *j)
{
	struct probe *p = j->probe;

	*(j->prev != NULL ? &j->prev->next : &p->first) = j->next;
	*(j->next != NULL ? &j->next->prev : &p->last) = j->prev;
	loop_cancel(j->deadline);
	loop_cancel(j->limit);
	if (j->work != NULL)
		j->work_free(j->work);
	if (j->climb != NULL)
		j->climb_free(j->climb);
	resolver_free(j->resolver);
	transcript_free(&j->log);
	strings_free(&j->networks);
	strings_free(&j->resolvers);
	strings_free(&j->identities);
	buf_free(&j->octets);
	free(j);
}

static void
on_reap(void *arg)
{
	struct probe_job *j = arg;

	j->deadline = NULL;
	free_job(j);
}

static void
give_place_back(const struct probe_job *j)
{
	struct probe *p = j->probe;
	size_t i = 0;

	while (p->places[i] != j)
		i++;
	p->places[i] = p->places[--p->running];
}

static void
end(struct probe_job *j, const struct err *e)
{
	struct probe *p = j->probe;
	const bool good = e == NULL;

	assert(j->state != PROBE_ENDED);
	const struct msg_probed m = {
		.id = j->ask.id,
		.code = good ? ERR_NONE : e->code,
		.proved = j->proved,
		.retry_s = !good && e->code == ERR_RATE_LIMITED ? PROBE_RETRY_S : 0,
		.detail = bytes_str(good ? "" : e->detail),
		.transcript = transcript_end(&j->log),
		.seen = bytes_of(j->seen, j->proved ? 0 : j->n_seen),
		.address = bytes_str(j->address),
		.reuse_s = j->reuse_s,
		.took_ms = (uint32_t)probe_ms(j),
	};
	if (j->state == PROBE_RUNNING)
		give_place_back(j);
	else
		p->waiting--;
	j->state = PROBE_ENDED;
	loop_cancel(j->deadline);
	loop_cancel(j->limit);
	j->limit = NULL;
	j->at.any.sa_family = AF_UNSPEC;
	look_soon(p);
	/* Whoever called is still at work on it. */
	j->deadline = loop_after(p->loop, 0, on_reap, j);
	p->cb(p->arg, &m);
}

void
probe_failed(struct probe_job *j, const struct err *e)
{
	end(j, e);
}

void
probe_permitted(struct probe_job *j)
{
	end(j, NULL);
}

void
probe_proved(struct probe_job *j)
{
	j->proved = true;
	probe_leave(j);
	probe_limit(j, 0);
	if (j->ask.caa)
		probe_caa(j);
	else
		end(j, NULL);
}

static void
on_limit(void *arg)
{
	struct probe_job *j = arg;

	j->limit = NULL;
	end(j, &j->late);
}

static void
on_deadline(void *arg)
{
	struct probe_job *j = arg;

	j->deadline = NULL;
	/* Where we held it up longer than the other side did, that was no try. */
	if (j->state != PROBE_RUNNING || j->waited_ms > probe_ms(j) / 2)
		err_set(&j->late, ERR_RATE_LIMITED, TOO_MANY);
	end(j, &j->late);
}

void
probe_waits_for(struct probe_job *j, enum err_code code, const char *what)
{
	err_set(&j->late, code, "%s", what);
}

void
probe_limit(struct probe_job *j, int64_t ms)
{
	loop_cancel(j->limit);
	j->limit = ms > 0 ? loop_after(j->probe->loop, ms, on_limit, j) : NULL;
	j->limit_at = clock_mono_ms() + ms;
}

void
probe_saw(struct probe_job *j, struct bytes octets)
{
	j->n_seen = octets.n < sizeof(j->seen) ? octets.n : sizeof(j->seen);
	if (j->n_seen > 0)
		memcpy(j->seen, octets.p, j->n_seen);
}

bool
probe_is_proof(struct bytes octets, struct bytes proof)
{
	return octets.n == proof.n && gnutls_memcmp(octets.p, proof.p, proof.n) == 0;
}

/* ---- places ---- */

static bool
same_address(const union probe_address *a, const union probe_address *b)
{
	if (a->any.sa_family != b->any.sa_family)
		return false;
	if (a->any.sa_family == AF_INET)
		return a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
	return memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof(a->v6.sin6_addr)) == 0;
}

static bool
has_room_at(const struct probe *p, const union probe_address *a)
{
	size_t n = 0;

	for (size_t i = 0; i < p->running; i++)
		n += same_address(&p->places[i]->at, a);
	return n < PROBE_SAME_MAX;
}

static bool
has_room_for_name(const struct probe *p, uint64_t name_hash)
{
	size_t n = 0;

	for (size_t i = 0; i < p->running; i++)
		n += p->places[i]->name_hash == name_hash;
	return n < PROBE_SAME_MAX;
}

/* Its limit is for what others do: it stands still while we let it wait. */
static void
park(struct probe_job *j, probe_step *go)
{
	const int64_t now = clock_mono_ms();

	j->limit_left = 0;
	if (j->limit != NULL)
		j->limit_left = j->limit_at > now ? j->limit_at - now : 1;
	probe_limit(j, 0);
	j->wait_at = now;
	j->resume = go;
	give_place_back(j);
	j->state = PROBE_PARKED;
	j->probe->waiting++;
	look_soon(j->probe);
}

static void
take_place(struct probe_job *j)
{
	struct probe *p = j->probe;

	j->waited_ms += clock_mono_ms() - j->wait_at;
	j->state = PROBE_RUNNING;
	p->places[p->running++] = j;
	p->waiting--;
}

void
probe_enter(struct probe_job *j, const union probe_address *a, probe_step *go)
{
	const bool room = has_room_at(j->probe, a);

	j->at = *a;
	egress_text(&a->any, j->address);
	if (room)
		go(j);
	else
		park(j, go);
}

void
probe_leave(struct probe_job *j)
{
	if (j->at.any.sa_family == AF_UNSPEC)
		return;
	j->at.any.sa_family = AF_UNSPEC;
	look_soon(j->probe);
}

/* ---- the beginning of one ---- */

static void
copy(struct strings *to, const struct strings *from)
{
	for (size_t i = 0; i < from->n; i++)
		strings_add(to, from->v[i]);
}

static bool
settle(struct probe_job *j, struct err *e)
{
	const struct conf *c = j->probe->conf;
	const struct conf_profile *p = conf_profile_find(c, j->ask.profile);

	if (p == NULL || !p->acme.on)
		return err_set(e, ERR_POLICY,
		    "the profile is gone, or has no ACME directory any more");
	copy(&j->networks, &p->acme.networks);
	copy(&j->resolvers,
	    p->acme.resolvers.n > 0 ? &p->acme.resolvers : &c->acme.resolvers);
	copy(&j->identities, &c->acme.caa_identities);
	j->http_port = p->acme.http_port;
	j->tls_port = p->acme.tls_port;
	return resolver_new(j->probe->loop, &j->resolvers, &j->resolver, e);
}

static void
prove(struct probe_job *j)
{
	struct err e;

	for (size_t i = 0; i < NITEMS(methods); i++) {
		if (methods[i].challenge != j->ask.challenge)
			continue;
		if (j->ask.type == NAME_TYPE_IP && !methods[i].of_addresses)
			break;
		methods[i].begin(j);
		return;
	}
	err_set(&e, ERR_INTERNAL, "there is no such validation of this identifier");
	end(j, &e);
}

static void
begin(struct probe_job *j)
{
	struct err e;

	probe_waits_for(j, ERR_PROBE_DNS, "the DNS did not answer in time");
	if (!settle(j, &e))
		end(j, &e);
	else if (j->ask.prove)
		prove(j);
	else
		probe_caa(j);
}

/* Those who wait get the places that are free, in the order of their arrival. */
static void
on_look(void *arg)
{
	struct probe *p = arg;

	p->look = NULL;
	for (struct probe_job *j = p->first, *next;
	     j != NULL && p->running < PROBE_RUNNING_MAX && p->waiting > 0; j = next) {
		next = j->next;
		const bool queued = j->state == PROBE_QUEUED;
		if (!(queued && has_room_for_name(p, j->name_hash)) &&
		    !(j->state == PROBE_PARKED && has_room_at(p, &j->at)))
			continue;
		take_place(j);
		if (queued) {
			begin(j);
		} else {
			probe_limit(j, j->limit_left);
			j->resume(j);
		}
	}
}

static void
look_soon(struct probe *p)
{
	if (p->look == NULL && p->waiting > 0)
		p->look = loop_after(p->loop, 0, on_look, p);
}

/* FNV-1a; who makes two names of one hash only gets fewer places for them. */
static uint64_t
hash(struct bytes s)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ s.p[i]) * UINT64_C(1099511628211);
	return h;
}

static struct probe_job *
new_job(struct probe *p, const struct msg_probe *m)
{
	struct probe_job *j = mem_zalloc(sizeof(*j));
	struct err e;

	j->probe = p;
	j->began_ms = j->wait_at = clock_mono_ms();
	buf_init(&j->octets, MSG_PROBE_FRAME_MAX);
	msg_probe_put(&j->octets, m);
	const bool same = msg_probe_get(buf_bytes(&j->octets), &j->ask, &e);
	assert(same); /* it came through the same */
	j->name_hash = hash(j->ask.name);
	transcript_init(&j->log, MSG_PROBE_TRANSCRIPT_MAX);
	j->prev = p->last;
	*(p->last != NULL ? &p->last->next : &p->first) = j;
	p->last = j;
	return j;
}

void
probe_ask(struct probe *p, const struct msg_probe *m)
{
	struct probe_job *j = new_job(p, m);
	struct err e;

	p->waiting++;
	if (p->waiting > PROBE_QUEUE_MAX) {
		err_set(&e, ERR_RATE_LIMITED, TOO_MANY);
		end(j, &e);
		return;
	}
	j->deadline = loop_after(p->loop, m->deadline_ms, on_deadline, j);
	look_soon(p);
}

bool
probe_new(struct loop *l, const struct conf *c, probe_answer_cb *cb, void *arg,
    struct probe **ret, struct err *e)
{
	struct fetch_multi *fetcher;

	if (!resolver_library(e))
		return false;
	if (!fetch_multi_new(l, &fetcher, e)) {
		resolver_library_end();
		return false;
	}
	struct probe *p = mem_zalloc(sizeof(*p));
	p->loop = l;
	p->conf = c;
	p->cb = cb;
	p->arg = arg;
	p->fetcher = fetcher;
	*ret = p;
	return true;
}

void
probe_conf(struct probe *p, const struct conf *c)
{
	p->conf = c;
}

void
probe_free(struct probe *p)
{
	if (p == NULL)
		return;
	while (p->first != NULL)
		free_job(p->first);
	loop_cancel(p->look);
	fetch_multi_free(p->fetcher);
	resolver_library_end();
	free(p);
}
