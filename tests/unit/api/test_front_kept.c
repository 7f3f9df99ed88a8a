/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "api/front_kept.h"

#define NOW INT64_C(1800000000)

/* Keys and tags are hashes: spread a number over their octets as one would. */
static void
spread(uint64_t n, uint8_t *ret)
{
	for (size_t i = 0; i < 32; i++) {
		n = n * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		ret[i] = (uint8_t)(n >> 56);
	}
}

static struct front_kept_key
key(uint64_t n)
{
	struct front_kept_key k;

	spread(n, k.b);
	return k;
}

static void
put(struct front_kept *k, uint64_t n, uint64_t tag, const char *text, int64_t now,
    int64_t expires_at)
{
	uint8_t octets[MSG_TAG_LEN];
	const struct front_kept_key at = key(n);

	spread(tag, octets);
	const struct msg_keep keep = { bytes_of(octets, sizeof(octets)), bytes_str("e"),
		now, expires_at };
	front_kept_put(k, &at, &keep, bytes_str(text), now);
}

static void
forget(struct front_kept *k, uint64_t tag)
{
	uint8_t octets[MSG_TAG_LEN];

	spread(tag, octets);
	front_kept_forget(k, bytes_of(octets, sizeof(octets)));
}

/* What is kept for 'n' at 'now', "" when nothing is. */
static const char *
got(struct front_kept *k, uint64_t n, int64_t now, bool *ret_renew)
{
	static _Thread_local char text[64];
	const struct front_kept_key at = key(n);
	struct front_kept_answer a;

	text[0] = '\0';
	if (!front_kept_get(k, &at, now, &a))
		return text;
	cr_expect(bytes_to_str(content_octets(a.content), text, sizeof(text)));
	front_kept_release(&a);
	if (ret_renew != NULL)
		*ret_renew = a.renew;
	return text;
}

Test(front_kept, what_is_put_is_found_by_its_key_alone_and_replaced)
{
	struct front_kept *k = front_kept_new(1000, MIB(1));
	struct front_kept_stats s;

	put(k, 1, 7, "one", NOW, NOW + 100);
	put(k, 2, 7, "two", NOW, NOW + 100);
	cr_expect_str_eq(got(k, 1, NOW, NULL), "one");
	cr_expect_str_eq(got(k, 2, NOW, NULL), "two");
	cr_expect_str_eq(got(k, 3, NOW, NULL), "");
	put(k, 1, 8, "new", NOW, NOW + 100);
	cr_expect_str_eq(got(k, 1, NOW, NULL), "new");
	forget(k, 7);
	cr_expect_str_eq(got(k, 1, NOW, NULL), "new", "its tag is another one by now");
	cr_expect_str_eq(got(k, 2, NOW, NULL), "");
	front_kept_stats(k, &s);
	cr_expect_eq(s.hits, 4);
	cr_expect_eq(s.misses, 2);
	cr_expect_eq(s.entries, 1);
	cr_expect_eq(s.ended[FRONT_KEPT_REPLACED], 1);
	cr_expect_eq(s.ended[FRONT_KEPT_FORGOTTEN], 1);
	front_kept_free(k);
	front_kept_free(NULL);
}

/* P92 */
Test(front_kept, a_tag_takes_all_its_spellings_and_nothing_else)
{
	struct front_kept *k = front_kept_new(10000, MIB(8));
	struct front_kept_stats s;

	for (uint64_t n = 0; n < 4000; n++)
		put(k, n, n / 8, "x", NOW, NOW + 100);
	forget(k, 3);
	for (uint64_t n = 0; n < 4000; n++)
		cr_assert_str_eq(got(k, n, NOW, NULL), n / 8 == 3 ? "" : "x");
	forget(k, 3);
	forget(k, 9999);
	front_kept_stats(k, &s);
	cr_expect_eq(s.entries, 3992);
	front_kept_forget(k, bytes_str(""));
	front_kept_stats(k, &s);
	cr_expect_eq(s.entries, 0);
	cr_expect_eq(s.octets, 0);
	cr_expect_eq(s.ended[FRONT_KEPT_FORGOTTEN], 4000);
	cr_expect_str_eq(got(k, 5, NOW, NULL), "");
	put(k, 5, 3, "again", NOW, NOW + 100);
	cr_expect_str_eq(got(k, 5, NOW, NULL), "again");
	front_kept_free(k);
}

/* P87, P91 */
Test(front_kept, nothing_is_given_at_or_after_its_end)
{
	struct front_kept *k = front_kept_new(100, MIB(1));
	struct front_kept_stats s;

	put(k, 1, 1, "x", NOW, NOW + 100);
	cr_expect_str_eq(got(k, 1, NOW + 99, NULL), "x");
	cr_expect_str_eq(got(k, 1, NOW + 100, NULL), "");
	cr_expect_str_eq(got(k, 1, NOW + 99, NULL), "", "it is gone");
	put(k, 2, 2, "over", NOW, NOW);
	put(k, 3, 3, "over", NOW, NOW - 1);
	front_kept_stats(k, &s);
	cr_expect_eq(s.entries, 0);
	cr_expect_eq(s.ended[FRONT_KEPT_EXPIRED], 1);
	front_kept_free(k);
}

/* R92: the clock was ahead when it was signed, and is put right */
Test(front_kept, nothing_is_given_before_its_time)
{
	struct front_kept *k = front_kept_new(1000, MIB(1));

	put(k, 1, 7, "one", NOW, NOW + 100);
	cr_expect_str_eq(got(k, 1, NOW, NULL), "one");
	cr_expect_str_eq(got(k, 1, NOW - 1, NULL), "");
	cr_expect_str_eq(got(k, 1, NOW, NULL), "", "it is gone for good");
	front_kept_free(k);
}

/* P96 */
Test(front_kept, one_caller_at_a_time_renews_what_is_past_half_its_life)
{
	struct front_kept *k = front_kept_new(100000, MIB(64));
	int64_t first = INT64_MAX, last = 0;

	for (uint64_t n = 0; n < 200; n++) {
		bool renew = false;
		int64_t at = NOW;

		put(k, n, n, "x", NOW, NOW + 8000);
		while (!renew) {
			at += 10;
			cr_assert_str_eq(got(k, n, at, &renew), "x");
		}
		first = at < first ? at : first;
		last = at > last ? at : last;
		for (int64_t t = 0; t < 30; t++) {
			got(k, n, at + t, &renew);
			cr_assert_not(renew, "asked again after %d s", (int)t);
		}
		got(k, n, at + 30, &renew);
		cr_expect(renew, "nothing came of it");
		put(k, n, n, "y", at + 31, at + 31 + 8000);
		got(k, n, at + 32, &renew);
		cr_expect_not(renew);
	}
	cr_expect_geq(first, NOW + 4000);
	cr_expect_leq(last, NOW + 5010);
	cr_expect_gt(last - first, 500, "they are spread");
	front_kept_free(k);
}

/* S32 */
Test(front_kept, its_room_is_bounded_and_the_least_used_goes)
{
	enum {
		ENTRIES = 1600,
		OTHERS = 20000
	};
	struct front_kept *k = front_kept_new(ENTRIES, MIB(64));
	struct front_kept_stats s;

	put(k, 0, 0, "used", NOW, NOW + 100);
	for (uint64_t n = 1; n < OTHERS; n++) {
		put(k, n, n, "x", NOW, NOW + 100);
		if (n % 50 == 0)
			cr_assert_str_eq(got(k, 0, NOW, NULL), "used");
	}
	front_kept_stats(k, &s);
	cr_expect_leq(s.entries, (size_t)ENTRIES);
	cr_expect_geq(s.entries, (size_t)ENTRIES * 9 / 10);
	cr_expect_eq(s.ended[FRONT_KEPT_EVICTED], OTHERS - s.entries);
	cr_expect_str_eq(got(k, 1, NOW, NULL), "");
	front_kept_free(k);
}

/* S32 */
Test(front_kept, octets_are_bounded_too)
{
	static uint8_t large[KIB(20)];
	struct front_kept *k = front_kept_new(100000, MIB(1));
	struct front_kept_stats s;
	uint8_t tag[MSG_TAG_LEN];

	for (uint64_t n = 0; n < 500; n++) {
		const struct front_kept_key at = key(n);
		const struct msg_keep keep = { bytes_of(tag, sizeof(tag)),
			bytes_str("e"), NOW, NOW + 100 };

		spread(n, tag);
		front_kept_put(k, &at, &keep, bytes_of(large, sizeof(large)), NOW);
		front_kept_stats(k, &s);
		cr_assert_leq(s.octets, (size_t)MIB(1));
	}
	cr_expect_gt(s.entries, 16);
	const struct front_kept_key at = key(1000);
	const struct msg_keep keep = { bytes_of(tag, sizeof(tag)), bytes_str("e"), NOW,
		NOW + 100 };
	struct front_kept_answer a;
	front_kept_put(k, &at, &keep, bytes_of(large, MIB(1) / 16), NOW);
	cr_expect_not(front_kept_get(k, &at, NOW, &a), "over a shard's share");
	front_kept_free(k);
}

/* ---- threads ---- */

enum {
	READERS = 4,
	KEYS = 64,
	ROUNDS = 100
};

static struct front_kept *shared;
static _Atomic uint64_t
    revoked; /* keys below this were forgotten: never "good" again */
static atomic_bool over;

static void *
reader(void *arg)
{
	uint64_t *bad = arg, turn = 0;

	while (!atomic_load(&over)) {
		const uint64_t before = atomic_load(&revoked),
			       n = before / KEYS * KEYS + turn++ % KEYS;

		if (strcmp(got(shared, n, NOW, NULL), "good") == 0 && n < before)
			++*bad;
	}
	return NULL;
}

/* P92, S32: as front does it: one thread puts and forgets, the others look. */
Test(front_kept, whoever_looks_after_the_forgetting_sees_nothing_from_before)
{
	pthread_t threads[READERS];
	uint64_t bad[READERS] = { 0 };

	shared = front_kept_new(2 * KEYS, MIB(1)); /* so that some are evicted, too */
	for (size_t i = 0; i < READERS; i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, reader, &bad[i]), 0);
	for (uint64_t round = 0; round < ROUNDS; round++) {
		for (uint64_t n = round * KEYS; n < (round + 1) * KEYS; n++)
			put(shared, n, n, "good", NOW, NOW + 100);
		for (uint64_t n = round * KEYS; n < (round + 1) * KEYS; n++) {
			forget(shared, n);
			atomic_store(&revoked, n + 1);
			put(shared, n, n, "revoked", NOW, NOW + 100);
		}
	}
	atomic_store(&over, true);
	for (size_t i = 0; i < READERS; i++) {
		pthread_join(threads[i], NULL);
		cr_expect_eq(bad[i], 0);
	}
	front_kept_free(shared);
}
