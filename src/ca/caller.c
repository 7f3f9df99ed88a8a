/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/caller.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "base/clock.h"
#include "base/mem.h"
#include "policy/grant.h"
#include "store/store_certificate.h"

#define CERT_DER_MAX KIB(32)
#define LABEL_MAX                                                                      \
	512 /* octets of a name in the identity's text; the signer takes 1 KiB */

void
caller_free(struct caller *c)
{
	free(c->id.text);
	cert_free(c->cert);
	free(c->profile);
	free(c->issuer);
	*c = (struct caller){ 0 };
}

/* The certificate's row, if the very octets lie in the database. */
static bool
find_row(struct ca *ca, const struct cert *cert, const char *issuer,
    struct certificate_row *ret, struct err *e)
{
	struct buf der;

	if (!store_certificate_get(ca_store(ca), issuer, &cert->serial, ret, e))
		return e->code == ERR_NOT_FOUND
			   ? err_set(e, ERR_UNAUTHENTICATED,
				 "this CA never issued the client certificate")
			   : false;
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

/* Time, purpose and revocation, each with its own sentence. */
static bool
check_usable(const struct cert *cert, const struct certificate_row *row, bool any_usage,
    struct err *e)
{
	const int64_t now = clock_now();
	char at[CLOCK_RFC3339_LEN];

	if (row->revoked) {
		clock_rfc3339(row->revoked_at, at);
		return err_set(e, ERR_UNAUTHENTICATED,
		    "the client certificate was revoked at %s", at);
	}
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
	const unsigned usages = USAGE_CLIENT_AUTH | (any_usage ? USAGE_SERVER_AUTH : 0);
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
 * What log and journal call the caller.  A URI may have 2048 characters: it is
 * cut, and the serial tells apart what is then alike.
 */
static char *
text_of(const struct cert *cert)
{
	const char *name = label(cert);
	char hex[SERIAL_HEX_LEN];

	if (strlen(name) <= LABEL_MAX)
		return mem_printf("cert:%s", name);
	serial_to_hex(&cert->serial, hex);
	return mem_printf("cert:%.*s... (%s)", LABEL_MAX, name, hex);
}

static bool
identify_cert(struct ca *ca, struct bytes der, bool any_usage, struct caller *c,
    struct err *e)
{
	struct certificate_row row;

	if (!cert_parse(der, &c->cert, e))
		return err_set(e, ERR_UNAUTHENTICATED,
		    "the client certificate cannot be read");
	const struct ca_issuer *issuer = ca_issuer_by_dn(ca, c->cert->issuer_dn);
	if (issuer == NULL)
		return err_set(e, ERR_UNAUTHENTICATED,
		    "the client certificate is of another CA");
	if (!find_row(ca, c->cert, issuer->name, &row, e))
		return false;
	bool ok = check_usable(c->cert, &row, any_usage, e);
	if (ok) {
		c->profile = mem_strdup(row.profile);
		c->issuer = mem_strdup(issuer->name);
		c->id = (struct identity){
			.kind = IDENTITY_CERT,
			.text = text_of(c->cert),
			.cert = c->cert,
			.profile = c->profile,
			.issuer = c->issuer,
		};
		ok = gnutls_hash_fast(GNUTLS_DIG_SHA256, der.p, der.n,
			 c->id.fingerprint) == 0 ||
		     err_set(e, ERR_INTERNAL, "SHA-256 failed");
	}
	certificate_row_free(&row);
	return ok;
}

bool
caller_identify(struct ca *ca, const struct msg_http_request *m, bool any_usage,
    struct caller *ret, struct err *e)
{
	struct caller c = { 0 };

	switch (m->peer) {
	case PEER_KIND_TLS_CERT:
		if (!identify_cert(ca, m->peer_cert, any_usage, &c, e)) {
			caller_free(&c);
			return false;
		}
		break;
	case PEER_KIND_TLS_BAD:
		return err_set(e, ERR_UNAUTHENTICATED,
		    "the client certificate was refused: %.*s", (int)m->peer_why.n,
		    (const char *)m->peer_why.p);
	case PEER_KIND_UNIX:
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
