/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/caller.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ca/ca_state.h"
#include "policy/grant.h"
#include "store/store_certificate.h"

#define CERT_DER_MAX KIB(32)
#define LABEL_MAX                                                                      \
	512 /* octets of a name in the identity's text; the signer takes 1 KiB */

#define ROOT_AND_ONE 2   /* issuers: no other than these two */
#define CACHE_SLOTS  256 /* some 3 KiB each */

/* A certificate that lies in the database; neither it nor its key is revoked. */
struct caller_known {
	unsigned refs;
	struct cert *cert;
	struct certificate_row row;
	char *text;
	uint8_t fingerprint[32];
};

struct caller_cache {
	struct caller_known *slots[CACHE_SLOTS];
};

static void
unref(struct caller_known *k)
{
	if (k == NULL || --k->refs > 0)
		return;
	cert_free(k->cert);
	certificate_row_free(&k->row);
	free(k->text);
	free(k);
}

void
caller_free(struct caller *c)
{
	if (c->known != NULL) {
		unref(c->known);
	} else {
		free(c->id.text);
		cert_free(c->cert);
		free(c->profile);
		free(c->issuer);
	}
	*c = (struct caller){ 0 };
}

/* ---- what need not be looked for again ---- */

/* The last octets are the signature's: no two certificates agree in them by chance. */
static struct caller_known **
slot_of(struct ca *ca, struct bytes der)
{
	if (ca->callers == NULL)
		ca->callers = mem_zalloc(sizeof(*ca->callers));
	return &ca->callers->slots[(der.n > 0 ? der.p[der.n - 1] : 0) % CACHE_SLOTS];
}

static struct caller_known *
known_find(struct ca *ca, struct bytes der)
{
	struct caller_known *k = *slot_of(ca, der);

	return k != NULL && bytes_eq(buf_bytes(&k->cert->der), der) ? k : NULL;
}

static void
known_put(struct ca *ca, struct caller_known *k)
{
	struct caller_known **slot = slot_of(ca, buf_bytes(&k->cert->der));

	unref(*slot);
	k->refs++;
	*slot = k;
}

void
caller_forget(struct ca *ca)
{
	for (size_t i = 0; ca->callers != NULL && i < CACHE_SLOTS; i++) {
		unref(ca->callers->slots[i]);
		ca->callers->slots[i] = NULL;
	}
}

void
caller_cache_free(struct caller_cache *c)
{
	for (size_t i = 0; c != NULL && i < CACHE_SLOTS; i++)
		unref(c->slots[i]);
	free(c);
}

/* The certificate's row, if the very octets lie in the database. */
static bool
find_row(struct ca *ca, const struct cert *cert, const char *issuer,
    struct certificate_row *ret, struct err *e)
{
	struct buf der;

	if (!store_certificate_get(ca_store(ca), issuer, &cert->serial, ret, e)) {
		(void)ca_not_found(ca, e);
		return e->code == ERR_NOT_FOUND
			   ? err_set(e, ERR_UNAUTHENTICATED,
				 "this CA never issued the client certificate")
			   : false;
	}
	buf_init(&der, CERT_DER_MAX);
	bool ok = store_certificate_der(ca_store(ca), ret->id, &der, e);
	if (ok && !bytes_eq(buf_bytes(&der), buf_bytes(&cert->der)))
		ok = err_set(e, ERR_UNAUTHENTICATED,
		    "the client certificate is not the one that was issued with its "
		    "serial");
	buf_free(&der);
	if (!ok)
		certificate_row_free(ret);
	return ok;
}

static bool
check_revoked(const struct certificate_row *row, struct err *e)
{
	char at[CLOCK_RFC3339_LEN];

	if (!row->revoked)
		return true;
	clock_rfc3339(row->revoked_at, at);
	return err_set(e, ERR_UNAUTHENTICATED,
	    "the client certificate was revoked at %s", at);
}

/* Who has stolen a key has all that it opens, by whichever certificate it was told. */
static bool
check_key(struct ca *ca, const struct certificate_row *row, struct err *e)
{
	bool bad;

	if (!store_key_compromised(ca_store(ca), row->key_hash, &bad, e))
		return false;
	return !bad || err_set(e, ERR_UNAUTHENTICATED,
			   "the key of the client certificate was revoked for "
			   "keyCompromise with another certificate: it opens nothing "
			   "any more; revoke this one too, and get one by a new key");
}

/*
 * What a revoked issuer signed opens nothing, but the way to a successor: the very octets
 * lie in our database, so whoever has the issuer's key has not made them.
 */
static bool
check_issuer_stands(const struct ca *ca, const char *issuer, struct err *e)
{
	const struct ca_issuer *revoked =
	    ca_issuer_revoked(ca, ca_issuer_find(ca, issuer));
	char at[CLOCK_RFC3339_LEN];

	if (revoked == NULL)
		return true;
	clock_rfc3339(revoked->revoked_at, at);
	return err_set(e, ERR_UNAUTHENTICATED,
	    "the client certificate is of issuer %s, which was revoked at %s: renew it",
	    revoked->name, at);
}

/* Time and purpose, each with its own sentence. */
static bool
check_usable(const struct cert *cert, bool renews, struct err *e)
{
	const int64_t now = clock_now();
	char at[CLOCK_RFC3339_LEN];

	if (now > cert->not_after) {
		clock_rfc3339(cert->not_after, at);
		return err_set(e, ERR_UNAUTHENTICATED,
		    "the client certificate expired at %s", at);
	}
	if (now < cert->not_before) {
		clock_rfc3339(cert->not_before, at);
		return err_set(e, ERR_UNAUTHENTICATED,
		    "the client certificate is not valid before %s", at);
	}
	const unsigned usages = USAGE_CLIENT_AUTH | (renews ? USAGE_SERVER_AUTH : 0);
	if (cert->ca || cert->any_usage || (cert->usages & usages) == 0)
		return err_set(e, ERR_UNAUTHENTICATED,
		    "the certificate is not for client authentication; use one of a "
		    "profile with "
		    "\"client auth\"");
	return true;
}

static const char *
label(const struct cert *cert)
{
	if (cert->cn[0] != '\0')
		return cert->cn;
	return cert->names.n > 0 ? cert->names.v[0].text : "?";
}

/*
 * What log and journal call the caller, and its limits go by.  A URI may have 2048
 * characters: it is cut, and the serial tells apart what is then alike.  Where there is
 * another issuer, that may give the name to another holder (R46).
 */
static char *
text_of(const struct ca *ca, const struct cert *cert, const char *issuer)
{
	const char *name = label(cert);
	char *by =
	    ca->n_issuers > ROOT_AND_ONE ? mem_printf(" (%s)", issuer) : mem_strdup("");
	char hex[SERIAL_HEX_LEN];

	serial_to_hex(&cert->serial, hex);
	char *text = strlen(name) <= LABEL_MAX
			 ? mem_printf("cert:%s%s", name, by)
			 : mem_printf("cert:%.*s... (%s)%s", LABEL_MAX, name, hex, by);
	free(by);
	return text;
}

/* Looks it up; *ret has one reference. */
static bool
look_up(struct ca *ca, struct bytes der, struct caller_known **ret, struct err *e)
{
	struct caller_known *k = mem_zalloc(sizeof(*k));
	const struct ca_issuer *issuer = NULL;

	k->refs = 1;
	bool ok =
	    cert_parse(der, &k->cert, e) ||
	    err_set(e, ERR_UNAUTHENTICATED, "the client certificate cannot be read");
	if (ok && (issuer = ca_issuer_by_dn(ca, k->cert->issuer_dn)) == NULL)
		ok = err_set(e, ERR_UNAUTHENTICATED,
		    "the client certificate is of another CA");
	ok = ok && find_row(ca, k->cert, issuer->name, &k->row, e);
	if (ok) {
		k->text = text_of(ca, k->cert, issuer->name);
		ok = check_revoked(&k->row, e) && check_key(ca, &k->row, e) &&
		     (gnutls_hash_fast(GNUTLS_DIG_SHA256, der.p, der.n,
			  k->fingerprint) == 0 ||
			 err_set(e, ERR_INTERNAL, "SHA-256 failed"));
	}
	if (ok)
		*ret = k;
	else
		unref(k);
	return ok;
}

static bool
identify_cert(struct ca *ca, struct bytes der, bool renews, struct caller *c,
    struct err *e)
{
	struct caller_known *k = known_find(ca, der);

	if (k != NULL)
		k->refs++;
	else if (!look_up(ca, der, &k, e))
		return false;
	c->known = k;
	c->cert = k->cert;
	c->row = &k->row;
	c->profile = k->row.profile;
	c->issuer = k->row.issuer;
	if (!check_usable(k->cert, renews, e) ||
	    (!renews && !check_issuer_stands(ca, c->issuer, e)))
		return false;
	known_put(ca, k);
	c->id = (struct identity){
		.kind = IDENTITY_CERT,
		.text = k->text,
		.cert = k->cert,
		.profile = k->row.profile,
		.issuer = k->row.issuer,
	};
	memcpy(c->id.fingerprint, k->fingerprint, sizeof(k->fingerprint));
	return true;
}

bool
caller_identify(struct ca *ca, const struct msg_http_request *m, bool renews,
    struct caller *ret, struct err *e)
{
	struct caller c = { 0 };

	switch (m->peer) {
	case PEER_KIND_TLS_CERT:
		if (!identify_cert(ca, m->peer_cert, renews, &c, e)) {
			caller_free(&c);
			return false;
		}
		break;
	case PEER_KIND_TLS_BAD:
		return err_set(e, ERR_UNAUTHENTICATED,
		    "the client certificate was refused: %.*s", (int)m->peer_why.n,
		    (const char *)m->peer_why.p);
	case PEER_KIND_UNIX:
		if (m->uid == MSG_HTTP_NOBODY)
			return err_set(e, ERR_UNAUTHENTICATED,
			    "who asked by the local socket has closed it");
		/* Root and whom the daemon runs as; others have to show a certificate. */
		if (m->uid == 0 || m->uid == geteuid())
			c.id.kind = IDENTITY_ADMIN;
		c.id.text = mem_printf("uid:%u", m->uid);
		break;
	case PEER_KIND_PLAIN:
	case PEER_KIND_TLS:
		c.id.text = mem_strdup("anonymous");
		break;
	}
	*ret = c;
	return true;
}

static bool
known(const struct caller *c, struct err *e)
{
	if (c->id.kind != IDENTITY_NONE)
		return true;
	return err_set(e, ERR_UNAUTHENTICATED,
	    "present a client certificate of this CA (curl --cert FILE --key FILE), or "
	    "use the "
	    "local socket as root or the daemon's user");
}

bool
caller_may(struct ca *ca, const struct caller *c, enum right right, struct verdict *v,
    struct err *e)
{
	const struct conf_grant *grant;

	if (!known(c, e))
		return false;
	return right == 0 || grant_find(ca_conf(ca), &c->id, right, NULL, &grant, v) ||
	       verdict_ok(v, e);
}
