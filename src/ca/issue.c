/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/issue.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "ca/ca_state.h"
#include "policy/grant.h"
#include "store/store_certificate.h"

struct issuing {
	struct ca *ca;
	const struct conf_profile *profile;
	issue_done *done;
	void *arg;
};

/* The profile, if there is one of this name that this request may use. */
static const struct conf_profile *
find_profile(struct ca *ca, const struct issue_request *q, struct verdict *v)
{
	const struct conf_profile *p =
	    q->profile == NULL ? NULL
			       : conf_profile_find(ca->conf, bytes_str(q->profile));
	const bool there = p != NULL && (!p->internal || q->internal);
	struct buf all;

	buf_init(&all, KIB(8));
	for (size_t i = 0; i < ca->conf->n_profiles; i++)
		if (!ca->conf->profiles[i].internal)
			buf_printf(&all, "%s%s", all.n > 0 ? ", " : "",
			    ca->conf->profiles[i].name);
	verdict_add(v, there, ERR_POLICY, "profile", "profile",
	    q->profile == NULL ? "" : q->profile, buf_str(&all));
	buf_free(&all);
	return there ? p : NULL;
}

static bool
check_key(struct ca *ca, const struct conf_profile *p, const struct csr *csr,
    struct verdict *v, struct err *e)
{
	uint8_t hash[32];
	bool bad;

	profile_check_key(p, &csr->key, v);
	spki_hash(csr->key.der, hash);
	if (!store_key_compromised(ca->store, hash, &bad, e))
		return false;
	verdict_add(v, !bad, ERR_BAD_KEY, "key.compromised", "csr.publicKey",
	    bad ? "revoked for keyCompromise" : "not known as compromised",
	    "a key that was never compromised; make a new one");
	for (size_t i = 0; i < ca->n_issuers; i++)
		if (bytes_eq(ca->issuers[i].cert->key.der, csr->key.der))
			verdict_add(v, false, ERR_BAD_KEY, "key.issuer",
			    "csr.publicKey", ca->issuers[i].name,
			    "a key that is not a CA's own (P54)");
	return true;
}

/* Every rule, so that one answer names every fault. */
static bool
judge(struct ca *ca, const struct issue_request *q, const struct names *names,
    const struct conf_profile **ret, struct verdict *v, struct err *e)
{
	const struct conf_profile *p = find_profile(ca, q, v);
	const struct conf_grant *grant;
	int64_t from, to;
	char cn[65];

	if (p == NULL)
		return verdict_ok(v, e);
	if (!q->internal &&
	    grant_find(ca->conf, q->who, RIGHT_ISSUE, p->name, &grant, v))
		grant_names(grant, q->who, names, v);

	const struct ca_issuer *issuer = ca_issuer_find(ca, p->issuer);
	profile_check_names(p, names, ca->conf->names_max, v);
	profile_cn(p, names, cn);
	profile_check_constraints(&issuer->policy, names, cn, v);
	profile_validity(p, issuer->cert, clock_now(), q->validity_s, &from, &to, v);
	if (!check_key(ca, p, q->csr, v, e))
		return false;
	*ret = p;
	return verdict_ok(v, e);
}

/* Two thirds of the life, where a client should come again. */
static int64_t
renew_at(const struct cert *c)
{
	return c->not_before + (c->not_after + 1 - c->not_before) * 2 / 3;
}

static void
log_issued(const struct cert *c, const struct record_certificate *rc)
{
	char hex[SERIAL_HEX_LEN], to[CLOCK_RFC3339_LEN];
	char *profile = mem_strndup(rc->profile), *who = mem_strndup(rc->requester);
	char *id = mem_strndup(rc->request_id);

	serial_to_hex(&c->serial, hex);
	clock_rfc3339(c->not_after, to);
	LOG(LOG_INFO, "issued", LOG_TEXT("request_id", id), LOG_TEXT("requester", who),
	    LOG_TEXT("profile", profile), LOG_TEXT("serial", hex),
	    LOG_TEXT("name", c->names.n > 0 ? c->names.v[0].text : ""),
	    LOG_NUM("names", c->names.n), LOG_TEXT("not_after", to));
	free(profile);
	free(who);
	free(id);
}

static void
on_answer(void *arg, const struct ask_answer *a)
{
	struct issuing *it = arg;
	struct record_certificate rc;
	struct cert *cert = NULL;
	struct err e;

	if (a->refused != NULL) {
		it->done(it->arg, NULL, a->refused);
	} else if (a->record == NULL || a->record->type != RECORD_CERTIFICATE) {
		err_set(&e, ERR_INTERNAL, "the signer answered with something else");
		it->done(it->arg, NULL, &e);
	} else if (!record_certificate_get(a->record->body, &rc, &e) ||
		   !cert_parse(rc.der, &cert, &e)) {
		it->done(it->arg, NULL, &e);
	} else {
		const struct issue_result r = {
			.cert = cert,
			.issuer = ca_issuer_find(it->ca, it->profile->issuer),
			.profile = it->profile->name,
			.renew_at = renew_at(cert),
		};
		log_issued(cert, &rc);
		it->done(it->arg, &r, NULL);
	}
	cert_free(cert);
	free(it);
}

static bool
ask_signer(struct ca *ca, const struct issue_request *q, const struct names *names,
    struct issuing *it, struct err *e)
{
	struct buf san, b;

	buf_init(&san, CSR_MAX);
	buf_init(&b, KIB(64));
	bool ok = names_to_der(names, &san, e);
	if (ok) {
		const struct msg_sign_cert m = {
			.id = ask_new(ca, on_answer, it),
			.stored_seq = ca->committed_seq,
			.profile = bytes_str(it->profile->name),
			.csr = buf_bytes(&q->csr->der),
			.names = buf_bytes(&san),
			.not_before = clock_now(),
			.validity_s = q->validity_s,
			.requester = bytes_str(q->who->text),
			.request_id = bytes_str(q->request_id),
			.note = q->note,
		};
		msg_sign_cert_put(&b, &m);
		link_send(ca->signer, MSG_SIGN_CERT, buf_bytes(&b));
	}
	buf_free(&san);
	buf_free(&b);
	return ok;
}

bool
issue_start(struct ca *ca, const struct issue_request *q, issue_done *done, void *arg,
    struct verdict *v, struct err *e)
{
	const struct names *names = q->names != NULL ? q->names : &q->csr->names;
	const struct conf_profile *p = NULL;

	if (!ca_writable(ca, e) || !judge(ca, q, names, &p, v, e) ||
	    !throttle_names(ca, q->who, p->name, names, e))
		return false;
	struct issuing *it = mem_zalloc(sizeof(*it));
	*it = (struct issuing){ .ca = ca, .profile = p, .done = done, .arg = arg };
	if (!ask_signer(ca, q, names, it, e)) {
		free(it);
		return false;
	}
	return true;
}
