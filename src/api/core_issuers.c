/* SPDX-License-Identifier: Apache-2.0 */
/* GET /v1/issuers: the CA certificates, where their CRLs are, how fresh. */
#include <stdio.h>
#include <stdlib.h>

#include "api/certificate_json.h"
#include "api/core_routes.h"
#include "base/mem.h"
#include "ca/publish.h"
#include "store/store_crl_shard.h"
#include "x509/dn.h"

static void
put_urls(json_t *v, const struct conf *c, const char *name)
{
	char *crl = mem_printf("%s/crl/%s.crl", c->url_public, name);
	char *ocsp = mem_printf("%s/ocsp", c->url_public);
	char *crt = mem_printf("%s/ca/%s.crt", c->url_public, name);

	json_object_set_new(v, "crl_url", json_string(crl));
	json_object_set_new(v, "ocsp_url", json_string(ocsp));
	json_object_set_new(v, "certificate_url", json_string(crt));
	free(crl);
	free(ocsp);
	free(crt);
}

static json_t *
crl_json(const struct crl_row *row)
{
	json_t *v = json_object();

	json_object_set_new(v, "this_update", certificate_json_time(row->this_update));
	json_object_set_new(v, "next_update", certificate_json_time(row->next_update));
	if (row->number == 0) /* of an older list neither is known */
		return v;
	json_object_set_new(v, "number", json_integer((json_int_t)row->number));
	json_object_set_new(v, "entries", json_integer((json_int_t)row->entries));
	if (row->base != 0)
		json_object_set_new(v, "base", json_integer((json_int_t)row->base));
	return v;
}

struct shards {
	const struct conf *conf;
	json_t *list;
};

static void
add_shard(void *arg, const char *url_path, const struct crl_row *row)
{
	const struct shards *to = arg;
	char text[CRL_SHARD_LEN];
	char *url = mem_printf("%s%s", to->conf->url_public, url_path);
	json_t *v = crl_json(row);

	crl_shard_text(row->shard, text);
	json_object_set_new(v, "shard", json_string(text));
	json_object_set_new(v, "crl_url", json_string(url));
	json_array_append_new(to->list, v);
	free(url);
}

static void
put_shards(json_t *v, struct ca *ca, const char *issuer)
{
	struct shards to = { ca_conf(ca), json_array() };

	publish_shards_each(ca, issuer, add_shard, &to);
	if (json_array_size(to.list) > 0)
		json_object_set(v, "crl_shards", to.list);
	json_decref(to.list);
}

/* The delta CRL, where it is made. */
static void
put_delta(json_t *v, struct ca *ca, const char *issuer)
{
	const char *place = ca_conf(ca)->url_public;
	struct crl_row row;

	if (ca_conf(ca)->crl_delta_s == 0 || !publish_shown(ca, issuer, true, &row))
		return;
	char *url = crl_shard_delta_url(place, issuer);
	json_t *delta = crl_json(&row);
	json_object_set_new(delta, "crl_url", json_string(url));
	json_object_set_new(v, "crl_delta", delta);
	free(url);
}

static json_t *
issuer_json(struct request *r, const struct ca_issuer *i)
{
	char subject[256], key[32];
	struct crl_row crl;
	json_t *v = json_object();

	dn_text(i->cert->subject_dn, subject, sizeof(subject));
	snprintf(key, sizeof(key), "%s", sets_key_alg_word(i->cert->key.alg));
	if (i->cert->key.alg == KEY_ALG_RSA)
		snprintf(key, sizeof(key), "rsa-%u", i->cert->key.bits);
	json_object_set_new(v, "name", json_string(i->name));
	json_object_set_new(v, "subject", json_string(subject));
	json_object_set_new(v, "serial", certificate_json_serial(&i->cert->serial));
	json_object_set_new(v, "not_before",
	    certificate_json_time(i->cert->not_before));
	json_object_set_new(v, "not_after", certificate_json_time(i->cert->not_after));
	if (publish_frozen(r->ca, i->name))
		json_object_set_new(v, "offline", json_true());
	if (i->revoked) {
		json_object_set_new(v, "revoked_at",
		    certificate_json_time(i->revoked_at));
		json_object_set_new(v, "reason",
		    json_string(sets_reason_word(i->reason)));
	}
	json_object_set_new(v, "key", json_string(key));
	json_object_set_new(v, "certificate",
	    certificate_json_text(buf_bytes(&i->pem)));
	put_urls(v, ca_conf(r->ca), i->name);
	if (publish_shown(r->ca, i->name, false, &crl))
		json_object_set_new(v, "crl", crl_json(&crl));
	put_shards(v, r->ca, i->name);
	put_delta(v, r->ca, i->name);
	return v;
}

void
core_issuers(struct request *r)
{
	const struct ca_issuer *issuer;
	struct err e;

	if (!request_query_none(r, &e)) {
		request_problem(r, &e, NULL);
		return;
	}
	json_t *list = json_array();
	for (size_t i = 0; (issuer = ca_issuer_at(r->ca, i)) != NULL; i++)
		json_array_append_new(list, issuer_json(r, issuer));
	request_json(r, 200, json_pack("{s:o}", "issuers", list));
}
