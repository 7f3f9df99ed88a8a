/* SPDX-License-Identifier: Apache-2.0 */
/* An order that is ready becomes a certificate (RFC 8555 7.4). */
#include "acme_order_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "ca/ca_state.h"
#include "ca/note.h"

/*
 * An order in PROCESSING.  Its certificate is asked for; its row says READY until the
 * journal's record makes it VALID, as it has to say again after a stop (ADR 0014).
 */
struct finalizing {
	struct ca *ca;
	int64_t order_num, eab_num;
	bool kept; /* PROCESSING is in the row, too */
	issue_done *done;
	void *arg;
	struct finalizing *next;
};

/* ---- those under way ---- */

bool
acme_order_is_processing(const struct ca *ca, int64_t num)
{
	for (const struct finalizing *it = ca->finalizing; it != NULL; it = it->next)
		if (it->order_num == num)
			return true;
	return false;
}

int64_t
acme_order_unkept_of(const struct ca *ca, int64_t eab_num)
{
	int64_t n = 0;

	for (const struct finalizing *it = ca->finalizing; it != NULL; it = it->next)
		n += !it->kept && it->eab_num == eab_num;
	return n;
}

bool
acme_order_keep(struct ca *ca, struct err *e)
{
	for (struct finalizing *it = ca->finalizing; it != NULL; it = it->next) {
		if (it->kept)
			continue;
		if (!ca_writable(ca, e) || !store_begin(ca->store, e) ||
		    (!store_acme_order_move(ca->store, it->order_num, ACME_READY,
			 ACME_PROCESSING, NULL, e) &&
			e->code != ERR_CONFLICT)) /* it was ended meanwhile */
			return false;
		it->kept = true;
	}
	return true;
}

void
acme_order_undone(struct ca *ca)
{
	for (struct finalizing *it = ca->finalizing; it != NULL; it = it->next)
		it->kept = false;
}

static struct finalizing *
enter(struct ca *ca, const struct acme_account *account, const struct acme_order *o,
    issue_done *done, void *arg)
{
	struct finalizing *it = mem_zalloc(sizeof(*it));

	*it = (struct finalizing){ .ca = ca,
		.order_num = o->num,
		.eab_num = account->eab_num,
		.done = done,
		.arg = arg,
		.next = ca->finalizing };
	ca->finalizing = it;
	prom_count(&ca->tally.acme_orders, o->profile, acme_state_word(o->status));
	return it;
}

static void
leave(struct finalizing *it)
{
	struct finalizing **at = &it->ca->finalizing;

	while (*at != it)
		at = &(*at)->next;
	*at = it->next;
}

/* ---- is this CSR for this order? ---- */

/* RFC 8555 11.1: the key that speaks for an account must not be a service's too. */
static bool
judge_key(struct ca *ca, const struct csr *csr, struct verdict *v, struct err *e)
{
	uint8_t hash[32];
	bool taken;

	spki_hash(csr->key.der, hash);
	if (!store_acme_account_has_key(ca->store, hash, &taken, e))
		return false;
	verdict_add(v, !taken, ERR_BAD_CSR, "csr.account_key", "csr.publicKey",
	    taken ? "an ACME account's" : "no account's",
	    "a key that no ACME account has");
	return true;
}

/*
 * What the CN names: nothing when it is no DNS name and no address, as "Example
 * Ltd"; free() the text.
 */
static bool
read_cn(const char *cn, struct name *ret)
{
	static const enum name_type types[] = { NAME_TYPE_DNS, NAME_TYPE_IP };
	struct err ignored;

	for (size_t i = 0; cn[0] != '\0' && i < NITEMS(types); i++)
		if (name_normal(types[i], bytes_str(cn), &ret->text, &ignored)) {
			ret->type = types[i];
			return true;
		}
	return false;
}

static bool
order_has(const struct acme_order *o, const struct name *name)
{
	for (size_t i = 0; i < o->n_names; i++)
		if (o->names[i].type == name->type &&
		    strcmp(o->names[i].value, name->text) == 0)
			return true;
	return false;
}

/* Exactly the order's, the CN counted among them (A199). */
static bool
names_fit(const struct acme_order *o, const struct csr *csr)
{
	struct name cn = { 0 };
	const bool has_cn = read_cn(csr->cn, &cn);
	bool fit = !has_cn || order_has(o, &cn);

	for (size_t i = 0; fit && i < csr->names.n; i++)
		fit = order_has(o, &csr->names.v[i]);
	for (size_t i = 0; fit && i < o->n_names; i++)
		fit = names_have(&csr->names, o->names[i].type, o->names[i].value) ||
		      (has_cn && cn.type == o->names[i].type &&
			  strcmp(cn.text, o->names[i].value) == 0);
	free(cn.text);
	return fit;
}

static void
judge_names(const struct acme_order *o, const struct csr *csr, struct verdict *v)
{
	struct buf has, allowed;

	buf_init(&has, KIB(16));
	buf_init(&allowed, KIB(16));
	buf_printf(&has, "%s%s", csr->cn[0] != '\0' ? "CN=" : "", csr->cn);
	for (size_t i = 0; i < csr->names.n; i++)
		buf_printf(&has, "%s%s", has.n > 0 ? ", " : "", csr->names.v[i].text);
	for (size_t i = 0; i < o->n_names; i++)
		buf_printf(&allowed, "%s%s", i > 0 ? ", " : "", o->names[i].value);
	verdict_add(v, names_fit(o, csr), ERR_BAD_CSR, "csr.order", "csr.names",
	    buf_str(&has), buf_str(&allowed));
	buf_free(&has);
	buf_free(&allowed);
}

/* ---- the certificate ---- */

/* What the signer refuses is the CSR's fault, or nobody's of those who ask. */
static struct err
told(const struct err *refused)
{
	struct err e = *refused;

	if (e.code == ERR_POLICY || e.code == ERR_BAD_KEY)
		e.code = ERR_BAD_CSR;
	else if (e.code == ERR_NOT_FOUND)
		e.code = ERR_BAD_PROFILE;
	return e;
}

/* READY again: another CSR may come.  One that was ended meanwhile stays so. */
static bool
give_back(const struct finalizing *it, struct err *e)
{
	struct store *st = it->ca->store;
	enum acme_status to;

	return !it->kept ||
	       !acme_state_next(ACME_ORDER, ACME_PROCESSING, ACME_EV_UNSIGNED, &to) ||
	       (store_begin(st, e) && (store_acme_order_move(st, it->order_num,
					   ACME_PROCESSING, to, NULL, e) ||
					  e->code == ERR_CONFLICT));
}

/* The row is in the open transaction by now, moved by the certificate's record. */
static void
on_issued(void *arg, const struct issue_result *r, const struct err *refused)
{
	struct finalizing *it = arg;
	struct err e, why;

	leave(it);
	if (refused != NULL) {
		e = told(refused);
		if (!give_back(it, &why))
			ca_round_fail(it->ca, &why);
		refused = &e;
	} else {
		fault_point("core.finalize.after");
		prom_count(&it->ca->tally.acme_orders, r->profile,
		    acme_state_word(ACME_VALID));
	}
	it->done(it->arg, r, refused);
	free(it);
}

static bool
ask(struct ca *ca, const struct issue_request *q, const char *order_id,
    struct finalizing *it, struct verdict *v, struct err *e)
{
	struct issue_request whole = *q;
	struct note note = { 0 };
	struct buf b;

	buf_init(&b, NOTE_MAX);
	snprintf(note.order, sizeof(note.order), "%s", order_id);
	bool ok = note_write(&note, &b, e);
	if (ok) {
		whole.note = buf_bytes(&b);
		ok = issue_start(ca, &whole, on_issued, it, v, e);
	}
	buf_free(&b);
	note_free(&note);
	return ok;
}

/* READY -> PROCESSING, and back where it was not even asked. */
static bool
start(struct ca *ca, const struct acme_account *account, struct acme_order *o,
    const struct issue_request *q, issue_done *done, void *arg, struct verdict *v,
    struct err *e)
{
	const enum acme_status was = o->status;

	if (!acme_state_next(ACME_ORDER, was, ACME_EV_FINALIZE, &o->status))
		return err_set(e, ERR_ORDER_NOT_READY, "the order is %s",
		    acme_state_word(was));
	struct finalizing *it = enter(ca, account, o, done, arg);
	fault_point("core.finalize.before");
	if (ask(ca, q, o->id, it, v, e))
		return true;
	leave(it);
	free(it);
	o->status = was;
	if (v->refused > 0)
		return acme_order_verdict(v, e);
	*e = told(e);
	return false;
}

struct names
acme_order_names(const struct acme_order *o)
{
	struct names names = { mem_zarray(o->n_names, sizeof(*names.v)), o->n_names };

	for (size_t i = 0; i < o->n_names; i++)
		names.v[i] =
		    (struct name){ o->names[i].type, mem_strdup(o->names[i].value) };
	return names;
}

/* 'o' is as acme_order_refresh() left it in this round. */
static bool
check_ready(struct ca *ca, const struct acme_account *account, struct acme_order *o,
    const struct conf_profile **ret, struct err *e)
{
	const struct conf_profile *directory =
	    conf_profile_find(ca->conf, bytes_str(account->directory));

	if (!ca_writable(ca, e))
		return false;
	if (o->status != ACME_READY)
		return err_set(e, ERR_ORDER_NOT_READY, "the order is %s",
		    acme_state_word(o->status));
	if (directory == NULL)
		return err_set(e, ERR_BAD_PROFILE, "this directory is gone");
	return acme_order_profile(ca, directory, o->profile, ret, e);
}

bool
acme_order_finalize(struct ca *ca, const struct acme_account *account,
    struct acme_order *o, const struct csr *csr, const char *request_id,
    issue_done *done, void *arg, struct verdict *v, struct err *e)
{
	const struct conf_profile *p;

	if (!check_ready(ca, account, o, &p, e))
		return false;
	struct names names = acme_order_names(o);
	judge_names(o, csr, v);
	bool ok = judge_key(ca, csr, v, e) &&
		  acme_account_judge(ca, account, &names, v, e) &&
		  acme_order_verdict(v, e);
	if (ok) {
		struct identity who = {
			.kind = IDENTITY_ACME,
			.text = acme_identity_text(account->id),
			.profile = p->name,
			.names = &names,
		};
		const struct issue_request q = {
			.who = &who,
			.profile = p->name,
			.csr = csr,
			.names = &names,
			.not_before = o->not_before,
			.not_after = o->not_after,
			.request_id = request_id,
		};
		ok = start(ca, account, o, &q, done, arg, v, e);
		free(who.text);
	}
	names_free(&names);
	return ok;
}
