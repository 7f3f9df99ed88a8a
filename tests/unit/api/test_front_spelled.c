/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "api/front_spelled.h"

static struct front_kept_key
key(unsigned n)
{
	struct front_kept_key k = { { 0 } };

	memcpy(k.b, &n, sizeof(n));
	return k;
}

/* The number of the key that this spelling has; 0: none. */
static unsigned
of(struct front_spelled *s, bool in_path, const char *text, size_t n)
{
	struct front_kept_key k;
	unsigned ret = 0;

	if (front_spelled_get(s, in_path, bytes_of((const uint8_t *)text, n), &k))
		memcpy(&ret, k.b, sizeof(ret));
	return ret;
}

Test(front_spelled, each_octet_and_each_place_counts)
{
	static const char text[] = "MEswSTBHMEUwQwIAcDEJ0FfXP1hnZJVcT7JnHg";
	struct front_spelled *s = front_spelled_new();
	const size_t whole = sizeof(text) - 1;
	const struct front_kept_key k = key(7);
	char other[sizeof(text)];

	cr_expect_eq(of(s, true, text, whole), 0u);
	front_spelled_put(s, true, bytes_of((const uint8_t *)text, whole), &k);
	cr_expect_eq(of(s, true, text, whole), 7u);
	cr_expect_eq(of(s, false, text, whole), 0u, "the same in a body");
	for (size_t i = 0; i < whole; i++) {
		memcpy(other, text, sizeof(text));
		other[i] ^= 1;
		cr_expect_eq(of(s, true, other, whole), 0u, "octet %zu", i);
		cr_expect_eq(of(s, true, text, i), 0u, "cut at %zu", i);
	}
	cr_expect_eq(of(s, true, text, sizeof(text)), 0u, "one too many");
	front_spelled_free(s);
}

Test(front_spelled, what_comes_later_takes_the_place_and_what_is_long_none)
{
	static const char long_one[1000] = "x";
	struct front_spelled *s = front_spelled_new();
	unsigned found = 0;

	for (unsigned n = 1; n <= 100000; n++) {
		const struct front_kept_key k = key(n);
		front_spelled_put(s, n % 2 == 0, bytes_of(&n, sizeof(n)), &k);
		cr_assert_eq(of(s, n % 2 == 0, (const char *)&n, sizeof(n)), n);
	}
	for (unsigned n = 1; n <= 100000; n++) {
		const unsigned got = of(s, n % 2 == 0, (const char *)&n, sizeof(n));
		cr_assert(got == 0 || got == n);
		found += got == n;
	}
	cr_expect(found > 500 && found <= 1024, "%u", found);
	const struct front_kept_key k = key(1);
	front_spelled_put(s, true, bytes_of(long_one, sizeof(long_one)), &k);
	cr_expect_eq(of(s, true, long_one, sizeof(long_one)), 0u);
	front_spelled_put(s, true, bytes_of(long_one, 0), &k);
	cr_expect_eq(of(s, true, long_one, 0), 0u);
	front_spelled_free(s);
	front_spelled_free(NULL);
}
