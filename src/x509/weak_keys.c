/* SPDX-License-Identifier: Apache-2.0 */
#include "x509/weak_keys.h"

#include <gnutls/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/mem.h"
#include "codec/der.h"

#define MODULUS_OCTETS 10 /* the second half of a SHA-1 */
#define SPKI_OCTETS    32
#define SHA1_OCTETS    20

struct set { /* of octet strings of one length, in order once read */
	size_t octets, n, room;
	uint8_t *v;
};

struct weak_keys {
	struct set moduli, spkis;
};

static void
add(struct set *s, const uint8_t *octets)
{
	if (s->n == s->room) {
		s->room = s->room == 0 ? 1024 : s->room * 2;
		s->v = mem_grow(s->v, s->room, s->octets);
	}
	memcpy(s->v + s->n++ * s->octets, octets, s->octets);
}

static int
by_modulus(const void *a, const void *b)
{
	return memcmp(a, b, MODULUS_OCTETS);
}

static int
by_spki(const void *a, const void *b)
{
	return memcmp(a, b, SPKI_OCTETS);
}

static bool
take_line(struct weak_keys *w, struct bytes line)
{
	uint8_t octets[SPKI_OCTETS];
	size_t n;

	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	if (line.n == 0 || line.p[0] == '#')
		return true;
	if (!hex_read(line, octets, sizeof(octets), &n) || line.n != n * 2 ||
	    (n != MODULUS_OCTETS && n != SPKI_OCTETS))
		return false;
	add(n == MODULUS_OCTETS ? &w->moduli : &w->spkis, octets);
	return true;
}

bool
weak_keys_read(struct bytes text, struct weak_keys **ret, struct err *e)
{
	struct weak_keys *w = mem_zalloc(sizeof(*w));

	w->moduli.octets = MODULUS_OCTETS;
	w->spkis.octets = SPKI_OCTETS;
	for (size_t number = 1; text.n > 0; number++) {
		const size_t end = bytes_index(text, '\n');

		if (!take_line(w, bytes_of(text.p, end))) {
			weak_keys_free(w);
			return err_set(e, ERR_MALFORMED,
			    "line %zu is neither 20 nor 64 hex digits", number);
		}
		text = bytes_skip(text, end + 1);
	}
	if (w->moduli.n > 0)
		qsort(w->moduli.v, w->moduli.n, MODULUS_OCTETS, by_modulus);
	if (w->spkis.n > 0)
		qsort(w->spkis.v, w->spkis.n, SPKI_OCTETS, by_spki);
	*ret = w;
	return true;
}

void
weak_keys_free(struct weak_keys *w)
{
	if (w == NULL)
		return;
	free(w->moduli.v);
	free(w->spkis.v);
	free(w);
}

size_t
weak_keys_count(const struct weak_keys *w)
{
	return w == NULL ? 0 : w->moduli.n + w->spkis.n;
}

/* SHA-1 of what "openssl rsa -modulus" prints: its second half. */
static bool
modulus_hash(struct bytes key_bits, uint8_t ret[static MODULUS_OCTETS], struct err *e)
{
	uint8_t hash[SHA1_OCTETS];
	struct der seq, n;
	struct bytes magnitude;
	struct buf text;

	if (!der_whole(key_bits, DER_SEQUENCE, &seq, e) ||
	    !der_expect(&seq.body, DER_INTEGER, &n, e) ||
	    !der_get_integer(n.body, &magnitude, e))
		return false;
	buf_init(&text, KIB(4));
	buf_puts(&text, "Modulus=");
	for (size_t i = 0; i < magnitude.n; i++)
		buf_printf(&text, "%02X", magnitude.p[i]);
	buf_putc(&text, '\n');
	const bool ok =
	    !text.full && gnutls_hash_fast(GNUTLS_DIG_SHA1, text.p, text.n, hash) >= 0;
	buf_free(&text);
	if (!ok)
		return err_set(e, ERR_INTERNAL,
		    "the list of weak keys is by SHA-1, which the library has not");
	memcpy(ret, hash + SHA1_OCTETS - MODULUS_OCTETS, MODULUS_OCTETS);
	return true;
}

bool
weak_keys_has(const struct weak_keys *w, const struct spki *k, bool *ret, struct err *e)
{
	uint8_t modulus[MODULUS_OCTETS], spki[SPKI_OCTETS];
	bool found = false;

	if (w != NULL && w->spkis.n > 0) {
		spki_hash(k->der, spki);
		found =
		    bsearch(spki, w->spkis.v, w->spkis.n, SPKI_OCTETS, by_spki) != NULL;
	}
	if (!found && w != NULL && w->moduli.n > 0 && k->alg == KEY_ALG_RSA) {
		if (!modulus_hash(k->key_bits, modulus, e))
			return false;
		found = bsearch(modulus, w->moduli.v, w->moduli.n, MODULUS_OCTETS,
			    by_modulus) != NULL;
	}
	*ret = found;
	return true;
}
