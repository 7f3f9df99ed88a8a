/* SPDX-License-Identifier: Apache-2.0 */
/* How much of the disk is lent to who has proved nothing. */
#include "ca/acme_room.h"

#include "base/clock.h"
#include "base/mem.h"
#include "ca/acme_order.h"
#include "paper_acme.h"

#define MUST(call) cr_assert((call), "%s", e.detail)
#define HOUR_S     3600

TestSuite(acme_room, .init = paper_acme_begin, .fini = paper_acme_end, .timeout = 30);

static void
sql(const char *text)
{
	struct stmt *q = stmt_begin_sql(store_db(paper.store), text, text);
	struct err e = { 0 };

	MUST(stmt_finish(q, &e));
}

static int64_t
number(const char *text)
{
	struct stmt *q = stmt_begin_sql(store_db(paper.store), text, text);
	struct err e = { 0 };

	MUST(stmt_row(q, &e));
	const int64_t n = stmt_col_int(q, 0);
	MUST(stmt_finish(q, &e));
	return n;
}

static void
hold(int64_t names)
{
	char *text =
	    mem_printf("UPDATE meta SET num = %lld WHERE key = 'acme-unproved'",
		(long long)names);

	sql(text);
	free(text);
}

static void
expect_room(bool want, const char *when)
{
	struct err e = { 0 };

	const bool ok = acme_room_check(paper.ca, &paper_acme.account, &e);
	cr_expect_eq(ok, want, "%s: %s", when, e.detail);
	cr_expect(ok || (e.code == ERR_RATE_LIMITED && e.retry_s > 0), "%s", when);
}

/* S32 */
Test(acme_room, what_all_hold_together_keeps_out_strangers_first)
{
	hold(ACME_ROOM_MOST - 1);
	expect_room(true, "below");
	hold(ACME_ROOM_MOST);
	expect_room(false, "a stranger");
	paper_acme.account.eab_num = 1;
	expect_room(true, "with a key for external accounts");
	paper_acme.account.eab_num = 0;
	sql("UPDATE acme_order SET status = 3"); /* READY */
	expect_room(true, "with a proof");
	hold(ACME_ROOM_PROVED - 1);
	expect_room(true, "with a proof");
	hold(ACME_ROOM_PROVED);
	expect_room(false, "with a proof alone");
	paper_acme.account.eab_num = 1;
	hold(ACME_ROOM_ALL - 1);
	expect_room(true, "below the end");
	hold(ACME_ROOM_ALL);
	expect_room(false, "anybody");
}

/* S32 */
Test(acme_room, strangers_of_one_address_do_not_fill_what_is_left)
{
	static const char *const others[] = { "192.0.2.2", "2001:db8:0:1::1" };
	struct acme_account a = paper_acme.account;
	struct err e = { 0 };

	a.created_from = (char *)"2001:db8::1";
	hold(ACME_ROOM_MANY - 1);
	for (unsigned i = 0; i < 60; i++)
		MUST(acme_room_check(paper.ca, &a, &e));
	hold(ACME_ROOM_MANY);
	for (unsigned i = 0; i < 50; i++)
		MUST(acme_room_check(paper.ca, &a, &e));
	a.created_from = (char *)"2001:db8::2"; /* whoever has one has the whole /64 */
	cr_expect_not(acme_room_check(paper.ca, &a, &e));
	cr_expect_eq(e.code, ERR_RATE_LIMITED);
	cr_expect_gt(e.retry_s, 0);
	a.eab_num = 1;
	MUST(acme_room_check(paper.ca, &a, &e));
	a.eab_num = 0;
	for (size_t i = 0; i < NITEMS(others); i++) {
		a.created_from = (char *)others[i];
		MUST(acme_room_check(paper.ca, &a, &e));
	}
}

/* S32 */
Test(acme_room, who_has_proved_one_name_fills_nothing_from_one_address)
{
	struct acme_account a = paper_acme.account;
	struct err e = { 0 };

	sql("UPDATE acme_order SET status = 3"); /* READY */
	a.created_from = (char *)"192.0.2.1";
	hold(ACME_ROOM_MANY - 1);
	for (unsigned i = 0; i < 160; i++)
		MUST(acme_room_check(paper.ca, &a, &e));
	hold(ACME_ROOM_MANY);
	for (unsigned i = 0; i < 150; i++)
		MUST(acme_room_check(paper.ca, &a, &e));
	cr_expect_not(acme_room_check(paper.ca, &a, &e));
	cr_expect_eq(e.code, ERR_RATE_LIMITED);
	cr_expect_gt(e.retry_s, 0);
	a.eab_num = 1;
	MUST(acme_room_check(paper.ca, &a, &e));
	a.eab_num = 0;
	a.created_from = (char *)"192.0.2.2";
	MUST(acme_room_check(paper.ca, &a, &e));
}

/* S32 */
Test(acme_room, an_order_lasts_an_hour_when_much_is_held)
{
	struct err e = { 0 };

	hold(ACME_ROOM_MANY - 1);
	MUST(acme_room_look(paper.ca, &e));
	cr_expect_not(acme_room_scarce(paper.ca));
	cr_expect_eq(acme_room_order_s(paper.ca), 7 * PAPER_DAY);
	hold(ACME_ROOM_MANY);
	MUST(acme_room_look(paper.ca, &e));
	cr_expect(acme_room_scarce(paper.ca));
	cr_expect_eq(acme_room_order_s(paper.ca), HOUR_S);
	paper.conf->acme.order_s = 60;
	cr_expect_eq(acme_room_order_s(paper.ca), 60, "it is not made longer");
}

/* A152, S32 */
Test(acme_room, an_account_has_room_for_so_many_names)
{
	paper.conf->acme.orders_per_hour = 5;
	paper.conf->acme.pending_max = 7;
	sql("UPDATE acme_order SET unproved = 6");
	expect_room(true, "pending");
	sql("UPDATE acme_order SET unproved = 7");
	expect_room(false, "pending");
	paper.conf->acme.pending_max = 0;
	expect_room(true, "no limit");
	sql("UPDATE acme_order SET status = 5"); /* INVALID */
	expect_room(false, "in vain");
	paper.conf->acme.orders_per_hour = 8;
	expect_room(true, "in vain");
	paper.conf->acme.orders_per_hour = 0;
	expect_room(true, "no limit");
}

static void
end_before(int64_t seconds)
{
	char *text = mem_printf("UPDATE acme_order SET expires_at = %lld",
	    (long long)(clock_now() - seconds));

	sql(text);
	free(text);
}

static void
sweep(void)
{
	struct err e = { 0 };

	for (unsigned i = 0; i < 4; i++) /* orders and authorizations, twice around */
		acme_order_sweep(paper.ca);
	MUST(ca_batch_end(paper.ca, &e));
}

/* A246, S32 */
Test(acme_room, what_nobody_proved_goes_an_hour_after_its_end)
{
	end_before(HOUR_S - 60);
	sweep();
	cr_expect_eq(number("SELECT count(*) FROM acme_order WHERE status = 5"), 1);
	end_before(HOUR_S + 1);
	sweep();
	cr_expect_eq(number("SELECT count(*) FROM acme_order"), 0);
	cr_expect_eq(number("SELECT count(*) FROM acme_authz"), 0, "nor is its proof");
	cr_expect_eq(number("SELECT count(*) FROM acme_challenge"), 0);
	cr_expect_eq(number("SELECT num FROM meta WHERE key = 'acme-unproved'"), 0);
}

/* A246 */
Test(acme_room, what_was_proved_is_kept_for_thirty_days)
{
	struct err e = { 0 };

	MUST(store_acme_order_move(paper.store, paper_acme.order_num, ACME_PENDING,
	    ACME_READY, NULL, &e));
	end_before(30 * PAPER_DAY - 60);
	sweep();
	cr_expect_eq(number("SELECT count(*) FROM acme_order WHERE status = 5"), 1);
	cr_expect_eq(number("SELECT count(*) FROM acme_authz"), 1);
	end_before(30 * PAPER_DAY + 1);
	sweep();
	cr_expect_eq(number("SELECT count(*) FROM acme_order"), 0);
}
