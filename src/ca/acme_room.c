/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/acme_room.h"

#include "base/clock.h"
#include "base/log.h"
#include "ca/acme_limit.h"
#include "ca/ca_state.h"
#include "store/store_acme_room.h"

#define HOUR_S       3600
#define FULL_RETRY_S 60    /* when an account that holds too much may come again */
#define ALL_RETRY_S  600   /* when all together do */
#define TELL_MS      60000 /* between two lines of the log about that */

/* 'max' 0: no limit.  One more may pass it, by what one order may have. */
static bool
bounded(int64_t n, size_t max, const char *what, struct err *e)
{
	if (max == 0 || n < (int64_t)max)
		return true;
	err_set(e, ERR_RATE_LIMITED, "this account has %lld %s", (long long)n, what);
	e->retry_s = FULL_RETRY_S;
	return false;
}

/*
 * An order of many names counts as many until they are proved.  One that ended in vain
 * is still on the disk: within an hour they are as many as orders may be.
 */
static bool
check_own(struct ca *ca, const struct acme_account *account, struct err *e)
{
	const size_t open_max = ca->conf->acme.pending_max,
		     vain_max = ca->conf->acme.orders_per_hour;
	const int64_t now = clock_now();
	struct store_acme_open open = { 0 };
	int64_t vain = 0;

	if ((open_max > 0 && !store_acme_room_open(ca->store, account->num, now,
				 now - HOUR_S, &open, e)) ||
	    (vain_max > 0 &&
		!store_acme_room_vain(ca->store, account->num, now - HOUR_S, &vain, e)))
		return false;
	return bounded(open.names, open_max,
		   "names in unfinished orders; finish some, or wait until they end",
		   e) &&
	       bounded(open.late + vain, vain_max,
		   "names in orders of the last hour that ended unproved; wait", e);
}

/*
 * Who comes, and how far: strangers cannot keep out who has proved something, nor can
 * he, who may have proved one name and no more, keep out whom an administrator let in.
 */
enum standing {
	STRANGER,
	PROVED,
	BOUND
};

static const struct {
	int64_t names; /* of all accounts, and it makes no more */
	/* Before that, while it is scarce; NULL: as it likes. */
	bool (*limit)(struct ca *ca, const char *address, struct err *e);
} rooms[] = {
	/* clang-format off */
	[STRANGER] = { ACME_ROOM_MOST,   acme_limit_stranger },
	[PROVED] =   { ACME_ROOM_PROVED, acme_limit_proved },
	[BOUND] =    { ACME_ROOM_ALL,    NULL },
	/* clang-format on */
};

static bool
look_standing(struct ca *ca, const struct acme_account *account, enum standing *ret,
    struct err *e)
{
	bool proved = false;

	if (account->eab_num == 0 &&
	    !store_acme_room_proved(ca->store, account->num, &proved, e))
		return false;
	*ret = account->eab_num != 0 ? BOUND : proved ? PROVED : STRANGER;
	return true;
}

static void
tell_full(struct ca *ca)
{
	const int64_t now_ms = clock_mono_ms();

	if (ca->acme_room.told_ms != 0 && now_ms - ca->acme_room.told_ms < TELL_MS)
		return;
	ca->acme_room.told_ms = now_ms;
	LOG(LOG_WARN, "acme-full", LOG_NUM("names", ca->acme_room.all),
	    LOG_TEXT("advice",
		"so many names are ordered and proved by nobody: accounts that have "
		"proved nothing are refused, and from 150000 on those without a key; "
		"\"external_account: required\" lets in whom you give a key, "
		"\"hanaper acme accounts\" shows who came"));
}

static bool
full(struct ca *ca, struct err *e)
{
	tell_full(ca);
	err_set(e, ERR_RATE_LIMITED,
	    "too many names are ordered here that nobody has proved; come again "
	    "later%s",
	    ca->acme_room.all < ACME_ROOM_ALL ? ", or with a key for external accounts"
					      : "");
	e->retry_s = ALL_RETRY_S;
	return false;
}

static bool
check_all(struct ca *ca, const struct acme_account *account, struct err *e)
{
	enum standing is;

	if (!acme_room_look(ca, e))
		return false;
	if (!acme_room_scarce(ca))
		return true;
	if (!look_standing(ca, account, &is, e))
		return false;
	if (ca->acme_room.all >= rooms[is].names)
		return full(ca, e);
	return rooms[is].limit == NULL || rooms[is].limit(ca, account->created_from, e);
}

bool
acme_room_check(struct ca *ca, const struct acme_account *account, struct err *e)
{
	return check_own(ca, account, e) && check_all(ca, account, e);
}

bool
acme_room_check_loose(struct ca *ca, const struct acme_account *account, struct err *e)
{
	int64_t n;

	return store_acme_room_loose(ca->store, account->num, clock_now(), &n, e) &&
	       bounded(n, ca->conf->acme.pending_max,
		   "unfinished authorizations that no order names; finish some, or "
		   "wait until they end",
		   e);
}

bool
acme_room_look(struct ca *ca, struct err *e)
{
	return store_acme_room_all(ca->store, &ca->acme_room.all, e);
}

bool
acme_room_scarce(const struct ca *ca)
{
	return ca->acme_room.all >= ACME_ROOM_MANY;
}

int64_t
acme_room_order_s(const struct ca *ca)
{
	const int64_t s = ca->conf->acme.order_s;

	return acme_room_scarce(ca) && s > HOUR_S ? HOUR_S : s;
}
