/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/ca.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "ca/acme.h"
#include "ca/acme_challenge.h"
#include "ca/audit.h"
#include "ca/ca_state.h"
#include "ca/census.h"
#include "ca/ocsp_answer.h"
#include "ca/retention.h"
#include "ca/searchable.h"
#include "codec/pem.h"
#include "policy/issuer_chain.h"
#include "sys/file.h"
#include "x509/cert_file.h"

#define CHAIN_MAX     KIB(64)
#define WEAK_KEYS     "weak-keys"
#define WEAK_KEYS_MAX MIB(64) /* all of Debian's files are 20 */

static void
issuer_free(struct ca_issuer *i)
{
	free(i->name);
	cert_free(i->cert);
	constraints_free(&i->policy.constraints);
	buf_free(&i->pem);
	buf_free(&i->chain);
}

/* Appends the constraints of one certificate to the list that binds an issuer. */
static bool
add_constraints(struct constraints *all, const struct cert *of, struct err *e)
{
	struct constraints own = { 0 };

	if (of->constraints.n == 0)
		return true;
	if (!constraints_parse(of->constraints, &own, e))
		return false;
	constraints_join(all, &own);
	constraints_free(&own);
	return true;
}

/* An issuer's file is read whole; what its chain does not need is not handed out. */
static void
say_left_over(const struct issuer_chain_file *f, const struct issuer_chain *chain)
{
	char hex[SERIAL_HEX_LEN];

	for (size_t i = 1; i < f->n; i++) {
		if (issuer_chain_has(chain, f->v[i]))
			continue;
		serial_to_hex(&f->v[i]->serial, hex);
		LOG(LOG_WARN, "certificate-left-over", LOG_TEXT("issuer", f->name),
		    LOG_TEXT("cn", f->v[i]->cn), LOG_TEXT("serial", hex),
		    LOG_TEXT("advice", "it is not of the issuer's chain"));
	}
}

/* What clients get with the issuer's certificates (P41), and all that binds it (P36). */
static bool
take_chain(struct ca_issuer *i, const struct issuer_chain *chain, struct err *e)
{
	for (size_t k = 0; k < chain->n; k++) {
		const struct cert *c = chain->v[k];

		if (!add_constraints(&i->policy.constraints, c, e))
			return err_prefix(e, i->name);
		if (k == 0 || k + 1 < chain->n)
			pem_put(&i->chain, "CERTIFICATE", buf_bytes(&c->der));
	}
	return buf_ok(&i->chain, "the chain", e) || err_prefix(e, i->name);
}

static bool
load_issuer(struct ca *ca, const struct issuer_chain_file *files, size_t k,
    struct err *e)
{
	struct ca_issuer *i = &ca->issuers[k];
	struct issuer_chain chain;

	if (!issuer_chain_make(files, ca->n_issuers, k, &chain, e) ||
	    !take_chain(i, &chain, e))
		return false;
	say_left_over(&files[k], &chain);
	pem_put(&i->pem, "CERTIFICATE", buf_bytes(&i->cert->der));
	i->policy.cert = i->cert;
	ocsp_issuer_init(&i->ocsp, i->cert->subject_dn, i->cert->key.key_bits);
	return true;
}

/* Each issuer takes the first certificate of its file for its own. */
static bool
read_files(struct ca *ca, struct issuer_chain_file *files, struct err *e)
{
	const struct conf *conf = ca->conf;

	for (size_t k = 0; k < ca->n_issuers; k++) {
		const struct conf_issuer *c = k > 0 ? &conf->issuers[k - 1] : NULL;
		struct ca_issuer *i = &ca->issuers[k];
		char *path = conf_path(conf, c != NULL ? c->certificate : "root.crt");

		i->name = mem_strdup(c != NULL ? c->name : "root");
		buf_init(&i->pem, CHAIN_MAX);
		buf_init(&i->chain, CHAIN_MAX);
		const bool ok = cert_file_read(path, NITEMS(files[k].v), files[k].v,
		    &files[k].n, e);
		free(path);
		if (!ok)
			return err_prefix(e, i->name);
		files[k].name = i->name;
		i->cert = files[k].v[0];
	}
	return true;
}

static bool
load_issuers(struct ca *ca, struct err *e)
{
	ca->n_issuers = ca->conf->n_issuers + 1;
	ca->issuers = mem_zarray(ca->n_issuers, sizeof(*ca->issuers));
	struct issuer_chain_file *files = mem_zarray(ca->n_issuers, sizeof(*files));
	bool ok = read_files(ca, files, e);

	for (size_t k = 0; ok && k < ca->n_issuers; k++)
		ok = load_issuer(ca, files, k, e);
	for (size_t k = 0; k < ca->n_issuers; k++)
		while (files[k].n > 1)
			cert_free(files[k].v[--files[k].n]);
	free(files);
	return ok;
}

/* The CA directory's list, if it has one. */
static bool
load_weak_keys(struct ca *ca, struct err *e)
{
	char *path = conf_path(ca->conf, WEAK_KEYS);
	struct buf text;

	buf_init(&text, WEAK_KEYS_MAX);
	bool ok = file_read(AT_FDCWD, path, &text, e);
	if (!ok && e->code == ERR_NOT_FOUND) {
		*e = (struct err){ 0 };
		ok = true;
	} else if (ok && !weak_keys_read(buf_bytes(&text), &ca->weak_keys, e)) {
		ok = err_prefix(e, path);
	}
	if (ca->weak_keys != NULL)
		LOG(LOG_INFO, "weak-keys", LOG_TEXT("file", path),
		    LOG_NUM("keys", weak_keys_count(ca->weak_keys)));
	buf_free(&text);
	free(path);
	return ok;
}

bool
ca_new(const struct conf *conf, struct store *st, struct loop *loop,
    const struct ca_hooks *hooks, struct ca **ret, struct err *e)
{
	struct ca *ca = mem_zalloc(sizeof(*ca));

	ca->conf = conf;
	ca->store = st;
	ca->loop = loop;
	ca->hooks = *hooks;
	ca->publish = publish_new(ca);
	ca->started_at = clock_now();
	ca->audit = audit_new(ca);
	ca->census = census_new(ca);
	ca->retention = retention_new(ca);
	ca->searchable = searchable_new(ca);
	if (!throttle_new(conf, &ca->throttle, e) || !load_issuers(ca, e) ||
	    !load_weak_keys(ca, e) || !store_audit_last_at(st, &ca->written_at, e)) {
		ca_free(ca);
		return false;
	}
	*ret = ca;
	return true;
}

void
ca_free(struct ca *ca)
{
	if (ca == NULL)
		return;
	ask_drop_all(ca);
	loop_cancel(ca->resync);
	loop_cancel(ca->ready_anyway);
	acme_close(ca);
	aside_free(ca->aside); /* what is on its way into its place gets there */
	publish_free(ca->publish);
	throttle_free(ca->throttle);
	audit_free(ca->audit);
	census_free(ca->census);
	retention_free(ca->retention);
	searchable_free(ca->searchable);
	caller_cache_free(ca->callers);
	loop_cancel(ca->commit_late);
	loop_cancel(ca->flush_late);
	for (size_t i = 0; i < ca->n_issuers; i++)
		issuer_free(&ca->issuers[i]);
	free(ca->issuers);
	weak_keys_free(ca->weak_keys);
	free(ca->asks);
	tally_free(&ca->tally);
	free(ca->tokens);
	free(ca);
}

void
ca_reload(struct ca *ca, const struct conf *conf)
{
	const struct conf *was = ca->conf;

	ca->conf = conf;
	ca->before_reload = ca->next_id;
	ca->probes_before_reload = ++ca->next_probe;
	/* What was counted goes on to count, unless by other numbers. */
	if (conf->rate_per_minute != was->rate_per_minute ||
	    conf->rate_burst != was->rate_burst ||
	    conf->same_names_per_hour != was->same_names_per_hour)
		throttle_set(ca->throttle, conf);
	ocsp_answer_forget_all(ca); /* other lives, perhaps */
	publish_reload(ca);
	acme_reload(ca);
	audit_configured(ca);
}

bool
ca_settled(struct ca *ca)
{
	if (ca->before_reload != 0 && ask_any_until(ca, ca->before_reload))
		return false;
	if (ca->probes_before_reload != 0 &&
	    acme_challenge_any_until(ca, ca->probes_before_reload))
		return false;
	ca->before_reload = 0;
	ca->probes_before_reload = 0;
	return true;
}

const struct conf *
ca_conf(const struct ca *ca)
{
	return ca->conf;
}

struct store *
ca_store(struct ca *ca)
{
	return ca->store;
}

const struct ca_issuer *
ca_issuer_at(const struct ca *ca, size_t i)
{
	return i < ca->n_issuers ? &ca->issuers[i] : NULL;
}

const struct ca_issuer *
ca_issuer_find(const struct ca *ca, const char *name)
{
	for (size_t i = 0; i < ca->n_issuers; i++)
		if (strcmp(ca->issuers[i].name, name) == 0)
			return &ca->issuers[i];
	return NULL;
}

const struct ca_issuer *
ca_issuer_by_dn(const struct ca *ca, struct bytes dn)
{
	for (size_t i = 0; i < ca->n_issuers; i++)
		if (bytes_eq(ca->issuers[i].cert->subject_dn, dn))
			return &ca->issuers[i];
	return NULL;
}

const struct ca_issuer *
ca_issuer_of(const struct ca *ca, const struct cert *c)
{
	for (size_t i = 0; i < ca->n_issuers; i++) {
		const struct cert *by = ca->issuers[i].cert;

		if (bytes_eq(by->subject_dn, c->issuer_dn) &&
		    (c->authority_key_id.n == 0 ||
			bytes_eq(by->key_id, c->authority_key_id)))
			return &ca->issuers[i];
	}
	return NULL;
}

const struct ca_issuer *
ca_issuer_revoked(const struct ca *ca, const struct ca_issuer *i)
{
	size_t steps = ca->n_issuers;

	while (i != NULL && !i->revoked && steps-- > 0) {
		const struct ca_issuer *by = ca_issuer_by_dn(ca, i->cert->issuer_dn);
		i = by != i ? by : NULL;
	}
	return i != NULL && i->revoked ? i : NULL;
}

bool
ca_writable(const struct ca *ca, struct err *e)
{
	if (ca->phase == CA_RUNNING)
		return true;
	if (ca->phase == CA_BEHIND)
		return err_set(e, ERR_UNAVAILABLE,
		    "the database could not be written (%.300s); it is being brought "
		    "up to the journal, try again shortly",
		    ca->behind.detail);
	return err_set(e, ERR_UNAVAILABLE, "the daemon is starting; try again shortly");
}

bool
ca_not_found(const struct ca *ca, struct err *e)
{
	struct err behind;

	if (e->code == ERR_NOT_FOUND && !ca_writable(ca, &behind))
		*e = behind;
	return false;
}

bool
ca_healthy(struct ca *ca, struct err *e)
{
	return ca_writable(ca, e) && ask_prompt(ca, e) && publish_fresh(ca, e);
}
