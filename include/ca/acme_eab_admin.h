/* SPDX-License-Identifier: Apache-2.0 */
/*
 * acme_eab_admin - keys for external accounts, made and taken back (RFC 8555 7.3.4).
 *
 * A key lets so many accounts be made in one directory until an end; what they may
 * have is its names, so many certificates together, until another end.
 */
#ifndef CA_ACME_EAB_ADMIN_H
#define CA_ACME_EAB_ADMIN_H

#include "ca/acme.h"
#include "jose/eab.h"
#include "policy/identity.h"
#include "policy/verdict.h"
#include "store/store_acme_eab.h"

#define ACME_EAB_EXPIRES_DEFAULT_S (7 * 86400)
#define ACME_EAB_EXPIRES_MAX_S     (366 * 86400)
#define ACME_EAB_ACCOUNTS_MAX      100000
#define ACME_EAB_CERTIFICATES_MAX  1000000000

struct acme_eab_ask {
	const struct identity *who;
	const char *request_id;
	const char *directory;
	const struct conf_names *names; /* policy/acme_pattern.h; empty: any */
	int64_t accounts_max;
	int64_t certificates_max; /* 0: no limit */
	int64_t expires_s;        /* 0: the default */
	int64_t ends_s;           /* 0: never */
};

/*
 * Writes a key, which counts once the round is committed.  'ret_key' is what is
 * handed over, and nowhere else: mem_wipe() it.  Refused with its rules in 'v'.
 * store_acme_eab_free() what is inside 'ret'.
 */
MUST_CHECK bool acme_eab_make(struct ca *ca, const struct acme_eab_ask *q,
    char ret_key[static EAB_KEY_TEXT], struct acme_eab *ret, struct verdict *v,
    struct err *e);
/*
 * It binds no more accounts; a second time changes nothing.  'keep': those that it
 * has bound go on, under its limits; else end them by acme_eab_end_accounts().
 * ERR_NOT_FOUND.
 */
MUST_CHECK bool acme_eab_revoke(struct ca *ca, const char *kid, bool keep,
    const struct identity *who, const char *request_id, struct acme_eab *ret,
    struct err *e);
/* Ends so many of its accounts; '*ret_n': how many there were, 0 when all have ended. */
MUST_CHECK bool acme_eab_end_accounts(struct ca *ca, int64_t eab_num, size_t most,
    const struct identity *who, const char *request_id, size_t *ret_n, struct err *e);

#endif
