/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/tls_limit.h"

#include <gnutls/abstract.h>
#include <gnutls/x509.h>

#define RSA_BITS_MAX     8192
#define RSA_EXPONENT_MAX 8      /* octets */
#define EXCHANGE_MAX     KIB(2) /* octets of a ServerKeyExchange: RSA's 8192 bits fit */
#define CHAIN_MAX        KIB(64) /* octets of a Certificate message */

/* ---- the key of the server ---- */

static bool
is_small_rsa(gnutls_pubkey_t key, unsigned bits)
{
	gnutls_datum_t n = { 0 }, e = { 0 };

	if (bits > RSA_BITS_MAX || gnutls_pubkey_export_rsa_raw(key, &n, &e) < 0)
		return false;
	/* The sign has an octet of its own. */
	const bool ok = e.size <= RSA_EXPONENT_MAX + 1;
	gnutls_free(n.data);
	gnutls_free(e.data);
	return ok;
}

static bool
is_small(gnutls_pubkey_t key)
{
	unsigned bits = 0;

	switch (gnutls_pubkey_get_pk_algorithm(key, &bits)) {
	case GNUTLS_PK_RSA:
	case GNUTLS_PK_RSA_PSS:
		return is_small_rsa(key, bits);
	case GNUTLS_PK_ECDSA:
	case GNUTLS_PK_EDDSA_ED25519:
	case GNUTLS_PK_EDDSA_ED448:
		return true;
	default:
		return false;
	}
}

/* 0; or GNUTLS_E_CERTIFICATE_ERROR; or why it cannot be read. */
static int
judge_key(struct bytes der, bool *ret_unread)
{
	const gnutls_datum_t in = { (unsigned char *)(uintptr_t)der.p,
		(unsigned)der.n };
	gnutls_x509_crt_t crt = NULL;
	gnutls_pubkey_t key = NULL;

	int rc = gnutls_x509_crt_init(&crt);
	if (rc >= 0) {
		rc = gnutls_x509_crt_import(crt, &in, GNUTLS_X509_FMT_DER);
		*ret_unread = rc < 0;
	}
	if (rc >= 0)
		rc = gnutls_pubkey_init(&key) >= 0 &&
			     gnutls_pubkey_import_x509(key, crt, 0) >= 0 &&
			     is_small(key)
			 ? 0
			 : GNUTLS_E_CERTIFICATE_ERROR;
	if (key != NULL)
		gnutls_pubkey_deinit(key);
	if (crt != NULL)
		gnutls_x509_crt_deinit(crt);
	return rc;
}

static size_t
u24(struct bytes b)
{
	return b.n < 3 ? 0 : (size_t)b.p[0] << 16 | (size_t)b.p[1] << 8 | b.p[2];
}

/* The first one, whose key counts (RFC 5246 7.4.2, RFC 8446 4.4.2); empty: there is none. */
static bool
find_first(gnutls_session_t s, struct bytes msg, struct bytes *ret)
{
	if (msg.n > CHAIN_MAX)
		return false;
	if (gnutls_protocol_get_version(s) >= GNUTLS_TLS1_3) {
		if (msg.n == 0 || msg.n < (size_t)1 + msg.p[0])
			return false;
		msg = bytes_skip(msg, (size_t)1 + msg.p[0]);
	}
	if (msg.n < 6)
		return true;
	msg = bytes_skip(msg, 3);
	const size_t n = u24(msg);
	msg = bytes_skip(msg, 3);
	if (n > msg.n)
		return false;
	*ret = bytes_of(msg.p, n);
	return true;
}

/* ---- in the handshake ---- */

int
tls_limit_check(gnutls_session_t s, unsigned type, unsigned incoming,
    const gnutls_datum_t *msg, struct tls_limit_seen *ret)
{
	const struct bytes octets =
	    msg != NULL ? bytes_of(msg->data, msg->size) : bytes_of(NULL, 0);

	*ret = (struct tls_limit_seen){ 0 };
	if (incoming != 0 && type == GNUTLS_HANDSHAKE_CERTIFICATE_PKT) {
		if (!find_first(s, octets, &ret->certificate))
			return GNUTLS_E_CERTIFICATE_ERROR;
		/* GnuTLS says so itself. */
		if (ret->certificate.n == 0)
			return 0;
		return judge_key(ret->certificate, &ret->unread);
	}
	if (incoming != 0 && type == GNUTLS_HANDSHAKE_SERVER_KEY_EXCHANGE)
		return octets.n <= EXCHANGE_MAX ? 0 : GNUTLS_E_UNEXPECTED_PACKET_LENGTH;
	return 0;
}

static int
on_message(gnutls_session_t s, unsigned type, unsigned when, unsigned incoming,
    const gnutls_datum_t *msg)
{
	struct tls_limit_seen unused;

	(void)when;
	return tls_limit_check(s, type, incoming, msg, &unused);
}

void
tls_limit_set(gnutls_session_t s)
{
	gnutls_handshake_set_hook_function(s, GNUTLS_HANDSHAKE_ANY, GNUTLS_HOOK_PRE,
	    on_message);
}
