/* SPDX-License-Identifier: Apache-2.0 */
#include "x509/crl.h"

#include <string.h>

#include "codec/der.h"

#define FIELDS_MAX KIB(16) /* octets of all but the entries */
#define ENTRY_MAX  64      /* octets of one entry */
#define TIME_LEN   15      /* octets of a UTCTime element */
#define LATE_MORE  2       /* what a GeneralizedTime takes more */
#define CLOSE_LEN  90      /* octets of what crl_close() makes, about */
#define YEAR_1950  INT64_C(-631152000)
#define YEAR_2050  INT64_C(2524608000)

/* crlEntryExtensions with one reasonCode (RFC 5280 5.3.1); its last octet is the reason. */
static const uint8_t reason_ext[] = { 0x30, 0x0c, 0x30, 0x0a, 0x06, 0x03, 0x55, 0x1d,
	0x15, 0x04, 0x03, 0x0a, 0x01, 0x00 };

static uint64_t
entries_len(const struct crl_spec *s)
{
	return s->entries * (2 + 2 + TIME_LEN) + s->serial_octets +
	       s->with_reason * sizeof(reason_ext) + s->late * LATE_MORE;
}

/* version to nextUpdate. */
static void
put_fields(struct derw *w, const struct crl_spec *s)
{
	der_put_time(w, s->next_update);
	der_put_time(w, s->this_update);
	der_put_raw(w, s->issuer_dn);
	der_put_raw(w, s->sig_alg);
	der_put_uint(w, 1); /* v2 */
}

static void
put_extension(struct derw *w, const char *oid, bool critical, size_t mark)
{
	der_wrap(w, DER_OCTET_STRING, mark);
	if (critical)
		der_put_bool(w, true);
	der_put_oid(w, oid);
	der_wrap(w, DER_SEQUENCE, mark);
}

/*
 * issuingDistributionPoint of a shard (P68).  A URL for each that certificates name:
 * one that matches is enough (RFC 5280 6.3.3 b 2 i).
 */
static void
put_points(struct derw *w, const struct crl_spec *s)
{
	static const uint8_t yes = 0xff;
	const size_t mark = der_mark(w);

	if (s->n_points == 0)
		return;
	der_put_tlv(w, DER_CONTEXT(1), bytes_of(&yes, 1)); /* onlyContainsUserCerts */
	const size_t name = der_mark(w);
	for (size_t i = s->n_points; i > 0; i--)
		der_put_tlv(w, DER_CONTEXT(NAME_TYPE_URI), bytes_str(s->points[i - 1]));
	der_wrap(w, DER_CONTEXT_CONSTRUCTED(0), name); /* fullName */
	der_wrap(w, DER_CONTEXT_CONSTRUCTED(0), name); /* distributionPoint */
	der_wrap(w, DER_SEQUENCE, mark);
	put_extension(w, "2.5.29.28", true, mark);
}

/* freshestCRL (RFC 5280 5.2.6): one DistributionPoint whose fullName is a URL. */
static void
put_freshest(struct derw *w, const struct crl_spec *s)
{
	const size_t mark = der_mark(w);

	if (s->freshest == NULL)
		return;
	der_put_tlv(w, DER_CONTEXT(NAME_TYPE_URI), bytes_str(s->freshest));
	der_wrap(w, DER_CONTEXT_CONSTRUCTED(0), mark); /* fullName */
	der_wrap(w, DER_CONTEXT_CONSTRUCTED(0), mark); /* distributionPoint */
	der_wrap(w, DER_SEQUENCE, mark);
	der_wrap(w, DER_SEQUENCE, mark);
	put_extension(w, "2.5.29.46", false, mark);
}

/* deltaCRLIndicator (RFC 5280 5.2.4): critical, so that nobody takes it for all. */
static void
put_base(struct derw *w, const struct crl_spec *s)
{
	const size_t mark = der_mark(w);

	if (s->base == 0)
		return;
	der_put_uint(w, s->base);
	put_extension(w, "2.5.29.27", true, mark);
}

/*
 * crlExtensions: authorityKeyIdentifier, cRLNumber; neither is critical; and what a
 * shard, a delta or its base has.
 */
static void
put_extensions(struct derw *w, const struct crl_spec *s)
{
	const size_t all = der_mark(w);

	put_freshest(w, s);
	put_points(w, s);
	put_base(w, s);
	const size_t number = der_mark(w);
	der_put_uint(w, s->number);
	put_extension(w, "2.5.29.20", false, number);

	const size_t aki = der_mark(w);
	der_put_tlv(w, DER_CONTEXT(0), s->authority_key_id);
	der_wrap(w, DER_SEQUENCE, aki);
	put_extension(w, "2.5.29.35", false, aki);

	der_wrap(w, DER_SEQUENCE, all);
	der_wrap(w, DER_CONTEXT_CONSTRUCTED(0), all);
}

/* Octets of the TBSCertList's content. */
static uint64_t
tbs_content_len(const struct crl_spec *s)
{
	const uint64_t entries = entries_len(s);
	uint8_t header[DER_HEADER_MAX];
	struct derw w;

	derw_init(&w, FIELDS_MAX);
	put_extensions(&w, s);
	put_fields(&w, s);
	uint64_t n = der_mark(&w);
	derw_free(&w);
	if (s->entries > 0)
		n += der_header(DER_SEQUENCE, entries, header) + entries;
	return n;
}

uint64_t
crl_tbs_len(const struct crl_spec *s)
{
	uint8_t header[DER_HEADER_MAX];
	const uint64_t n = tbs_content_len(s);

	return n + der_header(DER_SEQUENCE, n, header);
}

static bool
check_spec(const struct crl_spec *s, struct err *e)
{
	if (s->sig_alg.n == 0 || s->issuer_dn.n == 0 || s->authority_key_id.n == 0)
		return err_set(e, ERR_INTERNAL, "CRL: of an issuer that is not told");
	if (s->next_update <= s->this_update)
		return err_set(e, ERR_INTERNAL, "CRL: ends before it begins");
	if (s->base != 0 && s->base >= s->number)
		return err_set(e, ERR_INTERNAL, "CRL: a delta to no earlier one");
	if (s->entries > UINT32_MAX || s->with_reason > s->entries ||
	    s->late > s->entries || s->serial_octets < s->entries ||
	    s->serial_octets > s->entries * (SERIAL_LEN + 1))
		return err_set(e, ERR_INTERNAL, "CRL: a count that cannot be");
	return true;
}

bool
crl_head(const struct crl_spec *s, struct buf *ret, struct err *e)
{
	uint8_t header[DER_HEADER_MAX];
	struct derw w;

	if (!check_spec(s, e))
		return false;
	derw_init(&w, FIELDS_MAX);
	if (s->entries > 0) /* absent when empty: RFC 5280 5.1.2.6 */
		der_put_raw(&w,
		    bytes_of(header, der_header(DER_SEQUENCE, entries_len(s), header)));
	put_fields(&w, s);
	der_put_raw(&w,
	    bytes_of(header, der_header(DER_SEQUENCE, tbs_content_len(s), header)));
	const bool ok = der_take(&w, "CRL", ret, e);
	derw_free(&w);
	return ok;
}

bool
crl_tail(const struct crl_spec *s, struct buf *ret, struct err *e)
{
	struct derw w;

	derw_init(&w, FIELDS_MAX);
	put_extensions(&w, s);
	const bool ok = der_take(&w, "CRL", ret, e);
	derw_free(&w);
	return ok;
}

void
crl_entry(struct buf *ret, const struct serial *serial, int64_t revoked_at,
    enum reason reason)
{
	uint8_t entry[ENTRY_MAX] = { DER_SEQUENCE, 0, DER_INTEGER,
		(uint8_t)serial_der_len(serial) };
	uint8_t *p = entry + 4;

	if (serial_der_len(serial) > serial->n)
		*p++ = 0;
	memcpy(p, serial->b, serial->n);
	p += serial->n;
	const size_t time = der_time(revoked_at, p);
	if (time == 0 || serial->n == 0) { /* sticks; buf_ok() tells */
		ret->full = true;
		return;
	}
	p += time;
	if (reason != REASON_UNSPECIFIED) {
		memcpy(p, reason_ext, sizeof(reason_ext));
		p += sizeof(reason_ext);
		p[-1] = (uint8_t)reason;
	}
	entry[1] = (uint8_t)(p - entry - 2);
	buf_put(ret, bytes_of(entry, (size_t)(p - entry)));
}

bool
crl_is_late(int64_t revoked_at)
{
	return revoked_at < YEAR_1950 || revoked_at >= YEAR_2050; /* as der_time() */
}

size_t
crl_entry_len(size_t serial_der_octets, int64_t revoked_at, enum reason reason)
{
	return 2 + 2 + serial_der_octets + TIME_LEN +
	       (crl_is_late(revoked_at) ? LATE_MORE : 0) +
	       (reason != REASON_UNSPECIFIED ? sizeof(reason_ext) : 0);
}

bool
crl_close(struct bytes sig_alg, struct bytes sig, struct buf *ret, struct err *e)
{
	struct derw w;

	derw_init(&w, FIELDS_MAX);
	der_put_raw(&w, sig);
	der_wrap_bits(&w, 0);
	der_put_raw(&w, sig_alg);
	const bool ok = der_take(&w, "CRL", ret, e);
	derw_free(&w);
	return ok;
}

void
crl_outer(uint64_t content_len, struct buf *ret)
{
	uint8_t header[DER_HEADER_MAX];

	buf_put(ret, bytes_of(header, der_header(DER_SEQUENCE, content_len, header)));
}

size_t
crl_outer_room(struct bytes tbs)
{
	uint8_t header[DER_HEADER_MAX];
	uint64_t n = 0;

	if (tbs.n < 2 || tbs.p[0] != DER_SEQUENCE)
		return 0;
	const size_t octets = tbs.p[1] < 0x80 ? 0 : tbs.p[1] & 0x7fu;
	if (octets > 8 || tbs.n < 2 + octets)
		return 0;
	for (size_t i = 0; i < octets; i++)
		n = n << 8 | tbs.p[2 + i];
	n += 2 + octets + (octets == 0 ? tbs.p[1] : 0);
	return der_header(DER_SEQUENCE, n + CLOSE_LEN, header);
}

bool
crl_times(struct bytes head, int64_t *ret_this_update, int64_t *ret_next_update,
    struct err *e)
{
	struct der version, alg, issuer, from, to;

	return der_enter(&head, DER_SEQUENCE, e) && der_enter(&head, DER_SEQUENCE, e) &&
	       der_expect(&head, DER_INTEGER, &version, e) &&
	       der_expect(&head, DER_SEQUENCE, &alg, e) &&
	       der_expect(&head, DER_SEQUENCE, &issuer, e) &&
	       der_next(&head, &from, e) && der_get_time(&from, ret_this_update, e) &&
	       der_next(&head, &to, e) && der_get_time(&to, ret_next_update, e);
}
