/* SPDX-License-Identifier: Apache-2.0 */
/* What the signer itself remembers of its serials. */
#include <criterion/criterion.h>
#include <gnutls/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "daemon/signer.h"

#define AT_ONE_TIME 8192 /* as many are remembered */

/* What the random source gives next, a word of one letter for each draw; NULL: what it has. */
static const char *draws;

int __real_gnutls_rnd(gnutls_rnd_level_t level, void *p, size_t n);
int __wrap_gnutls_rnd(gnutls_rnd_level_t level, void *p, size_t n);

int
__wrap_gnutls_rnd(gnutls_rnd_level_t level, void *p, size_t n)
{
	if (draws == NULL)
		return __real_gnutls_rnd(level, p, n);
	cr_assert_neq(*draws, '\0', "one draw too many");
	memset(p, *draws++, n);
	return 0;
}

/* The time that a serial begins with (x509/serial.h). */
static uint32_t
time_of(const struct serial *s)
{
	return (uint32_t)s->b[0] << 24 | (uint32_t)s->b[1] << 16 |
	       (uint32_t)s->b[2] << 8 | s->b[3];
}

/* P3, S26: with the clock behind the journal the time stands still, and would for ever. */
Test(signer_state, the_time_in_serials_moves_on_before_more_are_drawn_than_remembered)
{
	const int64_t ahead = clock_now() + 3600;
	struct signer s = { .serial_at = ahead };
	struct serial *drawn = mem_zarray(AT_ONE_TIME + 1, sizeof(*drawn));
	struct err e = { 0 };

	for (size_t i = 0; i <= AT_ONE_TIME; i++) {
		cr_assert(signer_state_serial(&s, &drawn[i], &e), "%s", e.detail);
		cr_assert_eq(time_of(&drawn[i]) - time_of(&drawn[0]), i / AT_ONE_TIME,
		    "the %zuth", i);
		for (size_t k = 0; k < i; k++)
			cr_assert_not(serial_eq(&drawn[i], &drawn[k]), "%zu %zu", i, k);
	}
	cr_expect_eq(s.serial_at, ahead + 1);
	free(drawn);
	free(s.serials);
}

/* R20 */
Test(signer_state, a_serial_that_was_drawn_is_drawn_again_and_never_given_twice)
{
	struct signer s = { .serial_at = clock_now() + 3600 };
	struct serial a, b = { 0 };
	const struct serial untouched = b;
	struct err e = { 0 };

	draws = "AAB";
	cr_assert(signer_state_serial(&s, &a, &e), "%s", e.detail);
	cr_expect_str_eq(draws, "AB");
	cr_assert(signer_state_serial(&s, &b, &e), "%s", e.detail);
	cr_expect_str_eq(draws, "", "the second A was not taken");
	cr_expect_eq(a.b[SERIAL_LEN - 1], 'A');
	cr_expect_eq(b.b[SERIAL_LEN - 1], 'B');

	b = untouched;
	draws = "AAAAAAAA";
	cr_expect_not(signer_state_serial(&s, &b, &e));
	cr_expect_eq(e.code, ERR_INTERNAL);
	cr_expect_str_eq(draws, "", "it has tried");
	cr_expect(serial_eq(&b, &untouched));
	cr_expect_eq(s.n_serials, 2);
	draws = NULL;
	free(s.serials);
}
