/* SPDX-License-Identifier: Apache-2.0 */
/* The octets of a TBSCertificate, read for the lints. */
#include <string.h>

#include "lint_impl.h"

static const char *const oids[LINT_UNKNOWN] = {
	[LINT_KEY_ID] = "2.5.29.14",
	[LINT_KEY_USAGE] = "2.5.29.15",
	[LINT_SAN] = "2.5.29.17",
	[LINT_BASIC] = "2.5.29.19",
	[LINT_CONSTRAINTS] = "2.5.29.30",
	[LINT_CRL_POINTS] = "2.5.29.31",
	[LINT_AUTHORITY_KEY] = "2.5.29.35",
	[LINT_EXT_KEY_USAGE] = "2.5.29.37",
	[LINT_NO_REV_AVAIL] = "2.5.29.56",
	[LINT_AIA] = "1.3.6.1.5.5.7.1.1",
	[LINT_NO_CHECK] = "1.3.6.1.5.5.7.48.1.5",
	[LINT_FRESHEST] = "2.5.29.46",
};

static enum lint_ext_kind
kind_of(const char *oid)
{
	unsigned i = 0;

	while (i < LINT_UNKNOWN && strcmp(oids[i], oid) != 0)
		i++;
	return (enum lint_ext_kind)i;
}

const struct lint_ext *
lint_ext(const struct lint_input *in, enum lint_ext_kind kind)
{
	for (size_t i = 0; i < in->n_ext; i++)
		if (in->ext[i].kind == kind)
			return &in->ext[i];
	return NULL;
}

static bool
read_extensions(struct bytes in, struct lint_input *ret, struct err *e)
{
	struct bytes list;
	struct ext x;
	char text[128];

	if (!ext_list(in, &list, e))
		return false;
	while (list.n > 0) {
		if (ret->n_ext == EXT_MAX)
			return err_set(e, ERR_MALFORMED, "too many extensions");
		if (!ext_next(&list, &x, e))
			return false;
		/* One that has no room there is none of ours. */
		const bool named = der_get_oid(x.oid, text, sizeof(text), e);
		ret->ext[ret->n_ext++] = (struct lint_ext){
			.kind = named ? kind_of(text) : LINT_UNKNOWN,
			.oid = x.oid,
			.critical = x.critical,
			.flag_written = x.flag_written,
			.value = x.value,
		};
	}
	return true;
}

static bool
read_tbs(struct bytes tbs, struct lint_input *ret, struct err *e)
{
	/* version, serialNumber, signature, issuer */
	static const unsigned before[] = { DER_CONTEXT_CONSTRUCTED(0), DER_INTEGER,
		DER_SEQUENCE, DER_SEQUENCE };
	struct der all, skipped, validity, exts;

	if (!der_whole(tbs, DER_SEQUENCE, &all, e))
		return false;
	for (size_t i = 0; i < NITEMS(before); i++)
		if (!der_expect(&all.body, before[i], &skipped, e))
			return false;
	return der_expect(&all.body, DER_SEQUENCE, &validity, e) &&
	       der_next(&validity.body, &ret->from, e) &&
	       der_next(&validity.body, &ret->to, e) &&
	       der_done(validity.body, "Validity", e) &&
	       der_expect(&all.body, DER_SEQUENCE, &skipped, e) && /* subject */
	       der_expect(&all.body, DER_SEQUENCE, &skipped, e) && /* key */
	       der_expect(&all.body, DER_CONTEXT_CONSTRUCTED(3), &exts, e) &&
	       der_done(all.body, "TBSCertificate", e) &&
	       read_extensions(exts.body, ret, e);
}

/* One point, one fullName, one URI, no reasons, no cRLIssuer (P32). */
static bool
read_crl_point(struct bytes value, struct bytes *ret_url)
{
	struct der list, point, name, full, url;
	struct err e;

	if (!der_whole(value, DER_SEQUENCE, &list, &e) ||
	    !der_whole(list.body, DER_SEQUENCE, &point, &e) ||
	    !der_whole(point.body, DER_CONTEXT_CONSTRUCTED(0), &name, &e) ||
	    !der_whole(name.body, DER_CONTEXT_CONSTRUCTED(0), &full, &e) ||
	    !der_whole(full.body, DER_CONTEXT(NAME_TYPE_URI), &url, &e))
		return false;
	*ret_url = url.body;
	return true;
}

/* Each access method at most once, by a URI (P33). */
static bool
read_aia(struct bytes value, struct lint_input *ret)
{
	struct der list, access, method, url;
	char oid[64];
	struct err e;

	if (!der_whole(value, DER_SEQUENCE, &list, &e) || list.body.n == 0)
		return false;
	while (list.body.n > 0) {
		if (!der_expect(&list.body, DER_SEQUENCE, &access, &e) ||
		    !der_expect(&access.body, DER_OID, &method, &e) ||
		    !der_get_oid(method.body, oid, sizeof(oid), &e) ||
		    !der_whole(access.body, DER_CONTEXT(NAME_TYPE_URI), &url, &e))
			return false;
		struct bytes *to = strcmp(oid, "1.3.6.1.5.5.7.48.1") == 0
				       ? &ret->ocsp_url
				       : &ret->issuer_url;
		if (to == &ret->issuer_url && strcmp(oid, "1.3.6.1.5.5.7.48.2") != 0)
			return false;
		if (to->n > 0)
			return false;
		*to = url.body;
	}
	return true;
}

bool
lint_read(const struct cert *c, struct lint_input *ret, struct err *e)
{
	*ret = (struct lint_input){ .cert = c };
	if (!read_tbs(c->tbs, ret, e))
		return false;

	const struct lint_ext *crl = lint_ext(ret, LINT_CRL_POINTS);
	const struct lint_ext *aia = lint_ext(ret, LINT_AIA);
	const struct lint_ext *freshest = lint_ext(ret, LINT_FRESHEST);
	ret->crl_form =
	    (crl == NULL || read_crl_point(crl->value, &ret->crl_url)) &&
	    (freshest == NULL || read_crl_point(freshest->value, &ret->freshest_url));
	ret->aia_form = aia == NULL || read_aia(aia->value, ret);
	ret->responder = !c->ca && c->usages == USAGE_OCSP_SIGNING;
	ret->self_issued = bytes_eq(c->issuer_dn, c->subject_dn);
	return true;
}
