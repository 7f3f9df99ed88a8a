/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal/state: what the closed segments of the journal told, so that a start
 * need not read them (docs/adr/0022).  It only saves time: whatever is the matter
 * with it, the journal is read from its first record.
 *
 *	magic         8    "HNPSTATE"
 *	version       u32
 *	stored        u64  as in struct signer
 *	serial_at     i64
 *	crl_seq       u64
 *	issuers       u32  and of each: name, crl_number u64, crl_this_update i64,
 *	                   entries u64, bases u32, each as struct signer_base
 *	entries            47 octets each, those of the first issuer first
 *	mark               journal_mark_put()
 *	by                 name of the issuer whose key signed it
 *	signature          over TEXT and the SHA-256 of all above
 *
 * It is written a slice at a time while the signer works.  Revocations are only
 * ever added, or their reason raised, so what changes meanwhile does no harm: the
 * segment of the mark is read again at the next start, and tells it once more.
 */
#ifndef DAEMON_SIGNER_KEPT_IMPL_H
#define DAEMON_SIGNER_KEPT_IMPL_H

#include "base/buf.h"

#define KEPT_MAGIC     "HNPSTATE"
#define KEPT_VERSION   2
#define KEPT_NAME      "state"
#define KEPT_HASH_LEN  32
#define KEPT_ENTRY_LEN (1 + SERIAL_LEN + 1 + 1 + 8 + 8 + 8)
#define KEPT_BASE_LEN  (8 + 8 + 8 + 8)

/* What is signed: no octets that a certificate, a CRL or an answer could begin with. */
#define KEPT_TEXT "hanaper: what the signer keeps of its journal\n"

#endif
