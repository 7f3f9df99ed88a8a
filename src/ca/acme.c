/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/acme.h"

#include <fcntl.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "ca/acme_challenge.h"
#include "ca/ca_state.h"
#include "ca/throttle.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "policy/limiter.h"
#include "store/store_acme_order.h"
#include "sys/file.h"

#define HASH_LEN 32
#define SWEEP_MS 10000 /* between two steps of housekeeping */

/*
 * Signatures that fail, of one account or of strangers from one address.  Each costs
 * core up to a millisecond and its sender nothing; a client of good will has none.
 */
#define FAILED_PER_HOUR 72000
#define FAILED_BURST    1000

struct limit {
	size_t per_hour;
	struct limiter *counted;
};

struct acme_site {
	struct link *prober;
	struct nonces *nonces;  /* NULL: ACME is off */
	struct jwk_cache *keys; /* of accounts that asked lately */
	uint8_t key[NONCE_KEY_LEN];
	struct limit accounts, orders, failures, finalizations;
	struct limiter *signatures;
	struct loop_timer *sweep;
};

/* ---- the two files ---- */

/* Beside the database: core may write there, whatever the rest of the system is like. */
static char *
path_of(const struct conf *conf, const char *file)
{
	char *path = conf_path(conf, conf->database);
	char *slash = strrchr(path, '/');

	*slash = '\0'; /* conf_path() makes an absolute one */
	char *ret = mem_printf("%s/%s", path, file);
	free(path);
	return ret;
}

static bool
make_key(const char *path, struct buf *ret, struct err *e)
{
	uint8_t key[NONCE_KEY_LEN];

	if (gnutls_rnd(GNUTLS_RND_KEY, key, sizeof(key)) < 0)
		return err_set(e, ERR_INTERNAL, "the random source failed");
	buf_put(ret, bytes_of(key, sizeof(key)));
	const bool ok = file_create(AT_FDCWD, path, 0600, buf_bytes(ret), e);
	mem_wipe(key, sizeof(key));
	return ok;
}

static bool
read_key(struct acme_site *a, const char *path, struct err *e)
{
	struct buf b;

	buf_init(&b, NONCE_KEY_LEN);
	bool ok = file_read(AT_FDCWD, path, &b, e);
	if (ok)
		ok = file_check_mode(AT_FDCWD, path, FILE_OPEN_SECRET, e);
	else if (e->code == ERR_NOT_FOUND)
		ok = make_key(path, &b, e);
	if (ok && b.n != sizeof(a->key))
		ok = err_set(e, ERR_IO,
		    "%s has %zu octets, not %zu: put it back from a backup, or remove "
		    "it, which ends all keys for external accounts",
		    path, b.n, sizeof(a->key));
	if (ok)
		memcpy(a->key, b.p, sizeof(a->key));
	buf_wipe(&b);
	return ok;
}

static bool
open_files(struct acme_site *a, const struct conf *conf, struct err *e)
{
	char *key = path_of(conf, ACME_KEY_FILE),
	     *nonces = path_of(conf, ACME_NONCES_FILE);

	const bool ok =
	    read_key(a, key, e) &&
	    nonce_open(nonces, bytes_of(a->key, sizeof(a->key)), &a->nonces, e);
	free(key);
	free(nonces);
	return ok;
}

static bool
is_wanted(const struct conf *conf)
{
	for (size_t i = 0; i < conf->n_profiles; i++)
		if (conf->profiles[i].acme.on)
			return true;
	return false;
}

/* ---- limits ---- */

static void
free_limits(struct acme_site *a)
{
	limiter_free(a->accounts.counted);
	limiter_free(a->orders.counted);
	limiter_free(a->failures.counted);
	limiter_free(a->finalizations.counted);
	limiter_free(a->signatures);
}

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

static void
set_limits(struct acme_site *a, const struct conf_acme_site *c)
{
	set_limit(&a->accounts, c->accounts_per_hour);
	set_limit(&a->orders, c->orders_per_hour);
	set_limit(&a->failures, c->failures_per_hour);
	set_limit(&a->finalizations, c->failures_per_hour);
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

bool
acme_limit_account(struct ca *ca, struct bytes address, struct err *e)
{
	char whole[THROTTLE_ADDRESS_LEN];

	whole_of(address, whole);
	return take(ca->acme->accounts.counted, 0, bytes_str(whole),
	    "new accounts from this address", e);
}

bool
acme_limit_order(struct ca *ca, int64_t account_num, struct err *e)
{
	return take(ca->acme->orders.counted, account_num, bytes_str(""),
	    "new orders of this account", e);
}

bool
acme_limit_change(struct ca *ca, int64_t account_num, struct err *e)
{
	return take(ca->acme->orders.counted, account_num, bytes_str("change"),
	    "changes of this account", e);
}

bool
acme_limit_attempt(struct ca *ca, int64_t account_num, const char *value, struct err *e)
{
	return take(ca->acme->failures.counted, account_num, bytes_str(value),
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
	give_back(ca->acme->failures.counted, account_num, bytes_str(value));
}

bool
acme_limit_finalize(struct ca *ca, int64_t account_num, const char *order_id,
    struct err *e)
{
	return take(ca->acme->finalizations.counted, account_num, bytes_str(order_id),
	    "CSRs for this order that were refused", e);
}

void
acme_limit_finalized(struct ca *ca, int64_t account_num, const char *order_id)
{
	give_back(ca->acme->finalizations.counted, account_num, bytes_str(order_id));
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
	       take(ca->acme->signatures, account_num, bytes_str(whole),
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
		give_back(ca->acme->signatures, account_num, bytes_str(whole));
}

/* ---- life ---- */

static void
on_sweep(void *arg)
{
	struct ca *ca = arg;

	ca->acme->sweep = loop_after(ca->loop, SWEEP_MS, on_sweep, ca);
	acme_order_sweep(ca);
}

bool
acme_open(struct ca *ca, struct link *prober, struct err *e)
{
	struct acme_site *a = mem_zalloc(sizeof(*a));

	a->prober = prober;
	a->keys = jwk_cache_new();
	a->signatures = limiter_new(FAILED_PER_HOUR, FAILED_BURST);
	set_limits(a, &ca->conf->acme);
	ca->acme = a;
	a->sweep = loop_after(ca->loop, SWEEP_MS, on_sweep, ca);
	/* Wanted or not: who is shut in later cannot open them when a reload wants them. */
	if (open_files(a, ca->conf, e))
		return true;
	err_prefix(e, "ACME");
	if (is_wanted(ca->conf))
		return false;
	LOG_ERR(LOG_WARN, "acme-unavailable", e);
	return true;
}

void
acme_close(struct ca *ca)
{
	struct acme_site *a = ca->acme;

	if (a == NULL)
		return;
	loop_cancel(a->sweep);
	nonce_close(a->nonces);
	jwk_cache_free(a->keys);
	free_limits(a);
	mem_wipe(a->key, sizeof(a->key));
	free(a);
	ca->acme = NULL;
}

void
acme_reload(struct ca *ca)
{
	struct acme_site *a = ca->acme;
	struct err e;

	if (a == NULL)
		return;
	set_limits(a, &ca->conf->acme);
	if (a->nonces == NULL && is_wanted(ca->conf) && !open_files(a, ca->conf, &e))
		LOG_ERR(LOG_ERROR, "acme-unavailable", &e);
}

void
acme_resume(struct ca *ca)
{
	int64_t n;
	struct err e;

	if (ca->acme == NULL)
		return;
	if (!store_begin(ca->store, &e) ||
	    !store_acme_order_resume(ca->store, &n, &e)) {
		LOG_ERR(LOG_ERROR, "acme-resume", &e);
		return;
	}
	if (n > 0)
		LOG(LOG_INFO, "acme-orders-resumed", LOG_NUM("orders", n));
	acme_challenge_resume(ca);
}

struct link *
acme_prober(const struct ca *ca)
{
	return ca->acme != NULL ? ca->acme->prober : NULL;
}

/* ---- nonces, ids, keys ---- */

static bool
is_open(const struct ca *ca, struct err *e)
{
	return (ca->acme != NULL && ca->acme->nonces != NULL) ||
	       err_set(e, ERR_UNAVAILABLE,
		   "ACME could not be started; the log of the daemon says why");
}

bool
acme_nonce_new(struct ca *ca, char ret[static NONCE_TEXT], struct err *e)
{
	if (!is_open(ca, e))
		return false;
	nonce_new(ca->acme->nonces, ret);
	return true;
}

bool
acme_nonce_use(struct ca *ca, struct bytes nonce, struct err *e)
{
	return is_open(ca, e) && nonce_use(ca->acme->nonces, nonce, e);
}

bool
acme_nonce_check(struct ca *ca, struct bytes nonce, struct err *e)
{
	return is_open(ca, e) && nonce_check(ca->acme->nonces, nonce, e);
}

bool
acme_key_read(struct ca *ca, const char *text, struct jwk **ret, struct err *e)
{
	return is_open(ca, e) &&
	       jwk_cache_read(ca->acme->keys, bytes_str(text), ret, e);
}

static bool
random_text(uint8_t *octets, size_t n, char *ret, size_t size, struct err *e)
{
	struct buf b;

	if (gnutls_rnd(GNUTLS_RND_NONCE, octets, n) < 0)
		return err_set(e, ERR_INTERNAL, "the random source failed");
	buf_init(&b, size);
	base64url_put(&b, bytes_of(octets, n));
	const bool ok = bytes_to_str(buf_bytes(&b), ret, size);
	buf_free(&b);
	return ok || err_set(e, ERR_INTERNAL, "a random text of the wrong length");
}

bool
acme_new_id(char ret[static ACME_ID_LEN], struct err *e)
{
	uint8_t octets[16];

	do /* one that begins with "-" would be an option to commands */
		if (!random_text(octets, sizeof(octets), ret, ACME_ID_LEN, e))
			return false;
	while (ret[0] == '-');
	return true;
}

bool
acme_new_token(char ret[static ACME_TOKEN_TEXT], struct err *e)
{
	uint8_t octets[32];

	return random_text(octets, sizeof(octets), ret, ACME_TOKEN_TEXT, e);
}

bool
acme_eab_key(struct ca *ca, const char *kid, uint8_t ret[static EAB_KEY_LEN],
    struct err *e)
{
	if (!is_open(ca, e))
		return false;
	eab_key_derive(bytes_of(ca->acme->key, sizeof(ca->acme->key)), kid, ret);
	return true;
}

char *
acme_identity_text(const char *account_id)
{
	return mem_printf("acme:%s", account_id);
}

char *
acme_account_url(const struct ca *ca, const struct acme_account *a)
{
	return mem_printf("%s/acme/%s/account/%s", ca->conf->url_api, a->directory,
	    a->id);
}

/* A detail quotes what a client sent: no markup of it reaches a page (A88). */
static char *
detail_of(const struct err *e)
{
	char *text = mem_strdup(e->detail);

	for (char *c = strpbrk(text, "<>"); c != NULL; c = strpbrk(c, "<>"))
		*c = '?';
	return text;
}

json_t *
acme_problem_json(const struct err *e)
{
	char *type =
	    mem_printf("urn:ietf:params:acme:error:%s", err_acme_type(e->code));
	char *detail = detail_of(e);
	json_t *p = json_pack("{s:s, s:s, s:i}", "type", type, "detail", detail,
	    "status", err_acme_status(e->code));

	free(type);
	free(detail);
	return p;
}

char *
acme_problem_text(const struct err *e)
{
	json_t *p = acme_problem_json(e);
	struct buf b;

	buf_init(&b, KIB(8));
	json_write(&b, p);
	json_decref(p);
	char *text = mem_strdup(buf_str(&b));
	buf_free(&b);
	return text;
}
