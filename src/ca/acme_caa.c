/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/acme_caa.h"

#include <stdlib.h>
#include <string.h>

#include "acme_challenge_impl.h"
#include "base/clock.h"
#include "base/mem.h"
#include "ca/ca_state.h"

/* An answer is taken until then; and a second for who is busy, and one for the last of it. */
#define ASKED_S ((MSG_PROBE_DEADLINE + ACME_TEST_LATE_MS) / 1000 + 2)
/* Before an issue a client waits for it. */
#define LOOK_MS (ACME_CAA_WAIT_MS - ACME_TEST_LATE_MS)

struct acme_caa { /* a directory that looks at CAA records */
	char *directory;
	int64_t since; /* of a proof of that second or before it may not have */
	struct acme_caa *next;
};

struct caa_question { /* about one name */
	struct caa_look *look;
	size_t at; /* in the order's names */
};

struct caa_look { /* of one order */
	int64_t account_num;
	size_t waiting;
	struct names names;
	struct caa_question *questions; /* as many */
	struct err why;                 /* the first that does not permit it */
	struct verdict v;               /* all that do not */
	acme_caa_done *done;
	void *arg;
};

/* ---- since when ---- */

static const struct acme_caa *
find(const struct acme_caa *of, const char *directory)
{
	while (of != NULL && strcmp(of->directory, directory) != 0)
		of = of->next;
	return of;
}

static void
free_all(struct acme_caa *of)
{
	while (of != NULL) {
		struct acme_caa *one = of;

		of = one->next;
		free(one->directory);
		free(one);
	}
}

static void
begin(struct ca *ca, int64_t since)
{
	struct acme_caa *before = ca->acme_caa;

	ca->acme_caa = NULL;
	for (size_t i = 0; i < ca->conf->n_profiles; i++) {
		const struct conf_profile *p = &ca->conf->profiles[i];

		if (!p->acme.on || !p->acme.caa)
			continue;
		const struct acme_caa *was = find(before, p->name);
		struct acme_caa *one = mem_zalloc(sizeof(*one));
		*one = (struct acme_caa){ .directory = mem_strdup(p->name),
			.since = was != NULL ? was->since : since,
			.next = ca->acme_caa };
		ca->acme_caa = one;
	}
	free_all(before);
}

void
acme_caa_start(struct ca *ca)
{
	begin(ca, clock_now());
}

/* What was asked for before may be answered still. */
void
acme_caa_reload(struct ca *ca)
{
	begin(ca, clock_now() + ASKED_S);
}

void
acme_caa_stop(struct ca *ca)
{
	free_all(ca->acme_caa);
	ca->acme_caa = NULL;
}

/* The last second of proofs that are old: long ago, or no records were looked at then. */
static int64_t
old_until(const struct ca *ca, const struct conf_profile *directory)
{
	const int64_t long_ago = clock_now() - ACME_CAA_FRESH_S;
	const struct acme_caa *c = find(ca->acme_caa, directory->name);
	const int64_t since = c != NULL ? c->since : INT64_MAX;

	return since > long_ago ? since : long_ago;
}

/* ---- before an issue ---- */

static struct caa_look *
look_new(const struct acme_order *o, int64_t account_num, acme_caa_done *done,
    void *arg)
{
	struct caa_look *look = mem_zalloc(sizeof(*look));

	*look = (struct caa_look){
		.account_num = account_num,
		.names = acme_order_names(o),
		.questions = mem_zarray(o->n_names, sizeof(*look->questions)),
		.done = done,
		.arg = arg,
	};
	for (size_t i = 0; i < o->n_names; i++)
		look->questions[i] = (struct caa_question){ look, i };
	return look;
}

static void
look_free(struct caa_look *look)
{
	names_free(&look->names);
	free(look->questions);
	verdict_free(&look->v);
	free(look);
}

/* Which name it is the client is to know (RFC 8555 6.7.1). */
static void
forbid(const struct caa_question *q, const struct msg_probed *m)
{
	struct caa_look *look = q->look;
	char *field = mem_printf("names[%zu]", q->at);
	char *why = mem_strndup(m->detail);

	if (look->why.code == ERR_NONE) {
		err_set(&look->why, m->code, "%s", why);
		look->why.retry_s = m->retry_s;
	}
	verdict_add(&look->v, false, m->code, "caa", field, why, "");
	free(field);
	free(why);
}

static void
on_probed(void *arg, const struct msg_probed *m)
{
	struct caa_question *q = arg;
	struct caa_look *look = q->look;

	if (m->code != ERR_NONE)
		forbid(q, m);
	if (--look->waiting > 0)
		return;
	look->done(look->arg, look->why.code == ERR_NONE ? NULL : &look->why, &look->v,
	    &look->names);
	look_free(look);
}

/*
 * The challenge that proved it, when the proof is old, or when other records were
 * looked at than now count: a domain's, where all below it was authorized (RFC 9444),
 * of which each name has its own, and issuewild is for its wildcards alone.
 */
static const struct acme_challenge *
old_proof(const struct acme_authz *authz, const char *name, int64_t until)
{
	const bool other = authz->subdomains || strcmp(authz->value, name) != 0;

	for (size_t i = 0; i < authz->n_challenges; i++) {
		const struct acme_challenge *c = &authz->challenges[i];

		if (c->status == ACME_VALID && (other || c->validated_at <= until))
			return c;
	}
	return NULL;
}

static bool
ask(struct ca *ca, const struct conf_profile *directory, const char *account_url,
    const struct acme_order_name *name, struct caa_question *q, struct err *e)
{
	struct caa_look *look = q->look;
	const bool wildcard = strncmp(name->value, "*.", 2) == 0;
	const char *base = name->value + (wildcard ? 2 : 0);
	struct acme_authz authz = { 0 };

	if (name->type != NAME_TYPE_DNS)
		return true;
	if (!store_acme_authz_by_num(ca->store, name->authz_num, &authz, e))
		return false;
	const struct acme_challenge *c =
	    old_proof(&authz, base, old_until(ca, directory));
	/* All of an order, or none: what has begun is waited for. */
	if (c != NULL && look->waiting == 0 &&
	    !acme_test_room(ca, look->account_num, e)) {
		store_acme_authz_free(&authz);
		return false;
	}
	if (c != NULL) {
		struct msg_probe m = {
			.profile = bytes_str(directory->name),
			.challenge = c->type,
			.caa = true,
			.type = name->type,
			.name = bytes_str(base),
			.wildcard = wildcard,
			.account = bytes_str(account_url),
			.deadline_ms = LOOK_MS,
		};

		acme_test_ask(ca, look->account_num, &m, on_probed, q);
		look->waiting++;
	}
	store_acme_authz_free(&authz);
	return true;
}

bool
acme_caa_check(struct ca *ca, const struct acme_account *account,
    const struct conf_profile *directory, const struct acme_order *o,
    acme_caa_done *done, void *arg, bool *ret_asked, struct err *e)
{
	*ret_asked = false;
	if (!directory->acme.caa)
		return true;
	if (acme_prober(ca) == NULL)
		return err_set(e, ERR_UNAVAILABLE, "the prober is not there");
	struct caa_look *look = look_new(o, account->num, done, arg);
	char *url = acme_account_url(ca, account);
	bool ok = true;

	for (size_t i = 0; ok && i < o->n_names; i++)
		ok = ask(ca, directory, url, &o->names[i], &look->questions[i], e);
	free(url);
	if (!ok && look->waiting > 0) { /* they are told by 'done', with the rest */
		look->why = *e;
		ok = true;
	}
	*ret_asked = look->waiting > 0;
	if (look->waiting == 0)
		look_free(look);
	return ok;
}
