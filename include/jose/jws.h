/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jws - signed JSON as ACME clients send it (RFC 7515 7.2.2, RFC 8555 6.2): the
 * flattened serialization with a protected header, and nothing else.
 *
 * Parsing believes nothing: whose key it is, whether the nonce and the URL are
 * right, is the caller's to ask, in this order (RFC 8555 6):
 *
 *	jws_parse()       form
 *	jws_check_alg()   then the account that 'kid' names
 *	jws_check_url()
 *	nonce_check()     before what costs: who sends again what was used, costs little
 *	jws_key()         or the account's
 *	jws_verify()
 *	nonce_use()       last, so that only who holds the key can burn a nonce
 */
#ifndef JOSE_JWS_H
#define JOSE_JWS_H

#include "codec/json.h"
#include "jose/jwk.h"

struct jws { /* all of it is the jws's own, made by jws_parse() */
	const char *alg;
	const char *nonce;      /* NULL: none */
	const char *url;        /* never NULL */
	const char *kid;        /* exactly one of these two is NULL */
	const json_t *jwk;      /* an object, not read yet */
	struct bytes payload;   /* decoded; empty: POST-as-GET (RFC 8555 6.3) */
	struct bytes input;     /* "protected.payload", the ASCII that was received */
	struct bytes signature; /* decoded */
	json_t *header;         /* NULL: all of it lies in header_b */
	struct buf header_b, payload_b, input_b, signature_b;
};

/*
 * ERR_MALFORMED: not JSON or not strict (codec/json.h), general or compact form,
 * an unprotected header, no payload, padding or what else is not base64url,
 * "crit" or "b64", "alg" or "url" missing, none or both of "jwk" and "kid".
 * Members that nobody knows are ignored (RFC 7515 7.2.1).
 */
MUST_CHECK bool jws_parse(struct bytes body, struct jws **ret, struct err *e);
/*
 * The same for one that lies in another's payload: key change, external account.
 * Both must bear no nonce and the outer one's URL (RFC 8555 7.3.4, 7.3.5): the
 * caller looks at 'nonce' and calls jws_check_url().
 */
MUST_CHECK bool jws_parse_json(const json_t *flattened, struct jws **ret,
    struct err *e);
void jws_free(struct jws *s); /* NULL is fine */

/* ERR_BAD_ALGORITHM naming those that jws_verify() knows. */
MUST_CHECK bool jws_check_alg(const struct jws *s, struct err *e);
/* The names of those algorithms for the problem's "algorithms"; NULL from the last on. */
const char *jws_alg_name(size_t i);
/* ERR_FORBIDDEN: the signed URL is not this one, character by character (RFC 8555 6.4). */
MUST_CHECK bool jws_check_url(const struct jws *s, const char *url, struct err *e);
/*
 * Reads the key that the header holds: jws_check_alg(), then jwk_read().
 * ERR_MALFORMED when it names an account instead.
 */
MUST_CHECK bool jws_key(const struct jws *s, struct jwk **ret, struct err *e);
/*
 * ERR_BAD_ALGORITHM; ERR_BAD_KEY when the algorithm does not fit the key;
 * ERR_MALFORMED when the signature does not verify.
 */
MUST_CHECK bool jws_verify(const struct jws *s, const struct jwk *k, struct err *e);
/*
 * HS256, HS384, HS512 in constant time (RFC 8555 7.3.4).  ERR_MALFORMED for another
 * algorithm; ERR_FORBIDDEN for a wrong MAC or an empty key.
 */
MUST_CHECK bool jws_verify_mac(const struct jws *s, struct bytes key, struct err *e);

/* The payload as an object, for the caller to json_decref(); ERR_MALFORMED for all else. */
MUST_CHECK bool jws_payload_object(const struct jws *s, json_t **ret, struct err *e);

#endif
