/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates and keys: read, checked, found to belong together. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "daemon/signer.h"
#include "key/key_file.h"
#include "sys/file.h"
#include "x509/cert_file.h"

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

/* ---- keys ---- */

/* 'passphrase_file' NULL: none.  'name' is the issuer's. */
static bool
load_key_with(const char *path, const char *passphrase_file, const char *name,
    struct key **ret, struct err *e)
{
	if (key_file_read(path, passphrase_file, geteuid(), ret, e))
		return true;
	if (e->code != ERR_UNAVAILABLE)
		return false;
	return err_set(e, ERR_UNAVAILABLE,
	    "%s is encrypted, and nothing says its passphrase: set passphrase_file of "
	    "issuer %s in hanaper.yaml, or give the service a credential of the name "
	    "%s",
	    path,
	    strcmp(name, SIGNER_ROOT) == 0 ? "NAME (which may share the root's)" : name,
	    name);
}

static bool
load_issuer_key(struct signer *s, struct signer_issuer *i, const struct conf_issuer *c,
    struct err *e)
{
	char *path = conf_path(s->conf, c->key);
	char *phrase = c->passphrase_file != NULL
			   ? conf_path(s->conf, c->passphrase_file)
			   : conf_credential_path(c->name);
	const bool ok = load_key_with(path, phrase, c->name, &i->key, e) &&
			issuer_pair(i->name, i->cert, i->key, e);

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
	else if (!file_check_mode(AT_FDCWD, path, FILE_OPEN_SECRET, e))
		ok = false;
	else if (!open_root_key(s, path, &root->key, e))
		LOG_ERR(LOG_WARN, "root-key-unusable", e);
	else
		ok = issuer_pair(root->name, root->cert, root->key, e);
	free(path);
	return ok;
}

/* ---- chains ---- */

static bool
build_chain(struct signer *s, const struct issuer_chain_file *files, size_t k,
    struct err *e)
{
	struct signer_issuer *i = &s->issuers[k];
	struct issuer_chain chain;

	if (!issuer_chain_make(files, s->n_issuers, k, &chain, e))
		return false;
	for (; i->n_chain < chain.n; i->n_chain++) {
		const struct cert *c = chain.v[i->n_chain];
		struct profile_issuer *to = &i->chain[i->n_chain];

		to->cert = c;
		if (c->constraints.n > 0 &&
		    !constraints_parse(c->constraints, &to->constraints, e))
			return err_prefix(e, i->name);
	}
	return true;
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

bool
signer_just_reloaded(const struct signer *s)
{
	return s->conf_ms != 0 && clock_mono_ms() - s->conf_ms < SIGNER_SWITCH_MS;
}

static bool
load_all_certs(struct signer *s, struct issuer_chain_file *files, struct err *e)
{
	for (size_t k = 0; k < s->n_issuers; k++) {
		struct signer_issuer *i = &s->issuers[k];
		struct issuer_chain_file *f = &files[k];

		i->name =
		    mem_strdup(k == 0 ? SIGNER_ROOT : s->conf->issuers[k - 1].name);
		char *path = conf_path(s->conf,
		    k == 0 ? "root.crt" : s->conf->issuers[k - 1].certificate);
		const bool ok = cert_file_read(path, NITEMS(f->v), f->v, &f->n, e);
		free(path);
		if (!ok)
			return false;
		f->name = i->name;
		i->cert = f->v[0];
		i->n_between = f->n - 1;
		memcpy(i->between, f->v + 1, i->n_between * sizeof(f->v[0]));
		ocsp_issuer_init(&i->ocsp, i->cert->subject_dn, i->cert->key.key_bits);
		for (size_t j = 0; j < k; j++)
			if (!issuer_apart(i->name, i->cert, s->issuers[j].name,
				s->issuers[j].cert, e))
				return false;
	}
	return true;
}

static bool
load_chains_and_keys(struct signer *s, const struct issuer_chain_file *files,
    struct err *e)
{
	for (size_t k = 0; k < s->n_issuers; k++) {
		if (!build_chain(s, files, k, e))
			return false;
		if (k > 0 &&
		    !load_issuer_key(s, &s->issuers[k], &s->conf->issuers[k - 1], e))
			return false;
	}
	return true;
}

bool
signer_load(struct signer *s, struct err *e)
{
	s->n_issuers = s->conf->n_issuers + 1;
	s->issuers = mem_zarray(s->n_issuers, sizeof(*s->issuers));
	struct issuer_chain_file *files = mem_zarray(s->n_issuers, sizeof(*files));
	const bool ok = load_all_certs(s, files, e) &&
			load_root_key(s, &s->issuers[0], e) &&
			load_chains_and_keys(s, files, e);
	free(files); /* each issuer has taken its own */
	if (ok)
		signer_load_urls(s);
	return ok;
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
