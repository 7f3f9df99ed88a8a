/* SPDX-License-Identifier: Apache-2.0 */
/* tmp_acme - accounts, authorizations and orders of a test. */
#ifndef TMP_ACME_H
#define TMP_ACME_H

#include "store/store_acme_authz.h"
#include "store/store_acme_order.h"
#include "tmp_certificate.h"

#define NOW 1800000000

/* Accounts 1 and 2. */
static inline void
tmp_acme_begin(void)
{
	tmp_begin();
	tmp_sql("INSERT INTO acme_account (num, id, directory, status, thumbprint, key,"
		" key_hash, contact, created_at, created_from) VALUES"
		" (1, 'one', 'server', 4, x'01', '{}', x'01', '[]', 1, ''),"
		" (2, 'two', 'server', 4, x'02', '{}', x'02', '[]', 1, '')");
}

static inline int64_t
tmp_authz(unsigned n, int64_t account, const char *value, enum acme_status status,
    int64_t expires_at)
{
	struct acme_challenge c[] = {
		{ .type = CHALLENGE_DNS_01, .token = "t2", .status = ACME_PENDING },
		{ .type = CHALLENGE_HTTP_01, .token = "t1", .status = ACME_PENDING },
	};
	struct acme_authz a = {
		.account_num = account,
		.type = NAME_TYPE_DNS,
		.value = (char *)value,
		.status = status,
		.created_at = NOW,
		.expires_at = expires_at,
		.challenges = c,
		.n_challenges = 2,
	};
	int64_t num;

	snprintf(a.id, sizeof(a.id), "a%u", n);
	snprintf(c[0].id, sizeof(c[0].id), "c%u-dns", n);
	snprintf(c[1].id, sizeof(c[1].id), "c%u-http", n);
	MUST(store_acme_authz_add(st, &a, &num, &e));
	return num;
}

static inline int64_t
tmp_order(unsigned n, int64_t account, int64_t authz, enum acme_status status,
    int64_t expires_at)
{
	struct acme_order_name name = { .type = NAME_TYPE_DNS, .authz_num = authz };
	struct acme_order o = {
		.account_num = account,
		.status = status,
		.profile = (char *)"server",
		.created_at = NOW,
		.expires_at = expires_at,
		.names = &name,
		.n_names = 1,
	};
	char value[40];
	int64_t num;

	snprintf(value, sizeof(value), "host-%u.internal", n);
	name.value = value;
	snprintf(o.id, sizeof(o.id), "o%u", n);
	MUST(store_acme_order_add(st, &o, &num, &e));
	return num;
}

#endif
