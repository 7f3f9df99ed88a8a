/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "x509/crl_shard.h"

static struct serial
serial_of(unsigned bucket)
{
	struct serial s = { .n = SERIAL_LEN, .b = { 0x55 } };

	s.b[SERIAL_LEN - 1] = (uint8_t)bucket;
	return s;
}

/* P68 */
Test(crl_shard, of_every_set_exactly_one_shard_has_a_serial)
{
	static const uint32_t sets[] = { 1, 2, 3, 7, 16, 100, 255, 256 };

	for (size_t i = 0; i < NITEMS(sets); i++) {
		uint32_t at = 0, from, to, least = UINT32_MAX, most = 0;

		crl_shard_buckets((struct crl_shard){ sets[i], 0 }, &from, &to);
		cr_assert_eq(from, 0);
		for (unsigned b = 0; b < CRL_SHARD_BUCKETS; b++) {
			const struct serial s = serial_of(b);
			const struct crl_shard mine = crl_shard_of(&s, sets[i]);

			cr_assert_eq(crl_shard_bucket(&s), b);
			if (b == to) { /* the next begins where the one before ends */
				least = to - from < least ? to - from : least;
				most = to - from > most ? to - from : most;
				at++;
				crl_shard_buckets((struct crl_shard){ sets[i], at },
				    &from, &to);
				cr_assert_eq(from, b);
			}
			cr_assert(mine.of == sets[i] && mine.at == at);
			cr_assert(crl_shard_has(mine, &s));
			cr_assert_not(
			    crl_shard_has((struct crl_shard){ sets[i], at + 1 }, &s));
		}
		cr_expect_eq(to, CRL_SHARD_BUCKETS);
		cr_expect_eq(at, sets[i] - 1);
		cr_expect(sets[i] == 1 || most - least <= 1, "of one size");
	}
	const struct serial one = { .n = 1, .b = { 0xff } };
	cr_expect_eq(crl_shard_bucket(&one), 0xff);
	cr_expect(crl_shard_has((struct crl_shard){ 0 }, &one), "the list of all");
}

/* P68 */
Test(crl_shard, the_url_says_set_and_shard_and_is_read_back)
{
	static const char *const wrong[] = { "", ".crl", "http://h/crl/main.crl",
		"http://h/crl/other/16-3.crl", "http://h/crl/main/16-16.crl",
		"http://h/crl/main/16-03.crl", "http://h/crl/main/016-3.crl",
		"http://h/crl/main/257-3.crl", "http://h/crl/main/0-0.crl",
		"http://h/crl/main/16-.crl", "http://h/crl/main/-3.crl",
		"http://h/crl/main/16-3.crl/", "http://h/crl/main/16-3.crlx",
		"http://h/crl/main/1 6-3.crl", "/crl/main/16-3.crl",
		"http://h/ca/main/16-3.crl", "http://h/crl/main/16-3-1.crl" };
	const struct crl_shard in = { 256, 255 };
	struct crl_shard out = { 0 };
	struct bytes place;
	char *url = crl_shard_url("http://ca.example:8080", "main", in);

	cr_expect_str_eq(url, "http://ca.example:8080/crl/main/256-255.crl");
	cr_assert(crl_shard_from_url(bytes_str(url), "main", &place, &out));
	cr_expect(out.of == 256 && out.at == 255);
	cr_expect(bytes_eq_str(place, "http://ca.example:8080"));
	for (size_t n = 0; n < strlen(url); n++)
		cr_expect_not(crl_shard_from_url(bytes_of((uint8_t *)url, n), "main",
		    &place, &out));
	free(url);
	for (size_t i = 0; i < NITEMS(wrong); i++)
		cr_expect_not(crl_shard_from_url(bytes_str(wrong[i]), "main", &place,
				  &out),
		    "%s", wrong[i]);
	url = crl_shard_url("http://h", "main", (struct crl_shard){ 0 });
	cr_expect_str_eq(url, "http://h/crl/main.crl");
	free(url);
}
