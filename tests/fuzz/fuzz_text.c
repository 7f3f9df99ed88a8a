/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Short texts: times, spans, hex, serials, tokens, a shard's URL, ranges of addresses, lists of weak keys.
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
#include "x509/weak_keys.h"

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

/* A key is not on a list that does not hold its hash, and is once it does. */
static void
weak_keys(struct bytes in)
{
	/* RFC 8032 7.1, test 1, behind the identifier of Ed25519 */
	static const uint8_t der[] = { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65,
		0x70, 0x03, 0x21, 0x00, 0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7,
		0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e, 0xe1, 0x72, 0xf3,
		0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51,
		0x1a };
	const struct spki k = { .alg = KEY_ALG_ED25519,
		.der = bytes_of(der, sizeof(der)) };
	struct weak_keys *w = NULL;
	uint8_t hash[32];
	char hex[65];
	struct buf more;
	struct err e = { 0 };
	bool on = false;

	buf_init(&more, MIB(1));
	buf_put(&more, in);
	if (weak_keys_read(in, &w, &e)) {
		require(weak_keys_count(w) <= in.n / 20);
		weak_keys_free(w);
		spki_hash(k.der, hash);
		hex_write(bytes_of(hash, sizeof(hash)), hex);
		buf_putc(&more, '\n');
		buf_puts(&more, hex);
		require(weak_keys_read(buf_bytes(&more), &w, &e) &&
			weak_keys_has(w, &k, &on, &e) && on);
		weak_keys_free(w);
	} else {
		require(w == NULL);
		told(&e);
	}
	buf_free(&more);
}

FUZZ_TARGET(text)
{
	const struct bytes in = bytes_of(p, n);

	times(in);
	serials(in);
	tokens(in);
	shards(in);
	settings(in);
	weak_keys(in);
	return 0;
}
