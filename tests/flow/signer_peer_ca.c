/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <gnutls/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/mem.h"
#include "codec/pem.h"
#include "signer_peer.h"
#include "sys/file.h"
#include "x509/dn.h"

struct signer_peer peer;

static struct err e;

char *
peer_path(const char *name)
{
	return mem_printf("%s/%s", peer.dir, name);
}

void
peer_write(const char *name, struct bytes content, mode_t mode)
{
	char *path = peer_path(name);
	FILE *f = fopen(path, "wb");

	cr_assert_not_null(f, "%s", path);
	cr_assert_eq(fwrite(content.p, 1, content.n, f), content.n);
	fclose(f);
	cr_assert_eq(chmod(path, mode), 0);
	free(path);
}

static void
write_key(const char *name, const struct key *k)
{
	struct buf pem;

	buf_init(&pem, KIB(16));
	cr_assert(key_save(k, NULL, &pem, &e), "%s", e.detail);
	peer_write(name, buf_bytes(&pem), 0600);
	buf_wipe(&pem);
}

static void
write_cert(const char *name, const struct cert *c)
{
	struct buf pem;

	buf_init(&pem, KIB(16));
	pem_put(&pem, "CERTIFICATE", buf_bytes(&c->der));
	peer_write(name, buf_bytes(&pem), 0644);
	buf_free(&pem);
}

struct cert *
peer_ca_certificate(const char *cn, const struct key *k, const struct cert *issuer,
    const struct key *issuer_key, struct bytes constraints)
{
	const int64_t now = clock_now();
	struct buf dn, tbs, sig, der;
	struct cert *c = NULL;
	uint8_t key_id[20];
	struct spki spki;

	buf_init(&dn, KIB(1));
	buf_init(&tbs, KIB(16));
	buf_init(&sig, KIB(2));
	buf_init(&der, KIB(16));
	cr_assert(dn_build("Test", cn, &dn, &e));
	cr_assert(spki_parse(key_spki(k), &spki, &e), "%s", e.detail);
	spki_key_id(&spki, key_id);
	struct cert_spec spec = {
		.sig_alg = key_sig_alg(issuer_key),
		.issuer_dn = issuer != NULL ? issuer->subject_dn : buf_bytes(&dn),
		.authority_key_id = issuer != NULL ? issuer->key_id : bytes_of(NULL, 0),
		.subject_dn = buf_bytes(&dn),
		.spki = key_spki(k),
		.key_id = bytes_of(key_id, sizeof(key_id)),
		.not_before = now - DAY_S,
		.not_after = now + 5 * YEAR_S,
		.key_usage = CERT_KU_KEY_CERT_SIGN | CERT_KU_CRL_SIGN,
		.ca = true,
		.path_len = issuer != NULL ? 0 : -1,
		.constraints = constraints,
	};
	cr_assert(serial_new(now, &spec.serial, &e));
	cr_assert(cert_build_tbs(&spec, &tbs, &e), "%s", e.detail);
	cr_assert(key_sign(issuer_key, buf_bytes(&tbs), &sig, &e));
	cr_assert(
	    cert_assemble(buf_bytes(&tbs), spec.sig_alg, buf_bytes(&sig), &der, &e));
	cr_assert(cert_parse(buf_bytes(&der), &c, &e), "%s", e.detail);
	buf_free(&dn);
	buf_free(&tbs);
	buf_free(&sig);
	buf_free(&der);
	return c;
}

static void
add_record(struct journal *j, const char *profile, const struct cert *c)
{
	const struct record_certificate r = {
		.issuer = bytes_str("root"),
		.profile = bytes_str(profile),
		.der = buf_bytes(&c->der),
		.requester = bytes_str("system"),
	};
	struct bytes record;
	struct buf body;

	buf_init(&body, RECORD_MAX);
	record_certificate_put(&body, &r);
	cr_assert(journal_add(j, RECORD_CERTIFICATE, 0, buf_bytes(&body), &record, &e));
	buf_free(&body);
}

static bool
pass(void *arg, const struct record *r, struct err *err)
{
	(void)arg;
	(void)r;
	(void)err;
	return true;
}

/* The journal as init leaves it. */
static void
make_journal(void)
{
	char *dir = peer_path("journal");
	struct journal *j = NULL;
	struct bytes record;
	uint8_t hash[32];
	struct buf body;
	size_t healed;

	cr_assert_eq(mkdir(dir, 0700), 0);
	cr_assert(journal_create(dir, &e), "%s", e.detail);
	cr_assert(journal_open(dir, pass, NULL, &j, &healed, &e), "%s", e.detail);
	gnutls_hash_fast(GNUTLS_DIG_SHA256, peer.root->der.p, peer.root->der.n, hash);
	buf_init(&body, KIB(1));
	record_genesis_put(&body, &(struct record_genesis){ bytes_of(hash, 32) });
	cr_assert(journal_add(j, RECORD_GENESIS, 0, buf_bytes(&body), &record, &e));
	add_record(j, "root", peer.root);
	add_record(j, "intermediate", peer.main);
	cr_assert(journal_sync(j, &e), "%s", e.detail);
	peer.seq = journal_last_seq(j);
	journal_close(j);
	buf_free(&body);
	free(dir);
}

static struct conf_profile
a_profile(const char *name, enum key_alg alg, int64_t max_s)
{
	struct conf_profile p = {
		.name = mem_strdup(name),
		.issuer = mem_strdup("main"),
		.usages = USAGE_SERVER_AUTH,
		.validity_default_s = DAY_S,
		.validity_max_s = max_s,
		.backdate_s = 300,
		.subject = SUBJECT_CN,
		.n_keys = 1,
	};
	p.keys = mem_zarray(1, sizeof(*p.keys));
	p.keys[0].alg = alg;
	strings_add(&p.names.dns, "*.internal");
	strings_add(&p.names.dns,
	    "*.example"); /* which the issuer's constraints forbid */
	return p;
}

static struct conf *
make_conf(void)
{
	struct conf *c = mem_zalloc(sizeof(*c));

	c->dir = mem_strdup(peer.dir);
	c->file = peer_path("hanaper.yaml");
	c->url_api = mem_strdup("https://ca.internal:8443");
	c->url_public = mem_strdup("http://ca.internal:8080");
	c->database = mem_strdup("hanaper.db");
	c->log_level = mem_strdup("info");
	c->log_format = mem_strdup("text");
	c->n_issuers = 1;
	c->issuers = mem_zarray(1, sizeof(*c->issuers));
	c->issuers[0] = (struct conf_issuer){ mem_strdup("main"),
		mem_strdup("issuers/main.crt"), mem_strdup("issuers/main.key"), NULL };
	c->n_profiles = 2;
	c->profiles = mem_zarray(2, sizeof(*c->profiles));
	c->profiles[0] = a_profile("server", KEY_ALG_ECDSA_P256, 90 * DAY_S);
	c->profiles[1] = a_profile("long", KEY_ALG_ECDSA_P256, 50 * YEAR_S);
	c->crl_interval_s = 3600;
	c->crl_next_update_s = DAY_S;
	c->crl_delta_s = 3600;
	c->crl_debounce_s = 2;
	c->ocsp_validity_s = 12 * 3600;
	c->ocsp_responder_validity_s = 7 * DAY_S;
	c->body_max = KIB(64);
	c->names_max = 100;
	return c;
}

void
peer_make(void)
{
	static const char *const domains[] = { "internal" };
	struct buf constraints;

	strcpy(peer.dir, "/tmp/hnp-signer-XXXXXX");
	cr_assert_not_null(mkdtemp(peer.dir));
	char *issuers = peer_path("issuers");
	cr_assert_eq(mkdir(issuers, 0700), 0);
	free(issuers);

	buf_init(&constraints, KIB(1));
	cr_assert(constraints_build(domains, 1, false, &constraints, &e));
	cr_assert(key_generate(KEY_ALG_ECDSA_P256, 0, &peer.root_key, &e));
	cr_assert(key_generate(KEY_ALG_ECDSA_P256, 0, &peer.main_key, &e));
	peer.root = peer_ca_certificate("Root", peer.root_key, NULL, peer.root_key,
	    bytes_str("\x30\x17\xa1\x15\x30\x13\x82\x11" PEER_EXCLUDED));
	peer.main = peer_ca_certificate("Main", peer.main_key, peer.root, peer.root_key,
	    buf_bytes(&constraints));
	buf_free(&constraints);
	write_key("root.key", peer.root_key);
	write_key("issuers/main.key", peer.main_key);
	write_cert("root.crt", peer.root);
	write_cert("issuers/main.crt", peer.main);
	make_journal();
	peer.conf = make_conf();
}

void
peer_remove(void)
{
	if (peer.pid > 0)
		peer_kill();
	file_remove_tree(peer.dir);
	conf_free(peer.conf);
	cert_free(peer.root);
	cert_free(peer.main);
	key_free(peer.root_key);
	key_free(peer.main_key);
}

static void
take_names(const char *const *names, struct names *ret)
{
	for (; *names != NULL; names++) {
		const char *colon = strchr(*names, ':');
		enum name_type type = NAME_TYPE_DNS;

		cr_assert_not_null(colon);
		cr_assert(
		    sets_name_type_from(bytes_of(*names, (size_t)(colon - *names)),
			&type));
		cr_assert(names_add(ret, type, bytes_str(colon + 1), &e), "%s",
		    e.detail);
	}
}

void
peer_names(const char *const *names, struct buf *ret)
{
	struct names n = { 0 };

	take_names(names, &n);
	cr_assert(names_to_der(&n, ret, &e), "%s", e.detail);
	names_free(&n);
}

void
peer_csr(const struct key *k, const char *const *names, struct buf *ret)
{
	struct names n = { 0 };
	struct buf dn, info, sig;

	buf_init(&dn, KIB(1));
	buf_init(&info, KIB(16));
	buf_init(&sig, KIB(2));
	take_names(names, &n);
	cr_assert(dn_build(NULL, NULL, &dn, &e));
	cr_assert(cert_build_csr_info(buf_bytes(&dn), key_spki(k), &n, &info, &e), "%s",
	    e.detail);
	cr_assert(key_sign(k, buf_bytes(&info), &sig, &e));
	cr_assert(
	    cert_assemble(buf_bytes(&info), key_sig_alg(k), buf_bytes(&sig), ret, &e));
	names_free(&n);
	buf_free(&dn);
	buf_free(&info);
	buf_free(&sig);
}
