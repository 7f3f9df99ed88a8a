/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/descent.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ca/acme.h"
#include "ca/ca_state.h"
#include "ca/revoke.h"
#include "store/store_acme_account.h"
#include "store/store_certificate.h"
#include "store/store_lineage.h"

static void
check_age(const struct conf *conf, const struct certificate_row *row, struct verdict *v)
{
	const int64_t age = clock_now() - row->first_at;
	const int64_t max = conf->renewal_max_age_s;
	char value[CLOCK_DURATION_LEN], most[CLOCK_DURATION_LEN];

	clock_duration(age > 0 ? age : 0, value);
	clock_duration(max, most);
	char *allowed = max == 0 ? mem_strdup("any age")
				 : mem_printf("at most %s since the first of its "
					      "lineage; after that, enrol anew",
				       most);
	verdict_add(v, max == 0 || age <= max, ERR_NOT_RENEWABLE, "renewal.max_age",
	    "certificate", value, allowed);
	free(allowed);
}

/* S8 */
static bool
check_lineage(struct ca *ca, const struct certificate_row *row, struct verdict *v,
    struct err *e)
{
	const bool underway = revoke_lineage_underway(ca, row->first_id);
	bool bad;

	if (!store_lineage_compromised(ca_store(ca), row->id, row->first_id, &bad, e))
		return false;
	verdict_add(v, !bad, ERR_NOT_RENEWABLE, "renewal.ancestors", "certificate",
	    bad ? "descends from one that was revoked for keyCompromise"
		: "no ancestor was revoked for keyCompromise",
	    "a new enrolment with a new key");
	if (underway)
		verdict_add(v, false, ERR_NOT_RENEWABLE, "renewal.revoked",
		    "certificate", "its lineage is being revoked",
		    "a new enrolment with a new key");
	return true;
}

/* Who asked for the first of the lineage. */
static bool
first_requester(struct ca *ca, const struct certificate_row *row, char **ret,
    struct err *e)
{
	struct certificate_row first;

	if (row->first_id == row->id) {
		*ret = mem_strdup(row->requester);
		return true;
	}
	if (!store_certificate_get(ca->store, NULL, &row->first, &first, e))
		return false;
	*ret = mem_strdup(first.requester);
	certificate_row_free(&first);
	return true;
}

/*
 * What ACME gave by proof is renewed without one, for as long as the account might ask
 * for more.  One that went with a lost database is as good as it was.
 */
static bool
check_account(struct ca *ca, const struct certificate_row *row, struct verdict *v,
    struct err *e)
{
	struct acme_account a;
	const char *id;
	char *who;

	if (!first_requester(ca, row, &who, e))
		return false;
	id = acme_identity_account(who);
	const bool found = id != NULL && store_acme_account_by_id(ca->store, id, &a, e);
	const bool known = id != NULL;
	free(who);
	if (!found)
		return !known || e->code == ERR_NOT_FOUND;
	if (a.status != ACME_VALID)
		verdict_add(v, false, ERR_NOT_RENEWABLE, "renewal.account",
		    "certificate", "came by an ACME account that has ended",
		    "a new certificate, by an account that is valid");
	store_acme_account_free(&a);
	return true;
}

bool
descent_check(struct ca *ca, const struct certificate_row *row, struct verdict *v,
    struct err *e)
{
	check_age(ca->conf, row, v);
	return check_lineage(ca, row, v, e) && check_account(ca, row, v, e);
}
