/* SPDX-License-Identifier: Apache-2.0 */
/* Revocations that a CRL tells (RFC 5280 5.1), for a journal that lost them. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/out.h"
#include "cli/owners.h"
#include "cli/restore.h"
#include "codec/der.h"
#include "codec/pem.h"
#include "store/store_revocation.h"
#include "sys/file.h"
#include "x509/ext.h"

#define CRL_FILE_MAX MIB(512)
#define OID_REASON   "2.5.29.21"
#define OID_NUMBER   "2.5.29.20"

struct list {
	struct bytes tbs, sig_alg, sig;
	struct bytes issuer_dn;
	int64_t this_update, next_update;
	uint64_t number;
	struct bytes entries;    /* what is left of them */
	struct bytes extensions; /* of the list */
};

/* The octets of one extension's value; empty: it is not there. */
static bool
find_extension(struct bytes list, const char *oid, struct bytes *ret, struct err *e)
{
	*ret = bytes_of(NULL, 0);
	while (list.n > 0) {
		struct ext x;
		char text[64];

		if (!ext_next(&list, &x, e) ||
		    !der_get_oid(x.oid, text, sizeof(text), e))
			return false;
		if (bytes_eq_str(bytes_str(text), oid))
			*ret = x.value;
	}
	return true;
}

static bool
parse_tbs(struct bytes body, struct list *l, struct err *e)
{
	struct der version, alg, dn, at, next, entries;
	bool there;

	if (!der_expect(&body, DER_INTEGER, &version, e) ||
	    !der_expect(&body, DER_SEQUENCE, &alg, e) ||
	    !der_expect(&body, DER_SEQUENCE, &dn, e) || !der_next(&body, &at, e) ||
	    !der_get_time(&at, &l->this_update, e))
		return false;
	l->issuer_dn = dn.whole;
	l->next_update = l->this_update;
	if (body.n > 0 && der_is_time(body.p[0]) &&
	    (!der_next(&body, &next, e) || !der_get_time(&next, &l->next_update, e)))
		return false;
	if (!der_optional(&body, DER_SEQUENCE, &entries, &there, e))
		return false;
	l->entries = there ? entries.body : bytes_of(NULL, 0);
	return ext_optional_list(&body, 0, &l->extensions, e) &&
	       der_done(body, "a CRL", e);
}

static bool
parse(struct bytes der, struct list *l, struct err *e)
{
	struct der all, tbs, alg, sig;

	if (!der_whole(der, DER_SEQUENCE, &all, e) ||
	    !der_expect(&all.body, DER_SEQUENCE, &tbs, e) ||
	    !der_expect(&all.body, DER_SEQUENCE, &alg, e) ||
	    !der_expect(&all.body, DER_BIT_STRING, &sig, e) ||
	    !der_done(all.body, "a CRL", e) || !der_get_bits(sig.body, &l->sig, e))
		return false;
	l->tbs = tbs.whole;
	l->sig_alg = alg.whole;
	return parse_tbs(tbs.body, l, e);
}

static bool
read_entry(struct list *l, struct serial *ret_serial, int64_t *ret_at,
    enum reason *ret_reason, struct err *e)
{
	struct der entry, serial, at, extensions, code;
	struct bytes value;
	uint64_t n = 0;
	bool there;

	*ret_reason = REASON_UNSPECIFIED;
	if (!der_expect(&l->entries, DER_SEQUENCE, &entry, e) ||
	    !der_expect(&entry.body, DER_INTEGER, &serial, e) ||
	    !serial_from_der(serial.body, ret_serial, e) ||
	    !der_next(&entry.body, &at, e) || !der_get_time(&at, ret_at, e) ||
	    !der_optional(&entry.body, DER_SEQUENCE, &extensions, &there, e))
		return false;
	if (!there)
		return true;
	if (!find_extension(extensions.body, OID_REASON, &value, e))
		return false;
	if (value.n > 0 && (!der_whole(value, DER_ENUMERATED, &code, e) ||
			       !der_get_uint(code.body, &n, e)))
		return false;
	if (n <= UINT8_MAX && sets_reason_word((unsigned)n) != NULL)
		*ret_reason = (enum reason)n;
	return true;
}

/*
 * Each extension that narrows what a list tells is critical (RFC 5280 5.2.4, 5.2.5),
 * and of a full one for all that its issuer signed none is.
 */
static bool
is_full(const struct list *l, struct err *e)
{
	struct bytes list = l->extensions;
	struct ext x;

	while (list.n > 0) {
		if (!ext_next(&list, &x, e))
			return false;
		if (ext_seen_before(l->extensions, x.oid))
			return err_set(e, ERR_MALFORMED, "an extension is there twice");
		if (x.critical)
			return err_set(e, ERR_CONFLICT,
			    "it tells a part of what is revoked: take the issuer's "
			    "full CRL");
	}
	return true;
}

/*
 * Ours, signed by the issuer, and no older than what the backup knows; where the journal
 * here goes on, an older one tells what that has.
 */
static bool
believe(struct restore *r, const struct list *l, struct restore_issuer **ret,
    struct err *e)
{
	struct crl_row last;

	for (size_t i = 0; i < r->n_issuers; i++) {
		struct restore_issuer *s = &r->issuers[i];

		if (s->cert == NULL || !bytes_eq(s->cert->subject_dn, l->issuer_dn))
			continue;
		if (!spki_verify(&s->cert->key, l->sig_alg, l->tbs, l->sig, e))
			return false;
		if (store_crl_last(r->store, s->name, &last, e)) {
			if (l->this_update < last.this_update && !r->go_on_here)
				return err_set(e, ERR_CONFLICT,
				    "it is older than the backup's last CRL of %s",
				    s->name);
		} else if (e->code != ERR_NOT_FOUND) {
			return false;
		}
		*ret = s;
		return true;
	}
	return err_set(e, ERR_CONFLICT, "it is of no issuer of this CA");
}

/* Which list it was; one that is not newer than the backup tells nothing of the time since. */
static void
tell_age(struct restore *r, const struct list *l, const struct restore_issuer *i)
{
	char at[CLOCK_RFC3339_LEN], made[CLOCK_RFC3339_LEN];

	clock_rfc3339(l->this_update, at);
	clock_rfc3339(r->facts.made_at, made);
	strings_printf(&r->told, "%s: CRL %" PRIu64 " of %s", i->name, l->number, at);
	if (l->this_update <= r->facts.made_at && !r->go_on_here)
		out_note("%s: CRL %" PRIu64 " is of %s, the backup of %s: what was "
			 "revoked since the backup is not in it; give a newer one if "
			 "there is any",
		    i->name, l->number, at, made);
}

static bool
take_number(struct list *l, struct restore_issuer *i, struct err *e)
{
	struct bytes value;
	struct der number;

	if (!find_extension(l->extensions, OID_NUMBER, &value, e) ||
	    !der_whole(value, DER_INTEGER, &number, e) ||
	    !der_get_uint(number.body, &l->number, e))
		return err_set(e, ERR_MALFORMED, "it has no number");
	if (l->number > i->number)
		i->number = l->number;
	return true;
}

static bool
take(struct restore *r, struct bytes der, struct err *e)
{
	struct restore_issuer *i = NULL;
	struct list l = { 0 };

	if (!parse(der, &l, e) || !is_full(&l, e))
		return false;
	if (!believe(r, &l, &i, e) || !take_number(&l, i, e))
		return false;
	while (l.entries.n > 0) {
		struct serial serial;
		enum reason reason;
		int64_t at;

		if (!read_entry(&l, &serial, &at, &reason, e) ||
		    !restore_history_revoke(r, i, &serial, 0, at, reason, e))
			return false;
	}
	if (!i->told || l.this_update > i->this_update) {
		i->this_update = l.this_update;
		i->next_update = l.next_update;
	}
	i->told = true;
	tell_age(r, &l, i);
	return true;
}

static bool
is_crl(struct bytes label, struct err *e)
{
	return bytes_eq_str(label, "X509 CRL") ||
	       err_set(e, ERR_MALFORMED, "the PEM block is \"%.*s\", not \"X509 CRL\"",
		   (int)label.n, (const char *)label.p);
}

bool
restore_crl(struct restore *r, const char *path, struct err *e)
{
	struct buf text, der;
	struct bytes rest, label;

	buf_init(&text, CRL_FILE_MAX);
	buf_init(&der, CRL_FILE_MAX);
	owners_act_root(); /* it is where the operator says, which may be root's */
	bool ok = file_read_named(path, &text, e); /* says the path itself */
	owners_act_self();
	if (ok) {
		rest = buf_bytes(&text);
		if (pem_looks_like(rest))
			ok = pem_next(&rest, &label, &der, e) && is_crl(label, e) &&
			     take(r, buf_bytes(&der), e);
		else
			ok = take(r, rest, e);
		ok = ok || err_prefix(e, path);
	}
	buf_free(&text);
	buf_free(&der);
	return ok;
}
