/* SPDX-License-Identifier: Apache-2.0 */
#include "http/tls.h"

#include <gnutls/x509.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"

#define CHAIN_MAX     8       /* certificates in our chain */
#define HANDSHAKE_MAX KIB(32) /* octets of one handshake message */

/*
 * X25519 costs two thirds of P-256.  SHA-256, which goes with AES-128, is a
 * processor's own where SHA-384 is not, and the P-256 of the certificate is worth
 * no more than 128 bits either.  FFDHE would cost twenty times as much.
 */
const char tls_priorities[] =
    "SECURE128:%PROFILE_MEDIUM:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:"
    "-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:+GROUP-SECP521R1:"
    "-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:"
    "-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:"
    "-SIGN-ALL:+SIGN-ECDSA-SECP256R1-SHA256:+SIGN-ECDSA-SECP384R1-SHA384:"
    "+SIGN-ECDSA-SECP521R1-SHA512:+SIGN-ECDSA-SHA256:+SIGN-ECDSA-SHA384:"
    "+SIGN-ECDSA-SHA512:+SIGN-RSA-PSS-RSAE-SHA256:+SIGN-RSA-SHA256:"
    "+SIGN-EDDSA-ED25519:+SIGN-EDDSA-ED448:%SERVER_PRECEDENCE";

struct tls_generation {
	unsigned refs; /* under tls->lock */
	struct tls *tls;
	gnutls_certificate_credentials_t cred;
};

struct tls {
	pthread_mutex_t lock;
	struct tls_generation *now;  /* holds one reference; NULL: none yet */
	gnutls_x509_privkey_t asked; /* whose certificate is awaited, or NULL */
	struct tls_trust *trust;
	gnutls_datum_t ticket_key; /* under the lock */
	int64_t ticket_key_ms;     /* when it was drawn; monotonic */
};

bool
tls_new(const struct bytes *trust_pem, size_t n, struct tls **ret, struct err *e)
{
	struct tls *t = mem_zalloc(sizeof(*t));

	if (!tls_trust_new(trust_pem, n, &t->trust, e)) {
		free(t);
		return false;
	}
	pthread_mutex_init(&t->lock, NULL);
	*ret = t;
	return true;
}

struct tls_trust *
tls_trust(const struct tls *t)
{
	return t->trust;
}

static void
generation_free(struct tls_generation *g)
{
	if (g->cred != NULL)
		gnutls_certificate_free_credentials(g->cred);
	free(g);
}

/* ---- session tickets ---- */

static void
ticket_key_free(gnutls_datum_t *key)
{
	if (key->data != NULL)
		mem_wipe(key->data, key->size);
	gnutls_free(key->data);
}

/* In the place of the one that was: its tickets are worth nothing from now on. */
static bool
new_ticket_key(struct tls *t)
{
	gnutls_datum_t key = { NULL, 0 };

	if (gnutls_session_ticket_key_generate(&key) < 0)
		return false;
	pthread_mutex_lock(&t->lock);
	gnutls_datum_t old = t->ticket_key;
	t->ticket_key = key;
	t->ticket_key_ms = clock_mono_ms();
	pthread_mutex_unlock(&t->lock);
	ticket_key_free(&old);
	return true;
}

void
tls_tick(struct tls *t, int64_t mono_ms)
{
	/* Without a certificate nothing is given out.  When it fails, the next tick tries again. */
	if (t->ticket_key.data != NULL &&
	    mono_ms >= t->ticket_key_ms + TLS_TICKET_KEY_S * 1000)
		(void)new_ticket_key(t);
}

/* ---- certificates ---- */

void
tls_free(struct tls *t)
{
	if (t == NULL)
		return;
	tls_detach(t->now);
	if (t->asked != NULL)
		gnutls_x509_privkey_deinit(t->asked);
	ticket_key_free(&t->ticket_key);
	tls_trust_free(t->trust);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

static bool
write_request(gnutls_x509_privkey_t key, struct buf *ret_csr)
{
	gnutls_x509_crq_t crq = NULL;
	gnutls_datum_t der = { NULL, 0 };
	bool ok = false;

	if (gnutls_x509_crq_init(&crq) >= 0 &&
	    gnutls_x509_crq_set_version(crq, 1) >= 0 &&
	    gnutls_x509_crq_set_key(crq, key) >= 0 &&
	    gnutls_x509_crq_sign2(crq, key, GNUTLS_DIG_SHA256, 0) >= 0 &&
	    gnutls_x509_crq_export2(crq, GNUTLS_X509_FMT_DER, &der) >= 0) {
		buf_put(ret_csr, bytes_of(der.data, der.size));
		ok = true;
	}
	gnutls_free(der.data);
	if (crq != NULL)
		gnutls_x509_crq_deinit(crq);
	return ok;
}

bool
tls_request(struct tls *t, struct buf *ret_csr, struct err *e)
{
	gnutls_x509_privkey_t key = NULL;
	const unsigned bits = GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1);

	if (gnutls_x509_privkey_init(&key) < 0 ||
	    gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA, bits, 0) < 0 ||
	    !write_request(key, ret_csr)) {
		if (key != NULL)
			gnutls_x509_privkey_deinit(key);
		return err_set(e, ERR_INTERNAL, "no key for the TLS listener");
	}
	if (t->asked != NULL)
		gnutls_x509_privkey_deinit(t->asked);
	t->asked = key;
	return true;
}

static bool
show_chain(gnutls_certificate_credentials_t cred, struct bytes chain_pem,
    gnutls_x509_privkey_t key, struct err *e)
{
	const gnutls_datum_t in = { (unsigned char *)chain_pem.p,
		(unsigned)chain_pem.n };
	gnutls_x509_crt_t chain[CHAIN_MAX];
	unsigned n = CHAIN_MAX;

	if (gnutls_x509_crt_list_import(chain, &n, &in, GNUTLS_X509_FMT_PEM,
		GNUTLS_X509_CRT_LIST_IMPORT_FAIL_IF_EXCEED) < 0)
		return err_set(e, ERR_MALFORMED, "TLS certificate: no chain in PEM");
	const int rc = gnutls_certificate_set_x509_key(cred, chain, (int)n, key);
	for (unsigned i = 0; i < n; i++)
		gnutls_x509_crt_deinit(chain[i]);
	if (rc < 0)
		return err_set(e, ERR_CONFLICT, "TLS certificate: %s",
		    gnutls_strerror(rc));
	return true;
}

/* With the names of our CAs, by which a client finds what to show. */
static struct tls_generation *
generation_new(struct tls *t)
{
	struct tls_generation *g = mem_zalloc(sizeof(*g));
	unsigned n = 0;
	gnutls_x509_crt_t *const anchors = tls_trust_anchors(t->trust, &n);

	g->refs = 1;
	g->tls = t;
	if (gnutls_certificate_allocate_credentials(&g->cred) < 0 ||
	    (n > 0 &&
		gnutls_certificate_set_x509_trust(g->cred, anchors, (int)n) < 0)) {
		generation_free(g);
		return NULL;
	}
	return g;
}

bool
tls_certify(struct tls *t, struct bytes chain_pem, struct err *e)
{
	if (t->asked == NULL)
		return err_set(e, ERR_CONFLICT, "TLS certificate: none was asked for");

	struct tls_generation *g = generation_new(t);
	if (g == NULL)
		return err_set(e, ERR_INTERNAL, "TLS certificate: no credentials");
	if (!show_chain(g->cred, chain_pem, t->asked, e)) {
		generation_free(g);
		return false;
	}
	if (!new_ticket_key(t)) {
		generation_free(g);
		return err_set(e, ERR_INTERNAL, "TLS certificate: no key for tickets");
	}
	gnutls_x509_privkey_deinit(t->asked);
	t->asked = NULL;

	pthread_mutex_lock(&t->lock);
	struct tls_generation *old = t->now;
	t->now = g;
	pthread_mutex_unlock(&t->lock);
	tls_detach(old);
	return true;
}

/* GnuTLS copies the key, and takes from it those of each period itself. */
static bool
enable_tickets(struct tls *t, gnutls_session_t s)
{
	gnutls_db_set_cache_expiration(s, TLS_TICKET_S);
	pthread_mutex_lock(&t->lock);
	const int rc = gnutls_session_ticket_enable_server(s, &t->ticket_key);
	pthread_mutex_unlock(&t->lock);
	return rc >= 0;
}

struct tls_generation *
tls_attach(struct tls *t, gnutls_session_t s)
{
	pthread_mutex_lock(&t->lock);
	struct tls_generation *g = t->now;
	if (g != NULL)
		g->refs++;
	pthread_mutex_unlock(&t->lock);
	if (g == NULL)
		return NULL;
	if (gnutls_credentials_set(s, GNUTLS_CRD_CERTIFICATE, g->cred) < 0 ||
	    !enable_tickets(t, s)) {
		tls_detach(g);
		return NULL;
	}
	gnutls_certificate_server_set_request(s, GNUTLS_CERT_REQUEST);
	gnutls_handshake_set_max_packet_length(s, HANDSHAKE_MAX);
	return g;
}

void
tls_detach(struct tls_generation *g)
{
	if (g == NULL)
		return;
	pthread_mutex_lock(&g->tls->lock);
	const bool last = --g->refs == 0;
	pthread_mutex_unlock(&g->tls->lock);
	if (last)
		generation_free(g);
}
