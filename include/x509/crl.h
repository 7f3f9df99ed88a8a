/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crl - certificate revocation lists, streamed (RFC 5280 5).
 *
 * Entries are of fixed size for a given serial length, so the length of all is
 * known before the first octet: the head is written first, entries follow, the
 * tail closes.  What is signed is everything from crl_head()'s 'ret_tbs' to the
 * last octet of crl_tail(): hash it as it is made.
 */
#ifndef X509_CRL_H
#define X509_CRL_H

#include "base/buf.h"
#include "base/sets.h"
#include "x509/serial.h"

struct crl_spec {
	struct bytes sig_alg, issuer_dn, authority_key_id;
	int64_t this_update, next_update;
	uint64_t number;
	uint64_t entries;
	uint64_t serial_octets; /* sum of serial_der_len() of all entries */
	uint64_t with_reason;   /* entries whose reason is not unspecified */
	/*
	 * URLs of a shard (x509/crl_shard.h): issuingDistributionPoint, for the
	 * certificates of no CA (RFC 5280 5.2.5).  None: of all, without it.
	 */
	const char *const *points;
	size_t n_points;
	uint64_t late; /* entries for which crl_is_late(): 0 until 2050 */
	uint64_t
	    base; /* of a delta: the number of what it adds to (RFC 5280 5.2.4); 0: none */
	const char *freshest; /* URL of the delta (RFC 5280 5.2.6); NULL: none */
};

/*
 * The CertificateList's own header needs the signature's length, which ECDSA
 * does not fix; so the outer SEQUENCE header is made last, by crl_outer():
 * write it in front (the file is assembled by whoever stores it).
 */
/*
 * Appends TBSCertList up to where the entries go.  ERR_INTERNAL: no issuer, an
 * end before the beginning, counts that cannot be.
 */
MUST_CHECK bool crl_head(const struct crl_spec *s, struct buf *ret, struct err *e);
/*
 * Appends one entry.  A time outside the years 0 to 9999 or an empty serial
 * counts as what does not fit: buf_ok() tells.
 */
void crl_entry(struct buf *ret, const struct serial *serial, int64_t revoked_at,
    enum reason reason);
/* Does this revocationDate take a GeneralizedTime, two octets more than the others? */
bool crl_is_late(int64_t revoked_at);
/* Octets that crl_entry() appends: depends on serial_der_len, time form and reason only. */
size_t crl_entry_len(size_t serial_der_octets, int64_t revoked_at, enum reason reason);
/* Appends the rest of the TBSCertList: extensions. */
MUST_CHECK bool crl_tail(const struct crl_spec *s, struct buf *ret, struct err *e);
/*
 * Octets of the TBSCertList that head, entries and tail make together.  Whoever
 * signs compares: entries that do not add up to this make no CRL.
 */
uint64_t crl_tbs_len(const struct crl_spec *s);
/* Appends what closes the file: signatureAlgorithm, signatureValue. */
MUST_CHECK bool crl_close(struct bytes sig_alg, struct bytes sig, struct buf *ret,
    struct err *e);
/* Appends the outer SEQUENCE header for tbs_len + what crl_close() appended. */
void crl_outer(uint64_t content_len, struct buf *ret);
/*
 * From the first octets of the TBSCertList: how long the outer header will be, but for
 * rare lengths at which the signature's own decides it.  0: they are no such octets.
 */
size_t crl_outer_room(struct bytes tbs);

/* As many octets of a list as crl_times() needs of one of ours. */
#define CRL_HEAD_MAX KIB(8)
/*
 * thisUpdate and nextUpdate, from the first octets of a list that may go on behind them.
 * ERR_MALFORMED; also of a list without nextUpdate (RFC 5280 5.1.2.5: there is one).
 */
MUST_CHECK bool crl_times(struct bytes head, int64_t *ret_this_update,
    int64_t *ret_next_update, struct err *e);

#endif
