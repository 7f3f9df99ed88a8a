/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/issue.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ca/audit.h"
#include "ca/ca_state.h"
#include "ca/issue_judge.h"
#include "ca/issue_same.h"
#include "ca/note.h"
#include "store/store_certificate.h"

struct issuing {
	struct ca *ca;
	const struct conf_profile *profile;
	struct issue_same asked;
	struct throttle_taken taken;
	struct strings notes;
	issue_done *done;
	void *arg;
};

/*
 * Two thirds of the life, where a client should come again.  The life counts
 * from the issue: what lies before, by backdating, can be longer than the rest.
 */
int64_t
issue_renew_at(const struct cert *c, int64_t issued_at)
{
	return issued_at + (c->not_after + 1 - issued_at) * 2 / 3;
}

/* Its row is in the transaction already, by ca/reconcile. */
static void
tell_issued(struct issuing *it, const struct cert *c,
    const struct record_certificate *rc)
{
	char *who = mem_strndup(rc->requester), *id = mem_strndup(rc->request_id);
	struct note note = { 0 };
	struct err ignored;

	if (!note_read(rc->note, &note, &ignored))
		note = (struct note){ 0 };
	audit_log(&(struct audit_event){
	    .kind = note_renews(&note) ? AUDIT_RENEWED : AUDIT_ISSUED,
	    .request_id = id,
	    .identity = who,
	    .profile = it->profile->name,
	    .issuer = it->profile->issuer,
	    .names = &c->names,
	    .serial = &c->serial,
	});
	prom_count(&it->ca->tally.issued, it->profile->name, it->profile->issuer);
	note_free(&note);
	free(who);
	free(id);
}

static void
on_answer(void *arg, const struct ask_answer *a)
{
	struct issuing *it = arg;
	struct record_certificate rc;
	struct cert *parsed = NULL;
	struct err e;

	if (a->refused != NULL) {
		if (a->record == NULL) /* else it was signed, and is there by and by */
			throttle_give_back(it->ca, &it->taken);
		it->done(it->arg, NULL, a->refused);
	} else if (a->record == NULL || a->record->type != RECORD_CERTIFICATE) {
		err_set(&e, ERR_MALFORMED, "it answered with something else");
		ask_lied(it->ca, &e);
	} else if (!record_certificate_get(a->record->body, &rc, &e) ||
		   (a->cert == NULL && !cert_parse(rc.der, &parsed, &e))) {
		it->done(it->arg, NULL, &e);
	} else if (!issue_same_check(&it->asked, it->ca, &rc,
		       a->cert != NULL ? a->cert : parsed, &e)) {
		if (e.code == ERR_MALFORMED)
			ask_lied(it->ca, &e);
		it->done(it->arg, NULL, &e);
	} else {
		const struct cert *cert = a->cert != NULL ? a->cert : parsed;
		const struct issue_result r = {
			.cert = cert,
			.issuer = ca_issuer_find(it->ca, it->profile->issuer),
			.profile = it->profile->name,
			.renew_at = issue_renew_at(cert, a->record->at),
			.notes = it->notes,
		};
		tell_issued(it, cert, &rc);
		it->done(it->arg, &r, NULL);
	}
	cert_free(parsed);
	issue_same_free(&it->asked);
	strings_free(&it->notes);
	free(it);
}

static bool
put_note(const struct issue_request *q, bool descends, struct buf *ret, struct err *e)
{
	const bool by_holder = descends && !q->renewal;
	struct note n;

	_Static_assert(NOTE_MAX <= MSG_NOTE_MAX, "any note goes to the signer");
	buf_put(ret, q->note);
	if (q->once == NULL && !by_holder)
		return true;
	if (!note_read(q->note, &n, e))
		return false;
	if (by_holder) {
		n.has_parent = n.by_holder = true;
		n.parent = q->row->serial;
	}
	if (q->once != NULL) {
		n.has_once = true;
		n.once = *q->once;
	}
	buf_clear(ret);
	const bool ok = note_write(&n, ret, e);
	note_free(&n);
	return ok;
}

static bool
ask_signer(struct ca *ca, const struct issue_request *q, const struct issue_judged *j,
    struct issuing *it, struct err *e)
{
	struct buf san, note, b;

	buf_init(&san, CSR_MAX);
	buf_init(&note, NOTE_MAX);
	buf_init(&b, KIB(64));
	bool ok = names_to_der(j->names, &san, e) && put_note(q, j->descends, &note, e);
	if (ok) {
		const struct msg_sign_cert m = {
			.id = ask_new(ca, on_answer, it),
			.stored_seq = ca->flushed_seq,
			.profile = bytes_str(it->profile->name),
			.csr = buf_bytes(&q->csr->der),
			.names = buf_bytes(&san),
			.not_before = clock_now(),
			.validity_s = q->validity_s,
			.exact_not_before = q->not_before,
			.exact_not_after = q->not_after,
			.requester = bytes_str(q->who->text),
			.request_id = bytes_str(q->request_id),
			.note = buf_bytes(&note),
		};
		msg_sign_cert_put(&b, &m);
		link_send(ca->signer, MSG_SIGN_CERT, buf_bytes(&b));
		issue_same_keep(&it->asked, it->profile, q->csr->key.der, &san);
	}
	buf_free(&san);
	buf_free(&note);
	buf_free(&b);
	return ok;
}

bool
issue_is_asked(const struct ca *ca, struct bytes spki)
{
	for (size_t i = 0; i < ca->n_asks; i++) {
		const struct ask *a = &ca->asks[i];

		if (a->id != 0 && a->cb == on_answer &&
		    bytes_eq(buf_bytes(&((const struct issuing *)a->arg)->asked.spki),
			spki))
			return true;
	}
	return false;
}

bool
issue_start(struct ca *ca, const struct issue_request *q, issue_done *done, void *arg,
    struct verdict *v, struct err *e)
{
	struct throttle_taken taken = { 0 };
	struct issue_judged j;

	if (!ca_writable(ca, e) || !ask_prompt(ca, e) ||
	    !issue_judge(ca, q, &j, v, e) || !verdict_ok(v, e) ||
	    !throttle_names(ca, q->who, j.profile->name, j.names, &taken, e))
		return false;
	assert(q->csr != NULL && j.names != NULL); /* else a row has failed */
	struct issuing *it = mem_zalloc(sizeof(*it));
	*it = (struct issuing){ .ca = ca,
		.profile = j.profile,
		.taken = taken,
		.done = done,
		.arg = arg };
	verdict_notes(v, &it->notes);
	if (!ask_signer(ca, q, &j, it, e)) {
		throttle_give_back(ca, &taken);
		strings_free(&it->notes);
		free(it);
		return false;
	}
	return true;
}
