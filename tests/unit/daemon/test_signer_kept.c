/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <gnutls/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "codec/wire.h"
#include "daemon/signer_kept.h"

#define NOW     INT64_C(1800000000)
#define PADDING KIB(60)
#define FIRST   1150 /* records of the closed segment, or more */

static char dir[] = "/tmp/hnp-kept-XXXXXX";
static char journal_dir[64];
static struct conf conf = { .dir = dir };
static struct key *key, *other_key;
static struct err e;

/* ---- a signer without its process, and without threads ---- */

void
signer_settle(struct signer *s)
{
	(void)s;
}

static struct cert *
fake_cert(const char *der, const struct key *k)
{
	struct cert *c = mem_zalloc(sizeof(*c));

	buf_init(&c->der, KIB(1));
	buf_puts(&c->der, der);
	if (k != NULL)
		cr_assert(spki_parse(key_spki(k), &c->key, &e), "%s", e.detail);
	return c;
}

static void
signer_begin(struct signer *s, size_t n_issuers)
{
	static const char *const names[] = { SIGNER_ROOT, "main", "other" };

	*s = (struct signer){ .conf = &conf, .n_issuers = n_issuers };
	s->loop = loop_new();
	s->issuers = mem_zarray(n_issuers, sizeof(*s->issuers));
	for (size_t i = 0; i < n_issuers; i++) {
		s->issuers[i].name = mem_strdup(names[i]);
		s->issuers[i].cert = fake_cert("a root", i > 0 ? key : NULL);
		s->issuers[i].key = i > 0 ? key : NULL;
	}
}

static void
signer_end(struct signer *s)
{
	signer_kept_drop(s);
	journal_close(s->journal);
	for (size_t i = 0; i < s->n_issuers; i++)
		s->issuers[i].key = NULL; /* the test's */
	signer_unload(s);
	loop_free(s->loop);
}

static void
open_whole(struct signer *s)
{
	size_t healed;

	cr_assert(journal_open(journal_dir, signer_state_take, s, &s->journal, &healed,
		      &e),
	    "%s", e.detail);
}

/* ---- records ---- */

static void
add(struct signer *s, enum record_type type, struct buf *body)
{
	struct bytes record;

	cr_assert(journal_add(s->journal, type, s->stored, buf_bytes(body), &record,
		      &e),
	    "%s", e.detail);
	struct record r;
	cr_assert(record_parse(record, &r, &e));
	cr_assert(signer_state_take(s, &r, &e), "%s", e.detail);
	buf_free(body);
	if (type != RECORD_CERTIFICATE || r.seq % 32 == 0)
		cr_assert(journal_sync(s->journal, &e), "%s", e.detail);
}

static void
add_genesis(struct signer *s)
{
	uint8_t hash[RECORD_HASH_LEN];
	const struct record_genesis g = { .root_hash = bytes_of(hash, sizeof(hash)) };
	struct buf b;

	cr_assert_geq(gnutls_hash_fast(GNUTLS_DIG_SHA256, "a root", 6, hash), 0);
	buf_init(&b, RECORD_MAX);
	record_genesis_put(&b, &g);
	add(s, RECORD_GENESIS, &b);
}

/* As much of a certificate as the signer reads; 'padding' octets of requester. */
static void
add_certificate(struct signer *s, size_t padding)
{
	uint8_t der[26] = { 0x30, 24, 0x30, 22, 0x02, 20 };
	char *requester = mem_zalloc(padding + 1);
	struct serial serial;
	struct buf b;

	memset(requester, 'r', padding);
	cr_assert(serial_new(s->serial_at > NOW ? s->serial_at : NOW, &serial, &e));
	memcpy(der + 6, serial.b, SERIAL_LEN);
	const struct record_certificate c = {
		.issuer = bytes_str("main"),
		.profile = bytes_str("server"),
		.der = bytes_of(der, sizeof(der)),
		.requester = bytes_str(requester),
	};
	buf_init(&b, RECORD_MAX);
	record_certificate_put(&b, &c);
	add(s, RECORD_CERTIFICATE, &b);
	free(requester);
}

static void
add_revocation(struct signer *s, const char *issuer, uint8_t serial, enum reason reason)
{
	const uint8_t octets[3] = { 0x55, 0xaa, serial };
	const struct record_revocation v = {
		.issuer = bytes_str(issuer),
		.serial = bytes_of(octets, sizeof(octets)),
		.not_after = NOW + serial,
		.revoked_at = NOW + 2 * serial,
		.reason = reason,
	};
	struct buf b;

	buf_init(&b, RECORD_MAX);
	record_revocation_put(&b, &v);
	add(s, RECORD_REVOCATION, &b);
}

static void
add_crl(struct signer *s, const char *issuer, uint64_t number)
{
	uint8_t hash[RECORD_HASH_LEN] = { 0 };
	const struct record_crl c = {
		.issuer = bytes_str(issuer),
		.number = number,
		.this_update = NOW + (int64_t)number,
		.next_update = NOW + (int64_t)number + 2,
		.tbs_hash = bytes_of(hash, sizeof(hash)),
	};
	struct buf b;

	buf_init(&b, RECORD_MAX);
	record_crl_put(&b, &c);
	add(s, RECORD_CRL, &b);
}

/* ---- a journal of two segments, and its state beside it ---- */

static char *
path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", journal_dir, name);
	return path;
}

static void
on_batch(void *arg)
{
	struct signer *s = arg;

	signer_kept_tick(s);
	if (s->keeping == NULL)
		loop_stop(s->loop);
}

static void
nothing(void *arg)
{
	(void)arg;
}

static void
keep(struct signer *s)
{
	loop_on_batch(s->loop, on_batch, s);
	loop_after(s->loop, 0, nothing, NULL);
	loop_run(s->loop);
}

static void
begin(void)
{
	struct signer s;

	cr_assert_not_null(mkdtemp(dir));
	snprintf(journal_dir, sizeof(journal_dir), "%s/journal", dir);
	cr_assert_eq(mkdir(journal_dir, 0700), 0);
	cr_assert(key_generate(KEY_ALG_ECDSA_P256, 0, &key, &e), "%s", e.detail);
	cr_assert(key_generate(KEY_ALG_ECDSA_P256, 0, &other_key, &e), "%s", e.detail);
	cr_assert(journal_create(journal_dir, &e), "%s", e.detail);
	signer_begin(&s, 3);
	open_whole(&s);
	add_genesis(&s);
	add_revocation(&s, "main", 1, REASON_SUPERSEDED);
	add_revocation(&s, "main", 2, REASON_SUPERSEDED);
	add_revocation(&s, "other", 1, REASON_UNSPECIFIED);
	add_revocation(&s, "main", 1, REASON_KEY_COMPROMISE);
	add_crl(&s, "main", 7);
	add_crl(&s, SIGNER_ROOT, 2);
	s.stored = 5;
	for (int i = 0; i < FIRST && journal_segment(s.journal) == 1; i++)
		add_certificate(&s, PADDING);
	cr_assert_eq(journal_segment(s.journal), 2u);
	add_revocation(&s, "main", 3, REASON_SUPERSEDED);
	keep(&s);
	cr_assert_eq(access(path_of("state"), F_OK), 0);
	cr_assert_neq(access(path_of("state.new"), F_OK), 0);
	signer_end(&s);
}

static void
end(void)
{
	static const char *const names[] = { "00000001.hj", "00000002.hj", "lock",
		"state", "state.new" };

	for (size_t i = 0; i < NITEMS(names); i++)
		unlink(path_of(names[i]));
	rmdir(journal_dir);
	rmdir(dir);
	key_free(key);
	key_free(other_key);
}

TestSuite(signer_kept, .init = begin, .fini = end);

/* ---- the two ways to open compared ---- */

static void
expect_same_bucket(const struct signer_revoked_bucket *b,
    const struct signer_revoked_set *other)
{
	for (uint32_t n = 0; n < b->n; n++) {
		const struct signer_revoked *r = &b->v[n],
					    *q = signer_revoked_find(other, &r->serial);

		cr_assert_not_null(q);
		cr_expect(r->reason == q->reason && r->was == q->was &&
			  r->seq == q->seq && r->not_after == q->not_after &&
			  r->revoked_at == q->revoked_at);
	}
}

static void
expect_same(const struct signer *a, const struct signer *b)
{
	cr_expect_eq(a->stored, b->stored);
	cr_expect_eq(a->serial_at, b->serial_at);
	cr_expect_eq(a->crl_seq, b->crl_seq);
	cr_expect_eq(journal_last_seq(a->journal), journal_last_seq(b->journal));
	for (size_t i = 0; i < a->n_issuers; i++) {
		const struct signer_issuer *x = &a->issuers[i], *y = &b->issuers[i];

		cr_expect_eq(x->crl_number, y->crl_number);
		cr_expect_eq(x->crl_this_update, y->crl_this_update);
		cr_assert_eq(x->revoked.n, y->revoked.n, "%zu, %zu", x->revoked.n,
		    y->revoked.n);
		for (size_t k = 0; k < CRL_SHARD_BUCKETS; k++)
			expect_same_bucket(&x->revoked.bucket[k], &y->revoked);
		cr_assert_eq(x->n_bases, y->n_bases);
		for (size_t k = 0; k < x->n_bases; k++)
			cr_expect(x->bases[k].number == y->bases[k].number &&
				  x->bases[k].after == y->bases[k].after &&
				  x->bases[k].this_update == y->bases[k].this_update &&
				  x->bases[k].next_update == y->bases[k].next_update);
	}
}

static bool
open_kept(struct signer *s)
{
	size_t healed;

	return signer_kept_open(s, journal_dir, &healed, &e);
}

/* Whatever is the matter: nothing is left of the try, and the whole journal does. */
static void
refused(size_t n_issuers, const char *why)
{
	struct signer s;

	signer_begin(&s, n_issuers);
	cr_expect_not(open_kept(&s), "%s", why);
	cr_expect_null(s.journal);
	cr_expect(s.stored == 0 && s.serial_at == 0 && s.crl_seq == 0);
	for (size_t i = 0; i < n_issuers; i++)
		cr_expect(s.issuers[i].revoked.n == 0 && s.issuers[i].crl_number == 0);
	signer_end(&s);
}

static void
both_ways_are_the_same(void)
{
	struct signer whole, kept;

	signer_begin(&whole, 3);
	open_whole(&whole);
	cr_expect_geq(whole.issuers[1].revoked.n, 3u);
	journal_close(whole.journal);
	whole.journal = NULL;
	signer_begin(&kept, 3);
	cr_assert(open_kept(&kept), "%s", e.detail);
	cr_expect_eq(kept.kept_segment, 2u);
	whole.journal = kept.journal;
	expect_same(&whole, &kept);
	whole.journal = NULL;
	signer_end(&whole);
	signer_end(&kept);
}

/* S87, R91 */
Test(signer_kept, a_start_by_it_knows_what_a_start_by_the_whole_journal_does)
{
	struct signer s;

	both_ways_are_the_same();
	/* And what came since: revoked, raised, published, issued. */
	signer_begin(&s, 3);
	cr_assert(open_kept(&s), "%s", e.detail);
	add_revocation(&s, "main", 4, REASON_SUPERSEDED);
	add_revocation(&s, "main", 3, REASON_KEY_COMPROMISE);
	add_revocation(&s, "main", 4, REASON_KEY_COMPROMISE);
	add_crl(&s, "other", 9);
	add_crl(&s, "main", 8);
	add_crl(&s, "main", 9);
	s.stored = 9;
	add_certificate(&s, 10);
	cr_assert(journal_sync(s.journal, &e));
	signer_end(&s);
	both_ways_are_the_same();
	/* One that holds part of what is read again, too. */
	unlink(path_of("state"));
	signer_begin(&s, 3);
	open_whole(&s);
	keep(&s);
	signer_end(&s);
	both_ways_are_the_same();
	/* An issuer less is none the worse for it. */
	signer_begin(&s, 2);
	cr_expect(open_kept(&s), "%s", e.detail);
	cr_expect_eq(s.issuers[1].revoked.n, 4u);
	signer_end(&s);
}

static void
read_state(struct buf *ret)
{
	FILE *f = fopen(path_of("state"), "rb");
	struct stat st;

	cr_assert_not_null(f);
	cr_assert_eq(fstat(fileno(f), &st), 0);
	buf_init(ret, KIB(64));
	uint8_t *p = buf_reserve(ret, (size_t)st.st_size);
	cr_assert_eq(fread(p, 1, (size_t)st.st_size, f), (size_t)st.st_size);
	fclose(f);
}

static void
write_state(struct bytes b)
{
	FILE *f = fopen(path_of("state"), "wb");

	cr_assert_not_null(f);
	cr_assert_eq(fwrite(b.p, 1, b.n, f), b.n);
	fclose(f);
	chmod(path_of("state"), 0600);
}

/* S87 */
Test(signer_kept, every_cut_length_and_every_wrong_octet_is_refused)
{
	struct buf b;

	read_state(&b);
	for (size_t n = 0; n < b.n; n++) {
		write_state(bytes_of(b.p, n));
		refused(3, "cut");
	}
	for (size_t n = 0; n < b.n; n++) {
		b.p[n] ^= 0x10;
		write_state(buf_bytes(&b));
		refused(3, "edited");
		b.p[n] ^= 0x10;
	}
	buf_putc(&b, 0);
	write_state(buf_bytes(&b));
	refused(3, "one more");
	write_state(bytes_of(b.p, b.n - 1));
	both_ways_are_the_same();
	chmod(path_of("state"), 0644);
	refused(3, "open to others");
	unlink(path_of("state"));
	refused(3, "absent");
	cr_expect_eq(e.code, ERR_NOT_FOUND);
	buf_free(&b);
}

/* S87, S26 */
Test(signer_kept, of_another_ca_or_another_journal_it_is_refused)
{
	struct signer s;
	struct buf b;
	struct stat st;

	/* Whose name it was not told of: what that revoked it may have left out. */
	signer_begin(&s, 2);
	unlink(path_of("state"));
	open_whole(&s);
	keep(&s);
	signer_end(&s);
	refused(3, "an issuer more");
	/* Signed by another key than the issuer's. */
	signer_begin(&s, 3);
	unlink(path_of("state"));
	open_whole(&s);
	s.issuers[1].key = other_key;
	keep(&s);
	signer_end(&s);
	refused(3, "another key");
	/* It knows of a revocation that the journal does not: an older one was put back. */
	signer_begin(&s, 3);
	unlink(path_of("state"));
	open_whole(&s);
	add_revocation(&s, "main", 9, REASON_SUPERSEDED);
	keep(&s);
	signer_end(&s);
	both_ways_are_the_same();
	read_state(&b);
	cr_assert_eq(stat(path_of("00000002.hj"), &st), 0);
	cr_assert_eq(truncate(path_of("00000002.hj"), st.st_size - 20), 0);
	refused(3, "the journal was cut");
	signer_begin(&s, 3);
	open_whole(&s);
	cr_expect_eq(s.issuers[1].revoked.n, 3u);
	add_revocation(&s, "main", 8, REASON_SUPERSEDED);
	signer_end(&s);
	refused(3, "the journal went on in another way");
	buf_free(&b);
}
