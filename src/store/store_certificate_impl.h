/* SPDX-License-Identifier: Apache-2.0 */
/* store_certificate_impl - what get and list share. */
#ifndef STORE_STORE_CERTIFICATE_IMPL_H
#define STORE_STORE_CERTIFICATE_IMPL_H

#include "store/store_certificate.h"

#define NAME_TYPE_CN (-1) /* in certificate_name: no GeneralName has this tag */

/* What store_certificate_read() reads, in its order; and from where. */
#define CERTIFICATE_COLUMNS                                                            \
	"SELECT c.id, i.name, c.serial, c.profile, c.cn, c.not_before, c.not_after,"   \
	" c.issued_at, c.requester, c.request_id, c.key_hash, c.note, r.revoked_at,"   \
	" r.reason, p.serial, f.id, f.serial, f.issued_at, l.family_id"
#define CERTIFICATE_TABLES                                                             \
	" JOIN issuer i ON i.id = c.issuer_id"                                         \
	" LEFT JOIN revocation r ON r.certificate_id = c.id"                           \
	" LEFT JOIN lineage l ON l.certificate_id = c.id"                              \
	" LEFT JOIN certificate p ON p.id = l.parent_id"                               \
	" LEFT JOIN certificate f ON f.id = l.first_id"

/* Reads the present row, and its names.  On failure *ret needs no freeing. */
MUST_CHECK bool store_certificate_read(struct store *st, struct stmt *q,
    struct certificate_row *ret, struct err *e);

#endif
