/* SPDX-License-Identifier: Apache-2.0 */
#include "http/tls_trust.h"

#include <gnutls/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "http/tls_seen.h"

#define EXPONENT_MAX 9 /* octets of an RSA key's public exponent: 64 bits and a sign */

/* As tls_priorities has it for the handshake: nothing below 112 bits. */
#define VERIFY_FLAGS GNUTLS_PROFILE_TO_VFLAGS(GNUTLS_PROFILE_MEDIUM)

/* Another CA's, or that of an issuer of ours with a key of before. */
#define NO_ANCHOR_SIGNED (GNUTLS_CERT_SIGNER_NOT_FOUND | GNUTLS_CERT_SIGNATURE_FAILURE)

struct tls_trust {
	gnutls_x509_crt_t *v;
	unsigned n;
	gnutls_x509_trust_list_t list; /* of those in 'v' */
	struct tls_seen *seen;
};

/* ---- the anchors ---- */

static bool
add(struct tls_trust *t, struct bytes pem, struct err *e)
{
	const gnutls_datum_t in = { (unsigned char *)pem.p, (unsigned)pem.n };
	gnutls_x509_crt_t *v = NULL;
	unsigned n = 0;

	if (gnutls_x509_crt_list_import2(&v, &n, &in, GNUTLS_X509_FMT_PEM, 0) < 0)
		return err_set(e, ERR_MALFORMED, "no certificate in PEM");
	t->v = mem_grow(t->v, t->n + n, sizeof(t->v[0]));
	for (unsigned i = 0; i < n; i++)
		t->v[t->n++] = v[i];
	gnutls_free(v);
	return true;
}

bool
tls_trust_new(const struct bytes *pem, size_t n, struct tls_trust **ret, struct err *e)
{
	struct tls_trust *t = mem_zalloc(sizeof(*t));
	bool ok = true;

	t->seen = tls_seen_new();
	for (size_t i = 0; ok && i < n; i++)
		ok = add(t, pem[i], e);
	if (ok && (gnutls_x509_trust_list_init(&t->list, 0) < 0 ||
		      gnutls_x509_trust_list_add_cas(t->list, t->v, t->n, 0) < 0))
		ok = err_set(e, ERR_INTERNAL, "GnuTLS gave no trust list");
	if (!ok) {
		tls_trust_free(t);
		return false;
	}
	*ret = t;
	return true;
}

void
tls_trust_free(struct tls_trust *t)
{
	if (t == NULL)
		return;
	if (t->list != NULL)
		gnutls_x509_trust_list_deinit(t->list, 0);
	for (unsigned i = 0; i < t->n; i++)
		gnutls_x509_crt_deinit(t->v[i]);
	free(t->v);
	tls_seen_free(t->seen);
	free(t);
}

gnutls_x509_crt_t *
tls_trust_anchors(const struct tls_trust *t, unsigned *ret_n)
{
	*ret_n = t->n;
	return t->v;
}

/* ---- what was seen before ---- */

/* Over all that was sent, lengths too: two chains never share a key. */
static bool
key_of(struct tls_trust_chain c, struct tls_seen_key *ret)
{
	gnutls_hash_hd_t h;
	bool ok = true;

	if (c.n > TLS_TRUST_CHAIN_MAX || gnutls_hash_init(&h, GNUTLS_DIG_SHA256) < 0)
		return false;
	for (unsigned i = 0; ok && i < c.n; i++) {
		const uint32_t size = c.v[i].size;

		ok = gnutls_hash(h, &size, sizeof(size)) >= 0 &&
		     gnutls_hash(h, c.v[i].data, size) >= 0;
	}
	gnutls_hash_deinit(h, ret->b);
	return ok;
}

/* ---- what it costs ---- */

/* A public exponent as long as the modulus makes verifying as dear as signing. */
static bool
exponent_fits(gnutls_x509_crt_t c)
{
	gnutls_datum_t m = { NULL, 0 }, x = { NULL, 0 };

	if (gnutls_x509_crt_get_pk_rsa_raw(c, &m, &x) < 0)
		return false;
	const bool fits = x.size <= EXPONENT_MAX;
	gnutls_free(m.data);
	gnutls_free(x.data);
	return fits;
}

static bool
key_fits(gnutls_x509_crt_t c)
{
	unsigned bits = 0;
	const int alg = gnutls_x509_crt_get_pk_algorithm(c, &bits);
	const bool rsa = alg == GNUTLS_PK_RSA || alg == GNUTLS_PK_RSA_PSS;

	return alg >= 0 && bits <= TLS_TRUST_KEY_BITS_MAX && (!rsa || exponent_fits(c));
}

static bool
read_one(const gnutls_datum_t *der, gnutls_x509_crt_t *ret)
{
	gnutls_x509_crt_t c = NULL;

	if (gnutls_x509_crt_init(&c) < 0)
		return false;
	if (gnutls_x509_crt_import(c, der, GNUTLS_X509_FMT_DER) < 0 || !key_fits(c)) {
		gnutls_x509_crt_deinit(c);
		return false;
	}
	*ret = c;
	return true;
}

static void
forget_all(gnutls_x509_crt_t *v, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		gnutls_x509_crt_deinit(v[i]);
}

bool
tls_trust_fits(struct tls_trust *t, struct tls_trust_chain c)
{
	struct tls_seen_client known;
	struct tls_seen_key key;
	gnutls_x509_crt_t leaf;

	if (c.n == 0 || c.n > TLS_TRUST_CHAIN_MAX)
		return c.n == 0;
	if (key_of(c, &key) && tls_seen_find(t->seen, &key, clock_now(), &known))
		return true;
	if (!read_one(&c.v[0], &leaf))
		return false;
	gnutls_x509_crt_deinit(leaf);
	return true;
}

/* ---- what it is worth ---- */

static bool
has_purpose(gnutls_x509_crt_t c, const char *oid)
{
	return gnutls_x509_crt_check_key_purpose(c, oid, 0) != 0;
}

static bool
verify(const struct tls_trust *t, gnutls_x509_crt_t *v, unsigned n, const char *oid,
    unsigned *ret_status)
{
	/* Without a purpose any certificate would be taken for a client's (R44). */
	gnutls_typed_vdata_st purpose = {
		.type = GNUTLS_DT_KEY_PURPOSE_OID,
		.data = (unsigned char *)(uintptr_t)oid,
	};

	return gnutls_x509_trust_list_verify_crt2(t->list, v, n, &purpose, 1,
		   VERIFY_FLAGS, ret_status, NULL) >= 0;
}

/* For clients; what is for servers alone is told apart. */
static bool
verify_for_some(const struct tls_trust *t, gnutls_x509_crt_t *v, unsigned n,
    struct tls_trust_verdict *r)
{
	r->servers_only = !has_purpose(v[0], GNUTLS_KP_TLS_WWW_CLIENT) &&
			  has_purpose(v[0], GNUTLS_KP_TLS_WWW_SERVER);
	if (!verify(t, v, n,
		r->servers_only ? GNUTLS_KP_TLS_WWW_SERVER : GNUTLS_KP_TLS_WWW_CLIENT,
		&r->status))
		return false;
	if (r->servers_only || (r->status & GNUTLS_CERT_PURPOSE_MISMATCH) == 0)
		return true;
	/* An issuer may be for less than the certificate says. */
	r->servers_only = true;
	return verify(t, v, n, GNUTLS_KP_TLS_WWW_SERVER, &r->status);
}

static bool
same_name(const gnutls_datum_t *a, const gnutls_datum_t *b)
{
	return a->size == b->size && memcmp(a->data, b->data, a->size) == 0;
}

/*
 * The span in which it is good: its own, and that of each anchor of its issuer's
 * name, as any of them may be the one that counted.  False: there is none.
 */
static bool
span_of(const struct tls_trust *t, gnutls_x509_crt_t leaf, struct tls_seen_client *ret)
{
	gnutls_datum_t issuer = { NULL, 0 };
	bool found = false;

	ret->from_at = gnutls_x509_crt_get_activation_time(leaf);
	ret->to_at = gnutls_x509_crt_get_expiration_time(leaf);
	if (gnutls_x509_crt_get_raw_issuer_dn(leaf, &issuer) < 0)
		return false;
	for (unsigned i = 0; i < t->n; i++) {
		gnutls_datum_t name = { NULL, 0 };

		if (gnutls_x509_crt_get_raw_dn(t->v[i], &name) < 0)
			continue;
		if (same_name(&name, &issuer)) {
			const int64_t from =
					  gnutls_x509_crt_get_activation_time(t->v[i]),
				      to = gnutls_x509_crt_get_expiration_time(t->v[i]);

			found = true;
			ret->from_at = from > ret->from_at ? from : ret->from_at;
			ret->to_at = to < ret->to_at ? to : ret->to_at;
		}
		gnutls_free(name.data);
	}
	gnutls_free(issuer.data);
	return found;
}

static void
remember(struct tls_trust *t, const struct tls_seen_key *key, gnutls_x509_crt_t leaf,
    const struct tls_trust_verdict *r)
{
	struct tls_seen_client c = { .ends_at = r->ends_at,
		.servers_only = r->servers_only };

	if (r->status == 0 && !r->is_ca && span_of(t, leaf, &c))
		tls_seen_put(t->seen, key, &c);
}

/* By all that it sent: some other CA below ours may have issued it. */
static bool
judge_chain(const struct tls_trust *t, struct tls_trust_chain c, gnutls_x509_crt_t leaf,
    struct tls_trust_verdict *r)
{
	gnutls_x509_crt_t v[TLS_TRUST_CHAIN_MAX] = { leaf };
	unsigned n = 1;
	bool ok = true;

	while (ok && n < c.n) {
		ok = read_one(&c.v[n], &v[n]);
		n += ok;
	}
	ok = ok && verify_for_some(t, v, n, r);
	forget_all(v + 1, n - 1);
	return ok;
}

static bool
judge_anew(struct tls_trust *t, struct tls_trust_chain c,
    const struct tls_seen_key *key, struct tls_trust_verdict *ret)
{
	struct tls_trust_verdict r = { 0 };
	gnutls_x509_crt_t leaf;

	if (c.n > TLS_TRUST_CHAIN_MAX || !read_one(&c.v[0], &leaf))
		return false;
	r.is_ca = gnutls_x509_crt_get_ca_status(leaf, NULL) > 0;
	r.ends_at = gnutls_x509_crt_get_expiration_time(leaf);
	bool ok = verify_for_some(t, &leaf, 1, &r);
	if (ok && key != NULL)
		remember(t, key, leaf, &r);
	if (ok && c.n > 1 && (r.status & NO_ANCHOR_SIGNED) != 0)
		ok = judge_chain(t, c, leaf, &r);
	gnutls_x509_crt_deinit(leaf);
	if (ok)
		*ret = r;
	return ok;
}

bool
tls_trust_judge(struct tls_trust *t, struct tls_trust_chain c,
    struct tls_trust_verdict *ret)
{
	struct tls_seen_client known;
	struct tls_seen_key key;
	const bool has_key = key_of(c, &key);

	if (has_key && tls_seen_find(t->seen, &key, clock_now(), &known)) {
		*ret = (struct tls_trust_verdict){ .servers_only = known.servers_only,
			.ends_at = known.ends_at };
		return true;
	}
	return judge_anew(t, c, has_key ? &key : NULL, ret);
}
