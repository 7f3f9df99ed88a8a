/* SPDX-License-Identifier: Apache-2.0 */
/* What an answer says, read as far as it takes to see that it is the one asked for. */
#include "codec/der.h"
#include "x509/ocsp.h"

#define BASIC "1.3.6.1.5.5.7.48.1.1"

/* From the outer SEQUENCE to the list of SingleResponses (RFC 6960 4.2.1). */
static bool
open_list(struct bytes response, struct bytes *ret, struct err *e)
{
	struct der all, status, bytes, type, octets, basic, data, x;
	char oid[64];
	bool there;

	if (!der_whole(response, DER_SEQUENCE, &all, e) ||
	    !der_expect(&all.body, DER_ENUMERATED, &status, e) ||
	    !der_expect(&all.body, DER_CONTEXT_CONSTRUCTED(0), &bytes, e) ||
	    !der_done(all.body, "OCSPResponse", e) ||
	    !der_whole(bytes.body, DER_SEQUENCE, &bytes, e) ||
	    !der_expect(&bytes.body, DER_OID, &type, e) ||
	    !der_get_oid(type.body, oid, sizeof(oid), e) ||
	    !der_expect(&bytes.body, DER_OCTET_STRING, &octets, e) ||
	    !der_whole(octets.body, DER_SEQUENCE, &basic, e) ||
	    !der_expect(&basic.body, DER_SEQUENCE, &data, e))
		return false;
	if (status.body.n != 1 || status.body.p[0] != OCSP_SUCCESSFUL ||
	    !bytes_eq_str(bytes_str(oid), BASIC))
		return err_set(e, ERR_MALFORMED, "OCSP: no basic response");
	if (!der_optional(&data.body, DER_CONTEXT_CONSTRUCTED(0), &x, &there, e) ||
	    !der_next(&data.body, &x, e) || /* responderID */
	    !der_expect(&data.body, DER_GENERALIZED_TIME, &x, e) ||
	    !der_expect(&data.body, DER_SEQUENCE, &x, e))
		return false;
	*ret = x.body;
	return true;
}

bool
ocsp_response_same(struct bytes response, const struct ocsp_request *q,
    unsigned first_status, struct err *e)
{
	struct bytes list;
	struct der one, id, status;

	if (!open_list(response, &list, e))
		return false;
	for (size_t i = 0; i < q->n; i++) {
		if (!der_expect(&list, DER_SEQUENCE, &one, e) ||
		    !der_expect(&one.body, DER_SEQUENCE, &id, e) ||
		    !der_next(&one.body, &status, e))
			return false;
		if (!bytes_eq(id.whole, q->v[i].whole))
			return err_set(e, ERR_MALFORMED,
			    "OCSP: of another certificate than was asked for");
		/* [0] good, [1] revoked, [2] unknown */
		if (i == 0 && (status.tag & 0x1f) != first_status)
			return err_set(e, ERR_MALFORMED,
			    "OCSP: of another status than was asked for");
	}
	return der_done(list, "OCSP: responses", e);
}
