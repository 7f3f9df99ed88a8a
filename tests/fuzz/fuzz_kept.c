/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal/state, what the signer keeps of its journal (S87).  The first octet: 0, the
 * file as it is; else, what stands before the mark, to which a mark that fits the
 * journal and a signature by the issuer are added.  Whatever is refused leaves no trace.
 */
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/wire.h"
#include "daemon/signer.h"
#include "fuzz.h"
#include "sys/file.h"
#include "x509/dn.h"

/* The signer's own files are in no library. */
#include "../../src/daemon/signer_kept.c"
#include "../../src/daemon/signer_revoked.c"

#define NOW INT64_C(1800000000)

static struct signer the_signer;
static char dir[64];
static struct journal_mark the_mark;

struct signer_issuer *
signer_issuer_find(struct signer *s, struct bytes name)
{
	for (size_t i = 0; i < s->n_issuers; i++)
		if (bytes_eq_str(name, s->issuers[i].name))
			return &s->issuers[i];
	return NULL;
}

bool
signer_state_take(void *arg, const struct record *r, struct err *e)
{
	(void)arg;
	(void)r;
	(void)e;
	return true;
}

/* ---- an issuer and a journal of two files ---- */

static void
make_issuer(struct signer_issuer *i)
{
	static const uint8_t id[20] = { 1 };
	struct buf dn, tbs, sig, der;
	struct err e = { 0 };

	buf_init(&dn, KIB(1));
	buf_init(&tbs, KIB(4));
	buf_init(&sig, KIB(1));
	buf_init(&der, KIB(8));
	require(key_generate(KEY_ALG_ED25519, 0, &i->key, &e));
	require(dn_build("Test", "Test CA", &dn, &e));
	const struct cert_spec spec = { .serial = { 1, { 9 } },
		.sig_alg = key_sig_alg(i->key),
		.issuer_dn = buf_bytes(&dn),
		.subject_dn = buf_bytes(&dn),
		.spki = key_spki(i->key),
		.key_id = bytes_of(id, sizeof(id)),
		.not_before = NOW,
		.not_after = NOW + 86399,
		.key_usage = CERT_KU_KEY_CERT_SIGN | CERT_KU_CRL_SIGN,
		.ca = true,
		.path_len = -1 };
	require(cert_build_tbs(&spec, &tbs, &e) &&
		key_sign(i->key, buf_bytes(&tbs), &sig, &e) &&
		cert_assemble(buf_bytes(&tbs), key_sig_alg(i->key), buf_bytes(&sig),
		    &der, &e) &&
		cert_parse(buf_bytes(&der), &i->cert, &e));
	buf_free(&dn);
	buf_free(&tbs);
	buf_free(&sig);
	buf_free(&der);
}

static void
put_file(unsigned segment, uint64_t first_seq, struct bytes before, struct buf *record)
{
	char path[96], name[JOURNAL_FILE_LEN];
	struct buf b;
	struct err e = { 0 };

	buf_init(&b, KIB(4));
	buf_puts(&b, "HNPRJRNL");
	wire_put_u32(&b, 1);
	wire_put_u64(&b, first_seq);
	buf_put(&b, before);
	buf_put(&b, buf_bytes(record));
	journal_file(segment, name);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	require(file_create(AT_FDCWD, path, 0600, buf_bytes(&b), &e));
	buf_free(&b);
}

static void
make_journal(void)
{
	static const uint8_t zeros[RECORD_HASH_LEN];
	struct buf record, none;
	struct stat st;
	char path[96];

	snprintf(dir, sizeof(dir), "/dev/shm/hnp-fuzz-kept-%d", getpid());
	file_remove_tree(dir);
	require(mkdir(dir, 0700) == 0);
	buf_init(&record, KIB(1));
	buf_init(&none, 1);
	buf_put(&record, bytes_of(zeros, sizeof(zeros)));
	wire_put_u32(&record, 25 + 4 + 32);
	wire_put_u64(&record, 1);
	wire_put_i64(&record, NOW);
	wire_put_u64(&record, 0);
	wire_put_u8(&record, RECORD_GENESIS);
	wire_put_bytes(&record, bytes_of(zeros, sizeof(zeros)));
	require(gnutls_hash_fast(GNUTLS_DIG_SHA256, record.p, record.n,
		    the_mark.hash) == 0);
	buf_put(&record, bytes_of(the_mark.hash, sizeof(the_mark.hash)));
	buf_drop(&record, sizeof(zeros));
	put_file(1, 1, bytes_of(zeros, sizeof(zeros)), &record);
	put_file(2, 2, bytes_of(the_mark.hash, sizeof(the_mark.hash)), &none);
	snprintf(path, sizeof(path), "%s/00000001.hj", dir);
	require(stat(path, &st) == 0);
	the_mark.segment = 2;
	the_mark.first_seq = 2;
	the_mark.last_seq = 1;
	memcpy(the_mark.last_hash, the_mark.hash, sizeof(the_mark.hash));
	the_mark.closed = mem_zarray(2, sizeof(*the_mark.closed));
	the_mark.closed[0] = (struct journal_closed){ .first_seq = 1,
		.size = (uint64_t)st.st_size,
		.changed_ns =
		    st.st_ctim.tv_sec * INT64_C(1000000000) + st.st_ctim.tv_nsec };
	buf_free(&record);
}

static void
end_world(void)
{
	file_remove_tree(dir);
}

static void
make_world(void)
{
	static char root[] = "root", main_issuer[] = "main";

	the_signer.issuers = mem_zarray(2, sizeof(*the_signer.issuers));
	the_signer.n_issuers = 2;
	the_signer.issuers[0].name = root;
	the_signer.issuers[1].name = main_issuer;
	make_issuer(&the_signer.issuers[1]);
	make_journal();
	atexit(end_world);
}

/* ---- one file ---- */

static void
signed_whole(struct bytes head, struct buf *ret)
{
	uint8_t hash[KEPT_HASH_LEN];
	struct buf text, sig;
	struct err e = { 0 };

	buf_init(&text, KIB(1));
	buf_init(&sig, KIB(1));
	buf_put(ret, head);
	journal_mark_put(ret, &the_mark);
	wire_put_str(ret, "main");
	require(gnutls_hash_fast(GNUTLS_DIG_SHA256, ret->p, ret->n, hash) == 0);
	buf_puts(&text, KEPT_TEXT);
	buf_put(&text, bytes_of(hash, sizeof(hash)));
	require(key_sign(the_signer.issuers[1].key, buf_bytes(&text), &sig, &e));
	wire_put_bytes(ret, buf_bytes(&sig));
	buf_free(&text);
	buf_free(&sig);
}

static void
is_sound(const struct signer_issuer *i)
{
	size_t all = 0;

	for (size_t k = 0; k < CRL_SHARD_BUCKETS; k++) {
		const struct signer_revoked_bucket *b = &i->revoked.bucket[k];

		for (uint32_t n = 0; n < b->n; n++) {
			const struct signer_revoked *r = &b->v[n];

			require(r->serial.n >= 1 && r->serial.n <= SERIAL_LEN &&
				signer_revoked_find(&i->revoked, &r->serial) == r);
			require(sets_reason_word(r->reason) != NULL &&
				sets_reason_word(r->was) != NULL);
		}
		all += b->n;
	}
	require(all == i->revoked.n && i->n_bases <= SIGNER_BASES_MAX);
}

FUZZ_TARGET(kept)
{
	struct signer *s = &the_signer;
	char path[96];
	struct buf file;
	size_t healed = 0;
	struct err e = { 0 };

	if (s->issuers == NULL)
		make_world();
	if (n == 0 || n > KIB(64))
		return 0;
	buf_init(&file, KIB(128));
	if (p[0] == 0)
		buf_put(&file, bytes_of(p + 1, n - 1));
	else
		signed_whole(bytes_of(p + 1, n - 1), &file);
	snprintf(path, sizeof(path), "%s/state", dir);
	unlink(path);
	require(file_create(AT_FDCWD, path, 0600, buf_bytes(&file), &e));
	buf_free(&file);
	if (signer_kept_open(s, dir, &healed, &e)) {
		is_sound(&s->issuers[0]);
		is_sound(&s->issuers[1]);
		require(journal_last_seq(s->journal) == 1 && healed == 0);
		journal_close(s->journal);
		s->journal = NULL;
		forget(s);
	} else {
		told(&e);
	}
	for (size_t i = 0; i < s->n_issuers; i++)
		require(s->issuers[i].revoked.n == 0 && s->issuers[i].crl_number == 0);
	require(s->journal == NULL && s->stored == 0);
	return 0;
}
