/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/acme_revoke.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/store_acme_authz.h"
#include "store/store_acme_order.h"
#include "store/store_certificate.h"

/* ---- reasons ---- */

/* The others are of CAs, of certificates on hold, or of lists. */
static const enum reason allowed[] = { REASON_UNSPECIFIED, REASON_KEY_COMPROMISE,
	REASON_AFFILIATION_CHANGED, REASON_SUPERSEDED, REASON_CESSATION_OF_OPERATION,
	REASON_PRIVILEGE_WITHDRAWN };

bool
acme_revoke_reason(int64_t number, enum reason *ret, struct err *e)
{
	char list[300] = "";
	size_t n = 0;

	for (size_t i = 0; i < NITEMS(allowed); i++) {
		if (number == (int64_t)allowed[i]) {
			*ret = allowed[i];
			return true;
		}
		n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%d (%s)",
		    i > 0 ? ", " : "", (int)allowed[i], sets_reason_word(allowed[i]));
	}
	return err_set(e, ERR_BAD_REASON, "reason must be one of %s", list);
}

/* ---- who may ---- */

static bool
has_ordered(struct ca *ca, const struct acme_account *a, int64_t certificate_id,
    bool *ret, struct err *e)
{
	struct acme_order o = { 0 };

	if (!store_acme_order_by_certificate(ca_store(ca), certificate_id, &o, e)) {
		*ret = false;
		return e->code == ERR_NOT_FOUND;
	}
	*ret = o.account_num == a->num;
	store_acme_order_free(&o);
	return true;
}

/* A found authorization is let go of at once: that it is there is all. */
static bool
found(bool ok, struct acme_authz *authz, bool *ret, struct err *e)
{
	*ret = ok;
	if (ok)
		store_acme_authz_free(authz);
	return ok || e->code == ERR_NOT_FOUND;
}

static bool
name_is_proved(struct ca *ca, const struct acme_account *a, const struct name *name,
    bool *ret, struct err *e)
{
	const bool wildcard = strncmp(name->text, "*.", 2) == 0;
	const char *value = wildcard ? name->text + 2 : name->text;
	const int64_t now = clock_now();
	struct acme_authz authz = { 0 };

	if (!found(store_acme_authz_usable(ca_store(ca), a->num, name->type, value,
		       wildcard, false, now, &authz, e),
		&authz, ret, e))
		return false;
	if (name->type != NAME_TYPE_DNS)
		return true;
	/* RFC 9444: one for a name above covers those below it. */
	for (const char *up = value; !*ret && up != NULL; up = strchr(up, '.')) {
		up += *up == '.';
		if (!found(store_acme_authz_usable_above(ca_store(ca), a->num, up,
			       false, now, &authz, e),
			&authz, ret, e))
			return false;
	}
	return true;
}

static bool
has_proved_all(struct ca *ca, const struct acme_account *a, const struct names *names,
    bool *ret, struct err *e)
{
	bool all = names->n > 0;

	for (size_t i = 0; all && i < names->n; i++)
		if (!name_is_proved(ca, a, &names->v[i], &all, e))
			return false;
	*ret = all;
	return true;
}

/*
 * Who has but proved the names now was not there when the certificate was made: of its
 * key he knows nothing, and the daemon's own he may not take down.
 */
static bool
check_proof(struct ca *ca, const struct acme_revoke_ask *q, const struct cert *c,
    const char *profile, struct err *e)
{
	const struct conf_profile *p =
	    conf_profile_find(ca_conf(ca), bytes_str(profile));
	bool may;

	if (!has_proved_all(ca, q->account, &c->names, &may, e))
		return false;
	if (!may || (p != NULL && p->internal))
		return err_set(e, ERR_FORBIDDEN,
		    "this account has neither ordered the certificate nor a valid "
		    "authorization for each of its names");
	return q->reason != REASON_KEY_COMPROMISE ||
	       err_set(e, ERR_BAD_REASON,
		   "only the account that ordered it, or the certificate's own key, "
		   "can "
		   "say keyCompromise (1)");
}

static bool
check_account(struct ca *ca, const struct acme_revoke_ask *q, int64_t certificate_id,
    const struct cert *c, const char *profile, struct err *e)
{
	bool ordered;

	return has_ordered(ca, q->account, certificate_id, &ordered, e) &&
	       (ordered || check_proof(ca, q, c, profile, e));
}

static bool
check_key(const struct jwk *key, const struct cert *c, struct err *e)
{
	return bytes_eq(jwk_spki(key), c->key.der) ||
	       err_set(e, ERR_FORBIDDEN,
		   "the request is not signed by the certificate's key");
}

/* Octet for octet the one that was issued with this serial. */
static bool
find(struct ca *ca, const struct cert *c, int64_t *ret_id, char **ret_profile,
    struct err *e)
{
	struct certificate_row row;
	struct buf der;

	if (!store_certificate_get(ca_store(ca), NULL, &c->serial, &row, e))
		return e->code == ERR_NOT_FOUND
			   ? err_set(e, ERR_NOT_FOUND,
				 "this CA did not issue the certificate")
			   : false;
	buf_init(&der, CERT_MAX);
	bool ok = store_certificate_der(ca_store(ca), row.id, &der, e);
	if (ok && !bytes_eq(buf_bytes(&der), buf_bytes(&c->der)))
		ok = err_set(e, ERR_NOT_FOUND,
		    "this CA did not issue the certificate, but another with its "
		    "serial");
	if (ok) {
		*ret_id = row.id;
		*ret_profile = mem_strdup(row.profile);
	}
	buf_free(&der);
	certificate_row_free(&row);
	return ok;
}

bool
acme_revoke_start(struct ca *ca, const struct acme_revoke_ask *q, revoke_done *done,
    void *arg, struct cert **ret_cert, struct verdict *v, struct err *e)
{
	struct cert *c = NULL;
	int64_t id = 0;
	char *profile = NULL;

	if (!cert_parse(q->der, &c, e))
		return err_set(e, ERR_MALFORMED,
		    "certificate: no X.509 certificate in DER");
	*ret_cert = c;
	if (!find(ca, c, &id, &profile, e))
		return false;
	const bool may = q->account != NULL ? check_account(ca, q, id, c, profile, e)
					    : check_key(q->key, c, e);
	free(profile);
	if (!may)
		return false;
	struct identity who = {
		.kind = IDENTITY_NONE,
		.text = q->account != NULL
			    ? acme_identity_text(q->account->id)
			    : mem_printf("key:%s", jwk_thumbprint_text(q->key)),
	};
	const struct revoke_request r = {
		.who = &who,
		.serial = c->serial,
		.reason = q->reason,
		.request_id = q->request_id,
		.judged = true,
	};
	const bool ok = revoke_start(ca, &r, done, arg, v, e);
	free(who.text);
	return ok;
}
