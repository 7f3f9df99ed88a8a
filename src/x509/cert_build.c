/* SPDX-License-Identifier: Apache-2.0 */
/* What we sign, built.  One block of memory, one pass from the back. */
#include <string.h>

#include "x509/cert.h"

#define TBS_MAX    KIB(64)
#define SIG_MAX    KIB(4)
#define KEY_ID_LEN 20
#define URL_PREFIX "http://"

#define OID_KEY_ID        "2.5.29.14"
#define OID_KEY_USAGE     "2.5.29.15"
#define OID_SAN           "2.5.29.17"
#define OID_BASIC         "2.5.29.19"
#define OID_CONSTRAINTS   "2.5.29.30"
#define OID_CRL_POINTS    "2.5.29.31"
#define OID_FRESHEST      "2.5.29.46"
#define OID_AUTHORITY_KEY "2.5.29.35"
#define OID_EXT_KEY_USAGE "2.5.29.37"
#define OID_NO_REV_AVAIL  "2.5.29.56"
#define OID_AIA           "1.3.6.1.5.5.7.1.1"
#define OID_AIA_OCSP      "1.3.6.1.5.5.7.48.1"
#define OID_NO_CHECK      "1.3.6.1.5.5.7.48.1.5"
#define OID_AIA_ISSUER    "1.3.6.1.5.5.7.48.2"
#define OID_EXT_REQUEST   "1.2.840.113549.1.9.14"

/* Makes an Extension of what was written since 'mark'. */
static void
wrap_extension(struct derw *w, const char *oid, bool critical, size_t mark)
{
	der_wrap(w, DER_OCTET_STRING, mark);
	if (critical) /* FALSE is DEFAULT: never written */
		der_put_bool(w, true);
	der_put_oid(w, oid);
	der_wrap(w, DER_SEQUENCE, mark);
}

static void
put_null_extension(struct derw *w, const char *oid)
{
	const size_t mark = der_mark(w);

	der_put_null(w);
	wrap_extension(w, oid, false, mark);
}

static void
put_url(struct derw *w, const char *url)
{
	der_put_tlv(w, DER_CONTEXT(NAME_TYPE_URI), bytes_str(url));
}

static void
put_access(struct derw *w, const char *method, const char *url)
{
	const size_t mark = der_mark(w);

	if (url == NULL)
		return;
	put_url(w, url);
	der_put_oid(w, method);
	der_wrap(w, DER_SEQUENCE, mark);
}

/* RFC 5280 4.2.2.1: OCSP, then the issuer's certificate (P33). */
static void
put_authority_info(struct derw *w, const struct cert_spec *s)
{
	const size_t mark = der_mark(w);

	if (s->ocsp_url == NULL && s->issuer_url == NULL)
		return;
	put_access(w, OID_AIA_ISSUER, s->issuer_url);
	put_access(w, OID_AIA_OCSP, s->ocsp_url);
	der_wrap(w, DER_SEQUENCE, mark);
	wrap_extension(w, OID_AIA, false, mark);
}

/* RFC 5280 4.2.1.13, 4.2.1.15: one point with one fullName (P32). */
static void
put_crl_point(struct derw *w, const char *oid, const char *url)
{
	const size_t mark = der_mark(w);

	if (url == NULL)
		return;
	put_url(w, url);
	der_wrap(w, DER_CONTEXT_CONSTRUCTED(0), mark); /* fullName */
	der_wrap(w, DER_CONTEXT_CONSTRUCTED(0), mark); /* distributionPoint */
	der_wrap(w, DER_SEQUENCE, mark);
	der_wrap(w, DER_SEQUENCE, mark);
	wrap_extension(w, oid, false, mark);
}

static void
put_key_ids(struct derw *w, const struct cert_spec *s)
{
	const size_t mark = der_mark(w);

	if (s->authority_key_id.n > 0) {
		der_put_tlv(w, DER_CONTEXT(0), s->authority_key_id);
		der_wrap(w, DER_SEQUENCE, mark);
		wrap_extension(w, OID_AUTHORITY_KEY, false, mark);
	}
	const size_t own = der_mark(w);
	der_put_tlv(w, DER_OCTET_STRING, s->key_id);
	wrap_extension(w, OID_KEY_ID, false, own);
}

/* keyUsage, extKeyUsage, basicConstraints: what the key may do. */
static void
put_purposes(struct derw *w, const struct cert_spec *s)
{
	const size_t basic = der_mark(w);

	if (s->ca && s->path_len >= 0)
		der_put_uint(w, (unsigned)s->path_len);
	if (s->ca)
		der_put_bool(w, true);
	der_wrap(w, DER_SEQUENCE, basic);
	wrap_extension(w, OID_BASIC, true, basic);

	const size_t extended = der_mark(w);
	for (unsigned bit = 1u << 31; bit != 0; bit >>= 1)
		if ((s->usages & bit) != 0)
			der_put_oid(w, sets_usage_oid(bit));
	if (s->usages != 0) {
		der_wrap(w, DER_SEQUENCE, extended);
		wrap_extension(w, OID_EXT_KEY_USAGE, false, extended);
	}

	const size_t usage = der_mark(w);
	der_put_named_bits(w, s->key_usage);
	wrap_extension(w, OID_KEY_USAGE, true, usage);
}

static bool
name_is_empty(struct bytes dn)
{
	return dn.n == 2;
}

static bool
put_names(struct derw *w, const struct names *names, struct bytes subject_dn,
    struct err *e)
{
	const size_t mark = der_mark(w);
	struct buf san;

	buf_init(&san, TBS_MAX);
	const bool ok = names_to_der(names, &san, e);
	if (ok) {
		der_put_raw(w, buf_bytes(&san));
		/* RFC 5280 4.2.1.6: where the subject says nothing, this must be heeded. */
		wrap_extension(w, OID_SAN, name_is_empty(subject_dn), mark);
	}
	buf_free(&san);
	return ok;
}

static bool
put_extensions(struct derw *w, const struct cert_spec *s, struct err *e)
{
	const size_t all = der_mark(w);

	if (s->no_rev_avail)
		put_null_extension(w, OID_NO_REV_AVAIL);
	if (s->ocsp_no_check)
		put_null_extension(w, OID_NO_CHECK);
	put_authority_info(w, s);
	put_crl_point(w, OID_FRESHEST, s->freshest_url);
	put_crl_point(w, OID_CRL_POINTS, s->crl_url);
	const size_t constraints = der_mark(w);
	if (s->constraints.n > 0) {
		der_put_raw(w, s->constraints);
		wrap_extension(w, OID_CONSTRAINTS, true, constraints);
	}
	if (s->names != NULL && !put_names(w, s->names, s->subject_dn, e))
		return false;
	put_key_ids(w, s);
	put_purposes(w, s);
	der_wrap(w, DER_SEQUENCE, all);
	der_wrap(w, DER_CONTEXT_CONSTRUCTED(3), all);
	return true;
}

static bool
url_is_fit(const char *url)
{
	if (url == NULL)
		return true;
	for (const char *p = url; *p != '\0'; p++)
		if (*p <= 0x20 || *p >= 0x7f)
			return false;
	return strncmp(url, URL_PREFIX, strlen(URL_PREFIX)) == 0 &&
	       url[strlen(URL_PREFIX)] != '\0';
}

/* What every certificate must have. */
static bool
check_whole(const struct cert_spec *s, struct err *e)
{
	if (s->serial.n == 0 || s->sig_alg.n == 0 || s->spki.n == 0 ||
	    s->subject_dn.n < 2 || s->issuer_dn.n <= 2)
		return err_set(e, ERR_INTERNAL, "certificate: a field is missing");
	if (serial_der_len(&s->serial) > SERIAL_LEN)
		return err_set(e, ERR_INTERNAL,
		    "certificate: a serial of over %d octets", SERIAL_LEN);
	if (s->key_id.n != KEY_ID_LEN)
		return err_set(e, ERR_INTERNAL, "certificate: a key id of %zu octets",
		    s->key_id.n);
	if (s->not_after < s->not_before)
		return err_set(e, ERR_INTERNAL, "certificate: ends before it begins");
	if (!url_is_fit(s->crl_url) || !url_is_fit(s->ocsp_url) ||
	    !url_is_fit(s->issuer_url) ||
	    !url_is_fit(s->freshest_url)) /* https would ask for us to be asked */
		return err_set(e, ERR_INTERNAL, "certificate: a URL that is not http");
	if (s->freshest_url != NULL && s->crl_url == NULL)
		return err_set(e, ERR_INTERNAL, "certificate: a delta of no CRL");
	if (s->no_rev_avail && (s->crl_url != NULL || s->ocsp_url != NULL))
		return err_set(e, ERR_INTERNAL,
		    "certificate: noRevAvail beside a CRL or OCSP URL");
	for (unsigned bit = 1; bit != 0; bit <<= 1)
		if ((s->usages & bit) != 0 && sets_usage_oid(bit) == NULL)
			return err_set(e, ERR_INTERNAL, "certificate: usage %#x", bit);
	return true;
}

/* What tells CA certificates from others (P18 to P23, P35). */
static bool
check_kind(const struct cert_spec *s, struct err *e)
{
	const uint16_t signs = CERT_KU_KEY_CERT_SIGN | CERT_KU_CRL_SIGN;
	const bool responder = s->usages == USAGE_OCSP_SIGNING;

	if (s->ca && (s->key_usage & CERT_KU_KEY_CERT_SIGN) == 0)
		return err_set(e, ERR_INTERNAL, "certificate: a CA that cannot sign");
	if (!s->ca && (s->key_usage == 0 || (s->key_usage & signs) != 0))
		return err_set(e, ERR_INTERNAL, "certificate: key usage %#x of a leaf",
		    s->key_usage);
	if (!s->ca && (s->path_len >= 0 || s->constraints.n > 0))
		return err_set(e, ERR_INTERNAL,
		    "certificate: a leaf with a CA's limits");
	if ((s->usages & USAGE_OCSP_SIGNING) != 0 && !responder)
		return err_set(e, ERR_INTERNAL,
		    "certificate: OCSP signing beside another usage");
	if (s->names != NULL ? s->names->n == 0
			     : name_is_empty(s->subject_dn) || (!s->ca && !responder))
		return err_set(e, ERR_INTERNAL,
		    "certificate: of nothing that has a name");
	return true;
}

bool
cert_build_tbs(const struct cert_spec *s, struct buf *ret, struct err *e)
{
	struct derw w;
	bool ok = false;

	if (!check_whole(s, e) || !check_kind(s, e))
		return false;
	derw_init(&w, TBS_MAX);
	if (!put_extensions(&w, s, e))
		goto out;
	der_put_raw(&w, s->spki);
	der_put_raw(&w, s->subject_dn);
	const size_t validity = der_mark(&w);
	der_put_time(&w, s->not_after);
	der_put_time(&w, s->not_before);
	der_wrap(&w, DER_SEQUENCE, validity);
	der_put_raw(&w, s->issuer_dn);
	der_put_raw(&w, s->sig_alg);
	der_put_integer(&w, serial_bytes(&s->serial));
	const size_t version = der_mark(&w);
	der_put_uint(&w, 2); /* v3 */
	der_wrap(&w, DER_CONTEXT_CONSTRUCTED(0), version);
	der_wrap(&w, DER_SEQUENCE, 0);
	ok = der_take(&w, "certificate", ret, e);
out:
	derw_free(&w);
	return ok;
}

bool
cert_assemble(struct bytes tbs, struct bytes sig_alg, struct bytes sig, struct buf *ret,
    struct err *e)
{
	struct derw w;

	derw_init(&w, tbs.n + SIG_MAX);
	der_put_raw(&w, sig);
	der_wrap_bits(&w, 0);
	der_put_raw(&w, sig_alg);
	der_put_raw(&w, tbs);
	der_wrap(&w, DER_SEQUENCE, 0);
	const bool ok = der_take(&w, "certificate", ret, e);
	derw_free(&w);
	return ok;
}

/* extensionRequest (RFC 2985 5.4.2) with a SAN alone. */
static bool
put_request(struct derw *w, const struct names *names, struct bytes subject_dn,
    struct err *e)
{
	const size_t mark = der_mark(w);

	if (!put_names(w, names, subject_dn, e))
		return false;
	der_wrap(w, DER_SEQUENCE, mark); /* Extensions */
	der_wrap(w, DER_SET, mark);
	der_put_oid(w, OID_EXT_REQUEST);
	der_wrap(w, DER_SEQUENCE, mark);
	return true;
}

bool
cert_build_csr_info(struct bytes subject_dn, struct bytes spki,
    const struct names *names, struct buf *ret, struct err *e)
{
	struct derw w;
	bool ok = false;

	derw_init(&w, TBS_MAX);
	if (names != NULL && names->n > 0 && !put_request(&w, names, subject_dn, e))
		goto out;
	der_wrap(&w, DER_CONTEXT_CONSTRUCTED(0), 0);
	der_put_raw(&w, spki);
	der_put_raw(&w, subject_dn);
	der_put_uint(&w, 0);
	der_wrap(&w, DER_SEQUENCE, 0);
	ok = der_take(&w, "certificate request", ret, e);
out:
	derw_free(&w);
	return ok;
}
