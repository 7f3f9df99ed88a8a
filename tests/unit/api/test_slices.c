/* SPDX-License-Identifier: Apache-2.0 */
/* Long work in slices: whose turn it is, and who may have how much of it. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "api/slices.h"
#include "base/mem.h"

static struct {
	struct loop *loop;
	struct slices *slices;
	char turns[64]; /* a letter each */
	size_t n, dropped;
} w;

struct work {
	char letter;
	int left; /* slices */
};

static bool
on_step(void *arg)
{
	struct work *k = arg;

	cr_assert_lt(w.n, sizeof(w.turns) - 1);
	w.turns[w.n++] = k->letter;
	if (--k->left > 0)
		return false;
	free(k);
	return true;
}

static void
on_drop(void *arg)
{
	w.dropped++;
	free(arg);
}

static bool
add(const char *who, bool is_admin, char letter, int n, struct err *e)
{
	struct work *k = mem_zalloc(sizeof(*k));

	*k = (struct work){ letter, n };
	if (slices_add(w.slices, who, is_admin,
		&(struct slices_job){ on_step, on_drop, k }, e))
		return true;
	free(k);
	return false;
}

static void
must_add(const char *who, char letter, int n)
{
	struct err e = { 0 };

	cr_assert(add(who, false, letter, n, &e), "%s", e.detail);
}

static void
on_end(void *arg)
{
	loop_stop(arg);
}

static const char *
turns(void)
{
	loop_after(w.loop, 30, on_end, w.loop);
	loop_run(w.loop);
	w.turns[w.n] = '\0';
	return w.turns;
}

static void
begin(void)
{
	w.loop = loop_new();
	w.slices = slices_new(w.loop);
}

static void
end(void)
{
	slices_free(w.slices);
	loop_free(w.loop);
}

TestSuite(slices, .init = begin, .fini = end);

/* S32 */
Test(slices, turns_go_by_identity_however_many_jobs_one_has)
{
	for (int i = 0; i < SLICES_SHARE; i++)
		must_add("cert:many", 'm', 3);
	must_add("uid:0", 'r', 4);
	must_add("cert:few", 'f', 2);
	cr_expect_str_eq(turns(), "mrfmrfmrmrmmmmmmmmmmmmmmmmmmmm");
}

Test(slices, jobs_of_one_identity_take_turns_among_themselves)
{
	must_add("cert:a", '1', 2);
	must_add("cert:a", '2', 1);
	must_add("cert:a", '3', 2);
	cr_expect_str_eq(turns(), "12313");
	must_add("cert:a", '4', 1); /* begun again after all had ended */
	cr_expect_str_eq(turns(), "123134");
}

/* S32 */
Test(slices, one_identity_has_its_share_and_no_more)
{
	struct err e = { 0 };

	for (int i = 0; i < SLICES_SHARE; i++)
		must_add("cert:many", 'm', 1);
	cr_expect_not(slices_room(w.slices, "cert:many", false, &e));
	cr_expect_not(add("cert:many", true, 'm', 1, &e), "whatever it may");
	cr_expect_eq(e.code, ERR_RATE_LIMITED);
	cr_expect_eq(e.retry_s, 1);
	cr_expect(add("cert:other", false, 'o', 1, &e));
	turns();
	cr_expect(slices_room(w.slices, "cert:many", false, &e), "they have ended");
}

/* S32 */
Test(slices, many_identities_leave_room_for_administrators)
{
	struct err e = { 0 };
	char who[] = "cert:a";
	int n = 0;

	while (who[5] <= 'z' && add(who, false, 'x', 1, &e)) {
		n++;
		who[5] = (char)('a' + n / SLICES_SHARE);
	}
	cr_expect_eq(n, SLICES_MAX - SLICES_KEPT);
	cr_expect_eq(e.code, ERR_UNAVAILABLE);
	cr_expect_geq(SLICES_MAX - SLICES_KEPT, 4 * SLICES_SHARE);
	for (; n < SLICES_MAX; n++)
		cr_expect(add(n % 2 == 0 ? "uid:0" : "cert:admin", true, 'r', 1, &e),
		    "%d: %s", n, e.detail);
	cr_expect_not(add("cert:another", true, 'r', 1, &e));
	cr_expect_eq(e.code, ERR_UNAVAILABLE);
}

Test(slices, what_is_not_done_is_dropped_at_the_end)
{
	must_add("cert:a", '1', 2);
	must_add("cert:a", '2', 2);
	must_add("cert:b", '3', 2);
	slices_free(w.slices);
	w.slices = NULL;
	cr_expect_eq(w.dropped, 3);
}
