/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every function of the store, with its first step of SQLite failing, its second, and
 * so on until it makes no more: none of them may say that it did what it did not.
 */
#include "fail_step.h"
#include "store/store_acme_account.h"
#include "store/store_acme_eab.h"
#include "store/store_acme_recovered.h"
#include "store/store_acme_room.h"
#include "store/store_audit.h"
#include "store/store_census.h"
#include "store/store_compare.h"
#include "store/store_crl_shard.h"
#include "store/store_lineage.h"
#include "store/store_once.h"
#include "store/store_renewal.h"
#include "store/store_token.h"
#include "tmp_acme.h"

/* ---- what is there ---- */

static const uint8_t hash[32] = { 1 };
static const uint8_t token_key[TOKEN_KEY_LEN] = { 7 };
static struct serial first;

static struct store_token
token(uint8_t n)
{
	struct store_token t = {
		.hash = { n },
		.profile = (char *)"server",
		.uses = 2,
		.expires_at = NOW + 60,
		.created_at = NOW,
		.created_by = (char *)"uid:0",
		.request_id = (char *)"r-1",
		.metadata = (char *)"",
	};

	MUST(names_add(&t.names, NAME_TYPE_DNS, bytes_str("a.internal"), &e));
	return t;
}

static struct acme_eab
eab(int64_t num, const char *kid)
{
	return (struct acme_eab){ .num = num,
		.kid = (char *)kid,
		.directory = (char *)"server",
		.names = (char *)"[]",
		.accounts_max = 5,
		.expires_at = NOW + 60,
		.created_at = NOW,
		.created_by = (char *)"uid:0",
		.request_id = (char *)"r-1" };
}

static void
begin(void)
{
	struct store_token t = token(7);
	const struct acme_eab k = eab(1, "kid");
	const struct renewal r = { .certificate_id = 1,
		.start_at = NOW,
		.end_at = NOW + 9,
		.ordered_at = NOW };

	tmp_acme_begin();
	tmp_sql("UPDATE acme_account SET thumbprint = randomblob(32),"
		" key_hash = randomblob(32), id = CASE num WHEN 1 THEN"
		" 'aaaaaaaaaaaaaaaaaaaaaa' ELSE 'bbbbbbbbbbbbbbbbbbbbbb' END");
	for (unsigned n = 1; n <= 4; n++)
		tmp_add(n);
	tmp_revoke(20, 2, 1);
	first = tmp_serial(1);
	MUST(store_token_add(st, &t, &e));
	names_free(&t.names);
	MUST(store_acme_eab_add(st, &k, &e));
	MUST(store_renewal_put(st, &r, &e));
	const int64_t authz =
	    tmp_authz(1, 1, "host-1.internal", ACME_PENDING, NOW + 60);
	(void)tmp_order(1, 1, authz, ACME_PENDING, NOW + 60);
	(void)tmp_order(2, 1, authz, ACME_READY, NOW - 60);
	tmp_sql("INSERT INTO lineage (certificate_id, parent_id, first_id, not_after)"
		" VALUES (3, 2, 1, 99999)");
	MUST(store_commit(st, &e));
}

/* ---- all that the store does ---- */

#define ANY(name, row)                                                                 \
	static bool name(void *arg, const struct row *r, struct err *err)              \
	{                                                                              \
		(void)arg, (void)r, (void)err;                                         \
		return true;                                                           \
	}

/* clang-format off */
ANY(any_account, acme_account)
ANY(any_eab, acme_eab)
ANY(any_order, acme_order)
ANY(any_challenge, acme_challenge)
ANY(any_attempt, acme_attempt)
ANY(any_audit, audit_row)
ANY(any_certificate, certificate_row)
ANY(any_member, lineage_member)
ANY(any_revocation, revocation)
ANY(any_token, store_token)
/* clang-format on */

static bool
any_place(void *arg, uint32_t shards, const char *place, struct err *err)
{
	(void)arg, (void)shards, (void)place, (void)err;
	return true;
}

static void
any_live(void *arg, int64_t issuer, int64_t not_after, bool revoked)
{
	(void)arg, (void)issuer, (void)not_after, (void)revoked;
}

static bool
any_issued(void *arg, int64_t issuer, const char *profile)
{
	(void)arg, (void)issuer, (void)profile;
	return true;
}

static bool
any_revoked(void *arg, int64_t issuer)
{
	(void)arg, (void)issuer;
	return true;
}

static void
any_difference(void *arg, const char *what)
{
	(void)arg, (void)what;
}

#define OP(name, ...)                                                                  \
	static bool name(void)                                                         \
	{                                                                              \
		__VA_ARGS__                                                            \
	}

static int64_t num;
static bool flag;
static struct err *const pe = &e;

OP(seq_set, return store_seq_set(st, 7, pe);)
OP(seq, uint64_t n; return store_seq(st, &n, pe);)
OP(root_set, return store_root_set(st, bytes_of(hash, 32), pe);)
OP(root, uint8_t h[32]; return store_root(st, h, &flag, pe);)
OP(check, return store_check(st, pe);)
OP(one_round,
    return store_begin(st, pe) && store_seq_set(st, 8, pe) && store_commit(st, pe);)

OP(account_add, const struct acme_account a = { .id = "cccccccccccccccccccccc",
		    .directory = (char *)"server",
		    .status = ACME_VALID,
		    .thumbprint = { 3 },
		    .key_hash = { 3 },
		    .key = (char *)"{}",
		    .contact = (char *)"[]" };
    return store_acme_account_add(st, &a, &num, pe);)
OP(account_by_id, struct acme_account a;
    return store_acme_account_by_id(st, "aaaaaaaaaaaaaaaaaaaaaa", &a, pe) &&
	   (store_acme_account_free(&a), true);)
OP(account_by_key, struct acme_account a; uint8_t k[32] = { 0 };
    return store_acme_account_by_key(st, "server", k, &a, pe) ||
	   e.code == ERR_NOT_FOUND;)
OP(account_by_num, struct acme_account a;
    return store_acme_account_by_num(st, 1, &a, pe) &&
	   (store_acme_account_free(&a), true);)
OP(account_has_key, return store_acme_account_has_key(st, hash, &flag, pe);)
OP(account_contact, return store_acme_account_contact(st, 1, "[]", pe);)
OP(account_rekey, return store_acme_account_rekey(st, 1, hash, hash, "{}", pe);)
OP(account_end,
    return store_acme_account_end(st, 1, ACME_VALID, ACME_REVOKED, NOW, "x", pe);)
OP(account_list, const struct acme_account_query q = { .limit = 9 };
    return store_acme_account_list(st, &q, any_account, NULL, pe);)

OP(authz_add, struct acme_challenge c = { .id = "c9",
		  .type = CHALLENGE_DNS_01,
		  .token = "t9",
		  .status = ACME_PENDING };
    const struct acme_authz a = { .id = "a9",
	.account_num = 1,
	.type = NAME_TYPE_DNS,
	.value = (char *)"b.internal",
	.status = ACME_PENDING,
	.challenges = &c,
	.n_challenges = 1 };
    return store_acme_authz_add(st, &a, &num, pe);)
OP(authz_by_id, struct acme_authz a; return store_acme_authz_by_id(st, "a1", &a, pe) &&
					    (store_acme_authz_free(&a), true);)
OP(authz_by_num, struct acme_authz a;
    return store_acme_authz_by_num(st, 1, &a, pe) && (store_acme_authz_free(&a), true);)
OP(authz_status, enum acme_status s; return store_acme_authz_status(st, 1, &s, pe);)
OP(authz_by_challenge, struct acme_authz a;
    return store_acme_authz_by_challenge(st, "c1-dns", &a, pe) &&
	   (store_acme_authz_free(&a), true);)
OP(authz_usable, struct acme_authz a;
    return store_acme_authz_usable(st, 1, NAME_TYPE_DNS, "host-1.internal", false, true,
	       NOW, &a, pe) &&
	   (store_acme_authz_free(&a), true);)
OP(authz_above, struct acme_authz a;
    return store_acme_authz_usable_above(st, 1, "internal", true, NOW, &a, pe) ||
	   e.code == ERR_NOT_FOUND;)
OP(authz_move, return store_acme_authz_move(st, 1, ACME_PENDING, ACME_VALID, NOW, pe);)
OP(challenge_move, return store_acme_authz_move_challenge(st, 1, ACME_PENDING,
		       ACME_PROCESSING, 0, "", pe);)
OP(authz_end, return store_acme_authz_end_account(st, 1, pe);)
OP(authz_processing,
    return store_acme_authz_processing(st, 0, 9, any_challenge, NULL, pe);)
OP(authz_of_order, bool lost;
    return store_acme_authz_of_order(st, 1, NOW, NOW, &flag, &lost, pe);)
OP(attempt, const struct acme_attempt a = { .at = NOW,
		.account_num = 1,
		.type = NAME_TYPE_DNS,
		.value = "a",
		.challenge = CHALLENGE_DNS_01,
		.result = "valid",
		.detail = "",
		.transcript = "[]",
		.seen = "" };
    return store_acme_authz_attempt(st, &a, pe);)
OP(attempts, return store_acme_authz_attempts(st, "a", 0, 9, any_attempt, NULL, pe);)
OP(authz_loose, return store_acme_room_loose(st, 1, NOW, &num, pe);)
OP(authz_sweep, int64_t at = 0; return store_acme_authz_sweep(st, NOW + 999, NOW + 999,
    NOW + 999, 9, &at, &num, pe);)

OP(eab_add, const struct acme_eab k = eab(2, "other");
    return store_acme_eab_add(st, &k, pe);)
OP(eab_by_kid, struct acme_eab k;
    return store_acme_eab_by_kid(st, "kid", &k, pe) && (store_acme_eab_free(&k), true);)
OP(eab_by_num, struct acme_eab k;
    return store_acme_eab_by_num(st, 1, &k, pe) && (store_acme_eab_free(&k), true);)
OP(eab_bind, return store_acme_eab_bind(st, 1, pe);)
OP(eab_count, return store_acme_eab_count(st, 1, pe);)
OP(eab_under_way, return store_acme_eab_under_way(st, 1, &num, pe);)
OP(eab_revoke, return store_acme_eab_revoke(st, 1, NOW, "x", pe);)
OP(eab_expire, return store_acme_eab_expire(st, 1, NOW, pe);)
OP(eab_expire_all, return store_acme_eab_expire_all(st, NOW, &num, pe);)
OP(acme_recovered, struct store_acme_recovered r;
    return store_acme_recovered(st, NOW, &r, pe);)
OP(eab_list, return store_acme_eab_list(st, 0, 9, any_eab, NULL, pe);)

OP(order_add, struct acme_order_name n = { NAME_TYPE_DNS, (char *)"b.internal", 1, "" };
    const struct acme_order o = { .id = "o9",
	.account_num = 1,
	.status = ACME_PENDING,
	.profile = (char *)"server",
	.names = &n,
	.n_names = 1 };
    return store_acme_order_add(st, &o, &num, pe);)
OP(order_by_id, struct acme_order o; return store_acme_order_by_id(st, "o1", &o, pe) &&
					    (store_acme_order_free(&o), true);)
OP(order_by_num, struct acme_order o;
    return store_acme_order_by_num(st, 1, &o, pe) && (store_acme_order_free(&o), true);)
OP(order_move, return store_acme_order_move(st, 1, ACME_PENDING, ACME_READY, "", pe);)
OP(order_issued, return store_acme_order_issued(st, "o2", 1, pe);)
OP(order_resume, return store_acme_order_resume(st, &num, pe);)
OP(order_end, return store_acme_order_end_account(st, 1, "{}", pe);)
OP(room_open, struct store_acme_open o;
    return store_acme_room_open(st, 1, NOW, 0, &o, pe);)
OP(room_vain, return store_acme_room_vain(st, 1, 0, &num, pe);)
OP(room_all, return store_acme_room_all(st, &num, pe);)
OP(room_proved, bool proved; return store_acme_room_proved(st, 1, &proved, pe);)
OP(order_replacing, struct acme_order o;
    return store_acme_order_replacing(st, "x", 1, &o, pe)
	       ? (store_acme_order_free(&o), true)
	       : e.code == ERR_NOT_FOUND;)
OP(order_by_certificate, struct acme_order o;
    return store_acme_order_by_certificate(st, 1, &o, pe)
	       ? (store_acme_order_free(&o), true)
	       : e.code == ERR_NOT_FOUND;)
OP(order_list, const struct acme_order_query q = { .account_num = 1, .limit = 9 };
    return store_acme_order_list(st, &q, any_order, NULL, pe);)
OP(order_waiting, return store_acme_order_waiting(st, 1, 9, any_order, NULL, pe);)
OP(order_sweep, int64_t at = 0;
    return store_acme_order_sweep(st, NOW, NOW, NOW, "{}", 9, &at, &num, pe);)

OP(audit_add, const struct audit_row r = { .at = NOW,
		  .kind = AUDIT_REFUSED,
		  .serial = "01",
		  .names = "dns:a.internal",
		  .result = AUDIT_DONE };
    return store_audit_add(st, &r, pe);)
OP(audit_list, struct audit_seen seen;
    const struct audit_query q = { .serial = "01", .limit = 9 };
    return store_audit_list(st, &q, any_audit, NULL, &seen, pe);)
OP(audit_last, return store_audit_last(st, &num, pe);)
OP(audit_last_at, return store_audit_last_at(st, &num, pe);)
OP(audit_since, uint64_t n; return store_audit_since(st, &n, pe);)
OP(audit_forget, return store_audit_forget(st, 3, pe);)
OP(audit_pruned, struct audit_pruned p; return store_audit_pruned(st, &p, pe);)
OP(audit_pruned_set, return store_audit_pruned_set(st, NOW, pe);)
OP(audit_prune, size_t n;
    return audit_add() && store_audit_prune(st, NOW + 9, NOW + 9, 9, &n, pe);)

OP(census_issuers, struct census_issuer *v; size_t n;
    if (!store_census_issuers(st, &v, &n, pe)) return false;
    for (size_t i = 0; i < n; i++) free(v[i].name); free(v); return true;)
OP(census_live, struct census_at at = { 0 };
    return store_census_live(st, &at, 9, any_live, NULL, pe);)
OP(census_issued, struct census_at at = { 0 };
    return store_census_issued(st, &at, 9, any_issued, NULL, pe);)
OP(census_revoked, struct census_at at = { 0 };
    return store_census_revoked(st, &at, 9, any_revoked, NULL, pe);)

OP(certificate_add, struct tmp_certificate t; struct serial parent = tmp_serial(1);
    const struct certificate_metadata m = { "owner", "me" }; tmp_certificate(&t, 30);
    t.new.parent = &parent; t.new.metadata = &m; t.new.n_metadata = 1;
    const bool ok = store_certificate_add(st, &t.new, pe); tmp_certificate_free(&t);
    return ok;)
OP(certificate_get, struct certificate_row r;
    return store_certificate_get(st, NULL, &first, &r, pe) &&
	   (certificate_row_free(&r), true);)
OP(certificate_serial, struct serial s; return store_certificate_serial(st, 1, &s, pe);)
OP(certificate_der, struct buf b; buf_init(&b, KIB(4));
    const bool ok = store_certificate_der(st, 1, &b, pe); buf_free(&b); return ok;)
OP(certificate_brief, struct certificate_brief b;
    return store_certificate_brief(st, "main", &first, &b, pe);)
OP(key_compromised, return store_key_compromised(st, hash, &flag, pe);)
OP(has_key, return store_certificate_has_key(st, hash, &flag, pe);)
OP(unsearched, return store_unsearched(st, &num, pe);)
OP(catch_up, return store_search_catch_up(st, 9, pe);)
OP(newest, return store_certificate_newest(st, &num, pe);)
OP(certificate_list,
    const struct certificate_query q = { .q = "host", .now = 5000, .limit = 9 };
    return store_certificate_list(st, &q, any_certificate, NULL, pe);)
OP(certificate_list_by, const struct certificate_query q = { .dns = "host-1.internal",
			    .profile = "client",
			    .status = CERTIFICATE_EXPIRED,
			    .expires_after = 1,
			    .issued_before = 99999,
			    .now = 20000,
			    .limit = 9 };
    return store_certificate_list(st, &q, any_certificate, NULL, pe);)
OP(compare, return store_compare(st, st, any_difference, NULL, pe);)
OP(ends, return store_compare_ends(st, any_difference, NULL, pe);)
OP(gaps, return store_compare_gaps(st, any_difference, NULL, pe);)

OP(crl_add, const struct crl_row r = { .seq = 21,
		.issuer = "main",
		.number = 1,
		.this_update = NOW,
		.next_update = NOW + 9 };
    return store_crl_add(st, &r, pe);)
OP(crl_last, struct crl_row r;
    return (crl_add() || e.code == ERR_CONFLICT) && store_crl_last(st, "main", &r, pe);)
OP(shard_last, struct crl_row r;
    return store_crl_shard_last(st, "main", (struct crl_shard){ 4, 1 }, &r, pe) ||
	   e.code == ERR_NOT_FOUND;)
OP(shard_number, uint64_t n; return store_crl_shard_number(st, "main", &n, pe);)
OP(shard_sets, return store_crl_shard_sets(st, "main", any_place, NULL, pe);)
OP(shard_places, return store_crl_shard_places(st, "main", 0, any_place, NULL, pe);)
OP(lineage_compromised, return store_lineage_compromised(st, 3, 1, &flag, pe);)
OP(lineage_list, const struct lineage_query q = { .first_id = 1, .limit = 9 };
    return store_lineage_list(st, &q, any_member, NULL, pe);)
OP(once_put, const struct store_once o = { .serial = first, .at = NOW };
    return store_once_put(st, &o, 0, pe);)
OP(once_get, static const uint8_t none[STORE_ONCE_HASH]; struct store_once o;
    return once_put() && store_once_get(st, none, 0, &o, pe);)
OP(renewal_put, const struct renewal r = { .certificate_id = 2,
		    .start_at = NOW,
		    .end_at = NOW + 9,
		    .ordered_by = (char *)"x",
		    .reason = (char *)"" };
    return store_renewal_put(st, &r, pe);)
OP(renewal_get, struct renewal r;
    return store_renewal_get(st, 1, &r, pe) && (store_renewal_free(&r), true);)
OP(revocation_put, const struct revocation r = { .seq = 22,
		       .issuer = "main",
		       .serial = first,
		       .not_after = 10001,
		       .revoked_at = 5,
		       .reason = REASON_KEY_COMPROMISE };
    return store_revocation_put(st, &r, pe);)
OP(revocation_end, int64_t end; const struct serial revoked = tmp_serial(2);
    return store_revocation_end(st, "main", &revoked, &end, pe);)
OP(revocation_list, return store_revocation_list(st, "main", 0, 0, INT64_MAX, 9,
			any_revocation, NULL, pe);)
OP(token_add, struct store_token t = token(9);
    const bool ok = store_token_add(st, &t, pe); names_free(&t.names); return ok;)
OP(token_get, struct store_token t;
    return store_token_get(st, token_key, &t, pe) && (store_token_free(&t), true);)
OP(token_list,
    return store_token_list(st, STORE_TOKEN_ANY, NOW, 0, 0, 9, any_token, NULL, pe);)
OP(token_newest, return store_token_newest(st, &num, pe);)
OP(token_withdraw, return store_token_withdraw(st, token_key, NOW, "x", pe);)
OP(token_withdraw_all, return store_token_withdraw_all(st, NOW, "x", &num, pe);)
OP(token_use, return store_token_use(st, token_key, pe);)

static const struct {
	const char *name;
	bool (*run)(void);
} ops[] = {
#define ROW(f)                                                                         \
	{                                                                              \
#f, f                                                                  \
	}
	/* clang-format off */
	ROW(seq_set), ROW(seq), ROW(root_set), ROW(root), ROW(check), ROW(one_round),
	ROW(account_add), ROW(account_by_id), ROW(account_by_key), ROW(account_by_num),
	ROW(account_has_key), ROW(account_contact), ROW(account_rekey), ROW(account_end),
	ROW(account_list), ROW(authz_add), ROW(authz_by_id), ROW(authz_by_num), ROW(authz_status),
	ROW(authz_by_challenge), ROW(authz_usable), ROW(authz_above), ROW(authz_move),
	ROW(challenge_move), ROW(authz_end), ROW(authz_processing), ROW(authz_of_order),
	ROW(attempt), ROW(attempts), ROW(authz_loose), ROW(authz_sweep), ROW(eab_add), ROW(eab_by_kid),
	ROW(eab_by_num), ROW(eab_bind), ROW(eab_count), ROW(eab_under_way), ROW(eab_revoke),
	ROW(eab_expire), ROW(eab_expire_all), ROW(acme_recovered), ROW(eab_list), ROW(order_add), ROW(order_by_id),
	ROW(order_by_num), ROW(order_move), ROW(order_issued), ROW(order_resume), ROW(order_end),
	ROW(room_open), ROW(room_vain), ROW(room_all), ROW(room_proved), ROW(order_replacing), ROW(order_by_certificate), ROW(order_list),
	ROW(order_waiting), ROW(order_sweep), ROW(audit_add), ROW(audit_list), ROW(audit_last),
	ROW(audit_last_at), ROW(audit_since), ROW(audit_forget), ROW(audit_pruned), ROW(audit_pruned_set),
	ROW(audit_prune), ROW(census_issuers), ROW(census_live), ROW(census_issued),
	ROW(census_revoked), ROW(certificate_add), ROW(certificate_get), ROW(certificate_serial),
	ROW(certificate_der), ROW(certificate_brief), ROW(key_compromised), ROW(has_key),
	ROW(unsearched), ROW(catch_up), ROW(newest), ROW(certificate_list),
	ROW(certificate_list_by), ROW(compare), ROW(ends), ROW(gaps), ROW(crl_add), ROW(crl_last),
	ROW(shard_last), ROW(shard_number), ROW(shard_sets), ROW(shard_places),
	ROW(lineage_compromised), ROW(lineage_list), ROW(once_put), ROW(once_get),
	ROW(renewal_put), ROW(renewal_get), ROW(revocation_put), ROW(revocation_end),
	ROW(revocation_list),
	ROW(token_add), ROW(token_get), ROW(token_list), ROW(token_newest),
	ROW(token_withdraw), ROW(token_withdraw_all), ROW(token_use),
	/* clang-format on */
};

/* Runs it with the n-th step failing; true: there was an n-th step. */
static bool
strike(const char *name, bool (*run)(void), unsigned n, bool inside)
{
	e = (struct err){ 0 };
	if (inside)
		MUST(store_begin(st, &e));
	failed_step = false;
	fail_step = n;
	const bool ok = run();
	fail_step = 0;
	if (failed_step) {
		cr_expect_not(ok, "%s, step %u: it failed and says that it did not",
		    name, n);
		cr_expect_neq(e.code, ERR_NONE, "%s, step %u: it says why", name, n);
		cr_expect_neq(e.code, ERR_NOT_FOUND,
		    "%s, step %u: a failure is no absence", name, n);
	} else {
		cr_expect(ok, "%s, undisturbed: %s", name, e.detail);
	}
	store_rollback(st);
	return failed_step;
}

/* R89, R90, S88 */
Test(store_fails, nothing_is_said_to_be_done_that_was_not, .init = begin,
    .fini = tmp_end, .timeout = 60)
{
	for (size_t i = 0; i < NITEMS(ops); i++)
		for (unsigned n = 1; strike(ops[i].name, ops[i].run, n, true); n++)
			cr_assert_lt(n, 300, "%s never ends", ops[i].name);
}

/* Rows of all tables that functions of several statements write. */
static int64_t
rows(void)
{
	return tmp_number("SELECT (SELECT COUNT(*) FROM certificate) +"
			  " (SELECT COUNT(*) FROM certificate_name) +"
			  " (SELECT COUNT(*) FROM acme_authz) +"
			  " (SELECT COUNT(*) FROM acme_challenge) +"
			  " (SELECT COUNT(*) FROM acme_order) +"
			  " (SELECT COUNT(*) FROM token) + (SELECT COUNT(*) FROM crl)");
}

/* The same where the function has to open the transaction itself; what failed is undone. */
Test(store_fails, a_function_that_fails_alone_leaves_nothing, .init = begin,
    .fini = tmp_end, .timeout = 60)
{
	for (size_t i = 0; i < NITEMS(ops); i++) {
		int64_t was = rows();

		for (unsigned n = 1; strike(ops[i].name, ops[i].run, n, false); n++) {
			cr_assert_lt(n, 300, "%s never ends", ops[i].name);
			cr_expect_eq(was, rows(), "%s, step %u", ops[i].name, n);
		}
	}
}
