/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/throttle.h"

#include <arpa/inet.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ca/ca_state.h"
#include "policy/grant.h"
#include "policy/limiter.h"

#define HASH_LEN 32

/* Refusals that leave a row and a line: of one identity, of all. */
#define REFUSALS_PER_HOUR     1800
#define REFUSALS_BURST        300
#define REFUSALS_ALL_PER_HOUR 18000
#define REFUSALS_ALL_BURST    3000

struct throttle {
	struct limiter *callers, *names;
	struct limiter *refusals, *refusals_all;
};

struct throttle *
throttle_new(const struct conf *conf)
{
	struct throttle *t = mem_zalloc(sizeof(*t));
	const uint32_t same = (uint32_t)conf->same_names_per_hour;

	t->callers = limiter_new((uint32_t)conf->rate_per_minute * 60,
	    (uint32_t)conf->rate_burst);
	t->names = limiter_new(same, same);
	t->refusals = limiter_new(REFUSALS_PER_HOUR, REFUSALS_BURST);
	t->refusals_all = limiter_new(REFUSALS_ALL_PER_HOUR, REFUSALS_ALL_BURST);
	return t;
}

void
throttle_free(struct throttle *t)
{
	if (t == NULL)
		return;
	limiter_free(t->callers);
	limiter_free(t->names);
	limiter_free(t->refusals);
	limiter_free(t->refusals_all);
	free(t);
}

bool
throttle_is_free(struct ca *ca, const struct identity *who)
{
	const struct conf_grant *grant;
	struct verdict v = { 0 };

	const bool may = who->kind == IDENTITY_ADMIN || who->kind == IDENTITY_SYSTEM ||
			 grant_find(ca->conf, who, RIGHT_ADMIN, NULL, &grant, &v);
	verdict_free(&v);
	return may;
}

static bool
too_many(struct err *e, int64_t wait_s, const char *what)
{
	err_set(e, ERR_RATE_LIMITED, "too many %s; try again in %lld s", what,
	    (long long)wait_s);
	e->retry_s = (unsigned)wait_s;
	return false;
}

static bool
take_caller(struct ca *ca, const char *kind, const char *key, const char *what,
    struct err *e)
{
	uint8_t hash[HASH_LEN];
	char *text = mem_printf("%s%s", kind, key);
	int64_t wait_s;

	const int hashed =
	    gnutls_hash_fast(GNUTLS_DIG_SHA256, text, strlen(text), hash);
	free(text);
	if (hashed < 0)
		return err_set(e, ERR_INTERNAL, "SHA-256 failed");
	return limiter_take(ca->throttle->callers, hash, clock_mono_ms(), &wait_s) ||
	       too_many(e, wait_s, what);
}

bool
throttle_caller(struct ca *ca, const struct identity *who, struct err *e)
{
	return throttle_is_free(ca, who) ||
	       take_caller(ca, "", who->text, "requests of this identity", e);
}

void
throttle_whole_address(const char *address, char ret[static THROTTLE_ADDRESS_LEN])
{
	struct in6_addr ip;

	snprintf(ret, THROTTLE_ADDRESS_LEN, "%s", address);
	if (inet_pton(AF_INET6, address, &ip) != 1 || IN6_IS_ADDR_V4MAPPED(&ip))
		return;
	memset(&ip.s6_addr[8], 0, 8);
	inet_ntop(AF_INET6, &ip, ret, THROTTLE_ADDRESS_LEN);
}

bool
throttle_address(struct ca *ca, const char *address, struct err *e)
{
	char whole[THROTTLE_ADDRESS_LEN];

	if (address[0] == '\0')
		return true;
	throttle_whole_address(address, whole);
	return take_caller(ca, "address:", whole, "enrolments from this address", e);
}

bool
throttle_token(struct ca *ca, const char *id, struct err *e)
{
	return take_caller(ca, "token:", id, "enrolments by this token", e);
}

bool
throttle_refusal(struct ca *ca, const struct identity *who)
{
	static const uint8_t all[HASH_LEN];
	uint8_t hash[HASH_LEN];
	int64_t wait_s;

	if (throttle_is_free(ca, who))
		return true;
	return gnutls_hash_fast(GNUTLS_DIG_SHA256, who->text, strlen(who->text),
		   hash) >= 0 &&
	       limiter_take(ca->throttle->refusals, hash, clock_mono_ms(), &wait_s) &&
	       limiter_take(ca->throttle->refusals_all, all, clock_mono_ms(), &wait_s);
}

/* The exclusive or of the names' hashes: the same for whatever order they come in. */
static bool
hash_names(const char *profile, const struct names *names, uint8_t ret[static HASH_LEN])
{
	uint8_t one[HASH_LEN];

	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, profile, strlen(profile), ret) < 0)
		return false;
	for (size_t i = 0; i < names->n; i++) {
		const char *text = names->v[i].text;

		if (gnutls_hash_fast(GNUTLS_DIG_SHA256, text, strlen(text), one) < 0)
			return false;
		for (size_t k = 0; k < HASH_LEN; k++)
			ret[k] ^= one[k];
	}
	return true;
}

bool
throttle_names(struct ca *ca, const struct identity *who, const char *profile,
    const struct names *names, struct err *e)
{
	uint8_t hash[HASH_LEN];
	int64_t wait_s;

	/* How often a token is used, who made it has said. */
	if (throttle_is_free(ca, who) || who->kind == IDENTITY_TOKEN)
		return true;
	if (!hash_names(profile, names, hash))
		return err_set(e, ERR_INTERNAL, "SHA-256 failed");
	return limiter_take(ca->throttle->names, hash, clock_mono_ms(), &wait_s) ||
	       too_many(e, wait_s, "certificates for these names");
}
