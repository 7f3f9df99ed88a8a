/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to the DNS, and the addresses of a host. */
#include <arpa/inet.h>
#include <assert.h>
#include <string.h>

#include "probe/dns_message.h"
#include "probe_impl.h"

#define LOCALHOST "localhost"

/* ---- one question, with its line in the transcript ---- */

static void
note_answer(struct transcript *t, const struct resolver_answer *a, size_t i)
{
	char text[INET6_ADDRSTRLEN];
	struct buf joined;
	struct err ignored;

	if ((a->type == RESOLVER_A && a->v[i].n == 4) ||
	    (a->type == RESOLVER_AAAA && a->v[i].n == 16)) {
		if (inet_ntop(a->type == RESOLVER_A ? AF_INET : AF_INET6, a->v[i].p,
			text, sizeof(text)) != NULL)
			transcript_item(t, bytes_str(text));
	} else if (a->type == RESOLVER_TXT) {
		buf_init(&joined, KIB(64));
		if (dns_message_txt(a->v[i], &joined, &ignored))
			transcript_item(t, buf_bytes(&joined));
		buf_free(&joined);
	} else {
		transcript_item(t, a->v[i]);
	}
}

static void
on_answer(void *arg, const struct resolver_answer *a)
{
	const struct probe_lookup *l = arg;
	struct probe_job *j = l->job;
	struct transcript *t = &j->log;

	if (j->state == PROBE_ENDED)
		return;
	transcript_line(t, probe_ms(j), l->what);
	transcript_text(t, "name", bytes_str(a->name));
	transcript_text(t, "type", bytes_str(resolver_type_word(a->type)));
	if (a->n > 0) {
		transcript_list(t, "answers");
		for (size_t i = 0; i < a->n && i <= TRANSCRIPT_ITEMS_MAX; i++)
			note_answer(t, a, i);
		transcript_list_end(t);
	}
	if (a->rc != RESOLVER_OK)
		transcript_text(t, "error", bytes_str(resolver_rc_word(a->rc)));
	transcript_num(t, "ms", a->ms);
	l->cb(j, a);
}

static struct probe_lookup *
slot(struct probe_job *j, enum resolver_type type)
{
	static const enum resolver_type types[] = { RESOLVER_A, RESOLVER_AAAA,
		RESOLVER_TXT, RESOLVER_CAA };

	_Static_assert(NITEMS(types) == NITEMS(j->lookups), "one for each");
	size_t i = 0;

	while (i < NITEMS(types) && types[i] != type)
		i++;
	assert(i < NITEMS(types)); /* a type that is asked for */
	return &j->lookups[i];
}

void
probe_lookup(struct probe_job *j, const char *what, const char *name,
    enum resolver_type type, resolver_cb *cb)
{
	struct probe_lookup *l = slot(j, type);

	*l = (struct probe_lookup){ j, what, cb };
	resolver_ask(j->resolver, name, type, on_answer, l);
}

void
probe_lookup_failed(const struct resolver_answer *a, const char *name, struct err *e)
{
	err_set(e, ERR_PROBE_DNS, "DNS: %s for the %s records of %s",
	    resolver_rc_word(a->rc), resolver_type_word(a->type), name);
}

/* ---- the addresses of a host ---- */

bool
probe_target_is_localhost(struct bytes host)
{
	const size_t n = sizeof(LOCALHOST) - 1;

	if (host.n < n || (host.n > n && host.p[host.n - n - 1] != '.'))
		return false;
	return bytes_eq_nocase(bytes_skip(host, host.n - n), LOCALHOST);
}

static bool
has_family(const struct probe_job *j, int family)
{
	for (size_t i = 0; i < j->n_targets; i++)
		if (j->targets[i].any.sa_family == family)
			return true;
	return false;
}

/* Keeps the first of each family that may be connected to. */
static void
add_target(struct probe_job *j, const uint8_t *ip, size_t octets)
{
	union probe_address a = { 0 };

	if (octets == 4) {
		a.v4.sin_family = AF_INET;
		a.v4.sin_port = htons(j->search.port);
		memcpy(&a.v4.sin_addr, ip, 4);
	} else {
		a.v6.sin6_family = AF_INET6;
		a.v6.sin6_port = htons(j->search.port);
		memcpy(&a.v6.sin6_addr, ip, 16);
	}
	if (has_family(j, a.any.sa_family))
		return;
	if (egress_check(&j->networks, &a.any, &j->search.refused))
		j->targets[j->n_targets++] = a;
}

/* All is known: IPv6 goes first (A179). */
static void
conclude(struct probe_job *j)
{
	const struct probe_search *s = &j->search;

	if (j->n_targets == 0) {
		probe_failed(j, s->refused.code != ERR_NONE ? &s->refused : &s->failed);
		return;
	}
	if (j->n_targets == 2 && j->targets[0].any.sa_family == AF_INET) {
		const union probe_address first = j->targets[0];

		j->targets[0] = j->targets[1];
		j->targets[1] = first;
	}
	s->go(j);
}

/* The host of a redirect is what the other side sent: the client is not told (R73). */
static const char *
told_name(const struct probe_job *j, const char *host)
{
	return bytes_eq_nocase(j->ask.name, host) ? host
						  : "the host that a redirect leads to";
}

static void
on_addresses(void *arg, const struct resolver_answer *a)
{
	struct probe_job *j = arg;
	const char *name = told_name(j, a->name);
	const size_t octets = a->type == RESOLVER_A ? 4 : 16;

	for (size_t i = 0; i < a->n; i++)
		if (a->v[i].n == octets)
			add_target(j, a->v[i].p, octets);
	if (a->rc == RESOLVER_OK)
		err_set(&j->search.failed, ERR_PROBE_DNS,
		    "DNS: no address record of %s can be read", name);
	else if (j->search.failed.code == ERR_NONE ||
		 (a->rc != RESOLVER_NODATA && a->rc != RESOLVER_NXDOMAIN))
		/* What is broken tells more than what is not there. */
		probe_lookup_failed(a, name, &j->search.failed);
	if (--j->search.left == 0)
		conclude(j);
}

void
probe_target(struct probe_job *j, const char *host, uint16_t port, probe_step *go)
{
	static const uint8_t one4[4] = { 127, 0, 0, 1 }, one6[16] = { [15] = 1 };
	uint8_t ip[16];

	j->n_targets = 0;
	j->search = (struct probe_search){ .port = port, .go = go };
	probe_waits_for(j, ERR_PROBE_DNS, "the DNS did not answer in time");
	if (inet_pton(AF_INET, host, ip) == 1) {
		add_target(j, ip, 4);
		conclude(j);
	} else if (inet_pton(AF_INET6, host, ip) == 1) {
		add_target(j, ip, 16);
		conclude(j);
	} else if (probe_target_is_localhost(bytes_str(host))) {
		add_target(j, one6, 16);
		add_target(j, one4, 4);
		conclude(j);
	} else {
		j->search.left = 2;
		probe_lookup(j, "resolve", host, RESOLVER_AAAA, on_addresses);
		probe_lookup(j, "resolve", host, RESOLVER_A, on_addresses);
	}
}
