/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two tables that share no row: what a public key verifies and what a MAC key
 * verifies, so no signature is ever taken for the other kind (RFC 8725 2.1).
 */
#include <assert.h>
#include <gnutls/crypto.h>
#include <string.h>

#include "jose/jws.h"

static const struct {
	const char *name;
	enum key_alg key;
	gnutls_sign_algorithm_t sign;
} algs[] = {
#define JWS_ALG(name, key, sign) { #name, KEY_ALG_##key, GNUTLS_SIGN_##sign },
#include "tbl/jws_algs.h"
#undef JWS_ALG
};

static const struct {
	const char *name;
	gnutls_mac_algorithm_t mac;
	size_t octets;
} macs[] = {
#define JWS_MAC(name, mac, octets) { #name, GNUTLS_MAC_##mac, octets },
#include "tbl/jws_algs.h"
#undef JWS_MAC
};

#define MAC_MAX 64

/* Each name with ", " in front. */
#define JWS_ALG(name, key, sign) ", " #name
static const char alg_names[] =
#include "tbl/jws_algs.h"
    ;
#undef JWS_ALG
#define JWS_MAC(name, mac, octets) ", " #name
static const char mac_names[] =
#include "tbl/jws_algs.h"
    ;
#undef JWS_MAC

const char *
jws_alg_name(size_t i)
{
	return i < NITEMS(algs) ? algs[i].name : NULL;
}

static bool
find_alg(const struct jws *s, size_t *ret, struct err *e)
{
	for (size_t i = 0; i < NITEMS(algs); i++)
		if (strcmp(algs[i].name, s->alg) == 0) {
			*ret = i;
			return true;
		}
	return err_set(e, ERR_BAD_ALGORITHM,
	    "JWS: signed by \"%.32s\"; these algorithms are supported: %s", s->alg,
	    alg_names + 2);
}

bool
jws_check_alg(const struct jws *s, struct err *e)
{
	size_t i;

	return find_alg(s, &i, e);
}

bool
jws_check_url(const struct jws *s, const char *url, struct err *e)
{
	if (strcmp(s->url, url) != 0)
		return err_set(e, ERR_FORBIDDEN,
		    "JWS: signed for \"%.128s\", sent to \"%.128s\"", s->url, url);
	return true;
}

bool
jws_key(const struct jws *s, struct jwk **ret, struct err *e)
{
	if (!jws_check_alg(s, e))
		return false;
	if (s->jwk == NULL)
		return err_set(e, ERR_MALFORMED,
		    "JWS: a key is due in \"jwk\" here, not an account in \"kid\"");
	return jwk_read(s->jwk, ret, e);
}

bool
jws_verify(const struct jws *s, const struct jwk *k, struct err *e)
{
	size_t i = 0;

	if (!find_alg(s, &i, e))
		return false;
	if (algs[i].key != jwk_alg(k))
		return err_set(e, ERR_BAD_KEY, "JWS: %s does not fit %s key",
		    algs[i].name, sets_key_alg_word(jwk_alg(k)));
	return jwk_verify(k, algs[i].sign, s->input, s->signature, e) ||
	       err_prefix(e, "JWS");
}

bool
jws_verify_mac(const struct jws *s, struct bytes key, struct err *e)
{
	uint8_t mac[MAC_MAX];
	size_t i = 0;

	while (i < NITEMS(macs) && strcmp(macs[i].name, s->alg) != 0)
		i++;
	if (i == NITEMS(macs))
		return err_set(e, ERR_MALFORMED,
		    "JWS: authenticated by \"%.32s\"; %s are for this", s->alg,
		    mac_names + 2);
	if (key.n == 0)
		return err_set(e, ERR_FORBIDDEN, "JWS: the MAC key is empty");
	const int rc =
	    gnutls_hmac_fast(macs[i].mac, key.p, key.n, s->input.p, s->input.n, mac);
	assert(rc == 0); /* all three are always there */
	const bool ok = s->signature.n == macs[i].octets &&
			gnutls_memcmp(mac, s->signature.p, macs[i].octets) == 0;
	gnutls_memset(mac, 0, sizeof(mac));
	return ok || err_set(e, ERR_FORBIDDEN, "JWS: the MAC is wrong");
}
