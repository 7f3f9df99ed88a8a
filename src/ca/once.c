/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/once.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ca/ca_state.h"
#include "store/store_certificate.h"
#include "store/store_once.h"

#define CERT_DER_MAX KIB(32)

struct once {
	struct ca *ca;
	struct once *next; /* of those that are being answered */
	struct note_once noted;
	issue_done *done;
	void *arg;
};

static bool
is_key(struct bytes key)
{
	for (size_t i = 0; i < key.n; i++)
		if (key.p[i] <= 0x20 || key.p[i] >= 0x7f)
			return false;
	return key.n > 0 && key.n <= ONCE_KEY_MAX;
}

/* The key counts for its caller alone: another one's is another key. */
static bool
hash_key(const struct identity *who, struct bytes key,
    uint8_t ret[static NOTE_HASH_LEN], struct err *e)
{
	struct buf b;

	buf_init(&b, KIB(4));
	if (who->kind !=
	    IDENTITY_CERT) /* what that is called changes with the issuers */
		buf_puts(&b, who->text);
	buf_putc(&b, 0);
	if (who->kind == IDENTITY_CERT)
		buf_put(&b, bytes_of(who->fingerprint, sizeof(who->fingerprint)));
	buf_put(&b, key);
	const bool ok = buf_ok(&b, "the Idempotency-Key", e) &&
			(gnutls_hash_fast(GNUTLS_DIG_SHA256, b.p, b.n, ret) == 0 ||
			    err_set(e, ERR_INTERNAL, "SHA-256 failed"));
	buf_free(&b);
	return ok;
}

static bool
is_under_way(const struct ca *ca, const uint8_t key[static NOTE_HASH_LEN])
{
	for (const struct once *o = ca->under_way; o != NULL; o = o->next)
		if (memcmp(o->noted.key, key, NOTE_HASH_LEN) == 0)
			return true;
	return false;
}

/* The configuration may have changed since. */
static bool
find_issuer(const struct ca *ca, const struct cert *c, const struct ca_issuer **ret,
    struct err *e)
{
	char hex[SERIAL_HEX_LEN];

	*ret = ca_issuer_of(ca, c);
	if (*ret != NULL)
		return true;
	serial_to_hex(&c->serial, hex);
	return err_set(e, ERR_CONFLICT,
	    "this Idempotency-Key stands for certificate %s, whose issuer is not "
	    "configured any more, so its chain is not known: ask again with another "
	    "key, for a new certificate",
	    hex);
}

/* Who asks again is to have a certificate that he can use. */
static bool
check_revoked(const struct certificate_row *row, struct err *e)
{
	char hex[SERIAL_HEX_LEN];

	if (!row->revoked)
		return true;
	serial_to_hex(&row->serial, hex);
	return err_set(e, ERR_CONFLICT,
	    "this Idempotency-Key stands for certificate %s, which is revoked: ask "
	    "again with another key, for a new certificate",
	    hex);
}

/* The answer of before, made again from the certificate. */
static bool
recall(struct ca *ca, const struct store_once *row, issue_done *done, void *arg,
    struct err *e)
{
	const struct ca_issuer *issuer;
	struct certificate_row found;
	struct cert *cert = NULL;
	struct buf der;

	if (!store_certificate_get(ca->store, NULL, &row->serial, &found, e))
		return false;
	buf_init(&der, CERT_DER_MAX);
	const bool ok = check_revoked(&found, e) &&
			store_certificate_der(ca->store, found.id, &der, e) &&
			cert_parse(buf_bytes(&der), &cert, e) &&
			find_issuer(ca, cert, &issuer, e);
	if (ok) {
		const struct issue_result r = {
			.cert = cert,
			.issuer = issuer,
			.profile = found.profile,
			.renew_at = issue_renew_at(cert, found.issued_at),
		};
		done(arg, &r, NULL);
	}
	cert_free(cert);
	buf_free(&der);
	certificate_row_free(&found);
	return ok;
}

bool
once_begin(struct ca *ca, const struct identity *who, struct bytes key,
    struct bytes request, issue_done *done, void *arg, bool *ret_again,
    struct once **ret, struct err *e)
{
	struct store_once before;
	struct note_once q;

	if (!is_key(key))
		return err_set(e, ERR_MALFORMED,
		    "Idempotency-Key must be 1 to %d visible ASCII characters",
		    ONCE_KEY_MAX);
	if (!hash_key(who, key, q.key, e))
		return false;
	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, request.p, request.n, q.request) < 0)
		return err_set(e, ERR_INTERNAL, "SHA-256 failed");
	if (is_under_way(ca, q.key)) {
		err_set(e, ERR_CONFLICT,
		    "a request with this Idempotency-Key is being answered");
		e->retry_s = 1;
		return false;
	}
	if (store_once_get(ca->store, q.key, clock_now() - ONCE_S, &before, e)) {
		if (memcmp(before.request, q.request, sizeof(q.request)) != 0)
			return err_set(e, ERR_CONFLICT,
			    "this Idempotency-Key stands for another request");
		*ret_again = true;
		return recall(ca, &before, done, arg, e);
	}
	if (e->code != ERR_NOT_FOUND)
		return false;
	struct once *o = mem_zalloc(sizeof(*o));
	*o = (struct once){ .ca = ca,
		.next = ca->under_way,
		.noted = q,
		.done = done,
		.arg = arg };
	ca->under_way = o;
	*ret_again = false;
	*ret = o;
	return true;
}

void
once_drop(struct once *o)
{
	if (o == NULL)
		return;
	for (struct once **at = &o->ca->under_way; *at != NULL; at = &(*at)->next)
		if (*at == o) {
			*at = o->next;
			break;
		}
	free(o);
}

const struct note_once *
once_noted(const struct once *o)
{
	return o != NULL ? &o->noted : NULL;
}

void
once_done(void *once, const struct issue_result *r, const struct err *refused)
{
	struct once *o = once;

	o->done(o->arg, r, refused);
	once_drop(o);
}
