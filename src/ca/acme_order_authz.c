/* SPDX-License-Identifier: Apache-2.0 */
/* Authorizations: used again or made, with the challenges that can prove them (RFC 8555 7.1.4). */
#include "acme_order_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ca/acme_challenge.h"
#include "ca/acme_room.h"
#include "ca/ca_state.h"

#define REUSE_LEFT_S INT64_C(3600) /* that one must last to be used again, at least */

#define ABOVE_MAX 16 /* domains that are looked at, upwards from a name */

#define BY_DNS (CHALLENGE_DNS_01 | CHALLENGE_DNS_ACCOUNT_01 | CHALLENGE_DNS_PERSIST_01)
#define BY_IP  (CHALLENGE_HTTP_01 | CHALLENGE_TLS_ALPN_01)

unsigned
acme_order_challenges(struct ca *ca, const struct conf_profile *directory,
    const struct acme_authz *want)
{
	unsigned all = directory->acme.challenges;

	/* Its record names this CA: without a name there is nothing to write into it. */
	if (ca->conf->acme.caa_identities.n == 0)
		all &= ~(unsigned)CHALLENGE_DNS_PERSIST_01;
	if (want->type == NAME_TYPE_IP) /* RFC 8738 4, 6, 7 */
		return all & BY_IP;
	/* Only who holds the zone speaks for all below it (RFC 8555 7.1.4, RFC 9444 4.3). */
	return want->wildcard || want->subdomains ? all & BY_DNS : all;
}

/* ---- used again ---- */

static unsigned
types_of(const struct acme_authz *a)
{
	unsigned all = 0;

	for (size_t i = 0; i < a->n_challenges; i++)
		all |= a->challenges[i].type;
	return all;
}

/* Nothing was tried, and all that is offered now is there. */
static bool
is_fresh(struct ca *ca, const struct conf_profile *directory,
    const struct acme_authz *a)
{
	for (size_t i = 0; i < a->n_challenges; i++)
		if (a->challenges[i].status != ACME_PENDING ||
		    acme_challenge_is_running(ca, a->challenges[i].num))
			return false;
	return types_of(a) == acme_order_challenges(ca, directory, a);
}

static int64_t
must_last(int64_t life_s)
{
	return life_s / 2 < REUSE_LEFT_S ? life_s / 2 : REUSE_LEFT_S;
}

/* Takes 'found' when it will do; frees it otherwise. */
static bool
take(struct ca *ca, const struct conf_profile *directory, struct acme_authz *found,
    struct acme_authz *ret)
{
	if (found->status == ACME_VALID || is_fresh(ca, directory, found)) {
		*ret = *found;
		return true;
	}
	store_acme_authz_free(found);
	return false;
}

/* RFC 9444: a valid one of a name above, that lets all below it pass. */
static bool
find_above(struct ca *ca, const struct acme_account *account,
    const struct acme_authz *want, int64_t until, struct acme_authz *ret, bool *found,
    struct err *e)
{
	const char *name = want->value;

	*found = false;
	for (size_t i = 0; name != NULL && !*found && i < ABOVE_MAX; i++) {
		*found = store_acme_authz_usable_above(ca->store, account->num, name,
		    false, until, ret, e);
		if (!*found && e->code != ERR_NOT_FOUND)
			return false;
		name = strchr(name, '.');
		name = name != NULL ? name + 1 : NULL;
	}
	return true;
}

static bool
find_same(struct ca *ca, const struct acme_account *account,
    const struct acme_authz *want, int64_t until, struct acme_authz *ret, bool *found,
    struct err *e)
{
	*found = want->subdomains
		     ? store_acme_authz_usable_above(ca->store, account->num,
			   want->value, true, until, ret, e)
		     : store_acme_authz_usable(ca->store, account->num, want->type,
			   want->value, want->wildcard, true, until, ret, e);
	return *found || e->code == ERR_NOT_FOUND;
}

static bool
find(struct ca *ca, const struct acme_account *account,
    const struct conf_profile *directory, const struct acme_authz *want,
    struct acme_authz *ret, bool *found, struct err *e)
{
	const int64_t now = clock_now();
	struct acme_authz a;

	*found = false;
	if (directory->acme.subdomains && want->type == NAME_TYPE_DNS) {
		if (!find_above(ca, account, want,
			now + must_last(directory->acme.authorization_s), &a, found, e))
			return false;
		if (*found) {
			*ret = a;
			return true;
		}
	}
	if (!find_same(ca, account, want,
		now + must_last(directory->acme.authorization_s), &a, found, e))
		return false;
	*found = *found && take(ca, directory, &a, ret);
	return true;
}

/* ---- made ---- */

static bool
add_challenges(struct acme_authz *a, unsigned types, struct err *e)
{
	for (unsigned bit = 1; bit != 0 && bit <= types; bit <<= 1) {
		if ((types & bit) == 0)
			continue;
		a->challenges = mem_grow(a->challenges, a->n_challenges + 1,
		    sizeof(*a->challenges));
		struct acme_challenge *c = &a->challenges[a->n_challenges++];
		*c = (struct acme_challenge){
			.type = (enum challenge)bit,
			.status = ACME_PENDING,
			.error = mem_strdup(""),
		};
		/* dns-persist-01 has none in its draft, but old clients choke then. */
		if (!acme_new_token(c->token, e))
			return false;
	}
	return true;
}

/* As the row is by now, but for the challenges' own numbers. */
static bool
make(struct ca *ca, const struct acme_account *account,
    const struct conf_profile *directory, const struct acme_authz *want,
    struct acme_authz *ret, struct err *e)
{
	const int64_t now = clock_now();
	const unsigned types = acme_order_challenges(ca, directory, want);
	struct acme_authz a = {
		.account_num = account->num,
		.type = want->type,
		.value = mem_strdup(want->value),
		.wildcard = want->wildcard,
		.subdomains = want->subdomains,
		.loose = want->loose,
		.status = ACME_PENDING,
		.created_at = now,
		.expires_at = now + acme_room_order_s(ca),
	};
	int64_t num;

	const bool ok = acme_new_id(a.id, e) && add_challenges(&a, types, e) &&
			store_acme_authz_add(ca->store, &a, &num, e);
	if (!ok) {
		store_acme_authz_free(&a);
		return false;
	}
	a.num = num;
	for (size_t i = 0; i < a.n_challenges; i++)
		store_acme_authz_challenge_id(&a, &a.challenges[i]);
	*ret = a;
	return true;
}

bool
acme_order_authorize(struct ca *ca, const struct acme_account *account,
    const struct conf_profile *directory, const struct acme_authz *want, bool again,
    struct acme_authz *ret, struct err *e)
{
	bool found = false;

	if (again && !find(ca, account, directory, want, ret, &found, e))
		return false;
	return found || make(ca, account, directory, want, ret, e);
}
