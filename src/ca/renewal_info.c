/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/renewal_info.h"

#include <stdlib.h>
#include <string.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ca/issue.h"
#include "store/store_renewal.h"
#include "x509/certid.h"

#define HOUR_S          3600
#define RETRY_MAX_S     (6 * HOUR_S)
#define RETRY_LEAST_S   60 /* clients take less for this anyway (RFC 9773 4.3.2) */
#define RETRY_ORDERED_S HOUR_S
#define RETRY_OVER_S    (24 * HOUR_S)

void
renewal_info_free(struct renewal_info *i)
{
	free(i->explanation_url);
	*i = (struct renewal_info){ 0 };
}

/* ---- whose identifier it is ---- */

/*
 * The serial finds it, by index; the certificate itself says by which key it was signed,
 * whether the issuer has that key today or not.
 */
static bool
find(struct ca *ca, const struct certid *id, struct certificate_row *ret,
    struct cert **ret_cert, struct err *e)
{
	struct buf der;

	if (!store_certificate_get(ca_store(ca), NULL, &id->serial, ret, e))
		return ca_not_found(ca, e);
	buf_init(&der, CERT_MAX);
	bool ok = store_certificate_der(ca_store(ca), ret->id, &der, e) &&
		  cert_parse(buf_bytes(&der), ret_cert, e);
	if (ok && !certid_fits(id, *ret_cert)) {
		cert_free(*ret_cert);
		ok = err_set(e, ERR_NOT_FOUND,
		    "no certificate has this identifier: the key identifier is another "
		    "issuer's");
	}
	if (!ok)
		certificate_row_free(ret);
	buf_free(&der);
	return ok;
}

bool
renewal_info_find(struct ca *ca, struct bytes certid, struct certificate_row *ret,
    struct err *e)
{
	struct cert *cert;
	struct certid id;

	if (!certid_read(certid, &id, e) || !find(ca, &id, ret, &cert, e))
		return false;
	cert_free(cert);
	return true;
}

/* ---- when ---- */

/* Of 2^16; the same each time, and of each certificate another. */
static int64_t
drawn(const struct cert *c)
{
	uint8_t hash[32] = { 0 };

	/* Fails only where GnuTLS has no SHA-256: then there is no jitter. */
	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, c->der.p, c->der.n, hash) != 0)
		return 0;
	return hash[0] * INT64_C(256) + hash[1];
}

/*
 * From renew_after on, by up to a twentieth of the life, and as long: it is over
 * before four fifths are.
 */
static void
put_regular(struct renewal_info *i, const struct cert *c, int64_t issued_at)
{
	const int64_t part = (c->not_after + 1 - issued_at) / 20;

	i->start_at = issue_renew_at(c, issued_at) + part * drawn(c) / 65536;
	i->end_at = i->start_at + (part > 0 ? part : 1);
}

/* Already over, whatever the client's clock says (RFC 9773 4.2). */
static void
put_revoked(struct renewal_info *i, int64_t revoked_at)
{
	i->start_at = revoked_at - 2 * HOUR_S;
	i->end_at = revoked_at - HOUR_S;
}

/*
 * When the issuer above it was revoked, 0: none was.  Only once another issuer follows
 * in the profile: before that a renewal would be refused.
 */
static int64_t
issuer_revoked_at(const struct ca *ca, const struct certificate_row *row)
{
	const struct ca_issuer *revoked =
	    ca_issuer_revoked(ca, ca_issuer_find(ca, row->issuer));
	const struct conf_profile *p =
	    conf_profile_find(ca_conf(ca), bytes_str(row->profile));

	if (revoked == NULL || p == NULL ||
	    ca_issuer_revoked(ca, ca_issuer_find(ca, p->issuer)) != NULL)
		return 0;
	return revoked->revoked_at;
}

static bool
is_url(const char *text)
{
	return strncmp(text, "https://", 8) == 0 && strpbrk(text, " \"<>\\") == NULL;
}

/* What was ordered only ever brings a renewal forward. */
static bool
put_ordered(struct ca *ca, const struct certificate_row *row, struct renewal_info *i,
    struct err *e)
{
	struct renewal r;

	if (!store_renewal_get(ca_store(ca), row->id, &r, e))
		return e->code == ERR_NOT_FOUND;
	if (r.start_at < i->start_at) {
		i->start_at = r.start_at;
		i->end_at = r.end_at;
		i->retry_s =
		    i->retry_s < RETRY_ORDERED_S ? i->retry_s : RETRY_ORDERED_S;
		i->explanation_url = is_url(r.reason) ? mem_strdup(r.reason) : NULL;
	}
	store_renewal_free(&r);
	return true;
}

/* So often that a window which moves is not missed, of short lives too. */
static unsigned
retry_of(const struct certificate_row *row)
{
	const int64_t part = (row->not_after + 1 - row->issued_at) / 24;

	if (clock_now() > row->not_after)
		return RETRY_OVER_S; /* nothing comes any more */
	if (part > RETRY_MAX_S)
		return RETRY_MAX_S;
	return part < RETRY_LEAST_S ? RETRY_LEAST_S : (unsigned)part;
}

bool
renewal_info_get(struct ca *ca, struct bytes certid, struct renewal_info *ret,
    struct err *e)
{
	struct renewal_info i = { 0 };
	struct certificate_row row;
	struct cert *cert;
	struct certid id;

	if (!certid_read(certid, &id, e) || !find(ca, &id, &row, &cert, e))
		return false;
	i.retry_s = retry_of(&row);
	put_regular(&i, cert, row.issued_at);
	const int64_t revoked_at =
	    row.revoked ? row.revoked_at : issuer_revoked_at(ca, &row);
	if (revoked_at != 0)
		put_revoked(&i, revoked_at);
	const bool ok = revoked_at != 0 || put_ordered(ca, &row, &i, e);
	if (ok)
		*ret = i;
	certificate_row_free(&row);
	cert_free(cert);
	return ok;
}
