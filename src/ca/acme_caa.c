/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/acme_caa.h"

#include <stdlib.h>
#include <string.h>

#include "acme_challenge_impl.h"
#include "base/clock.h"
#include "base/mem.h"
#include "ca/ca_state.h"

struct caa_look { /* of one order */
	int64_t account_num;
	size_t waiting;
	struct err why; /* the first that does not permit it */
	acme_caa_done *done;
	void *arg;
};

static void
on_probed(void *arg, const struct msg_probed *m)
{
	struct caa_look *look = arg;

	if (m->code != ERR_NONE && look->why.code == ERR_NONE) {
		err_set(&look->why, m->code, "%.*s", (int)m->detail.n,
		    (const char *)m->detail.p);
		look->why.retry_s = m->retry_s;
	}
	if (--look->waiting > 0)
		return;
	look->done(look->arg, look->why.code == ERR_NONE ? NULL : &look->why);
	free(look);
}

/*
 * The challenge that proved it, when that was long ago, or when other records were
 * looked at than now count: a domain's, where all below it was authorized (RFC 9444),
 * of which each name has its own, and issuewild is for its wildcards alone.
 */
static const struct acme_challenge *
old_proof(const struct acme_authz *authz, const char *name)
{
	const bool other = authz->subdomains || strcmp(authz->value, name) != 0;

	for (size_t i = 0; i < authz->n_challenges; i++) {
		const struct acme_challenge *c = &authz->challenges[i];

		if (c->status == ACME_VALID &&
		    (other || clock_now() - c->validated_at >= ACME_CAA_FRESH_S))
			return c;
	}
	return NULL;
}

static bool
ask(struct ca *ca, const struct conf_profile *directory, const char *account_url,
    const struct acme_order_name *name, struct caa_look *look, struct err *e)
{
	const bool wildcard = strncmp(name->value, "*.", 2) == 0;
	const char *base = name->value + (wildcard ? 2 : 0);
	struct acme_authz authz = { 0 };

	if (name->type != NAME_TYPE_DNS)
		return true;
	if (!store_acme_authz_by_num(ca->store, name->authz_num, &authz, e))
		return false;
	const struct acme_challenge *c = old_proof(&authz, base);
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
			.deadline_ms = MSG_PROBE_DEADLINE,
		};

		acme_test_ask(ca, look->account_num, &m, on_probed, look);
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
	struct caa_look *look = mem_zalloc(sizeof(*look));
	char *url = acme_account_url(ca, account);
	bool ok = true;

	*look =
	    (struct caa_look){ .account_num = account->num, .done = done, .arg = arg };
	for (size_t i = 0; ok && i < o->n_names; i++)
		ok = ask(ca, directory, url, &o->names[i], look, e);
	free(url);
	if (!ok && look->waiting > 0) { /* they are told by 'done', with the rest */
		look->why = *e;
		ok = true;
	}
	*ret_asked = look->waiting > 0;
	if (look->waiting == 0)
		free(look);
	return ok;
}
