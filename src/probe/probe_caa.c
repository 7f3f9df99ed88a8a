/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way up the tree to the relevant set of CAA records (RFC 8659 3): the name's
 * own, else its parent's, up to the top-level domain.  What cannot be looked up
 * refuses (S57).
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "probe/caa.h"
#include "probe_impl.h"

struct climb {
	char *name;
	const char *at; /* in 'name' */
};

static void
climb_free(void *climb)
{
	struct climb *c = climb;

	free(c->name);
	free(c);
}

static void step(struct probe_job *j);

static void
on_records(void *arg, const struct resolver_answer *a)
{
	struct probe_job *j = arg;
	struct climb *c = j->climb;
	const struct caa_question q = {
		.wildcard = j->ask.wildcard,
		.challenge = j->ask.challenge,
		.account = j->ask.account,
		.identities = &j->identities,
	};
	struct err e;

	if (a->rc == RESOLVER_OK) {
		if (caa_permits(a->v, a->n, &q, &e))
			probe_permitted(j);
		else
			probe_failed(j, &e);
		return;
	}
	if (a->rc != RESOLVER_NODATA && a->rc != RESOLVER_NXDOMAIN) {
		probe_lookup_failed(a, a->name, &e);
		probe_failed(j, &e);
		return;
	}
	const char *dot = strchr(c->at, '.');
	c->at = dot != NULL ? dot + 1 : "";
	step(j);
}

static void
step(struct probe_job *j)
{
	const struct climb *c = j->climb;

	/* RFC 6761 6.3: nobody is asked about localhost. */
	if (c->at[0] == '\0' || probe_target_is_localhost(bytes_str(c->at)))
		probe_permitted(j);
	else
		probe_lookup(j, "caa", c->at, RESOLVER_CAA, on_records);
}

void
probe_caa(struct probe_job *j)
{
	struct climb *c = mem_zalloc(sizeof(*c));

	c->name = mem_strndup(j->ask.name);
	c->at = j->ask.type == NAME_TYPE_DNS ? c->name : "";
	j->climb = c;
	j->climb_free = climb_free;
	probe_waits_for(j, ERR_PROBE_DNS,
	    "the DNS did not tell the CAA records in time");
	step(j);
}
