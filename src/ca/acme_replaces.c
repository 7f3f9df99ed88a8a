/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/acme_replaces.h"

#include <string.h>

#include "base/clock.h"
#include "ca/acme_order.h"
#include "ca/renewal_info.h"

/* The same client may have an account in each of several directories: its key tells. */
static bool
check_owner(struct ca *ca, const struct acme_account *account,
    const struct acme_order *order, struct err *e)
{
	struct acme_account owner = { 0 };

	if (order->account_num == account->num)
		return true;
	if (!store_acme_account_by_num(ca_store(ca), order->account_num, &owner, e))
		return false;
	const bool same =
	    memcmp(owner.key_hash, account->key_hash, sizeof(owner.key_hash)) == 0;
	store_acme_account_free(&owner);
	return same || err_set(e, ERR_FORBIDDEN,
			   "replaces: another account ordered this certificate");
}

static bool
check_account(struct ca *ca, const struct acme_account *account, int64_t certificate_id,
    struct err *e)
{
	struct acme_order order = { 0 };

	if (!store_acme_order_by_certificate(ca_store(ca), certificate_id, &order, e))
		return e->code == ERR_NOT_FOUND; /* it came by another way */
	const bool ok = check_owner(ca, account, &order, e);
	store_acme_order_free(&order);
	return ok;
}

static bool
check_names(const struct names *of, const struct names *ordered, struct err *e)
{
	for (size_t i = 0; i < ordered->n; i++)
		if (names_have(of, ordered->v[i].type, ordered->v[i].text))
			return true;
	return err_set(e, ERR_MALFORMED,
	    "replaces: the order has no identifier of that certificate");
}

/* One that waits for its client past its time is as good as invalid. */
static bool
is_over(const struct ca *ca, const struct acme_order *o)
{
	return o->status == ACME_INVALID ||
	       ((o->status == ACME_PENDING || o->status == ACME_READY) &&
		   o->expires_at <= clock_now() &&
		   !acme_order_is_processing(ca, o->num));
}

/* Who has proved nothing replaces nothing: a stranger could name any certificate (RFC 9773 5). */
static bool
check_others(struct ca *ca, const struct acme_account *account, const char *certid,
    struct err *e)
{
	struct acme_order other = { 0 };

	if (!store_acme_order_replacing(ca_store(ca), certid, account->num, &other, e))
		return e->code == ERR_NOT_FOUND;
	const bool over = is_over(ca, &other);
	store_acme_order_free(&other);
	return over || err_set(e, ERR_ALREADY_REPLACED,
			   "replaces: another order replaces this certificate");
}

bool
acme_replaces_check(struct ca *ca, const struct acme_account *account,
    const char *certid, const struct names *names, struct err *e)
{
	struct certificate_row row;

	if (!renewal_info_find(ca, bytes_str(certid), &row, e))
		return err_prefix(e, "replaces");
	const bool ok = check_account(ca, account, row.id, e) &&
			check_names(&row.names, names, e) &&
			check_others(ca, account, certid, e);
	certificate_row_free(&row);
	return ok;
}
