/* SPDX-License-Identifier: Apache-2.0 */
/* Opening the journal by what is kept of it. */
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "codec/wire.h"
#include "daemon/signer_kept.h"
#include "signer_kept_impl.h"
#include "sys/file.h"

#define FILE_MAX MIB(2048)

static bool
get_entry(struct wire *w, struct signer_revoked *ret)
{
	struct signer_revoked r = { 0 };
	struct err ignored;

	const size_t n = wire_u8(w);
	const struct bytes serial = bytes_of(w->rest.p, n);
	if (w->bad || n > SERIAL_LEN || w->rest.n < SERIAL_LEN ||
	    !serial_from_bytes(serial, &r.serial, &ignored))
		return false;
	w->rest = bytes_skip(w->rest, SERIAL_LEN);
	r.reason = wire_u8(w);
	r.was = wire_u8(w);
	r.seq = wire_u64(w);
	r.not_after = wire_i64(w);
	r.revoked_at = wire_i64(w);
	*ret = r;
	return !w->bad && sets_reason_word((enum reason)r.reason) != NULL &&
	       sets_reason_word((enum reason)r.was) != NULL;
}

struct kept_issuer {
	struct bytes name;
	uint64_t crl_number;
	int64_t crl_this_update;
	uint64_t n;
	struct bytes entries;
	struct signer_base bases[SIGNER_BASES_MAX];
	size_t n_bases;
};

struct kept { /* borrows from the file's octets */
	uint64_t stored;
	int64_t serial_at;
	uint64_t crl_seq;
	struct kept_issuer *issuers;
	size_t n_issuers;
	struct journal_mark mark;
	struct bytes hashed, by, signature;
};

static void
kept_free(struct kept *k)
{
	free(k->issuers);
	journal_mark_free(&k->mark);
}

static bool
unreadable(struct err *e)
{
	return err_set(e, ERR_MALFORMED, "what is kept of the journal is damaged");
}

static void
read_bases(struct wire *w, struct kept_issuer *i)
{
	i->n_bases = wire_count(w, KEPT_BASE_LEN);
	if (i->n_bases > SIGNER_BASES_MAX) {
		i->n_bases = 0;
		w->bad = true;
	}
	for (size_t n = 0; n < i->n_bases; n++) {
		i->bases[n].number = wire_u64(w);
		i->bases[n].after = wire_u64(w);
		i->bases[n].this_update = wire_i64(w);
		i->bases[n].next_update = wire_i64(w);
	}
}

static void
read_head(struct wire *w, struct kept *k)
{
	k->stored = wire_u64(w);
	k->serial_at = wire_i64(w);
	k->crl_seq = wire_u64(w);
	k->n_issuers = wire_count(w, 4 + 8 + 8 + 8 + 4);
	k->issuers = mem_zarray(k->n_issuers + 1, sizeof(*k->issuers));
	for (size_t n = 0; n < k->n_issuers; n++) {
		struct kept_issuer *i = &k->issuers[n];

		i->name = wire_bytes(w);
		i->crl_number = wire_u64(w);
		i->crl_this_update = wire_i64(w);
		i->n = wire_u64(w);
		read_bases(w, i);
	}
	for (size_t n = 0; n < k->n_issuers; n++) {
		struct kept_issuer *i = &k->issuers[n];

		w->bad = w->bad || i->n > w->rest.n / KEPT_ENTRY_LEN;
		if (w->bad)
			return;
		i->entries = bytes_of(w->rest.p, (size_t)i->n * KEPT_ENTRY_LEN);
		w->rest = bytes_skip(w->rest, i->entries.n);
	}
}

static bool
kept_parse(struct bytes whole, struct kept *ret, struct err *e)
{
	struct wire w = wire_open(whole);
	struct kept k = { 0 };

	if (whole.n < strlen(KEPT_MAGIC) ||
	    memcmp(whole.p, KEPT_MAGIC, strlen(KEPT_MAGIC)) != 0)
		return unreadable(e);
	w.rest = bytes_skip(w.rest, strlen(KEPT_MAGIC));
	if (wire_u32(&w) != KEPT_VERSION)
		return err_set(e, ERR_UNAVAILABLE,
		    "what is kept of the journal is another version's");
	read_head(&w, &k);
	bool ok = !w.bad && journal_mark_get(&w.rest, &k.mark, e);
	k.by = wire_bytes(&w);
	k.hashed = bytes_of(whole.p, whole.n - w.rest.n);
	k.signature = wire_bytes(&w);
	ok = ok && wire_end(&w, "what is kept of the journal", e);
	if (!ok) {
		kept_free(&k);
		return unreadable(e);
	}
	*ret = k;
	return true;
}

/* Of this CA's signer, and as it wrote it. */
static bool
kept_verify(struct signer *s, const struct kept *k, struct err *e)
{
	const struct signer_issuer *by = signer_issuer_find(s, k->by);
	uint8_t hash[KEPT_HASH_LEN];
	struct buf text;

	if (by == NULL || by == &s->issuers[0] || by->key == NULL)
		return err_set(e, ERR_CONFLICT, "an issuer signed it that is not here");
	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, k->hashed.p, k->hashed.n, hash) < 0)
		return err_set(e, ERR_INTERNAL, "SHA-256 failed");
	buf_init(&text, KIB(1));
	buf_puts(&text, KEPT_TEXT);
	buf_put(&text, bytes_of(hash, sizeof(hash)));
	const bool ok = spki_verify(&by->cert->key, key_sig_alg(by->key),
	    buf_bytes(&text), k->signature, e);
	buf_free(&text);
	return ok;
}

static bool
take_issuer(struct signer_issuer *to, const struct kept_issuer *from, struct err *e)
{
	struct wire w = wire_open(from->entries);
	struct signer_revoked r;

	for (uint64_t n = 0; n < from->n; n++) {
		if (!get_entry(&w, &r) ||
		    signer_revoked_find(&to->revoked, &r.serial) != NULL)
			return unreadable(e);
		signer_revoked_add(&to->revoked, &r);
	}
	to->crl_number = from->crl_number;
	to->crl_this_update = from->crl_this_update;
	to->n_bases = from->n_bases;
	memcpy(to->bases, from->bases, sizeof(to->bases));
	return true;
}

/* An issuer that is new to it may have been here before, and have revoked. */
static bool
kept_take(struct signer *s, const struct kept *k, struct err *e)
{
	for (size_t n = 0; n < s->n_issuers; n++) {
		struct signer_issuer *i = &s->issuers[n];
		const struct kept_issuer *from = NULL;

		for (size_t m = 0; m < k->n_issuers; m++)
			if (bytes_eq_str(k->issuers[m].name, i->name))
				from = &k->issuers[m];
		if (from == NULL)
			return err_set(e, ERR_CONFLICT, "it knows nothing of issuer %s",
			    i->name);
		if (!take_issuer(i, from, e))
			return false;
	}
	s->stored = k->stored;
	s->serial_at = k->serial_at;
	s->crl_seq = k->crl_seq;
	return true;
}

static void
forget(struct signer *s)
{
	for (size_t n = 0; n < s->n_issuers; n++) {
		signer_revoked_free(&s->issuers[n].revoked);
		s->issuers[n].crl_number = 0;
		s->issuers[n].crl_this_update = 0;
		s->issuers[n].n_bases = 0;
	}
	s->stored = 0;
	s->serial_at = 0;
	s->crl_seq = 0;
}

bool
signer_kept_open(struct signer *s, const char *dir, size_t *ret_healed, struct err *e)
{
	char *path = mem_printf("%s/%s", dir, KEPT_NAME);
	struct kept k = { 0 };
	struct buf file;

	buf_init(&file, FILE_MAX);
	const bool ok = file_check_mode(AT_FDCWD, path, FILE_OPEN_DATA, e) &&
			file_read(AT_FDCWD, path, &file, e) &&
			kept_parse(buf_bytes(&file), &k, e) && kept_verify(s, &k, e) &&
			kept_take(s, &k, e) &&
			journal_open_at(dir, &k.mark, signer_state_take, s, &s->journal,
			    ret_healed, e);
	if (ok)
		s->kept_segment = k.mark.segment;
	else
		forget(s);
	kept_free(&k);
	buf_free(&file);
	free(path);
	return ok;
}
