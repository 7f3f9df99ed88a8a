/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/acme.h"

#include <fcntl.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "ca/acme_caa.h"
#include "ca/acme_challenge.h"
#include "ca/acme_limit.h"
#include "ca/acme_room.h"
#include "ca/ca_state.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "store/store_acme_order.h"
#include "sys/file.h"

#define IDENTITY "acme:"

#define SWEEP_MS  10000 /* between two steps of housekeeping */
#define SCARCE_MS 1000  /* while names that nobody has proved fill the disk */

struct acme_site {
	struct link *prober;
	struct nonces *nonces;  /* NULL: ACME is off */
	struct jwk_cache *keys; /* of accounts that asked lately */
	uint8_t key[NONCE_KEY_LEN];
	struct acme_limits *limits;
	struct loop_timer *sweep;
};

/* ---- the two files ---- */

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
	/* Core may write there, whatever the rest of the system is like. */
	char *key = conf_path_beside_database(conf, ACME_KEY_FILE),
	     *nonces = conf_path_beside_database(conf, ACME_NONCES_FILE);

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

/* ---- life ---- */

static void
on_sweep(void *arg)
{
	struct ca *ca = arg;

	ca->acme->sweep = loop_after(ca->loop,
	    acme_room_scarce(ca) ? SCARCE_MS : SWEEP_MS, on_sweep, ca);
	acme_order_sweep(ca);
}

bool
acme_open(struct ca *ca, struct link *prober, struct err *e)
{
	struct acme_site *a = mem_zalloc(sizeof(*a));

	a->prober = prober;
	a->keys = jwk_cache_new();
	a->limits = acme_limits_new(&ca->conf->acme);
	ca->acme = a;
	a->sweep = loop_after(ca->loop, SWEEP_MS, on_sweep, ca);
	acme_caa_start(ca);
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
	acme_limits_free(a->limits);
	acme_caa_stop(ca);
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
	acme_limits_set(a->limits, &ca->conf->acme);
	acme_caa_reload(ca);
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

struct acme_limits *
acme_limits(const struct ca *ca)
{
	return ca->acme->limits;
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
	return mem_printf(IDENTITY "%s", account_id);
}

const char *
acme_identity_account(const char *text)
{
	const size_t n = sizeof(IDENTITY) - 1;

	return strncmp(text, IDENTITY, n) == 0 ? text + n : NULL;
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
