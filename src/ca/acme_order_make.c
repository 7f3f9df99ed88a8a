/* SPDX-License-Identifier: Apache-2.0 */
/* New orders and pre-authorizations (RFC 8555 7.4): judged first, so none is made in vain. */
#include "acme_order_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ca/acme_limit.h"
#include "ca/acme_replaces.h"
#include "ca/acme_room.h"
#include "ca/audit.h"
#include "ca/ca_state.h"
#include "ca/issue_judge.h"
#include "x509/csr.h"

#define CSR_REST                                                                       \
	((size_t)200) /* of a CSR beside its names: the smallest key, its signature */
#define QUOTA_RETRY_S                                                                  \
	86400 /* what is used up stays so, until an administrator gives another key */

/* ---- judging ---- */

bool
acme_order_profile(struct ca *ca, const struct conf_profile *directory,
    const char *name, const struct conf_profile **ret, struct err *e)
{
	bool listed = name == NULL || strcmp(name, directory->name) == 0;

	for (size_t i = 0; !listed && i < directory->acme.profiles.n; i++)
		listed = strcmp(directory->acme.profiles.v[i], name) == 0;
	const struct conf_profile *p =
	    name == NULL ? directory : conf_profile_find(ca->conf, bytes_str(name));
	if (!listed || p == NULL || p->internal)
		return err_set(e, ERR_BAD_PROFILE,
		    "this directory has no profile \"%.*s\"", CONF_NAME_MAX, name);
	*ret = p;
	return true;
}

/* By what a refusal is about; what is about none of these keeps the code of its rule. */
static const struct {
	const char *field; /* begins so */
	enum err_code code;
} kinds[] = {
	/* clang-format off */
	{ "names",      ERR_IDENTIFIER },
	{ "csr",        ERR_BAD_CSR },
	{ "profile",    ERR_BAD_PROFILE },
	{ "not_before", ERR_MALFORMED },
	{ "not_after",  ERR_MALFORMED },
	{ "validity",   ERR_MALFORMED },
	/* clang-format on */
};

bool
acme_order_verdict(const struct verdict *v, struct err *e)
{
	if (verdict_ok(v, e))
		return true;
	const struct verdict_row *first = v->v;
	while (first->pass)
		first++;
	for (size_t i = 0; i < NITEMS(kinds); i++)
		if (bytes_starts(bytes_str(first->field), kinds[i].field))
			e->code = kinds[i].code;
	if (e->code == ERR_RATE_LIMITED)
		e->retry_s = QUOTA_RETRY_S;
	return false;
}

static struct identity
identity_of(const struct acme_account *a, const struct conf_profile *p,
    const struct names *names)
{
	return (struct identity){
		.kind = IDENTITY_ACME,
		.text = acme_identity_text(a->id),
		.profile = p->name,
		.names = names,
	};
}

/* Profile, issuer and external account's key, as they will be asked again when it is signed. */
static bool
judge(struct ca *ca, const struct acme_order_ask *q, const struct conf_profile *p,
    struct verdict *v, struct err *e)
{
	struct identity who = identity_of(q->account, p, q->names);
	const struct issue_request r = {
		.who = &who,
		.profile = p->name,
		.names = q->names,
		.not_before = q->not_before,
		.not_after = q->not_after,
		.past_s = PROFILE_PAST_S,
		.request_id = q->request_id,
	};
	struct issue_judged j;

	const bool ok = issue_judge(ca, &r, &j, v, e) &&
			acme_account_judge(ca, q->account, q->names, v, e);
	free(who.text);
	return ok;
}

/* ---- what authorizes a name ---- */

/* RFC 9444 4.1: the name itself or one above it, by whole labels. */
static bool
is_ancestor(const char *above, const char *name)
{
	const size_t a = strlen(above), n = strlen(name);

	return n >= a && strcmp(name + n - a, above) == 0 &&
	       (n == a || name[n - a - 1] == '.');
}

/* 'ret' borrows. */
static bool
wanted(const struct acme_order_ask *q, size_t i, struct acme_authz *ret, struct err *e)
{
	const struct name *name = &q->names->v[i];
	const char *ancestor = q->ancestors != NULL ? q->ancestors[i] : NULL;
	const bool wildcard =
	    name->type == NAME_TYPE_DNS && strncmp(name->text, "*.", 2) == 0;
	char *base = name->text + (wildcard ? 2 : 0);

	*ret = (struct acme_authz){
		.type = name->type,
		.value = base,
		.wildcard = wildcard,
	};
	if (ancestor == NULL || !q->directory->acme.subdomains)
		return true;
	if (name->type != NAME_TYPE_DNS || !is_ancestor(ancestor, base))
		return err_set(e, ERR_MALFORMED,
		    "identifiers[%zu]: ancestorDomain is none of its name", i);
	ret->value = (char *)ancestor;
	ret->wildcard = false;
	ret->subdomains = true;
	return true;
}

/* A name that nothing offered here can prove is refused now: no list is ever empty (A139). */
static bool
judge_challenges(struct ca *ca, const struct acme_order_ask *q, struct verdict *v,
    struct err *e)
{
	for (size_t i = 0; i < q->names->n; i++) {
		struct acme_authz want;

		if (!wanted(q, i, &want, e))
			return false;
		if (acme_order_challenges(ca, q->directory, &want) != 0)
			continue;
		char *field = mem_printf("names[%zu]", i);
		verdict_add(v, false, ERR_IDENTIFIER, "acme.challenges", field,
		    q->names->v[i].text,
		    "a name that a challenge of this directory can prove");
		free(field);
	}
	return true;
}

/* ---- making ---- */

/* What is no CSR that anybody reads could never be finalized. */
static bool
check_octets(const struct names *names, struct err *e)
{
	struct buf san;
	struct err why;

	buf_init(&san, CSR_MAX - CSR_REST);
	const bool ok = names_to_der(names, &san, &why);
	buf_free(&san);
	return ok ||
	       err_set(e, ERR_MALFORMED,
		   "the identifiers are too long for a CSR: at most %zu octets of it",
		   CSR_MAX - CSR_REST);
}

static bool
check_room(struct ca *ca, const struct acme_order_ask *q, struct err *e)
{
	const struct conf_acme_site *site = &ca->conf->acme;

	if (q->names->n > site->names_max)
		return err_set(e, ERR_MALFORMED,
		    "an order may have %zu identifiers; this one has %zu",
		    site->names_max, q->names->n);
	return check_octets(q->names, e) && acme_room_check(ca, q->account, e);
}

static bool
check(struct ca *ca, const struct acme_order_ask *q, const struct conf_profile **ret,
    struct verdict *v, struct err *e)
{
	return ca_writable(ca, e) && check_room(ca, q, e) &&
	       acme_order_profile(ca, q->directory, q->profile, ret, e) &&
	       judge(ca, q, *ret, v, e) && judge_challenges(ca, q, v, e) &&
	       acme_order_verdict(v, e) &&
	       (q->replaces == NULL ||
		   acme_replaces_check(ca, q->account, q->replaces, q->names, e)) &&
	       acme_limit_order(ca, q->account->num, e);
}

static void
no_later(int64_t *at, int64_t than)
{
	if (*at > than)
		*at = than;
}

/* One of the order's names; notes in 'o' how long what authorizes it lasts. */
static bool
authorize(struct ca *ca, const struct acme_order_ask *q, size_t i, struct acme_order *o,
    bool *all_valid, struct err *e)
{
	struct acme_authz want, a = { 0 };

	if (!wanted(q, i, &want, e) ||
	    !acme_order_authorize(ca, q->account, q->directory, &want, true, &a, e))
		return false;
	o->names[i] = (struct acme_order_name){
		.type = q->names->v[i].type,
		.value = mem_strdup(q->names->v[i].text),
		.authz_num = a.num,
	};
	memcpy(o->names[i].authz_id, a.id, ACME_ID_LEN);
	o->n_names = i + 1;
	no_later(&o->expires_at, a.expires_at);
	if (a.status != ACME_VALID)
		*all_valid = false;
	store_acme_authz_free(&a);
	return true;
}

static struct acme_order
begin(struct ca *ca, const struct acme_order_ask *q, const struct conf_profile *p)
{
	struct acme_order o = {
		.account_num = q->account->num,
		.profile = mem_strdup(p->name),
		.profile_asked = q->profile != NULL,
		.created_at = clock_now(),
		.not_before = q->not_before,
		.not_after = q->not_after,
		.replaces = mem_strdup(q->replaces != NULL ? q->replaces : ""),
		.error = mem_strdup(""),
		.names = mem_zarray(q->names->n, sizeof(*o.names)),
	};

	/* What was asked for exactly cannot be signed for ever: the order says until when. */
	o.expires_at = o.created_at + acme_room_order_s(ca);
	if (o.not_before != 0)
		no_later(&o.expires_at, o.not_before + PROFILE_PAST_SIGNING_S);
	if (o.not_after != 0)
		no_later(&o.expires_at, o.not_after);
	return o;
}

static bool
put(struct ca *ca, const struct acme_order_ask *q, struct acme_order *o, int64_t *num,
    struct err *e)
{
	bool all_valid = true;

	if (!acme_new_id(o->id, e))
		return false;
	for (size_t i = 0; i < q->names->n; i++)
		if (!authorize(ca, q, i, o, &all_valid, e))
			return false;
	o->status = all_valid ? ACME_READY : ACME_PENDING;
	return store_acme_order_add(ca->store, o, num, e);
}

static void
tell(struct ca *ca, const struct acme_order_ask *q, const struct conf_profile *p,
    const struct acme_order *o)
{
	const struct names few = audit_few(q->names);
	char *who = acme_identity_text(q->account->id);
	char *object = few.n < q->names->n
			   ? mem_printf("order %s of %zu names", o->id, q->names->n)
			   : mem_printf("order %s", o->id);

	audit_add(ca, &(struct audit_event){ .kind = AUDIT_ORDER_MADE,
			  .request_id = q->request_id,
			  .identity = who,
			  .profile = p->name,
			  .names = &few,
			  .object = object });
	prom_count(&ca->tally.acme_orders, p->name, acme_state_word(o->status));
	free(who);
	free(object);
}

bool
acme_order_make(struct ca *ca, const struct acme_order_ask *q, struct acme_order *ret,
    struct verdict *v, struct err *e)
{
	const struct conf_profile *p;
	int64_t num;

	if (!check(ca, q, &p, v, e) || !store_begin(ca->store, e))
		return false;
	struct acme_order o = begin(ca, q, p);
	if (!put(ca, q, &o, &num, e)) {
		store_acme_order_free(&o);
		return false;
	}
	tell(ca, q, p, &o);
	o.num = num;
	*ret = o;
	return true;
}

/* ---- pre-authorization (RFC 8555 7.4.1) ---- */

bool
acme_order_make_authz(struct ca *ca, const struct acme_account *account,
    const struct conf_profile *directory, const struct name *name, bool subdomains,
    struct acme_authz *ret, struct verdict *v, struct err *e)
{
	struct name one = *name;
	const struct names names = { &one, 1 };
	const struct acme_order_ask q = {
		.account = account,
		.directory = directory,
		.names = &names,
	};
	const struct acme_authz want = {
		.type = name->type,
		.value = name->text,
		.subdomains = subdomains && directory->acme.subdomains &&
			      name->type == NAME_TYPE_DNS,
		.loose = true,
	};
	const struct conf_profile *p;

	if (strncmp(name->text, "*.", 2) == 0)
		return err_set(e, ERR_MALFORMED,
		    "a wildcard cannot be authorized before it is ordered");
	if (!acme_room_check_loose(ca, account, e) || !check(ca, &q, &p, v, e)) {
		if (e->code == ERR_IDENTIFIER)
			e->code = ERR_PREAUTHORIZATION;
		return false;
	}
	if (acme_order_challenges(ca, directory, &want) == 0)
		return err_set(e, ERR_PREAUTHORIZATION,
		    "no challenge of this directory proves names below another");
	return store_begin(ca->store, e) &&
	       acme_order_authorize(ca, account, directory, &want, true, ret, e);
}
