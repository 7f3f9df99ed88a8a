/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates and keys: read, checked, found to belong together. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "codec/pem.h"
#include "daemon/signer.h"
#include "sys/file.h"

#define CERTS_MAX      KIB(64)
#define KEY_FILE_MAX   KIB(32)
#define PASSPHRASE_MAX KIB(1)
#define OTHERS         0077 /* mode bits that no secret file may have (S81) */

static void
issuer_free(struct signer_issuer *i)
{
	for (size_t k = 0; k < i->n_chain; k++)
		constraints_free(&i->chain[k].constraints);
	for (size_t k = 0; k < i->n_between; k++)
		cert_free(i->between[k]);
	signer_responder_free(&i->responder);
	signer_revoked_free(&i->revoked);
	free(i->name);
	free(i->crl_url);
	free(i->delta_url);
	free(i->issuer_url);
	key_free(i->key);
	cert_free(i->cert);
}

/* The certificates of a file: the issuer's own first, then those between it and the root. */
static bool
load_certs(struct signer_issuer *i, const char *path, struct err *e)
{
	struct buf text, der;
	struct bytes label;
	bool ok = false;

	buf_init(&text, CERTS_MAX);
	buf_init(&der, CERTS_MAX);
	const bool there = file_read(AT_FDCWD, path, &text, e); /* names it by itself */
	if (!there)
		goto out;
	struct bytes rest = buf_bytes(&text);
	while (pem_next(&rest, &label, &der, e)) {
		struct cert *c = NULL;

		if (!bytes_eq_str(label, "CERTIFICATE") ||
		    i->n_between == SIGNER_CHAIN_MAX) {
			err_set(e, ERR_MALFORMED, "something else than a short chain");
			goto out;
		}
		if (!cert_parse(buf_bytes(&der), &c, e))
			goto out;
		if (i->cert == NULL)
			i->cert = c;
		else
			i->between[i->n_between++] = c;
		buf_clear(&der);
	}
	if (e->code != ERR_NOT_FOUND)
		goto out;
	ok = i->cert != NULL || err_set(e, ERR_MALFORMED, "no certificate in PEM");
out:
	if (!ok && there)
		err_prefix(e, path);
	buf_free(&text);
	buf_free(&der);
	return ok;
}

/* ---- keys ---- */

/* The passphrase in a file, without the line's end.  ERR_NOT_FOUND. */
static bool
read_passphrase(const char *path, struct buf *ret, struct err *e)
{
	buf_clear(ret);
	if (!file_check_mode(AT_FDCWD, path, OTHERS, e) ||
	    !file_read(AT_FDCWD, path, ret, e))
		return false;
	while (ret->n > 0 && (ret->p[ret->n - 1] == '\n' || ret->p[ret->n - 1] == '\r'))
		ret->n--;
	return true;
}

/* 'passphrase_file' NULL: none.  'name' is the issuer's. */
static bool
load_key_with(const char *path, const char *passphrase_file, const char *name,
    struct key **ret, struct err *e)
{
	struct buf pem, phrase;
	bool ok = false;

	buf_init(&pem, KEY_FILE_MAX);
	buf_init(&phrase, PASSPHRASE_MAX);
	if (!file_check_mode(AT_FDCWD, path, OTHERS, e) ||
	    !file_read(AT_FDCWD, path, &pem, e))
		goto out;
	if (passphrase_file != NULL && !read_passphrase(passphrase_file, &phrase, e))
		goto out;
	if (passphrase_file == NULL && key_is_encrypted(buf_bytes(&pem))) {
		err_set(e, ERR_NOT_FOUND,
		    "%s is encrypted, and nothing says its passphrase: set "
		    "passphrase_file of issuer %s in hanaper.yaml, or give the service "
		    "a credential of the name %s",
		    path,
		    strcmp(name, SIGNER_ROOT) == 0 ? "NAME (which may share the root's)"
						   : name,
		    name);
		goto out;
	}
	ok = key_load(buf_bytes(&pem),
	    passphrase_file != NULL ? buf_str(&phrase) : NULL, ret, e);
	if (!ok && passphrase_file != NULL)
		err_prefix(e, passphrase_file);
	if (!ok)
		err_prefix(e, path);
out:
	buf_wipe(&pem);
	buf_wipe(&phrase);
	return ok;
}

/* A key that is not its certificate's would sign what nobody can verify (R26). */
static bool
check_pair(const struct signer_issuer *i, struct err *e)
{
	const struct bytes text = bytes_str("hanaper: key and certificate are a pair");
	struct buf sig;
	struct err why;

	buf_init(&sig, KIB(2));
	bool ok = key_sign(i->key, text, &sig, e);
	if (ok && !spki_verify(&i->cert->key, key_sig_alg(i->key), text,
		      buf_bytes(&sig), &why))
		ok = err_set(e, ERR_CONFLICT,
		    "the key of issuer %s does not belong to its certificate", i->name);
	buf_free(&sig);
	return ok;
}

static bool
load_issuer_key(struct signer *s, struct signer_issuer *i, const struct conf_issuer *c,
    struct err *e)
{
	char *path = conf_path(s->conf, c->key);
	char *phrase = c->passphrase_file != NULL
			   ? conf_path(s->conf, c->passphrase_file)
			   : conf_credential_path(c->name);
	const bool ok =
	    load_key_with(path, phrase, c->name, &i->key, e) && check_pair(i, e);

	free(path);
	free(phrase);
	return ok;
}

/* The root's key may be encrypted with its own passphrase, or with that of an issuer. */
static bool
open_root_key(struct signer *s, const char *path, struct key **ret, struct err *e)
{
	char *phrase = conf_credential_path(SIGNER_ROOT);
	bool ok = load_key_with(path, phrase, SIGNER_ROOT, ret, e);

	free(phrase);
	for (size_t k = 0; !ok && k < s->conf->n_issuers; k++) {
		if (s->conf->issuers[k].passphrase_file == NULL)
			continue;
		phrase = conf_path(s->conf, s->conf->issuers[k].passphrase_file);
		ok = load_key_with(path, phrase, SIGNER_ROOT, ret, e);
		free(phrase);
	}
	return ok;
}

/* Without its key the root is no issuer: it was moved offline, as it should be. */
static bool
load_root_key(struct signer *s, struct signer_issuer *root, struct err *e)
{
	char *path = conf_path(s->conf, "root.key");
	bool ok = true;

	if (access(path, F_OK) != 0)
		LOG(LOG_INFO, "root-key-offline");
	else if (!file_check_mode(AT_FDCWD, path, OTHERS, e))
		ok = false;
	else if (!open_root_key(s, path, &root->key, e))
		LOG_ERR(LOG_WARN, "root-key-unusable", e);
	else
		ok = check_pair(root, e);
	free(path);
	return ok;
}

/* ---- chains ---- */

static const struct cert *
find_parent(struct signer *s, const struct signer_issuer *i, const struct cert *c)
{
	for (size_t k = 0; k < i->n_between; k++)
		if (bytes_eq(i->between[k]->subject_dn, c->issuer_dn))
			return i->between[k];
	const struct signer_issuer *by = signer_issuer_by_dn(s, c->issuer_dn);
	return by != NULL ? by->cert : NULL;
}

static bool
add_link(struct signer_issuer *i, const struct cert *c, struct err *e)
{
	struct profile_issuer *to = &i->chain[i->n_chain];

	if (!c->ca || (c->key_usage & CERT_KU_KEY_CERT_SIGN) == 0)
		return err_set(e, ERR_MALFORMED,
		    "issuer %s: a certificate of its chain is no CA's", i->name);
	if (c->constraints.n > 0 &&
	    !constraints_parse(c->constraints, &to->constraints, e))
		return err_prefix(e, i->name);
	to->cert = c;
	i->n_chain++;
	return true;
}

/* From the issuer up to our root, each signature verified. */
static bool
build_chain(struct signer *s, struct signer_issuer *i, struct err *e)
{
	const struct cert *root = s->issuers[0].cert, *c = i->cert;
	struct err why;

	for (;;) {
		if (i->n_chain == SIGNER_CHAIN_MAX)
			return err_set(e, ERR_MALFORMED,
			    "issuer %s: its chain has no end", i->name);
		if (!add_link(i, c, e))
			return false;
		const struct cert *parent = find_parent(s, i, c);
		if (parent == NULL ||
		    !spki_verify(&parent->key, c->sig_alg, c->tbs, c->sig, &why))
			return err_set(e, ERR_CONFLICT,
			    "issuer %s does not chain to the root in root.crt",
			    i->name);
		if (c == root)
			return true;
		c = parent;
	}
}

/* ---- all of it ---- */

void
signer_load_urls(struct signer *s)
{
	free(s->ocsp_url);
	s->ocsp_url = mem_printf("%s/ocsp", s->conf->url_public);
	for (size_t k = 0; k < s->n_issuers; k++) {
		struct signer_issuer *i = &s->issuers[k];

		free(i->crl_url);
		free(i->delta_url);
		free(i->issuer_url);
		/* A shard is of another scope than the delta of the list of all. */
		i->delta_url =
		    k > 0 && s->conf->crl_delta_s > 0 && s->conf->crl_shards == 0
			? crl_shard_delta_url(s->conf->url_public, i->name)
			: NULL;
		i->crl_url = mem_printf("%s/crl/%s.crl", s->conf->url_public, i->name);
		i->issuer_url =
		    mem_printf("%s/ca/%s.crt", s->conf->url_public, i->name);
	}
}

static bool
load_all_certs(struct signer *s, struct err *e)
{
	for (size_t k = 0; k < s->n_issuers; k++) {
		struct signer_issuer *i = &s->issuers[k];

		i->name =
		    mem_strdup(k == 0 ? SIGNER_ROOT : s->conf->issuers[k - 1].name);
		char *path = conf_path(s->conf,
		    k == 0 ? "root.crt" : s->conf->issuers[k - 1].certificate);
		const bool ok = load_certs(i, path, e);
		free(path);
		if (!ok)
			return false;
		ocsp_issuer_init(&i->ocsp, i->cert->subject_dn, i->cert->key.key_bits);
	}
	return true;
}

bool
signer_load(struct signer *s, struct err *e)
{
	s->n_issuers = s->conf->n_issuers + 1;
	s->issuers = mem_zarray(s->n_issuers, sizeof(*s->issuers));
	if (!load_all_certs(s, e) || !load_root_key(s, &s->issuers[0], e))
		return false;
	for (size_t k = 0; k < s->n_issuers; k++) {
		if (!build_chain(s, &s->issuers[k], e))
			return false;
		if (k > 0 &&
		    !load_issuer_key(s, &s->issuers[k], &s->conf->issuers[k - 1], e))
			return false;
	}
	signer_load_urls(s);
	return true;
}

void
signer_unload(struct signer *s)
{
	for (size_t k = 0; k < s->n_issuers; k++)
		issuer_free(&s->issuers[k]);
	free(s->issuers);
	free(s->ocsp_url);
	free(s->serials);
}

struct signer_issuer *
signer_issuer_find(struct signer *s, struct bytes name)
{
	for (size_t k = 0; k < s->n_issuers; k++)
		if (bytes_eq_str(name, s->issuers[k].name))
			return &s->issuers[k];
	return NULL;
}

struct signer_issuer *
signer_issuer_by_dn(struct signer *s, struct bytes dn)
{
	for (size_t k = 0; k < s->n_issuers; k++)
		if (bytes_eq(s->issuers[k].cert->subject_dn, dn))
			return &s->issuers[k];
	return NULL;
}

bool
signer_issuer_ready(struct signer *s, struct bytes name, struct signer_issuer **ret,
    struct err *e)
{
	struct signer_issuer *i = signer_issuer_find(s, name);

	if (i == NULL)
		return err_set(e, ERR_NOT_FOUND, "there is no issuer \"%.*s\"",
		    (int)name.n, (const char *)name.p);
	if (i->key == NULL)
		return err_set(e, ERR_UNAVAILABLE,
		    "the key of issuer %s is not here: it signs nothing", i->name);
	*ret = i;
	return true;
}
