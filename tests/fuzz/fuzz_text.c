/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Short texts: times, spans, hex, serials, tokens, a shard's URL, ranges of addresses.
 * What has one spelling is read from that one alone.
 */
#include "base/clock.h"
#include "base/hex.h"
#include "codec/token.h"
#include "conf/conf.h"
#include "conf/conf_load.h"
#include "fuzz.h"
#include "key/key.h"
#include "x509/crl_shard.h"
#include "x509/serial.h"

static void
times(struct bytes in)
{
	char text[CLOCK_RFC3339_LEN], span[CLOCK_DURATION_LEN];
	int64_t at = 0, again = 0, s = 0;
	struct err e = { 0 };

	if (clock_rfc3339_parse(in, &at, &e)) {
		clock_rfc3339(at, text);
		require(
		    clock_rfc3339_parse(bytes_str(text), &again, &e) && again == at);
	} else {
		told(&e);
	}
	if (clock_duration_parse(in, &s, &e)) {
		require(s > 0 && s <= INT64_C(100) * 366 * 86400);
		clock_duration(s, span);
		require(
		    clock_duration_parse(bytes_str(span), &again, &e) && again == s);
	} else {
		told(&e);
	}
}

static void
serials(struct bytes in)
{
	char hex[SERIAL_HEX_LEN];
	uint8_t octets[24];
	struct serial s, again;
	size_t n = 0;
	struct err e = { 0 };

	if (hex_read(in, octets, sizeof(octets), &n))
		require(n <= sizeof(octets));
	if (serial_from_hex(in, &s, &e)) {
		require(s.n >= 1 && s.n <= SERIAL_LEN && s.b[0] != 0);
		serial_to_hex(&s, hex);
		require(serial_from_hex(bytes_str(hex), &again, &e) &&
			serial_eq(&s, &again));
	} else {
		told(&e);
	}
	if (serial_from_der(in, &s, &e))
		require(serial_der_len(&s) == in.n);
	if (serial_from_bytes(in, &s, &e))
		require(bytes_eq(serial_bytes(&s), in));
}

static void
tokens(struct bytes in)
{
	char text[TOKEN_TEXT_LEN], id[TOKEN_ID_LEN];
	uint8_t hash[TOKEN_HASH_LEN];
	struct token t;
	struct err e = { 0 };

	if (!token_read(in, &t, &e)) {
		told(&e);
		return;
	}
	token_write(&t, text);
	require(bytes_eq_str(in, text) && token_hash(&t, hash, &e));
	token_id(hash, id);
	require(strlen(id) == TOKEN_ID_LEN - 1);
}

static void
shards(struct bytes in)
{
	char text[CRL_SHARD_LEN];
	struct crl_shard s, again;
	struct bytes place;

	if (crl_shard_from_text(in, &s)) {
		require(s.at < s.of && s.of <= CRL_SHARDS_MAX);
		crl_shard_text(s, text);
		require(bytes_eq_str(in, text));
	}
	if (crl_shard_from_url(in, "main", &place, &s)) {
		char *p = mem_strndup(place), *url = crl_shard_url(p, "main", s);

		require_within(place, in);
		/* A NUL ends mem_strndup()'s copy. */
		if (!bytes_has_nul(in))
			require(bytes_eq_str(in, url) &&
				crl_shard_from_url(bytes_str(url), "main", &place,
				    &again) &&
				again.of == s.of && again.at == s.at);
		free(p);
		free(url);
	}
}

static void
settings(struct bytes in)
{
	char *text = mem_strndup(in);
	struct strings servers = { 0 };
	struct conf_cidr c;
	enum key_alg alg;
	unsigned bits;
	struct err e = { 0 };

	if (conf_cidr(text, &c))
		require((c.octets == 4 || c.octets == 16) && c.bits <= 8 * c.octets &&
			conf_cidr_has(&c, c.ip, c.octets));
	if (!key_type_from(in, &alg, &bits, &e))
		told(&e);
	conf_load_resolv_conf(in, &servers);
	strings_free(&servers);
	free(text);
}

FUZZ_TARGET(text)
{
	const struct bytes in = bytes_of(p, n);

	times(in);
	serials(in);
	tokens(in);
	shards(in);
	settings(in);
	return 0;
}
