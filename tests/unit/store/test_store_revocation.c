/* SPDX-License-Identifier: Apache-2.0 */
#include "tmp_store.h"

#include "base/sets.h"

static struct revocation
revocation(unsigned n)
{
	return (struct revocation){
		.seq = n,
		.issuer = "main",
		.serial = tmp_serial(n),
		.not_after = 1000 + n,
		.revoked_at = 500,
		.reason = n % 3 == 0 ? REASON_SUPERSEDED : REASON_UNSPECIFIED,
		.requester = "cn:admin",
		.request_id = "r1",
	};
}

struct walked {
	unsigned n;
	struct revocation last;
	unsigned refuse_at; /* the n at which the walker refuses; 0: never */
};

static bool
walk_one(void *arg, const struct revocation *r, struct err *ret)
{
	struct walked *w = arg;

	cr_expect(r->id > w->last.id, "in the order of ids");
	w->last = *r;
	w->n++;
	if (w->n == w->refuse_at)
		return err_set(ret, ERR_POLICY, "enough");
	return true;
}

/* In pieces, as whoever takes in all of them does. */
static struct walked
walk(const char *issuer, int64_t since)
{
	struct walked w = { 0 };
	unsigned before;

	do {
		before = w.n;
		MUST(store_revocation_list(st, issuer, since, w.last.id, INT64_MAX, 7,
		    walk_one, &w, &e));
	} while (w.n > before);
	return w;
}

/* S43, P74, R27 */
Test(store_revocation, reason_and_end_are_raised_and_never_lowered_and_the_time_stays,
    .init = tmp_begin, .fini = tmp_end)
{
	static const struct {
		unsigned given, kept;
	} steps[] = {
		{ REASON_UNSPECIFIED, REASON_UNSPECIFIED },
		{ REASON_SUPERSEDED, REASON_SUPERSEDED },
		{ REASON_UNSPECIFIED, REASON_SUPERSEDED },
		{ REASON_CESSATION_OF_OPERATION, REASON_SUPERSEDED },
		{ REASON_CA_COMPROMISE, REASON_CA_COMPROMISE },
		{ REASON_SUPERSEDED, REASON_CA_COMPROMISE },
		{ REASON_KEY_COMPROMISE, REASON_KEY_COMPROMISE },
		{ REASON_CA_COMPROMISE, REASON_KEY_COMPROMISE },
		{ REASON_UNSPECIFIED, REASON_KEY_COMPROMISE },
	};
	const struct serial first = tmp_serial(1);

	int64_t end = 0, ends = 0;

	cr_expect_not(store_revocation_end(st, "main", &first, &end, &e));
	cr_expect_eq(e.code, ERR_NOT_FOUND);
	for (unsigned i = 0; i < NITEMS(steps); i++) {
		struct revocation r = revocation(1);
		r.seq = 10 + i;
		r.revoked_at = 500 + i;
		r.not_after += i % 3 == 1 ? -86400 : (int64_t)i * 86400;
		ends = r.not_after > ends ? r.not_after : ends;
		r.reason = steps[i].given;
		MUST(store_revocation_put(st, &r, &e));
		const struct walked w = walk("main", 0);
		cr_expect_eq(w.n, 1u);
		cr_expect_eq(w.last.reason, steps[i].kept, "step %u", i);
		cr_expect_eq(w.last.revoked_at, 500);
		cr_expect_eq(w.last.not_after, ends, "step %u", i);
		MUST(store_revocation_end(st, "main", &first, &end, &e));
		cr_expect_eq(end, ends);
		cr_expect_eq(w.last.id, 10, "its place stays");
	}
	const struct walked w = walk("main", 0);
	cr_expect_eq(w.last.seq, 16u, "of the record that raised it last");
	cr_expect_eq(w.last.serial.n, tmp_serial(1).n);
	MUST(store_check(st, &e));
}

Test(store_revocation, a_list_has_what_ends_at_its_time_or_later_of_its_issuer_alone,
    .init = tmp_begin, .fini = tmp_end)
{
	static const int64_t since[] = { INT64_C(-100000000), -1, 0, 1, 43200, 86399,
		86400, 86401, 200000, 864000, 2000000, INT64_C(99999999999) };
	unsigned of_main[NITEMS(since)] = { 0 }, of_other[NITEMS(since)] = { 0 };

	MUST(store_begin(st, &e));
	for (unsigned n = 1; n <= 200; n++) {
		struct revocation r = revocation(n);
		/* Over 20 days, some before 1970, and both ends of a day. */
		r.not_after = ((int64_t)n % 20 - 3) * 86400 + (n % 4 == 0      ? 86399
								  : n % 4 == 1 ? 0
									       : n);
		r.issuer = n % 5 == 0 ? "other" : "main";
		MUST(store_revocation_put(st, &r, &e));
		for (size_t i = 0; i < NITEMS(since); i++)
			(n % 5 == 0 ? of_other : of_main)[i] += r.not_after >= since[i];
		if (n % 7 == 0) { /* again, with a reason */
			r.seq = 1000 + n;
			r.reason = REASON_KEY_COMPROMISE;
			MUST(store_revocation_put(st, &r, &e));
		}
	}
	MUST(store_commit(st, &e));
	for (size_t i = 0; i < NITEMS(since); i++) {
		cr_expect_eq(walk("main", since[i]).n, of_main[i]);
		cr_expect_eq(walk("other", since[i]).n, of_other[i]);
	}
	cr_expect_eq(of_main[0], 160u);
	cr_expect_eq(walk("nobody", 0).n, 0u);
	cr_expect_eq(walk("' OR '1'='1", 0).n, 0u);
	MUST(store_check(st, &e));
}

/* P65 */
Test(store_revocation, an_entry_stays_for_one_crl_after_its_end, .init = tmp_begin,
    .fini = tmp_end)
{
	static const struct {
		int64_t this_update;
		unsigned entries;
	} crls[] = { { 900, 1 }, { 1001, 1 }, { 1100, 1 }, { 1200, 0 } };
	const struct revocation r = revocation(1); /* its certificate ends at 1001 */
	int64_t since = 0;                         /* thisUpdate of the CRL before */

	MUST(store_revocation_put(st, &r, &e));
	for (size_t i = 0; i < NITEMS(crls); i++) {
		const struct walked w = walk("main", since);
		cr_expect_eq(w.n, crls[i].entries, "CRL of %lld",
		    (long long)crls[i].this_update);
		const struct crl_row row = { .seq = 10 + i,
			.issuer = "main",
			.number = i + 1,
			.this_update = crls[i].this_update,
			.next_update = 9999,
			.entries = w.n };
		struct crl_row last;
		MUST(store_crl_add(st, &row, &e));
		MUST(store_crl_last(st, "main", &last, &e));
		since = last.this_update;
	}
	for (uint64_t number = 0; number <= NITEMS(crls) + 1; number++) {
		struct crl_row before;
		const bool found = store_crl_before(st, "main", number, &before, &e);

		cr_expect_eq(found, number > 1);
		if (found) {
			cr_expect_eq(before.number, number - 1);
			cr_expect_eq(before.this_update, crls[number - 2].this_update);
		} else
			cr_expect_eq(e.code, ERR_NOT_FOUND);
	}
}

Test(store_revocation, a_walker_that_refuses_ends_the_walk, .init = tmp_begin,
    .fini = tmp_end)
{
	struct walked w = { .refuse_at = 2 };

	for (unsigned n = 1; n <= 5; n++) {
		const struct revocation r = revocation(n);
		MUST(store_revocation_put(st, &r, &e));
	}
	cr_expect_not(
	    store_revocation_list(st, "main", 0, 0, INT64_MAX, 10, walk_one, &w, &e));
	cr_expect_eq(e.code, ERR_POLICY);
	cr_expect_eq(w.n, 2u);

	w = (struct walked){ 0 };
	MUST(store_revocation_list(st, "main", 0, 1, 4, 10, walk_one, &w, &e));
	cr_expect_eq(w.n, 3u);
	cr_expect_eq(w.last.id, 4);
	cr_expect_eq(w.last.revoked_at, 500);
}

Test(store_revocation, a_record_number_is_used_once, .init = tmp_begin, .fini = tmp_end)
{
	struct revocation r = revocation(1);

	MUST(store_revocation_put(st, &r, &e));
	r.serial = tmp_serial(2);
	cr_expect_not(store_revocation_put(st, &r, &e));
	cr_expect_eq(e.code, ERR_CONFLICT);
	cr_expect_not(store_dirty(st));
	r.seq = 2;
	MUST(store_revocation_put(st, &r, &e));
	cr_expect_eq(walk("main", 0).n, 2u);
}
