/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/core_listener.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "ca/issue.h"
#include "codec/pem.h"

struct asking {
	core_listener_cb *cb;
	void *arg;
};

static void
on_issued(void *arg, const struct issue_result *r, const struct err *refused)
{
	const struct asking a = *(struct asking *)arg;
	struct buf chain;

	free(arg);
	if (refused != NULL) {
		a.cb(a.arg, NULL, refused);
		return;
	}
	buf_init(&chain, KIB(128));
	pem_put(&chain, "CERTIFICATE", buf_bytes(&r->cert->der));
	buf_put(&chain, buf_bytes(&r->issuer->chain));
	const struct msg_tls_cert m = {
		.chain_pem = buf_bytes(&chain),
		.renew_at = r->cert->not_before +
			    (r->cert->not_after - r->cert->not_before) / 2,
	};
	a.cb(a.arg, &m, NULL);
	buf_free(&chain);
}

/*
 * One name that the listener's profile lists, unless a constraint of the issuer bars it.
 * One that cannot be certified (an A-label that decodes to nothing, say: the loader does
 * not look into them) is no reason to serve under none of the others.
 */
static void
add_listener_name(const struct ca_issuer *issuer, enum name_type type,
    struct bytes text, struct names *ret)
{
	char *whole = mem_strndup(text);
	struct err e;

	if (constraints_check(&issuer->policy.constraints, type, whole, &e) &&
	    !names_add(ret, type, text, &e))
		LOG_ERR(LOG_WARN, "listener-name", &e);
	free(whole);
}

/* The profile of the listener lists its names one by one, as exact patterns. */
static bool
listener_names(const struct ca_issuer *issuer, const struct conf_profile *p,
    struct names *ret, struct err *e)
{
	for (size_t i = 0; i < p->names.dns.n; i++)
		add_listener_name(issuer, NAME_TYPE_DNS, bytes_str(p->names.dns.v[i]),
		    ret);
	for (size_t i = 0; i < p->names.ip.n; i++)
		add_listener_name(issuer, NAME_TYPE_IP, bytes_str(p->names.ip.v[i]),
		    ret);
	if (ret->n == 0)
		return err_set(e, ERR_POLICY,
		    "the issuer's name constraints bar every name of the api listener: "
		    "list one "
		    "that they permit in server_names");
	return true;
}

/* Without a certificate nobody could be served by TLS: how the operator gets on is told. */
static bool
check_alive(const struct ca *ca, const struct ca_issuer *issuer, struct err *e)
{
	const int64_t now = clock_now();
	char at[CLOCK_RFC3339_LEN];

	if (now <= issuer->cert->not_after)
		return true;
	clock_rfc3339(issuer->cert->not_after, at);
	return err_set(e, ERR_POLICY,
	    "issuer %s ended at %s: if that is not so, set the clock; else %s",
	    issuer->name, at,
	    now <= ca_issuer_at(ca, 0)->cert->not_after
		? "make its successor: hanaper rotate"
		: "make another CA, the root has ended, too: hanaper init");
}

bool
core_listener_issue(struct ca *ca, struct bytes csr_der, core_listener_cb *cb,
    void *arg, struct err *e)
{
	struct asking *a = mem_zalloc(sizeof(*a));
	struct identity self = { .kind = IDENTITY_SYSTEM,
		.text = mem_strdup("system") };
	const struct conf_profile *p =
	    conf_profile_find(ca_conf(ca), bytes_str(CONF_PROFILE_LISTENER));
	struct names names = { 0 };
	struct verdict v = { 0 };
	struct csr *csr = NULL;

	*a = (struct asking){ cb, arg };
	bool ok =
	    p != NULL || err_set(e, ERR_INTERNAL, "no profile for the api listener");
	ok = ok && check_alive(ca, ca_issuer_find(ca, p->issuer), e) &&
	     csr_parse(csr_der, conf_names_max(ca_conf(ca), p), &csr, e) &&
	     listener_names(ca_issuer_find(ca, p->issuer), p, &names, e);
	if (ok) {
		const struct issue_request q = {
			.who = &self,
			.profile = p->name,
			.csr = csr,
			.names = &names,
			.request_id = "listener",
			.internal = true,
		};
		ok = issue_start(ca, &q, on_issued, a, &v, e);
	}
	free(self.text);
	names_free(&names);
	verdict_free(&v);
	csr_free(csr);
	if (!ok)
		free(a);
	return ok;
}
