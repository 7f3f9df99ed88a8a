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

#define COUNTED_MAX KIB(64) /* octets of what is counted: all names of a certificate */

/* Refusals that leave a row and a line: of one identity, of all. */
#define REFUSALS_PER_HOUR     1800
#define REFUSALS_BURST        300
#define REFUSALS_ALL_PER_HOUR 18000
#define REFUSALS_ALL_BURST    3000

struct throttle {
	struct limiter *callers, *names;
	struct limiter *refusals, *refusals_all;
	uint8_t secret[HASH_LEN]; /* by it nobody outside knows which bucket is whose */
};

bool
throttle_new(const struct conf *conf, struct throttle **ret, struct err *e)
{
	struct throttle *t = mem_zalloc(sizeof(*t));

	if (gnutls_rnd(GNUTLS_RND_KEY, t->secret, sizeof(t->secret)) < 0) {
		free(t);
		return err_set(e, ERR_INTERNAL, "the random source failed");
	}
	t->refusals = limiter_new(REFUSALS_PER_HOUR, REFUSALS_BURST);
	t->refusals_all = limiter_new(REFUSALS_ALL_PER_HOUR, REFUSALS_ALL_BURST);
	throttle_set(t, conf);
	*ret = t;
	return true;
}

void
throttle_set(struct throttle *t, const struct conf *conf)
{
	const uint32_t same = (uint32_t)conf->same_names_per_hour;

	limiter_free(t->callers);
	limiter_free(t->names);
	t->callers = limiter_new((uint32_t)conf->rate_per_minute * 60,
	    (uint32_t)conf->rate_burst);
	t->names = limiter_new(same, same);
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
	return grant_has(ca->conf, who, RIGHT_ADMIN, NULL);
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
key_of(struct ca *ca, struct bytes counted, uint8_t ret[static HASH_LEN], struct err *e)
{
	return gnutls_hmac_fast(GNUTLS_MAC_SHA256, ca->throttle->secret,
		   sizeof(ca->throttle->secret), counted.p, counted.n, ret) >= 0 ||
	       err_set(e, ERR_INTERNAL, "HMAC failed");
}

static bool
take_caller(struct ca *ca, const char *kind, const char *key, const char *what,
    struct err *e)
{
	uint8_t hash[HASH_LEN];
	char *text = mem_printf("%s%s", kind, key);
	int64_t wait_s;

	const bool hashed = key_of(ca, bytes_str(text), hash, e);
	free(text);
	if (!hashed)
		return false;
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
	struct err ignored;
	int64_t wait_s;

	if (throttle_is_free(ca, who))
		return true;
	return key_of(ca, bytes_str(who->text), hash, &ignored) &&
	       limiter_take(ca->throttle->refusals, hash, clock_mono_ms(), &wait_s) &&
	       limiter_take(ca->throttle->refusals_all, all, clock_mono_ms(), &wait_s);
}

static int
by_type_and_text(const void *a, const void *b)
{
	const struct name *x = a, *y = b;

	return x->type != y->type ? (x->type < y->type ? -1 : 1)
				  : strcmp(x->text, y->text);
}

/* As DER, in which no two sets look alike; in one order, in whichever they come. */
static bool
put_names(const char *profile, const struct names *names, struct buf *ret,
    struct err *e)
{
	struct names sorted = { mem_zarray(names->n, sizeof(*sorted.v)), names->n };

	memcpy(sorted.v, names->v, names->n * sizeof(*sorted.v));
	qsort(sorted.v, sorted.n, sizeof(*sorted.v), by_type_and_text);
	buf_puts(ret, profile);
	buf_putc(ret, '\0');
	const bool ok = names_to_der(&sorted, ret, e);
	free(sorted.v); /* the texts are the caller's */
	return ok;
}

bool
throttle_names(struct ca *ca, const struct identity *who, const char *profile,
    const struct names *names, struct throttle_taken *ret, struct err *e)
{
	uint8_t hash[HASH_LEN];
	struct buf counted;
	int64_t wait_s;

	/* How often a token is used, who made it has said. */
	if (throttle_is_free(ca, who) || who->kind == IDENTITY_TOKEN)
		return true;
	buf_init(&counted, COUNTED_MAX);
	const bool ok = put_names(profile, names, &counted, e) &&
			key_of(ca, buf_bytes(&counted), hash, e);
	buf_free(&counted);
	if (!ok)
		return false;
	if (!limiter_take(ca->throttle->names, hash, clock_mono_ms(), &wait_s))
		return too_many(e, wait_s, "certificates for these names");
	ret->some = true;
	memcpy(ret->key, hash, sizeof(ret->key));
	return true;
}

void
throttle_give_back(struct ca *ca, const struct throttle_taken *t)
{
	if (t->some)
		limiter_give_back(ca->throttle->names, t->key);
}
