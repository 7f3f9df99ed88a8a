/* SPDX-License-Identifier: Apache-2.0 */
/* Writing what is kept of the journal, beside other work. */
#include <assert.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "codec/wire.h"
#include "daemon/signer_kept.h"
#include "signer_kept_impl.h"

#define NAME_NEW "state.new"
#define SLICE    4096 /* entries: a millisecond, and one flush */
#define PAUSE_MS 20   /* between two slices */

static void
put_entry(struct buf *b, const struct signer_revoked *r)
{
	uint8_t serial[SERIAL_LEN] = { 0 };

	memcpy(serial, r->serial.b, r->serial.n);
	wire_put_u8(b, r->serial.n);
	buf_put(b, bytes_of(serial, sizeof(serial)));
	wire_put_u8(b, r->reason);
	wire_put_u8(b, r->was);
	wire_put_u64(b, r->seq);
	wire_put_i64(b, r->not_after);
	wire_put_i64(b, r->revoked_at);
}

static void
put_base(struct buf *b, const struct signer_base *base)
{
	wire_put_u64(b, base->number);
	wire_put_u64(b, base->after);
	wire_put_i64(b, base->this_update);
	wire_put_i64(b, base->next_update);
}

static void
put_head(struct buf *b, const struct signer *s)
{
	buf_puts(b, KEPT_MAGIC);
	wire_put_u32(b, KEPT_VERSION);
	wire_put_u64(b, s->stored);
	wire_put_i64(b, s->serial_at);
	wire_put_u64(b, s->crl_seq);
	wire_put_u32(b, (uint32_t)s->n_issuers);
	for (size_t k = 0; k < s->n_issuers; k++) {
		const struct signer_issuer *i = &s->issuers[k];

		wire_put_str(b, i->name);
		wire_put_u64(b, i->crl_number);
		wire_put_i64(b, i->crl_this_update);
		wire_put_u64(b, i->revoked.n);
		wire_put_u32(b, (uint32_t)i->n_bases);
		for (size_t n = 0; n < i->n_bases; n++)
			put_base(b, &i->bases[n]);
	}
}

struct signer_keeping {
	int dirfd, fd;
	off_t at;
	gnutls_hash_hd_t hash;
	struct journal_mark mark;
	uint32_t (*n)[CRL_SHARD_BUCKETS]; /* entries of each issuer when it began */
	size_t issuer;                    /* the next entry's, and where it is there */
	uint32_t bucket, i;
	int64_t began_ms;
	bool due; /* a slice may be written after this round's commit */
};

static void
keeping_free(struct signer_keeping *k)
{
	if (k->hash != NULL)
		gnutls_hash_deinit(k->hash, NULL);
	if (k->fd >= 0)
		close(k->fd);
	if (k->dirfd >= 0)
		close(k->dirfd);
	journal_mark_free(&k->mark);
	free(k->n);
	free(k);
}

static bool
write_out(struct signer_keeping *k, struct bytes b, struct err *e)
{
	if (k->hash != NULL && gnutls_hash(k->hash, b.p, b.n) < 0)
		return err_set(e, ERR_INTERNAL, "SHA-256 failed");
	while (b.n > 0) {
		const ssize_t n = pwrite(k->fd, b.p, b.n, k->at);

		if (n <= 0)
			return err_errno(e, "journal/%s", NAME_NEW);
		b = bytes_skip(b, (size_t)n);
		k->at += n;
	}
	return fdatasync(k->fd) == 0 || err_errno(e, "journal/%s", NAME_NEW);
}

static bool
begin(struct signer *s, struct signer_keeping *k, struct err *e)
{
	char *dir = conf_path(s->conf, "journal");
	struct buf b;

	k->dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	k->fd = k->dirfd < 0
		    ? -1
		    : openat(k->dirfd, NAME_NEW,
			  O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	free(dir);
	if (k->fd < 0)
		return err_errno(e, "journal/%s", NAME_NEW);
	if (gnutls_hash_init(&k->hash, GNUTLS_DIG_SHA256) < 0)
		return err_set(e, ERR_INTERNAL, "SHA-256 failed");
	k->n = mem_zarray(s->n_issuers, sizeof(*k->n));
	for (size_t i = 0; i < s->n_issuers; i++)
		for (size_t m = 0; m < CRL_SHARD_BUCKETS; m++)
			k->n[i][m] = s->issuers[i].revoked.bucket[m].n;
	buf_init(&b, MIB(1));
	put_head(&b, s);
	const bool ok = journal_mark(s->journal, &k->mark, e) &&
			buf_ok(&b, KEPT_NAME, e) && write_out(k, buf_bytes(&b), e);
	buf_free(&b);
	return ok;
}

/* *ret_more: there may be others behind these. */
static bool
write_entries(struct signer *s, struct signer_keeping *k, bool *ret_more, struct err *e)
{
	struct buf b;
	size_t n = 0;

	buf_init(&b, SLICE * KEPT_ENTRY_LEN);
	while (n < SLICE && k->issuer < s->n_issuers) {
		const struct signer_revoked_bucket *from =
		    &s->issuers[k->issuer].revoked.bucket[k->bucket];

		assert(k->n[k->issuer][k->bucket] <= from->n);
		if (k->i == k->n[k->issuer][k->bucket]) {
			k->i = 0;
			k->bucket = (k->bucket + 1) % CRL_SHARD_BUCKETS;
			k->issuer += k->bucket == 0;
			continue;
		}
		put_entry(&b, &from->v[k->i++]);
		n++;
	}
	const bool ok = n == 0 || write_out(k, buf_bytes(&b), e);
	buf_free(&b);
	*ret_more = n == SLICE;
	return ok;
}

/* The first that has its key here and is no root: its key may go at any time. */
static const struct signer_issuer *
who_signs(const struct signer *s)
{
	for (size_t n = 1; n < s->n_issuers; n++)
		if (s->issuers[n].key != NULL)
			return &s->issuers[n];
	return NULL;
}

static bool
sign(struct signer_keeping *k, const struct signer_issuer *by, struct buf *ret,
    struct err *e)
{
	uint8_t hash[KEPT_HASH_LEN];
	struct buf text;

	gnutls_hash_output(k->hash, hash);
	buf_init(&text, KIB(1));
	buf_puts(&text, KEPT_TEXT);
	buf_put(&text, bytes_of(hash, sizeof(hash)));
	const bool ok = key_sign(by->key, buf_bytes(&text), ret, e);
	buf_free(&text);
	return ok;
}

/* Mark and signature, and only then the name that the next start looks for. */
static bool
finish(struct signer *s, struct signer_keeping *k, struct err *e)
{
	const struct signer_issuer *by = who_signs(s);
	struct buf b, sig;
	bool ok;

	if (by == NULL)
		return err_set(e, ERR_UNAVAILABLE, "no issuer's key is here");
	buf_init(&b, MIB(16));
	buf_init(&sig, KIB(4));
	journal_mark_now(s->journal, &k->mark);
	journal_mark_put(&b, &k->mark);
	wire_put_str(&b, by->name);
	ok = buf_ok(&b, KEPT_NAME, e) && write_out(k, buf_bytes(&b), e) &&
	     sign(k, by, &sig, e);
	buf_clear(&b);
	wire_put_bytes(&b, buf_bytes(&sig));
	ok = ok && write_out(k, buf_bytes(&b), e) &&
	     (renameat(k->dirfd, NAME_NEW, k->dirfd, KEPT_NAME) == 0 ||
		 err_errno(e, "journal/%s", KEPT_NAME));
	buf_free(&b);
	buf_free(&sig);
	return ok;
}

static void
on_due(void *arg)
{
	struct signer *s = arg;

	if (s->keeping != NULL)
		s->keeping->due = true;
}

/* One that could not be written is tried again with the next segment. */
static void
end(struct signer *s, const struct err *why)
{
	struct signer_keeping *k = s->keeping;

	if (why != NULL) {
		LOG_ERR(LOG_WARN, "state-not-kept", why);
		if (k->dirfd >= 0)
			unlinkat(k->dirfd, NAME_NEW, 0);
	} else
		LOG(LOG_INFO, "state-kept", LOG_NUM("seq", k->mark.last_seq),
		    LOG_NUM("segment", k->mark.segment), LOG_NUM("octets", k->at),
		    LOG_NUM("ms", clock_mono_ms() - k->began_ms));
	keeping_free(k);
	s->keeping = NULL;
}

static void
slice(struct signer *s)
{
	struct signer_keeping *k = s->keeping;
	bool more = true;
	struct err e;

	k->due = false;
	if (!write_entries(s, k, &more, &e)) {
		end(s, &e);
		return;
	}
	if (more) {
		loop_after(s->loop, PAUSE_MS, on_due, s);
		return;
	}
	end(s, finish(s, k, &e) ? NULL : &e);
}

void
signer_kept_tick(struct signer *s)
{
	const unsigned segment = journal_segment(s->journal);
	struct err e;

	if (s->keeping != NULL) {
		if (s->keeping->due)
			slice(s);
		return;
	}
	if (segment < 2 || segment <= s->kept_segment)
		return;
	s->kept_segment = segment;
	s->keeping = mem_zalloc(sizeof(*s->keeping));
	s->keeping->dirfd = s->keeping->fd = -1;
	s->keeping->began_ms = clock_mono_ms();
	if (begin(s, s->keeping, &e))
		loop_after(s->loop, PAUSE_MS, on_due, s);
	else
		end(s, &e);
}

void
signer_kept_drop(struct signer *s)
{
	if (s->keeping != NULL)
		keeping_free(s->keeping);
	s->keeping = NULL;
}
