/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fill - a CA directory with many certificates, for measuring at size.
 *
 *	fill DIR CERTIFICATES [REVOKED]
 *
 * The daemon of DIR must not run.  Records go into the journal and by the
 * daemon's own way (ca/reconcile) into the database, as if they had been issued
 * one after the other: every certificate is signed by issuers/main.key and has
 * names, serial and dates of its own.  Only the keys come round again, each
 * 65536.  REVOKED of the new certificates are revoked, evenly spread.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ca/reconcile.h"
#include "codec/pem.h"
#include "journal/journal.h"
#include "key/key.h"
#include "store/store.h"
#include "store/store_certificate.h"
#include "sys/file.h"
#include "x509/cert.h"

#define ISSUER  "main"
#define PROFILE "server"
#define KEYS    65536
#define SYNC    512   /* records of one flush of the journal */
#define COMMIT  16384 /* records of one transaction */
#define DAY     INT64_C(86400)

struct fill {
	struct journal *journal;
	struct store *store;
	struct key *key;   /* the issuer's */
	struct cert *cert; /* the issuer's */
	struct spki *spkis;
	struct key **keys;
	size_t n_keys;
	uint64_t stored; /* committed */
	unsigned waiting, uncommitted;
};

/* ---- what is there ---- */

static bool
read_file(const char *dir, const char *name, struct buf *ret, struct err *e)
{
	char *path = mem_printf("%s/%s", dir, name);
	const bool ok = file_read_named(path, ret, e);

	free(path);
	return ok;
}

static bool
load_issuer(struct fill *f, const char *dir, struct err *e)
{
	struct buf crt, key, der;
	struct bytes label, rest;

	buf_init(&crt, KIB(64));
	buf_init(&key, KIB(64));
	buf_init(&der, KIB(64));
	bool ok = read_file(dir, "issuers/" ISSUER ".crt", &crt, e) &&
		  read_file(dir, "issuers/" ISSUER ".key", &key, e) &&
		  key_load(buf_bytes(&key), NULL, &f->key, e);
	rest = buf_bytes(&crt);
	ok = ok && pem_next(&rest, &label, &der, e) &&
	     cert_parse(buf_bytes(&der), &f->cert, e);
	buf_free(&crt);
	buf_wipe(&key);
	buf_free(&der);
	return ok;
}

static bool
open_all(struct fill *f, const char *dir, struct err *e)
{
	char *journal = mem_printf("%s/journal", dir);
	char *database = mem_printf("%s/hanaper.db", dir);
	size_t healed;

	bool ok = journal_open(journal, NULL, NULL, &f->journal, &healed, e) &&
		  store_open(database, &f->store, e) &&
		  store_seq(f->store, &f->stored, e);
	if (ok && f->stored != journal_last_seq(f->journal))
		ok = err_set(e, ERR_CONFLICT,
		    "the database is not level with the journal: start the daemon "
		    "once");
	free(journal);
	free(database);
	return ok;
}

static bool
make_keys(struct fill *f, size_t n, struct err *e)
{
	f->keys = mem_zarray(n, sizeof(struct key *));
	f->spkis = mem_zarray(n, sizeof(*f->spkis));
	for (; f->n_keys < n; f->n_keys++)
		if (!key_generate(KEY_ALG_ECDSA_P256, 0, &f->keys[f->n_keys], e) ||
		    !spki_parse(key_spki(f->keys[f->n_keys]), &f->spkis[f->n_keys], e))
			return false;
	return true;
}

/* ---- records ---- */

static bool
commit(struct fill *f, struct err *e)
{
	f->uncommitted = 0;
	return store_search_catch_up(f->store, COMMIT, e) &&
	       store_commit(f->store, e) && store_seq(f->store, &f->stored, e);
}

/* The journal first, as always: a transaction may be behind it, never before. */
static bool
flush(struct fill *f, struct err *e)
{
	f->waiting = 0;
	return journal_sync(f->journal, e) && (f->uncommitted < COMMIT || commit(f, e));
}

static bool
add(struct fill *f, enum record_type type, const struct buf *body, struct err *e)
{
	struct record r;
	struct bytes whole;

	f->uncommitted++;
	return buf_ok(body, "a record", e) &&
	       journal_add(f->journal, type, f->stored, buf_bytes(body), &whole, e) &&
	       record_parse(whole, &r, e) && reconcile_apply(f->store, &r, NULL, e) &&
	       (++f->waiting < SYNC || flush(f, e));
}

static bool
build(struct fill *f, struct cert_spec *s, struct buf *ret, struct err *e)
{
	struct buf tbs, sig;

	buf_init(&tbs, KIB(16));
	buf_init(&sig, KIB(2));
	const bool ok =
	    cert_build_tbs(s, &tbs, e) && key_sign(f->key, buf_bytes(&tbs), &sig, e) &&
	    cert_assemble(buf_bytes(&tbs), s->sig_alg, buf_bytes(&sig), ret, e);
	buf_free(&tbs);
	buf_free(&sig);
	return ok;
}

static bool
add_certificate(struct fill *f, const struct cert_spec *s, size_t i, struct err *e)
{
	char requester[40], request_id[24];
	struct buf der, body;

	buf_init(&der, KIB(16));
	buf_init(&body, RECORD_MAX);
	snprintf(requester, sizeof(requester), "cn:service-%zu", i % 997);
	snprintf(request_id, sizeof(request_id), "f%015zx", i);
	struct cert_spec spec = *s;
	const bool built = build(f, &spec, &der, e);
	const struct record_certificate r = {
		.issuer = bytes_str(ISSUER),
		.profile = bytes_str(PROFILE),
		.der = buf_bytes(&der),
		.requester = bytes_str(requester),
		.request_id = bytes_str(request_id),
	};
	if (built)
		record_certificate_put(&body, &r);
	const bool ok = built && add(f, RECORD_CERTIFICATE, &body, e);
	buf_free(&der);
	buf_free(&body);
	return ok;
}

static bool
add_revocation(struct fill *f, const struct cert_spec *s, struct err *e)
{
	const struct record_revocation r = {
		.issuer = bytes_str(ISSUER),
		.serial = serial_bytes(&s->serial),
		.not_after = s->not_after,
		.revoked_at = clock_now(),
		.reason = REASON_SUPERSEDED,
		.requester = bytes_str("cn:admin"),
		.request_id = bytes_str("fill"),
	};
	struct buf body;

	buf_init(&body, KIB(4));
	record_revocation_put(&body, &r);
	const bool ok = add(f, RECORD_REVOCATION, &body, e);
	buf_free(&body);
	return ok;
}

/* The i-th: begins now, ends in 30 to 120 days. */
static bool
make(struct fill *f, size_t i, bool revoke, struct err *e)
{
	static const uint8_t empty_dn[] = { 0x30, 0x00 };
	const struct spki *spki = &f->spkis[i % f->n_keys];
	const int64_t now = clock_now();
	struct names names = { 0 };
	uint8_t key_id[20];
	char name[64];

	snprintf(name, sizeof(name), "host-%07zx.team-%zu.internal",
	    (i * 2654435761u) & 0xfffffff, i % 251);
	spki_key_id(spki, key_id);
	struct cert_spec s = {
		.sig_alg = key_sig_alg(f->key),
		.issuer_dn = f->cert->subject_dn,
		.authority_key_id = f->cert->key_id,
		.subject_dn = bytes_of(empty_dn, sizeof(empty_dn)),
		.spki = spki->der,
		.key_id = bytes_of(key_id, sizeof(key_id)),
		.not_before = now - 300,
		.not_after = now + 30 * DAY + (int64_t)(i * 7919 % (90 * DAY)),
		.names = &names,
		.key_usage = CERT_KU_DIGITAL_SIGNATURE,
		.usages = USAGE_SERVER_AUTH,
		.path_len = -1,
		.crl_url = "http://127.0.0.1:8080/crl/" ISSUER ".crl",
		.ocsp_url = "http://127.0.0.1:8080/ocsp",
		.issuer_url = "http://127.0.0.1:8080/ca/" ISSUER ".crt",
	};
	const bool ok = names_add(&names, NAME_TYPE_DNS, bytes_str(name), e) &&
			serial_new(now, &s.serial, e) && add_certificate(f, &s, i, e) &&
			(!revoke || add_revocation(f, &s, e));
	names_free(&names);
	return ok;
}

static bool
fill(struct fill *f, size_t n, size_t revoked, struct err *e)
{
	const size_t first = (size_t)f->stored;

	for (size_t i = 0; i < n; i++) {
		const bool revoke = (i + 1) * revoked / n > i * revoked / n;

		if (!make(f, first + i, revoke, e))
			return false;
		if ((i + 1) % 100000 == 0)
			fprintf(stderr, "fill: %zu of %zu\n", i + 1, n);
	}
	return flush(f, e) && commit(f, e);
}

int
main(int argc, char **argv)
{
	static struct fill f;
	struct err e = { 0 };

	if (argc < 3 || argc > 4) {
		fputs("usage: fill DIR CERTIFICATES [REVOKED]\n", stderr);
		return 2;
	}
	const size_t n = (size_t)strtoul(argv[2], NULL, 10),
		     revoked = argc > 3 ? (size_t)strtoul(argv[3], NULL, 10) : 0;
	const bool ok = load_issuer(&f, argv[1], &e) &&
			make_keys(&f, n < KEYS ? n : KEYS, &e) &&
			open_all(&f, argv[1], &e) && fill(&f, n, revoked, &e);
	if (!ok)
		fprintf(stderr, "fill: %s\n", e.detail);
	store_close(f.store);
	journal_close(f.journal);
	for (size_t i = 0; i < f.n_keys; i++)
		key_free(f.keys[i]);
	free(f.keys);
	free(f.spkis);
	key_free(f.key);
	cert_free(f.cert);
	return ok ? 0 : 1;
}
