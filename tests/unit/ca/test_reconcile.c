/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "ca/note.h"
#include "ca/reconcile.h"
#include "journal/journal.h"
#include "key/key.h"
#include "store/store_acme_eab.h"
#include "store/store_acme_order.h"
#include "store/store_audit.h"
#include "store/store_certificate.h"
#include "store/store_once.h"
#include "store/store_revocation.h"
#include "store/store_token.h"
#include "sys/file.h"
#include "x509/dn.h"

static char dir[] = "/tmp/hnp-reconcile-XXXXXX";
static char *journal_dir, *db_path;
static struct journal *journal;
static struct store *st;
static struct serial serial;

static bool
ignore_record(void *arg, const struct record *r, struct err *e)
{
	(void)arg;
	(void)r;
	(void)e;
	return true;
}

static void
begin(void)
{
	struct err e = { 0 };
	size_t healed;

	cr_assert_not_null(mkdtemp(dir));
	journal_dir = mem_printf("%s/journal", dir);
	db_path = mem_printf("%s/hanaper.db", dir);
	cr_assert_eq(mkdir(journal_dir, 0700), 0);
	cr_assert(journal_create(journal_dir, &e), "%s", e.detail);
	cr_assert(journal_open(journal_dir, ignore_record, NULL, &journal, &healed, &e),
	    "%s", e.detail);
	cr_assert(store_create(db_path, &st, &e), "%s", e.detail);
}

static void
end(void)
{
	journal_close(journal);
	store_close(st);
	file_remove_tree(dir);
	free(journal_dir);
	free(db_path);
}

static void
add(enum record_type type, struct buf *body)
{
	struct bytes record;
	struct err e = { 0 };

	cr_assert(journal_add(journal, type, 0, buf_bytes(body), &record, &e), "%s",
	    e.detail);
	cr_assert(journal_sync(journal, &e), "%s", e.detail);
	buf_free(body);
}

/* A certificate for "web.internal" by a throw-away key. */
static void
make_certificate(struct buf *ret)
{
	struct key *key;
	struct buf dn, tbs, sig;
	struct names names = { 0 };
	struct err e = { 0 };

	cr_assert(key_generate(KEY_ALG_ECDSA_P256, 0, &key, &e), "%s", e.detail);
	buf_init(&dn, KIB(1));
	buf_init(&tbs, KIB(4));
	buf_init(&sig, KIB(1));
	cr_assert(dn_build("Test", "Test CA", &dn, &e), "%s", e.detail);
	cr_assert(names_add(&names, NAME_TYPE_DNS, bytes_str("web.internal"), &e));
	cr_assert(serial_new(1800000000, &serial, &e));
	static const uint8_t id[20] = { 1 };
	static const uint8_t empty_dn[] = { 0x30, 0 };
	const struct cert_spec spec = {
		.serial = serial,
		.sig_alg = key_sig_alg(key),
		.issuer_dn = buf_bytes(&dn),
		.authority_key_id = bytes_of(id, sizeof(id)),
		.subject_dn = bytes_of(empty_dn, sizeof(empty_dn)),
		.spki = key_spki(key),
		.key_id = bytes_of(id, sizeof(id)),
		.not_before = 1800000000,
		.not_after = 1800086399,
		.names = &names,
		.key_usage = CERT_KU_DIGITAL_SIGNATURE,
		.usages = USAGE_SERVER_AUTH,
		.path_len = -1,
	};
	cr_assert(cert_build_tbs(&spec, &tbs, &e), "%s", e.detail);
	cr_assert(key_sign(key, buf_bytes(&tbs), &sig, &e), "%s", e.detail);
	cr_assert(cert_assemble(buf_bytes(&tbs), key_sig_alg(key), buf_bytes(&sig), ret,
		      &e),
	    "%s", e.detail);
	names_free(&names);
	buf_free(&dn);
	buf_free(&tbs);
	buf_free(&sig);
	key_free(key);
}

/* The life of a small CA: genesis, a certificate, its revocation, a CRL. */
static void
write_journal(void)
{
	static const uint8_t root[32] = { 7 };
	struct buf body, der;

	buf_init(&body, KIB(32));
	record_genesis_put(&body,
	    &(struct record_genesis){ .root_hash = bytes_of(root, 32) });
	add(RECORD_GENESIS, &body);
	buf_init(&der, KIB(8));
	make_certificate(&der);
	record_certificate_put(&body,
	    &(struct record_certificate){ .issuer = bytes_str("main"),
		.profile = bytes_str("server"),
		.der = buf_bytes(&der),
		.requester = bytes_str("cert:admin"),
		.request_id = bytes_str("0123456789abcdef"),
		.note = bytes_str("{}") });
	add(RECORD_CERTIFICATE, &body);
	buf_free(&der);
	record_revocation_put(&body,
	    &(struct record_revocation){ .issuer = bytes_str("main"),
		.serial = serial_bytes(&serial),
		.not_after = 1800086399,
		.revoked_at = 1800000100,
		.reason = REASON_SUPERSEDED,
		.requester = bytes_str("uid:0"),
		.request_id = bytes_str("fedcba9876543210") });
	add(RECORD_REVOCATION, &body);
	record_crl_put(&body, &(struct record_crl){ .issuer = bytes_str("main"),
				  .number = 1,
				  .this_update = 1800000101,
				  .next_update = 1800086501,
				  .entries = 1,
				  .tbs_hash = bytes_of(root, 32) });
	add(RECORD_CRL, &body);
}

static bool
apply(void *arg, const struct record *r, struct err *e)
{
	(void)arg;
	return reconcile_apply(st, r, NULL, e);
}

/* R89, R91: the database is a function of the journal, from the first record on. */
Test(reconcile, a_journal_makes_the_database_that_it_tells_of, .init = begin,
    .fini = end)
{
	struct certificate_row row;
	struct crl_row crl;
	uint64_t seq;
	struct err e = { 0 };

	write_journal();
	cr_assert(journal_read(journal, 1, 100, apply, NULL, &e), "%s", e.detail);
	cr_assert(store_commit(st, &e), "%s", e.detail);
	cr_expect(store_seq(st, &seq, &e) && seq == 4);
	cr_assert(store_certificate_get(st, "main", &serial, &row, &e), "%s", e.detail);
	cr_expect_str_eq(row.profile, "server");
	cr_expect_str_eq(row.requester, "cert:admin");
	cr_expect_str_eq(row.request_id, "0123456789abcdef");
	cr_expect_str_eq(row.names.v[0].text, "web.internal");
	cr_expect(row.revoked);
	cr_expect_eq(row.revoked_at, 1800000100);
	cr_expect_eq(row.reason, REASON_SUPERSEDED);
	certificate_row_free(&row);
	cr_assert(store_crl_last(st, "main", &crl, &e), "%s", e.detail);
	cr_expect_eq(crl.number, 1);
	cr_expect_eq(crl.entries, 1);
	cr_expect(store_check(st, &e), "%s", e.detail);
}

static void
write_with_note(const char *note)
{
	static const uint8_t root[32] = { 7 };
	struct buf body, der;

	buf_init(&body, KIB(32));
	record_genesis_put(&body,
	    &(struct record_genesis){ .root_hash = bytes_of(root, 32) });
	add(RECORD_GENESIS, &body);
	buf_init(&der, KIB(8));
	make_certificate(&der);
	record_certificate_put(&body,
	    &(struct record_certificate){ .issuer = bytes_str("main"),
		.profile = bytes_str("server"),
		.der = buf_bytes(&der),
		.requester = bytes_str("token:07"),
		.request_id = bytes_str("0123456789abcdef"),
		.note = bytes_str(note) });
	add(RECORD_CERTIFICATE, &body);
	buf_free(&der);
}

/* R51, S86: who replays the certificate, replays that its token was used. */
Test(reconcile, a_certificate_uses_up_its_token, .init = begin, .fini = end)
{
	struct store_token t = { .hash = { 0xab },
		.profile = (char *)"server",
		.uses = 2 },
			   got;
	struct err e = { 0 };

	write_with_note("{\"token\":\"ab000000000000000000000000000000\"}");
	cr_assert(store_token_add(st, &t, &e), "%s", e.detail); /* commits by itself */
	cr_assert(journal_read(journal, 1, 1, apply, NULL, &e), "%s", e.detail);
	cr_assert(journal_read(journal, 2, 1, apply, NULL, &e), "%s", e.detail);
	cr_assert(store_token_get(st, t.hash, &got, &e), "%s", e.detail);
	cr_expect_eq(got.uses_left, 1);
	store_token_free(&got);
	store_rollback(st); /* a crash before the commit: it is replayed */
	cr_assert(journal_read(journal, 1, 2, apply, NULL, &e), "%s", e.detail);
	cr_assert(store_commit(st, &e), "%s", e.detail);
	cr_expect_not(journal_read(journal, 2, 1, apply, NULL, &e),
	    "not a second time");
	store_rollback(st);
	cr_assert(store_token_get(st, t.hash, &got, &e), "%s", e.detail);
	cr_expect_eq(got.uses_left, 1);
	store_token_free(&got);
}

/* R89: the same request again gets it, by the hashes that were noted with it. */
Test(reconcile, a_certificate_is_remembered_by_its_idempotency_key, .init = begin,
    .fini = end)
{
	struct note n = { .has_once = true,
		.once = { .key = { 7 }, .request = { 9 } } };
	struct certificate_row row;
	struct store_once got;
	struct buf note;
	struct err e = { 0 };

	buf_init(&note, NOTE_MAX);
	cr_assert(note_write(&n, &note, &e), "%s", e.detail);
	write_with_note(buf_str(&note));
	buf_free(&note);
	cr_assert(journal_read(journal, 1, 2, apply, NULL, &e), "%s", e.detail);
	cr_assert(store_once_get(st, n.once.key, 0, &got, &e), "%s", e.detail);
	cr_expect_eq(memcmp(got.request, n.once.request, sizeof(got.request)), 0);
	cr_expect(serial_eq(&got.serial, &serial));
	cr_assert(store_certificate_get(st, "main", &serial, &row, &e), "%s", e.detail);
	cr_expect_eq(got.at, row.issued_at, "from the record on");
	certificate_row_free(&row);
}

/*
 * A207, A208: who replays the certificate, replays that its order was answered, and that
 * the key which binds the account paid for it.
 */
Test(reconcile, a_certificate_answers_its_order, .init = begin, .fini = end)
{
	struct acme_order o;
	struct acme_eab k;
	struct err e = { 0 };

	write_with_note("{\"order\":\"o1\"}");
	cr_assert(db_exec(store_db(st),
		      "INSERT INTO acme_eab (num, kid, directory, names, accounts_max,"
		      " certificates_max, expires_at, ends_at, created_at, created_by,"
		      " request_id) VALUES (1, 'k', 'server', '[]', 1, 9, 0, 0, 0, '',"
		      " '');"
		      "INSERT INTO acme_account (num, id, directory, status,"
		      " thumbprint, key, key_hash, contact, eab_num, created_at,"
		      " created_from) VALUES (1, 'aaaaaaaaaaaaaaaaaaaaaa', 'server', "
		      "4, zeroblob(32), '{}', zeroblob(32),"
		      " '[]', 1, 0, '');"
		      "INSERT INTO acme_order (num, id, account_num, status, profile,"
		      " profile_asked, created_at, expires_at) VALUES (1, 'o1', 1, 2,"
		      " 'server', 0, 0, 9);",
		      &e),
	    "%s", e.detail);
	cr_assert(journal_read(journal, 1, 2, apply, NULL, &e), "%s", e.detail);
	cr_assert(store_acme_order_by_id(st, "o1", &o, &e), "%s", e.detail);
	cr_expect_eq(o.status, ACME_VALID);
	cr_expect_eq(o.certificate_id, 2);
	cr_expect_eq(o.expires_at, 1800086400);
	store_acme_order_free(&o);
	cr_assert(store_acme_eab_by_num(st, 1, &k, &e), "%s", e.detail);
	cr_expect_eq(k.certificates_n, 1);
	store_acme_eab_free(&k);
}

/* A database that was made anew has no order of this id. */
Test(reconcile, an_order_that_is_gone_keeps_no_certificate_out, .init = begin,
    .fini = end)
{
	struct certificate_row row;
	struct err e = { 0 };

	write_with_note("{\"order\":\"o1\"}");
	cr_assert(journal_read(journal, 1, 2, apply, NULL, &e), "%s", e.detail);
	cr_assert(store_certificate_get(st, "main", &serial, &row, &e), "%s", e.detail);
	certificate_row_free(&row);
}

static bool
collect_audit(void *arg, const struct audit_row *r, struct err *e)
{
	struct buf *b = arg;

	(void)e;
	buf_printf(b, "%s %s: %s\n", store_audit_word(r->kind), r->object, r->reason);
	return true;
}

/*
 * A note that this version cannot read must not pass for one without a token, nor keep
 * all that comes after it out of the database.
 */
static void
expect_unread(const char *note)
{
	const struct audit_query q = { .limit = 9, .oldest_first = true };
	const struct store_token t = { .hash = { 0xab },
		.profile = (char *)"server",
		.uses = 2,
		.expires_at = INT64_MAX };
	struct store_token got;
	struct certificate_row row;
	struct audit_seen seen;
	struct buf audit;
	struct err e = { 0 };

	write_with_note(note);
	cr_assert(store_token_add(st, &t, &e), "%s", e.detail);
	cr_assert(journal_read(journal, 1, 2, apply, NULL, &e), "%s", e.detail);
	cr_assert(store_commit(st, &e), "%s", e.detail);
	cr_assert(store_certificate_get(st, "main", &serial, &row, &e), "%s", e.detail);
	cr_expect_eq(row.note.n, 0);
	certificate_row_free(&row);
	cr_assert(store_token_get(st, t.hash, &got, &e), "%s", e.detail);
	cr_expect_eq(got.uses_left, 2);
	cr_expect_neq(got.withdrawn_at, 0, "it may be the one that was used");
	store_token_free(&got);
	buf_init(&audit, KIB(4));
	cr_assert(store_audit_list(st, &q, collect_audit, &audit, &seen, &e));
	cr_expect_str_eq(buf_str(&audit),
	    "issued : what was noted with it cannot be read\n"
	    "token-withdrawn 1 pending tokens: what was noted with it cannot be "
	    "read\n");
	buf_free(&audit);
}

/* S86, R51 */
Test(reconcile, a_note_that_names_no_token_is_let_go_and_all_tokens_with_it,
    .init = begin, .fini = end)
{
	expect_unread("{\"token\":\"ab\"}");
}

Test(reconcile, a_note_that_is_none_is_let_go_and_all_tokens_with_it, .init = begin,
    .fini = end)
{
	expect_unread("{\"token\":");
}

/* A record twice, or one left out, is never stored. */
Test(reconcile, only_the_next_record_is_taken, .init = begin, .fini = end)
{
	struct err e = { 0 };

	write_journal();
	cr_expect_not(journal_read(journal, 2, 1, apply, NULL, &e),
	    "the first is missing");
	cr_expect_eq(e.code, ERR_CONFLICT);
	cr_expect(journal_read(journal, 1, 2, apply, NULL, &e), "%s", e.detail);
	cr_expect_not(journal_read(journal, 2, 1, apply, NULL, &e),
	    "it is there already");
	cr_expect_not(journal_read(journal, 4, 1, apply, NULL, &e), "one is left out");
	cr_expect(journal_read(journal, 3, 2, apply, NULL, &e), "%s", e.detail);
}

/* A database of one CA beside the journal of another is refused. */
Test(reconcile, another_cas_journal_is_refused, .init = begin, .fini = end)
{
	static const uint8_t other[32] = { 8 };
	struct err e = { 0 };

	write_journal();
	cr_assert(store_root_set(st, bytes_of(other, 32), &e), "%s", e.detail);
	cr_expect_not(journal_read(journal, 1, 1, apply, NULL, &e));
	cr_expect_eq(e.code, ERR_CONFLICT);
}
