/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests of ACME clients: parsed, their key read, their signature verified.
 * Where the first octet is 1, what follows is a protected header in clear, a NUL
 * and a payload; where it is 2, a JWK: else mutations would end in base64.
 */
#include "codec/base64.h"
#include "codec/json_flat.h"
#include "fuzz.h"
#include "jose/jws.h"

/* The canonical text is its own, and one key has one of it. */
static void
round_trip(const struct jwk *k)
{
	struct jwk *back = NULL;
	struct err e = { 0 };

	if (!jwk_read_text(bytes_str(jwk_text(k)), &back, &e) || !jwk_same(k, back) ||
	    strcmp(jwk_text(k), jwk_text(back)) != 0 ||
	    strlen(jwk_thumbprint_text(k)) != JWK_THUMBPRINT_LEN)
		abort();
	jwk_free(back);
}

static void
key(struct bytes text)
{
	struct jwk *k = NULL;
	struct err e = { 0 };

	if (!jwk_read_text(text, &k, &e)) {
		told(&e);
		return;
	}
	round_trip(k);
	jwk_free(k);
}

static void
verify(const struct jws *s)
{
	static const uint8_t zeros[32];
	struct jwk *k = NULL;
	json_t *v = NULL;
	struct err e = { 0 };

	/* No algorithm is of both kinds. */
	if (jws_verify_mac(s, bytes_of(zeros, sizeof(zeros)), &e) &&
	    jws_check_alg(s, &e))
		abort();
	if (jws_payload_object(s, &v, &e))
		json_decref(v);
	if (!jws_key(s, &k, &e)) {
		told(&e);
		return;
	}
	round_trip(k);
	if (!jws_verify(s, k, &e) && e.code != ERR_MALFORMED && e.code != ERR_BAD_KEY)
		abort();
	jwk_free(k);
}

/* What is read in place, the JSON reader reads the same (codec/json_flat.h). */
static void
flat(struct bytes text)
{
	struct json_flat f;
	json_t *v = NULL;
	struct err e = { 0 };

	if (!json_flat_read(text, &f))
		return;
	require(json_read(text, &v, &e) && json_object_size(v) == f.n);
	for (size_t i = 0; i < f.n; i++) {
		char *name = mem_strndup(f.v[i].name);
		const char *value = json_text(v, name);

		require_within(f.v[i].value, text);
		require(value != NULL && bytes_eq_str(f.v[i].value, value) &&
			json_flat_find(&f, name) == &f.v[i].value);
		free(name);
	}
	json_decref(v);
}

static void
request(struct bytes body)
{
	struct jws *s = NULL;
	struct err e = { 0 };

	flat(body);
	if (!jws_parse(body, &s, &e)) {
		if (s != NULL || e.code != ERR_MALFORMED)
			abort();
		told(&e);
		return;
	}
	if (s->alg == NULL || s->url == NULL || (s->kid == NULL) == (s->jwk == NULL) ||
	    bytes_index(s->input, '.') == s->input.n)
		abort();
	verify(s);
	jws_free(s);
}

static void
clear(struct bytes in)
{
	const size_t nul = bytes_index(in, 0);
	struct buf b;

	buf_init(&b, MIB(4));
	buf_puts(&b, "{\"protected\":\"");
	base64url_put(&b, bytes_of(in.p, nul));
	buf_puts(&b, "\",\"payload\":\"");
	base64url_put(&b, bytes_skip(in, nul + 1));
	buf_puts(&b, "\",\"signature\":\"");
	base64url_put(&b, bytes_of(in.p, in.n < 64 ? in.n : 64));
	buf_puts(&b, "\"}");
	if (!b.full)
		request(buf_bytes(&b));
	buf_free(&b);
}

FUZZ_TARGET(jws)
{
	const struct bytes in = bytes_of(p, n);

	if (n > 0 && p[0] == 1)
		clear(bytes_skip(in, 1));
	else if (n > 0 && p[0] == 2)
		key(bytes_skip(in, 1));
	else
		request(in);
	return 0;
}
