/* SPDX-License-Identifier: Apache-2.0 */
#include "x509/ext.h"

#include "codec/der.h"

bool
ext_list(struct bytes in, struct bytes *ret_list, struct err *e)
{
	struct der list;

	if (!der_whole(in, DER_SEQUENCE, &list, e))
		return false;
	if (list.body.n == 0)
		return err_set(e, ERR_MALFORMED, "extensions that are none");
	*ret_list = list.body;
	return true;
}

bool
ext_optional_list(struct bytes *rest, unsigned n, struct bytes *ret_list, struct err *e)
{
	struct der outer;
	bool there;

	if (!der_optional(rest, DER_CONTEXT_CONSTRUCTED(n), &outer, &there, e))
		return false;
	if (there)
		return ext_list(outer.body, ret_list, e);
	*ret_list = bytes_of(NULL, 0);
	return true;
}

/* Extension ::= SEQUENCE { OID, critical BOOLEAN DEFAULT FALSE, OCTET STRING } */
bool
ext_next(struct bytes *list, struct ext *ret, struct err *e)
{
	struct bytes rest = *list;
	struct der all, oid, flag, value;
	struct ext x = { 0 };

	if (!der_expect(&rest, DER_SEQUENCE, &all, e) ||
	    !der_expect(&all.body, DER_OID, &oid, e) ||
	    !der_optional(&all.body, DER_BOOLEAN, &flag, &x.flag_written, e) ||
	    (x.flag_written && !der_get_bool(flag.body, &x.critical, e)) ||
	    !der_expect(&all.body, DER_OCTET_STRING, &value, e) ||
	    !der_done(all.body, "an extension", e))
		return false;
	if (!der_is_oid(oid.body))
		return err_set(e, ERR_MALFORMED, "an extension without identifier");
	x.oid = oid.body;
	x.value = value.body;
	*ret = x;
	*list = rest;
	return true;
}

bool
ext_seen_before(struct bytes list, struct bytes oid)
{
	struct der all, id;
	struct err e;

	while (der_next(&list, &all, &e) && der_next(&all.body, &id, &e) &&
	       id.body.p != oid.p)
		if (bytes_eq(id.body, oid))
			return true;
	return false;
}
