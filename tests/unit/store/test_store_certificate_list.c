/* SPDX-License-Identifier: Apache-2.0 */
#include "tmp_certificate.h"

struct listed {
	unsigned n;
	int64_t ids[100];
	unsigned refuse_at;
};

static bool
list_one(void *arg, const struct certificate_row *r, struct err *ret)
{
	struct listed *l = arg;

	cr_assert_lt(l->n, 100u);
	l->ids[l->n++] = r->id;
	if (l->n == l->refuse_at)
		return err_set(ret, ERR_POLICY, "enough");
	return true;
}

static struct listed
list(struct certificate_query q)
{
	struct listed l = { 0 };

	if (q.limit == 0)
		q.limit = 100;
	MUST(store_certificate_list(st, &q, list_one, &l, &e));
	for (unsigned i = 1; i < l.n; i++)
		cr_expect_lt(l.ids[i], l.ids[i - 1], "newest first, each once");
	return l;
}

#define EXPECT(count, first, ...)                                                      \
	do {                                                                           \
		const struct listed got =                                              \
		    list((struct certificate_query){ __VA_ARGS__ });                   \
		cr_expect_eq(got.n, (unsigned)(count), "%s: %u", #__VA_ARGS__, got.n); \
		cr_expect(got.n == 0 || got.ids[0] == (first), "%s: %lld",             \
		    #__VA_ARGS__, (long long)got.ids[0]);                              \
	} while (0)

/* Twenty: the third has many names, the fourth is of another issuer, 5 and 6 are revoked. */
static void
twenty(void)
{
	for (unsigned n = 1; n <= 20; n++) {
		struct tmp_certificate t;

		tmp_certificate(&t, n);
		if (n == 3) {
			tmp_name(&t, NAME_TYPE_DNS, "a.internal");
			tmp_name(&t, NAME_TYPE_IP, "2001:db8::1");
			tmp_name(&t, NAME_TYPE_URI, "spiffe://hanaper/One_percent%");
			tmp_name(&t, NAME_TYPE_EMAIL, "Jo@a.internal");
		}
		if (n == 4) {
			t.new.issuer = "root";
			t.new.requester = "uid:0";
			snprintf(t.cert.cn, sizeof(t.cert.cn), "a.internal");
		}
		MUST(store_certificate_add(st, &t.new, &e));
		tmp_certificate_free(&t);
	}
	tmp_revoke(25, 5, REASON_SUPERSEDED);
	tmp_revoke(26, 6, REASON_KEY_COMPROMISE);
}

Test(store_certificate_list, each_filter_finds_its_rows, .init = tmp_begin,
    .fini = tmp_end)
{
	twenty();
	EXPECT(20, 20, 0);
	EXPECT(1, 3, .dns = "a.internal");
	EXPECT(1, 4, .cn = "a.internal"); /* a CN is no DNS name, nor the reverse */
	EXPECT(1, 7, .cn = "Host 7");
	EXPECT(0, 0, .cn = "host 7");
	EXPECT(1, 3, .dns = "A.INTERNAL");
	EXPECT(1, 3, .ip = "2001:DB8:0::1");
	EXPECT(1, 3, .uri = "spiffe://hanaper/One_percent%");
	EXPECT(1, 3, .email = "Jo@a.internal");
	EXPECT(1, 3, .email = "Jo@a.internal", .dns = "host-3.internal",
	    .profile = "client");
	EXPECT(0, 0, .email = "Jo@a.internal", .dns = "host-4.internal");
	EXPECT(10, 20, .profile = "server");
	EXPECT(1, 4, .issuer = "root");
	EXPECT(19, 20, .issuer = "main");
	EXPECT(1, 4, .requester = "uid:0");
	EXPECT(2, 4, .q = "A.inter");
	EXPECT(1, 3, .q = "nt%");
	EXPECT(1, 4, .q = "uid:");
	EXPECT(0, 0, .q = "ne%p");
	EXPECT(1, 3, .q = "one_p");
	EXPECT(0, 0, .q = "One!p");
	EXPECT(9, 9, .expires_before = 10010);
	EXPECT(11, 20, .expires_after = 10010);
	EXPECT(2, 11, .expires_after = 10010, .expires_before = 10012);
	EXPECT(8, 8, .issued_before = 10);
	EXPECT(12, 20, .issued_after = 10);
	EXPECT(2, 6, .status = CERTIFICATE_REVOKED);
	EXPECT(1, 5, .status = CERTIFICATE_REVOKED, .profile = "client");
	EXPECT(1, 6, .status = CERTIFICATE_REVOKED, .dns = "host-6.internal");
	EXPECT(18, 20, .status = CERTIFICATE_VALID, .now = 10000);
	EXPECT(11, 20, .status = CERTIFICATE_VALID, .now = 10010);
	EXPECT(7, 9, .status = CERTIFICATE_EXPIRED, .now = 10010);
	EXPECT(0, 0, .status = CERTIFICATE_EXPIRED, .now = 10001);
	EXPECT(1, 3, .dns = "a.internal", .ip = "2001:db8::1", .q = "jo@",
	    .uri = "spiffe://hanaper/One_percent%", .email = "Jo@a.internal",
	    .cn = "Host 3", .profile = "client", .requester = "cn:admin",
	    .issuer = "main", .status = CERTIFICATE_VALID, .now = 1,
	    .expires_before = 99999, .expires_after = 1, .issued_before = 99999,
	    .issued_after = 1, .before_id = 20, .limit = 1);
}

Test(store_certificate_list, pages_hold_while_rows_are_added, .init = tmp_begin,
    .fini = tmp_end)
{
	struct certificate_query q = { .limit = 3 };
	unsigned seen = 0, added = 100;
	int64_t last = 21;

	twenty();
	for (;;) {
		const struct listed l = list(q);
		for (unsigned i = 0; i < l.n; i++, seen++)
			cr_expect_eq(l.ids[i], --last, "none twice, none left out");
		if (l.n < q.limit)
			break;
		q.before_id = l.ids[l.n - 1];
		tmp_add(added++);
	}
	cr_expect_eq(seen, 20u);
	cr_expect_eq(last, 1);
	EXPECT(1, 19, .dns = "host-19.internal", .q = "host");
}

Test(store_certificate_list, one_name_in_many_certificates_is_paged, .init = tmp_begin,
    .fini = tmp_end)
{
	for (unsigned n = 1; n <= 10; n++) {
		struct tmp_certificate t;
		tmp_certificate(&t, n);
		tmp_name(&t, NAME_TYPE_DNS, "same.internal");
		MUST(store_certificate_add(st, &t.new, &e));
		tmp_certificate_free(&t);
		tmp_revoke(100 + n, n, REASON_UNSPECIFIED);
	}
	EXPECT(4, 10, .dns = "same.internal", .limit = 4);
	EXPECT(4, 6, .dns = "same.internal", .limit = 4, .before_id = 7);
	EXPECT(2, 2, .dns = "same.internal", .limit = 4, .before_id = 3);
	EXPECT(4, 6, .status = CERTIFICATE_REVOKED, .limit = 4, .before_id = 7);
	EXPECT(4, 6, .status = CERTIFICATE_REVOKED, .dns = "same.internal", .limit = 4,
	    .before_id = 7);
}

/* R52 */
Test(store_certificate_list, no_filter_is_ever_read_as_sql, .init = tmp_begin,
    .fini = tmp_end)
{
	static const char *const shapes[] = { "' OR '1'='1", "*)(cn=*",
		"1;DROP TABLE issuer", "'; DROP TABLE certificate; --", "%00", "$1",
		"\\", "' ESCAPE '!", "\" OR 1=1 --",
		"main' UNION SELECT 1,2,3,4,5,6,7,8,9,10,11,12,13,14 --", "%", "_", "!",
		"/* */" };

	twenty();
	for (size_t i = 0; i < NITEMS(shapes); i++) {
		const char *s = shapes[i];
		EXPECT(0, 0, .dns = s);
		EXPECT(0, 0, .ip = s);
		EXPECT(0, 0, .uri = s);
		EXPECT(0, 0, .email = s);
		EXPECT(0, 0, .cn = s);
		EXPECT(0, 0, .profile = s);
		EXPECT(0, 0, .requester = s);
		EXPECT(0, 0, .issuer = s);
		if (strlen(s) >= 3)
			EXPECT(0, 0, .q = s);
		const struct certificate_metadata m[2] = { { s, "web" },
			{ "owner", s } };
		EXPECT(0, 0, .metadata = &m[0], .n_metadata = 1);
		EXPECT(0, 0, .metadata = &m[1], .n_metadata = 1);

		const struct serial serial = tmp_serial(1);
		struct certificate_row r;
		struct certificate_brief b;
		cr_expect_not(store_certificate_get(st, s, &serial, &r, &e));
		cr_expect_eq(e.code, ERR_NOT_FOUND);
		cr_expect_not(store_certificate_brief(st, s, &serial, &b, &e));
		cr_expect_eq(e.code, ERR_NOT_FOUND);
	}
	EXPECT(20, 20, 0);
	MUST(store_check(st, &e));
}

Test(store_certificate_list, bounds_and_a_refusing_caller_are_told, .init = tmp_begin,
    .fini = tmp_end)
{
	char *longest = mem_zalloc(CERTIFICATE_Q_MAX + 2);
	struct listed l = { .refuse_at = 2 };
	struct certificate_query q = { .limit = 10 };

	twenty();
	cr_expect_not(store_certificate_list(st, &q, list_one, &l, &e));
	cr_expect_eq(e.code, ERR_POLICY);
	cr_expect_eq(l.n, 2u);
	memset(longest, '%', CERTIFICATE_Q_MAX + 1);
	q.q = longest;
	cr_expect_not(store_certificate_list(st, &q, list_one, &l, &e));
	cr_expect_eq(e.code, ERR_MALFORMED);
	longest[CERTIFICATE_Q_MAX] = '\0';
	EXPECT(0, 0, .q = longest);
	for (const char *little = "ab"; *little != '\0'; little++) {
		q.q = little;
		cr_expect_not(store_certificate_list(st, &q, list_one, &l, &e));
		cr_expect_eq(e.code, ERR_MALFORMED);
	}
	q.q = "";
	cr_expect_not(store_certificate_list(st, &q, list_one, &l, &e), "is no filter");
	q.q = NULL;
	for (size_t limit = 0; limit <= CERTIFICATE_LIST_MAX + 1;
	     limit += CERTIFICATE_LIST_MAX + 1) {
		q.limit = limit;
		cr_expect_not(store_certificate_list(st, &q, list_one, &l, &e));
		cr_expect_eq(e.code, ERR_MALFORMED);
	}
	free(longest);
}
