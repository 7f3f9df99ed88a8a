/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An intermediate is taken back (P70): the list that tells it is its own issuer's, the
 * root's.  What it means for requests is told by ca_issuer_revoked().
 */
#include <string.h>

#include "base/clock.h"
#include "ca/revoke.h"
#include "revoke_impl.h"
#include "store/store_certificate.h"

#define INTERMEDIATE "intermediate" /* the profile of those of init and rotate */

/* The issuer that is to be revoked, and who tells it. */
static bool
find(struct ca *ca, const struct revoke_issuer_request *q, const struct ca_issuer **ret,
    const struct ca_issuer **ret_by, struct err *e)
{
	const struct ca_issuer *i = ca_issuer_find(ca, q->issuer);

	if (i == &ca->issuers[0])
		return err_set(e, ERR_CONFLICT,
		    "a root is not revoked, it is trusted or not: hanaper trust "
		    "uninstall, on each machine that has it, and hanaper init for "
		    "another CA");
	const struct ca_issuer *by = ca_issuer_by_dn(ca, i->cert->issuer_dn);
	if (by == NULL)
		return err_set(e, ERR_CONFLICT,
		    "issuer %s was not signed by the root or another issuer of this "
		    "daemon: who signed it has to revoke it",
		    i->name);
	*ret = i;
	*ret_by = by;
	const struct revoke_before before = {
		.issuer = by->name,
		.serial = &i->cert->serial,
		.not_after = i->cert->not_after,
		.revoked = i->revoked,
		.revoked_at = i->revoked_at,
		.reason = i->reason,
	};
	return revoke_again(ca, &before, q->reason, e);
}

static bool
not_found(const struct revoke_issuer_request *q, struct err *e)
{
	return err_set(e, ERR_NOT_FOUND,
	    "there is no issuer \"%.64s\", and no intermediate of this serial; GET "
	    "/v1/issuers, or hanaper issuer, lists the issuers",
	    q->issuer);
}

static bool
start_row(struct ca *ca, const struct revoke_issuer_request *q,
    const struct certificate_row *row, revoke_done *done, void *arg, struct err *e)
{
	if (strcmp(row->profile, INTERMEDIATE) != 0)
		return not_found(q, e);
	if (!revoke_again_row(ca, row, q->reason, e))
		return false;
	revoke_row_start(ca, row, q->reason, q->who, q->request_id, done, arg);
	return true;
}

/*
 * By its serial: one that the configuration does not name, such as that of a rotation
 * which was cut off.  Its key may be about.
 */
static bool
start_unnamed(struct ca *ca, const struct revoke_issuer_request *q, revoke_done *done,
    void *arg, struct err *e)
{
	struct certificate_row row;
	struct serial serial;

	if (!serial_from_hex(bytes_str(q->issuer), &serial, e))
		return not_found(q, e);
	if (!store_certificate_get(ca->store, ca->issuers[0].name, &serial, &row, e)) {
		if (e->code == ERR_NOT_FOUND)
			not_found(q, e);
		return false;
	}
	const bool ok = start_row(ca, q, &row, done, arg, e);
	certificate_row_free(&row);
	return ok;
}

bool
revoke_issuer_start(struct ca *ca, const struct revoke_issuer_request *q,
    revoke_done *done, void *arg, struct err *e)
{
	const struct ca_issuer *i = NULL, *by = NULL;

	if (!ca_writable(ca, e))
		return false;
	if (ca_issuer_find(ca, q->issuer) == NULL)
		return start_unnamed(ca, q, done, arg, e);
	if (!find(ca, q, &i, &by, e))
		return false;
	const struct revoke_one one = {
		.issuer = by->name,
		.serial = &i->cert->serial,
		.certificate = buf_bytes(&i->cert->der),
		.revoked_at = i->revoked ? i->revoked_at : 0,
		.reason = q->reason,
		.requester = q->who->text,
		.request_id = q->request_id,
	};
	revoke_one_start(ca, &one, done, arg);
	return true;
}

bool
revoke_issuers_read(struct ca *ca, struct err *e)
{
	for (size_t k = 1; k < ca->n_issuers; k++) {
		struct ca_issuer *i = &ca->issuers[k];
		const struct ca_issuer *by = ca_issuer_by_dn(ca, i->cert->issuer_dn);
		struct certificate_brief b = { 0 };

		if (by != NULL &&
		    !store_certificate_brief(ca->store, by->name, &i->cert->serial, &b,
			e) &&
		    e->code != ERR_NOT_FOUND)
			return false;
		i->revoked = b.revoked;
		i->revoked_at = b.revoked_at;
		i->reason = (enum reason)b.reason;
	}
	return true;
}

void
revoke_issuers_heard(struct ca *ca, const struct record_revocation *rr)
{
	for (size_t k = 1; k < ca->n_issuers; k++) {
		struct ca_issuer *i = &ca->issuers[k];
		const struct ca_issuer *by = ca_issuer_by_dn(ca, i->cert->issuer_dn);

		if (by == NULL || !bytes_eq_str(rr->issuer, by->name) ||
		    !bytes_eq(rr->serial, serial_bytes(&i->cert->serial)))
			continue;
		i->revoked = true;
		i->revoked_at = rr->revoked_at;
		i->reason = rr->reason;
	}
}
