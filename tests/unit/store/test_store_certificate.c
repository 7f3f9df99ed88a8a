/* SPDX-License-Identifier: Apache-2.0 */
#include "tmp_certificate.h"

static void
key_of(unsigned n, uint8_t ret[static 32])
{
	struct tmp_certificate t;

	tmp_certificate(&t, n);
	spki_hash(t.cert.key.der, ret);
	tmp_certificate_free(&t);
}

static void
expect_row(const struct certificate_row *r, const struct tmp_certificate *t)
{
	uint8_t key[32];

	cr_expect_eq(r->seq, t->new.seq);
	cr_expect_eq(r->id, (int64_t)t->new.seq);
	cr_expect(serial_eq(&r->serial, &t->cert.serial));
	cr_expect_str_eq(r->issuer, t->new.issuer);
	cr_expect_str_eq(r->profile, t->new.profile);
	cr_expect_str_eq(r->cn, t->cert.cn);
	cr_expect_str_eq(r->requester, t->new.requester);
	cr_expect_str_eq(r->request_id, t->new.request_id);
	cr_expect_eq(r->not_before, t->cert.not_before);
	cr_expect_eq(r->not_after, t->cert.not_after);
	cr_expect_eq(r->issued_at, t->new.issued_at);
	cr_expect(bytes_eq(buf_bytes(&r->note), t->new.note));
	spki_hash(t->cert.key.der, key);
	cr_expect_arr_eq(r->key_hash, key, 32);
	cr_assert_eq(r->names.n, t->cert.names.n);
	for (size_t i = 0; i < r->names.n; i++) {
		cr_expect_eq(r->names.v[i].type, t->cert.names.v[i].type);
		cr_expect_str_eq(r->names.v[i].text, t->cert.names.v[i].text);
	}
}

Test(store_certificate, a_row_comes_back_whole_with_names_in_their_order,
    .init = tmp_begin, .fini = tmp_end)
{
	struct tmp_certificate t;
	struct certificate_row r;
	struct buf der;

	tmp_certificate(&t, 5);
	tmp_name(&t, NAME_TYPE_IP, "10.0.0.7");
	tmp_name(&t, NAME_TYPE_DNS, "a.internal");
	tmp_name(&t, NAME_TYPE_URI, "spiffe://x/it's");
	tmp_name(&t, NAME_TYPE_EMAIL, "a@b.internal");
	MUST(store_certificate_add(st, &t.new, &e));
	MUST(store_certificate_get(st, "main", &t.cert.serial, &r, &e));
	expect_row(&r, &t);
	cr_expect_not(r.revoked);
	cr_expect_eq(certificate_row_status(&r, 10005), CERTIFICATE_VALID,
	    "the last second counts");
	cr_expect_eq(certificate_row_status(&r, 10006), CERTIFICATE_EXPIRED);
	buf_init(&der, KIB(2));
	MUST(store_certificate_der(st, r.id, &der, &e));
	cr_expect(bytes_eq(buf_bytes(&der), buf_bytes(&t.cert.der)));
	cr_expect_not(store_certificate_der(st, 99, &der, &e));
	cr_expect_eq(e.code, ERR_NOT_FOUND);
	buf_free(&der);
	certificate_row_free(&r);

	tmp_revoke(6, 5, REASON_SUPERSEDED);
	MUST(store_certificate_get(st, NULL, &t.cert.serial, &r, &e));
	expect_row(&r, &t);
	cr_expect(r.revoked);
	cr_expect_eq(r.revoked_at, 777);
	cr_expect_eq(r.reason, (unsigned)REASON_SUPERSEDED);
	cr_expect_eq(certificate_row_status(&r, 99999), CERTIFICATE_REVOKED);
	certificate_row_free(&r);
	cr_expect_not(store_certificate_get(st, "root", &t.cert.serial, &r, &e));
	cr_expect_eq(e.code, ERR_NOT_FOUND);
	cr_expect_str_eq(certificate_status_word(CERTIFICATE_REVOKED), "revoked");
	tmp_certificate_free(&t);
	MUST(store_check(st, &e));
}

Test(store_certificate, empty_members_and_no_names_come_back_empty, .init = tmp_begin,
    .fini = tmp_end)
{
	struct tmp_certificate t;
	struct certificate_row r;

	tmp_certificate(&t, 1);
	names_free(&t.cert.names);
	t.cert.names = (struct names){ 0 };
	t.cert.cn[0] = '\0';
	t.new.requester = t.new.request_id = NULL;
	t.new.note = (struct bytes){ 0 };
	MUST(store_certificate_add(st, &t.new, &e));
	t.new.requester = t.new.request_id = "";
	MUST(store_certificate_get(st, "main", &t.cert.serial, &r, &e));
	expect_row(&r, &t);
	certificate_row_free(&r);
	tmp_certificate_free(&t);
}

/* R20 */
Test(store_certificate, a_serial_is_stored_once_for_an_issuer, .init = tmp_begin,
    .fini = tmp_end)
{
	struct tmp_certificate t;
	struct certificate_row r;

	tmp_certificate(&t, 1);
	MUST(store_begin(st, &e));
	MUST(store_certificate_add(st, &t.new, &e));
	t.new.seq = 2;
	cr_expect_not(store_certificate_add(st, &t.new, &e));
	cr_expect_eq(e.code, ERR_CONFLICT);
	cr_expect_not_null(strstr(e.detail, "stored already"), "%s", e.detail);
	t.new.issuer = "other"; /* another issuer's serials are its own */
	MUST(store_certificate_add(st, &t.new, &e));
	t.cert.serial = tmp_serial(3); /* the record's number is taken */
	cr_expect_not(store_certificate_add(st, &t.new, &e));
	cr_expect_eq(e.code, ERR_CONFLICT);
	t.new.seq = 0;
	cr_expect_not(store_certificate_add(st, &t.new, &e));
	store_rollback(st);
	cr_expect_not(store_certificate_get(st, NULL, &t.cert.serial, &r, &e));

	t.new.seq = 7;
	MUST(store_begin(st, &e));
	MUST(store_certificate_add(st, &t.new, &e));
	cr_expect_not(store_certificate_add(st, &t.new, &e));
	MUST(store_commit(st, &e)); /* refusing one loses none of the others */
	MUST(store_certificate_get(st, NULL, &t.cert.serial, &r, &e));
	cr_expect_eq(r.seq, 7u);
	certificate_row_free(&r);
	tmp_certificate_free(&t);
	MUST(store_check(st, &e));
}

static void
expect_brief(unsigned n, bool revoked, unsigned reason)
{
	const struct serial s = tmp_serial(n);
	struct certificate_brief b;

	MUST(store_certificate_brief(st, "main", &s, &b, &e));
	cr_expect_eq(b.revoked, revoked);
	cr_expect_eq(b.not_after, (int64_t)(10000 + n));
	cr_expect_eq(b.revoked_at, revoked ? 777 : 0);
	cr_expect_eq(b.reason, reason);
}

/* A132 */
Test(store_certificate, its_key_is_known_whatever_became_of_it, .init = tmp_begin,
    .fini = tmp_end)
{
	struct tmp_certificate t;
	uint8_t key[32], other[32];
	bool there;

	key_of(1, key);
	key_of(2, other);
	memcpy(other, key, 8); /* what the index has of it */
	MUST(store_certificate_has_key(st, key, &there, &e));
	cr_expect_not(there);
	tmp_certificate(&t, 1);
	MUST(store_certificate_add(st, &t.new, &e));
	MUST(store_certificate_has_key(st, key, &there, &e));
	cr_expect(there);
	MUST(store_certificate_has_key(st, other, &there, &e));
	cr_expect_not(there, "all of it is compared");
	tmp_certificate_free(&t);
	cr_expect_eq(tmp_number("SELECT count(*) FROM sqlite_schema WHERE"
				" name = 'certificate_key'"),
	    1);
}

/* R18: what has to be revoked with it. */
Test(store_certificate, the_others_of_a_key_are_those_that_count, .init = tmp_begin,
    .fini = tmp_end)
{
	const struct serial first = tmp_serial(1), third = tmp_serial(3);
	struct certificate_serials same = { .n = 7 };

	for (unsigned n = 1; n <= 5; n++)
		tmp_add(n);
	MUST(store_certificate_same_key(st, &first, 0, &same, &e));
	cr_expect_eq(same.n, 0, "each has a key of its own");
	MUST(db_exec(store_db(st),
	    "UPDATE certificate SET key_hash = (SELECT key_hash FROM certificate"
	    " ORDER BY id LIMIT 1) WHERE not_after <> 10005",
	    &e));
	tmp_revoke(11, 4, REASON_SUPERSEDED);
	MUST(store_certificate_same_key(st, &first, 10003, &same, &e));
	cr_assert_eq(same.n, 1, "one has ended, one is revoked: %zu", same.n);
	cr_expect(serial_eq(&same.v[0], &third));
	MUST(store_certificate_same_key(st, &first, 0, &same, &e));
	cr_assert_eq(same.n, 2);
	cr_expect(serial_eq(&same.v[0], &third), "the newest first");
}

static bool
is_compromised(unsigned n)
{
	uint8_t key[32];
	bool found;

	key_of(n, key);
	MUST(store_key_compromised(st, key, &found, &e));
	return found;
}

/* P84, P54, R18 */
Test(store_certificate, status_and_keys_follow_revocations_in_either_order,
    .init = tmp_begin, .fini = tmp_end)
{
	const struct serial unknown = tmp_serial(99);
	struct certificate_brief b;

	for (unsigned n = 1; n <= 4; n++)
		tmp_add(n);
	cr_expect_not(store_certificate_brief(st, "main", &unknown, &b, &e));
	cr_expect_eq(e.code, ERR_NOT_FOUND);
	cr_expect_not(
	    store_certificate_brief(st, "root", &(struct serial){ 1, { 1 } }, &b, &e));
	expect_brief(1, false, 0);
	cr_expect_not(is_compromised(1));

	tmp_revoke(11, 1, REASON_KEY_COMPROMISE);
	expect_brief(1, true, REASON_KEY_COMPROMISE);
	cr_expect(is_compromised(1));

	tmp_revoke(12, 2, REASON_SUPERSEDED);
	expect_brief(2, true, REASON_SUPERSEDED);
	cr_expect_not(is_compromised(2));
	tmp_revoke(13, 2, REASON_KEY_COMPROMISE); /* raised */
	cr_expect(is_compromised(2));

	/* A revocation whose certificate is not here, and comes later. */
	tmp_revoke(14, 50, REASON_KEY_COMPROMISE);
	expect_brief(50, true, REASON_KEY_COMPROMISE);
	cr_expect_not(is_compromised(50));
	tmp_add(50);
	expect_brief(50, true, REASON_KEY_COMPROMISE);
	cr_expect(is_compromised(50));
	cr_expect_not(is_compromised(3));
	MUST(store_check(st, &e));
}

/* R90, S88: nothing of a certificate is there unless all of it is. */
Test(store_certificate, a_full_disk_leaves_no_half_of_a_batch, .init = tmp_begin,
    .fini = tmp_end)
{
	char sql[64];
	unsigned n = 1;
	bool ok = true;

	tmp_add(1);
	snprintf(sql, sizeof(sql), "PRAGMA max_page_count = %lld",
	    (long long)tmp_number("PRAGMA page_count") + 3);
	tmp_sql(sql);
	MUST(store_begin(st, &e));
	while (ok && n < 2000) {
		struct tmp_certificate t;
		tmp_certificate(&t, ++n);
		ok = store_certificate_add(st, &t.new, &e);
		tmp_certificate_free(&t);
	}
	cr_expect_not(ok);
	cr_expect_eq(e.code, ERR_IO);
	cr_expect_not(store_seq_set(st, 5, &e), "what follows is refused");
	cr_expect_not(store_commit(st, &e));
	cr_expect_eq(e.code, ERR_IO);
	cr_expect_not_null(strstr(e.detail, "free some space"), "%s", e.detail);
	cr_expect_not(store_dirty(st));
	cr_expect_eq(tmp_number("SELECT count(*) FROM certificate"), 1);
	expect_brief(1, false, 0);

	tmp_sql("PRAGMA max_page_count = 1000000");
	tmp_add(2);
	expect_brief(2, false, 0);
	MUST(store_check(st, &e));
}
