/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/acme_limit.h"

#include <gnutls/crypto.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ca/acme.h"
#include "ca/throttle.h"
#include "policy/limiter.h"

#define HASH_LEN 32

/*
 * Signatures that fail, of one account or of strangers from one address.  Each costs
 * core up to a millisecond and its sender nothing; a client of good will has none.
 */
#define FAILED_PER_HOUR 72000
#define FAILED_BURST    1000

/*
 * Orders of accounts that have proved nothing, and of those that have, from one address,
 * while what nobody has proved fills the disk (ca/acme_room.h): one address alone does
 * not keep out the others.  An order of 100 names holds them for two hours: by a burst
 * and what follows those of one address that have proved something hold 45000, which is
 * less than strangers leave them (ACME_ROOM_MOST to ACME_ROOM_PROVED).
 */
#define STRANGERS_PER_HOUR 50
#define PROVED_PER_HOUR    150

struct limit {
	size_t per_hour;
	struct limiter *counted;
};

struct acme_limits {
	struct limit accounts, orders, failures, finalizations;
	struct limiter *signatures, *strangers, *proved;
};

/*
 * An hour's worth may come at once; 0 is no limit.  What was counted goes on to count,
 * unless by another number.
 */
static void
set_limit(struct limit *l, size_t per_hour)
{
	if (l->counted != NULL && l->per_hour == per_hour)
		return;
	limiter_free(l->counted);
	l->counted =
	    limiter_new((uint32_t)per_hour, per_hour > 0 ? (uint32_t)per_hour : 1);
	l->per_hour = per_hour;
}

struct acme_limits *
acme_limits_new(const struct conf_acme_site *c)
{
	struct acme_limits *l = mem_zalloc(sizeof(*l));

	l->signatures = limiter_new(FAILED_PER_HOUR, FAILED_BURST);
	l->strangers = limiter_new(STRANGERS_PER_HOUR, STRANGERS_PER_HOUR);
	l->proved = limiter_new(PROVED_PER_HOUR, PROVED_PER_HOUR);
	acme_limits_set(l, c);
	return l;
}

void
acme_limits_free(struct acme_limits *l)
{
	if (l == NULL)
		return;
	limiter_free(l->accounts.counted);
	limiter_free(l->orders.counted);
	limiter_free(l->failures.counted);
	limiter_free(l->finalizations.counted);
	limiter_free(l->signatures);
	limiter_free(l->strangers);
	limiter_free(l->proved);
	free(l);
}

void
acme_limits_set(struct acme_limits *l, const struct conf_acme_site *c)
{
	set_limit(&l->accounts, c->accounts_per_hour);
	set_limit(&l->orders, c->orders_per_hour);
	set_limit(&l->failures, c->failures_per_hour);
	set_limit(&l->finalizations, c->failures_per_hour);
}

static bool
hash_of(int64_t num, struct bytes text, uint8_t ret[static HASH_LEN])
{
	char *all =
	    mem_printf("%" PRId64 " %.*s", num, (int)text.n, (const char *)text.p);

	const bool ok = gnutls_hash_fast(GNUTLS_DIG_SHA256, all, strlen(all), ret) >= 0;
	free(all);
	return ok;
}

static bool
take(struct limiter *l, int64_t num, struct bytes text, const char *what, struct err *e)
{
	uint8_t hash[HASH_LEN];
	int64_t wait_s;

	if (!hash_of(num, text, hash))
		return err_set(e, ERR_INTERNAL, "SHA-256 failed");
	if (limiter_take(l, hash, clock_mono_ms(), &wait_s))
		return true;
	err_set(e, ERR_RATE_LIMITED, "too many %s; try again in %lld s", what,
	    (long long)wait_s);
	e->retry_s = (unsigned)wait_s;
	return false;
}

static void
whole_of(struct bytes address, char ret[static THROTTLE_ADDRESS_LEN])
{
	char text[THROTTLE_ADDRESS_LEN];

	if (bytes_to_str(address, text, sizeof(text)))
		throttle_whole_address(text, ret);
	else
		ret[0] = '\0'; /* none that can be read count together */
}

static bool
take_address(struct limiter *l, struct bytes address, const char *what, struct err *e)
{
	char whole[THROTTLE_ADDRESS_LEN];

	whole_of(address, whole);
	return take(l, 0, bytes_str(whole), what, e);
}

bool
acme_limit_account(struct ca *ca, struct bytes address, struct err *e)
{
	return take_address(acme_limits(ca)->accounts.counted, address,
	    "new accounts from this address", e);
}

bool
acme_limit_order(struct ca *ca, int64_t account_num, struct err *e)
{
	return take(acme_limits(ca)->orders.counted, account_num, bytes_str(""),
	    "new orders of this account", e);
}

bool
acme_limit_stranger(struct ca *ca, const char *address, struct err *e)
{
	return take_address(acme_limits(ca)->strangers, bytes_str(address),
	    "orders from this address, of accounts that have proved nothing", e);
}

bool
acme_limit_proved(struct ca *ca, const char *address, struct err *e)
{
	return take_address(acme_limits(ca)->proved, bytes_str(address),
	    "orders from this address, of accounts without a key for external accounts",
	    e);
}

bool
acme_limit_change(struct ca *ca, int64_t account_num, struct err *e)
{
	return take(acme_limits(ca)->orders.counted, account_num, bytes_str("change"),
	    "changes of this account", e);
}

bool
acme_limit_attempt(struct ca *ca, int64_t account_num, const char *value, struct err *e)
{
	return take(acme_limits(ca)->failures.counted, account_num, bytes_str(value),
	    "failed validations of this name by this account", e);
}

static void
give_back(struct limiter *l, int64_t num, struct bytes text)
{
	uint8_t hash[HASH_LEN];

	if (hash_of(num, text, hash))
		limiter_give_back(l, hash);
}

void
acme_limit_passed(struct ca *ca, int64_t account_num, const char *value)
{
	give_back(acme_limits(ca)->failures.counted, account_num, bytes_str(value));
}

bool
acme_limit_finalize(struct ca *ca, int64_t account_num, const char *order_id,
    struct err *e)
{
	return take(acme_limits(ca)->finalizations.counted, account_num,
	    bytes_str(order_id), "CSRs for this order that were refused", e);
}

void
acme_limit_finalized(struct ca *ca, int64_t account_num, const char *order_id)
{
	give_back(acme_limits(ca)->finalizations.counted, account_num,
	    bytes_str(order_id));
}

/*
 * Who shares an address with a flood of strangers has a count of his own, once he has
 * an account.
 */
bool
acme_limit_signature(struct ca *ca, struct bytes address, int64_t account_num,
    struct err *e)
{
	char whole[THROTTLE_ADDRESS_LEN];

	whole_of(address, whole);
	return address.n == 0 ||
	       take(acme_limits(ca)->signatures, account_num, bytes_str(whole),
		   account_num != 0
		       ? "signatures that fail, of this account from this address"
		       : "signatures that fail, from this address",
		   e);
}

void
acme_limit_verified(struct ca *ca, struct bytes address, int64_t account_num)
{
	char whole[THROTTLE_ADDRESS_LEN];

	whole_of(address, whole);
	if (address.n > 0)
		give_back(acme_limits(ca)->signatures, account_num, bytes_str(whole));
}
