/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages between core and signer.
 *
 * The signer never signs octets that it did not build.  Each request bears an
 * id, its answer bears the same; MSG_REFUSED answers any of them.  What the
 * signer journals comes back as the journal's own record (journal/record.h),
 * octet for octet: core stores a live answer and a replayed record by one and
 * the same function.
 *
 * In the structs every struct bytes is borrowed from the frame.
 */
#ifndef IPC_MSG_SIGN_H
#define IPC_MSG_SIGN_H

#include "base/sets.h"
#include "ipc/msg.h"

#define MSG_OCSP_MAX 32 /* certificates in one OCSP request, at most */

/* Octets, at most.  A sender checks what came from outside: the receiver ends by more. */
#define MSG_CSR_MAX           KIB(16)
#define MSG_NAMES_MAX         KIB(16)
#define MSG_NOTE_MAX          KIB(5)
#define MSG_REQUESTER_MAX     KIB(1) /* no control characters; so of request_id */
#define MSG_REQUEST_ID_MAX    64
#define MSG_CERT_ID_MAX       KIB(16) /* a whole OCSP request may be one CertID */
#define MSG_NONCE_MAX         128
#define MSG_CERTIFICATE_MAX   KIB(64)
#define MSG_RECORD_MAX        KIB(128)
#define MSG_CRL_PLACES_MAX    8 /* URLs of one shard */
#define MSG_CRL_PLACE_MAX     KIB(1)
#define MSG_CRL_PART_MAX      KIB(512)
#define MSG_OCSP_RESPONSE_MAX KIB(128)
#define MSG_SIGN_FRAME_MAX    MIB(1) /* no message between core and signer is longer */

/*
 * MSG_SIGN_CERT, core -> signer: make one certificate.  The signer draws the
 * serial itself, verifies the CSR's own signature, checks profile, names,
 * lifetime and constraints, builds the TBSCertificate, journals it, signs it.
 */
struct msg_sign_cert {
	uint64_t id;
	uint64_t stored_seq;  /* the last journal record that core has committed */
	struct bytes profile; /* name; its issuer is the profile's */
	struct bytes csr;     /* DER PKCS #10, at most 16 KiB */
	struct bytes names;   /* DER GeneralNames, at most 16 KiB */
	int64_t not_before;   /* before backdating by the profile */
	int64_t validity_s;   /* seconds, as asked; 0: the profile's default */
	/* Exactly so, instead of the two above (policy/profile.h); 0: not asked for. */
	int64_t exact_not_before, exact_not_after;
	struct bytes requester; /* identity text: "cert:admin", "uid:0" */
	struct bytes request_id;
	struct bytes
	    note; /* JSON or empty; journalled with the certificate, at most 5 KiB */
};
void msg_sign_cert_put(struct buf *b, const struct msg_sign_cert *m);
MUST_CHECK bool msg_sign_cert_get(struct bytes body, struct msg_sign_cert *ret,
    struct err *e);

/* MSG_CERT_SIGNED, MSG_REVOKED, MSG_CRL_SIGNED, MSG_JOURNAL_RECORD: signer -> core. */
struct msg_recorded {
	uint64_t id;         /* 0 in MSG_JOURNAL_RECORD */
	struct bytes record; /* journal/record.h, with its number, time and hash */
};
void msg_recorded_put(struct buf *b, const struct msg_recorded *m);
MUST_CHECK bool msg_recorded_get(struct bytes body, struct msg_recorded *ret,
    struct err *e);

/*
 * MSG_REVOKE, core -> signer.  Refused (ERR_ALREADY_REVOKED) when the journal
 * has it, unless this raises the reason to a compromise or proves a later end than the
 * journal tells; then the first time stays.
 */
struct msg_revoke {
	uint64_t id;
	uint64_t stored_seq;
	struct bytes issuer; /* name */
	struct bytes serial; /* 1 to 20 octets, as in DER without a leading 00 */
	/*
	 * DER: its end is until when it is on lists.  Empty where core has it not: then it
	 * stays on them as long as its issuer lasts.
	 */
	struct bytes certificate;
	int64_t revoked_at;
	enum reason reason;
	struct bytes requester;
	struct bytes request_id;
};
void msg_revoke_put(struct buf *b, const struct msg_revoke *m);
MUST_CHECK bool msg_revoke_get(struct bytes body, struct msg_revoke *ret,
    struct err *e);

/*
 * MSG_CRL_BEGIN, core -> signer: make a CRL of what the journal has revoked.  It has
 * no answer but a refusal.  For each MSG_CRL_MORE (its id, nothing else) one MSG_CRL_PART
 * comes, which may be empty, so that either side does other work in between; then a
 * last part and MSG_CRL_SIGNED.  One CRL at a time; a second MSG_CRL_BEGIN refuses the
 * first (ERR_CONFLICT) and takes its place.  A MSG_CRL_MORE for one that is over is
 * passed over in silence.
 *
 * The parts together are the CertificateList without its outer header: the
 * octets of the TBSCertList in order, then, in a last part, what crl_close()
 * makes; MSG_CRL_SIGNED ends them.  The outer header is for whoever puts the
 * file together, by crl_outer() of all the parts' octets: an ECDSA signature's
 * length is not known before it is made.
 *
 * On the list is everything that is revoked when it begins, but for certificates that
 * ended before 'since'.  Core names no entry, so it can leave none out (ADR 0006).  The
 * signer refuses a number that does not grow, over all lists of an issuer.
 */
struct msg_crl_begin {
	uint64_t id;
	uint64_t stored_seq;
	struct bytes issuer;
	uint64_t number;
	int64_t this_update;
	int64_t next_update;
	int64_t since; /* at most this_update */
	/*
	 * What changed since an earlier list of all, instead of all: the newest that no
	 * client can hold any more, or else the oldest that there is.  The record names it.
	 */
	bool delta;
	/*
	 * Of a shard (x509/crl_shard.h): which; 0: the list of all.  Its certificates
	 * name it below the signer's own urls.public, and below these; the rest of
	 * the URL is the signer's.
	 */
	uint32_t shards, shard;
	size_t n_places;
	struct bytes places[MSG_CRL_PLACES_MAX];
};
void msg_crl_begin_put(struct buf *b, const struct msg_crl_begin *m);
MUST_CHECK bool msg_crl_begin_get(struct bytes body, struct msg_crl_begin *ret,
    struct err *e);

/* MSG_CRL_MORE: the id alone, by msg_id_put.  MSG_CRL_PART: the next octets of the file, or none. */
struct msg_crl_part {
	uint64_t id;
	struct bytes octets;
};
void msg_crl_part_put(struct buf *b, const struct msg_crl_part *m);
MUST_CHECK bool msg_crl_part_get(struct bytes body, struct msg_crl_part *ret,
    struct err *e);

/* MSG_SIGN_OCSP, core -> signer. */
enum cert_status {
	CERT_STATUS_GOOD = 0, /* the numbers of RFC 6960 CertStatus */
	CERT_STATUS_REVOKED = 1,
	CERT_STATUS_UNKNOWN = 2
};
struct msg_ocsp_single {
	struct bytes cert_id; /* DER CertID of the request, octet for octet */
	enum cert_status status;
	int64_t revoked_at; /* for CERT_STATUS_REVOKED only */
	enum reason reason;
};
struct msg_sign_ocsp {
	uint64_t id;
	struct bytes issuer;
	struct bytes nonce; /* 1 to 128 octets; empty: none */
	int64_t this_update;
	int64_t next_update;
	size_t n;
	struct msg_ocsp_single v[MSG_OCSP_MAX];
};
void msg_sign_ocsp_put(struct buf *b, const struct msg_sign_ocsp *m);
MUST_CHECK bool msg_sign_ocsp_get(struct bytes body, struct msg_sign_ocsp *ret,
    struct err *e);

/* MSG_OCSP_SIGNED, signer -> core: a whole OCSPResponse. */
struct msg_ocsp_signed {
	uint64_t id;
	struct bytes response;
	int64_t produced_at;
	int64_t
	    next_update; /* may be earlier than asked for: the responder's own end */
};
void msg_ocsp_signed_put(struct buf *b, const struct msg_ocsp_signed *m);
MUST_CHECK bool msg_ocsp_signed_get(struct bytes body, struct msg_ocsp_signed *ret,
    struct err *e);

/* MSG_JOURNAL_READ, core -> signer: the records from 'from_seq' on, then MSG_JOURNAL_END. */
struct msg_journal_read {
	uint64_t from_seq;
};
void msg_journal_read_put(struct buf *b, const struct msg_journal_read *m);
MUST_CHECK bool msg_journal_read_get(struct bytes body, struct msg_journal_read *ret,
    struct err *e);

struct msg_journal_end {
	uint64_t last_seq;   /* the journal's last record; 0: it is empty */
	uint64_t stored_seq; /* the highest that core ever said it had committed */
	bool root_key;       /* the root's key is here and could be opened */
};
void msg_journal_end_put(struct buf *b, const struct msg_journal_end *m);
MUST_CHECK bool msg_journal_end_get(struct bytes body, struct msg_journal_end *ret,
    struct err *e);

/* MSG_REFUSED, signer -> core. */
struct msg_refused {
	uint64_t id;
	enum err_code code;
	struct bytes detail;
};
void msg_refused_put(struct buf *b, const struct msg_refused *m);
MUST_CHECK bool msg_refused_get(struct bytes body, struct msg_refused *ret,
    struct err *e);

/* A body that is an id and nothing else. */
void msg_id_put(struct buf *b, uint64_t id);
MUST_CHECK bool msg_id_get(struct bytes body, uint64_t *ret, struct err *e);

#endif
