/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schema of hanaper.yaml: every key there is, once.
 *
 * All values are text to libcyaml, which takes "maybe" for true and tells no
 * range; conf_load_value.c reads them.  All keys are optional to it: what is
 * missing is told by conf_load_*.c with the line that it is missing from.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_load_impl.h"

#define TEXT_MAX 4096
#define LIST_MAX 1000

/* clang-format off */
#define OPTIONAL_PTR (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)
#define TEXT(key, type, member) \
	CYAML_FIELD_STRING_PTR(key, OPTIONAL_PTR, type, member, 1, TEXT_MAX)
#define LIST(key, type, member) \
	CYAML_FIELD_SEQUENCE_COUNT(key, OPTIONAL_PTR, type, member.v, member.n, \
	    &text_value, 0, LIST_MAX)
#define MAPPING(key, type, member, fields) \
	CYAML_FIELD_MAPPING(key, CYAML_FLAG_OPTIONAL, type, member, fields)
#define MAPPINGS(key, type, member, count, value) \
	CYAML_FIELD_SEQUENCE_COUNT(key, OPTIONAL_PTR, type, member, count, \
	    &value, 0, LIST_MAX)

static const cyaml_schema_value_t text_value = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, TEXT_MAX),
};

static const cyaml_schema_field_t listen_fields[] = {
	LIST("api",     struct raw_listen, api),
	LIST("http",    struct raw_listen, http),
	LIST("metrics", struct raw_listen, metrics),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t urls_fields[] = {
	TEXT("api",    struct raw_urls, api),
	TEXT("public", struct raw_urls, public),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t issuer_fields[] = {
	TEXT("name",            struct raw_issuer, name),
	TEXT("certificate",     struct raw_issuer, certificate),
	TEXT("key",             struct raw_issuer, key),
	TEXT("passphrase_file", struct raw_issuer, passphrase_file),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t validity_fields[] = {
	TEXT("default",  struct raw_validity, span),
	TEXT("max",      struct raw_validity, max),
	TEXT("backdate", struct raw_validity, backdate),
	TEXT("excess",   struct raw_validity, excess),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t names_fields[] = {
	LIST("dns",         struct raw_names, dns),
	LIST("ip",          struct raw_names, ip),
	LIST("uri",         struct raw_names, uri),
	LIST("email",       struct raw_names, email),
	TEXT("wildcards",   struct raw_names, wildcards),
	TEXT("underscores", struct raw_names, underscores),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t acme_fields[] = {
	LIST("challenges",             struct raw_acme, challenges),
	TEXT("external_account",       struct raw_acme, external_account),
	LIST("profiles",               struct raw_acme, profiles),
	LIST("networks",               struct raw_acme, networks),
	LIST("resolvers",              struct raw_acme, resolvers),
	TEXT("http_port",              struct raw_acme, http_port),
	TEXT("tls_port",               struct raw_acme, tls_port),
	TEXT("caa",                    struct raw_acme, caa),
	TEXT("subdomains",             struct raw_acme, subdomains),
	TEXT("authorization_lifetime", struct raw_acme, authorization_lifetime),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t profile_fields[] = {
	TEXT("name",         struct raw_profile, name),
	TEXT("issuer",       struct raw_profile, issuer),
	LIST("usages",       struct raw_profile, usages),
	MAPPING("validity",  struct raw_profile, validity, validity_fields),
	LIST("keys",         struct raw_profile, keys),
	MAPPING("names",     struct raw_profile, names, names_fields),
	TEXT("subject",      struct raw_profile, subject),
	TEXT("no_rev_avail", struct raw_profile, no_rev_avail),
	TEXT("strict_lint", struct raw_profile, strict_lint),
	MAPPING("acme",      struct raw_profile, acme, acme_fields),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t who_fields[] = {
	TEXT("cn",          struct raw_who, cn),
	TEXT("dns",         struct raw_who, dns),
	TEXT("uri",         struct raw_who, uri),
	TEXT("email",       struct raw_who, email),
	TEXT("profile",     struct raw_who, profile),
	TEXT("issuer",      struct raw_who, issuer),
	TEXT("fingerprint", struct raw_who, fingerprint),
	TEXT("any",         struct raw_who, any),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t grant_fields[] = {
	MAPPING("who",      struct raw_grant, who, who_fields),
	LIST("may",         struct raw_grant, may),
	LIST("profiles",    struct raw_grant, profiles),
	CYAML_FIELD_IGNORE("names", CYAML_FLAG_OPTIONAL), /* a word or names_fields */
	CYAML_FIELD_END
};

static const cyaml_schema_field_t crl_fields[] = {
	TEXT("interval",    struct raw_crl, interval),
	TEXT("next_update", struct raw_crl, next_update),
	TEXT("debounce",    struct raw_crl, debounce),
	TEXT("shards",      struct raw_crl, shards),
	TEXT("delta",       struct raw_crl, delta),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t ocsp_fields[] = {
	TEXT("validity",           struct raw_ocsp, validity),
	TEXT("responder_validity", struct raw_ocsp, responder_validity),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t renewal_fields[] = {
	TEXT("max_age", struct raw_renewal, max_age),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t limits_fields[] = {
	TEXT("body",  struct raw_limits, body),
	TEXT("names", struct raw_limits, names),
	TEXT("rate",  struct raw_limits, rate),
	TEXT("burst", struct raw_limits, burst),
	TEXT("same_names", struct raw_limits, same_names),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t acme_limits_fields[] = {
	TEXT("accounts_per_hour", struct raw_acme_limits, accounts_per_hour),
	TEXT("orders_per_hour",   struct raw_acme_limits, orders_per_hour),
	TEXT("pending_orders",    struct raw_acme_limits, pending_orders),
	TEXT("failures_per_hour", struct raw_acme_limits, failures_per_hour),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t acme_site_fields[] = {
	TEXT("terms_of_service", struct raw_acme_site, terms_of_service),
	TEXT("website",          struct raw_acme_site, website),
	LIST("caa_identities",   struct raw_acme_site, caa_identities),
	LIST("resolvers",        struct raw_acme_site, resolvers),
	TEXT("order_lifetime",   struct raw_acme_site, order_lifetime),
	TEXT("max_identifiers",  struct raw_acme_site, max_identifiers),
	MAPPING("limits",        struct raw_acme_site, limits, acme_limits_fields),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t audit_fields[] = {
	TEXT("retention", struct raw_audit, retention),
	TEXT("refusals", struct raw_audit, refusals),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t log_fields[] = {
	TEXT("level", struct raw_log, level),
	TEXT("format", struct raw_log, format),
	CYAML_FIELD_END
};

static const cyaml_schema_value_t issuer_value = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_issuer, issuer_fields),
};
static const cyaml_schema_value_t profile_value = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_profile, profile_fields),
};
static const cyaml_schema_value_t grant_value = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_grant, grant_fields),
};

static const cyaml_schema_field_t root_fields[] = {
	TEXT("dir",          struct raw, dir),
	MAPPING("listen",    struct raw, listen, listen_fields),
	MAPPING("urls",      struct raw, urls, urls_fields),
	LIST("server_names", struct raw, server_names),
	TEXT("storage",      struct raw, storage),
	MAPPINGS("issuers",  struct raw, issuers, n_issuers, issuer_value),
	MAPPINGS("profiles", struct raw, profiles, n_profiles, profile_value),
	MAPPINGS("grants",   struct raw, grants, n_grants, grant_value),
	MAPPING("crl",       struct raw, crl, crl_fields),
	MAPPING("ocsp",      struct raw, ocsp, ocsp_fields),
	MAPPING("renewal",   struct raw, renewal, renewal_fields),
	MAPPING("limits",    struct raw, limits, limits_fields),
	MAPPING("acme",      struct raw, acme, acme_site_fields),
	MAPPING("audit",     struct raw, audit, audit_fields),
	MAPPING("log",       struct raw, log, log_fields),
	CYAML_FIELD_END
};
/* clang-format on */

static const cyaml_schema_value_t root_value = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw, root_fields),
};

static const cyaml_schema_value_t names_value = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_names, names_fields),
};

/* ---- the tree against the schema ---- */

static bool
unknown_key(const struct loading *l, const struct node *n,
    const cyaml_schema_field_t *fields)
{
	struct buf known;

	buf_init(&known, KIB(1));
	for (; fields->key != NULL; fields++)
		buf_printf(&known, "%s%s", known.n > 0 ? ", " : "", fields->key);
	conf_load_fault(l, n, NULL, "unknown key; known here: %s", buf_str(&known));
	buf_free(&known);
	return false;
}

static bool shape_of_value(const struct loading *l, const struct node *n,
    const cyaml_schema_value_t *v);

static bool
shape_of_mapping(const struct loading *l, const struct node *n,
    const cyaml_schema_field_t *fields)
{
	for (size_t i = 0; i < n->n; i++) {
		const cyaml_schema_field_t *f = fields;

		while (f->key != NULL && strcmp(f->key, n->v[i]->key) != 0)
			f++;
		if (f->key == NULL)
			return unknown_key(l, n->v[i], fields);
		if (!shape_of_value(l, n->v[i], &f->value))
			return false;
	}
	return true;
}

static bool
shape_of_list(const struct loading *l, const struct node *n,
    const cyaml_schema_value_t *entry)
{
	if (n->n > LIST_MAX)
		return conf_load_fault(l, n, NULL, "more than %d members", LIST_MAX);
	for (size_t i = 0; i < n->n; i++)
		if (!shape_of_value(l, n->v[i], entry))
			return false;
	return true;
}

static bool
shape_of_text(const struct loading *l, const struct node *n)
{
	if (n->text[0] == '\0' || strcmp(n->text, "~") == 0 ||
	    strcmp(n->text, "null") == 0)
		return conf_load_fault(l, n, NULL,
		    "has no value; give it one or leave the key out");
	if (strlen(n->text) > TEXT_MAX)
		return conf_load_fault(l, n, NULL, "over %d octets long", TEXT_MAX);
	for (const char *s = n->text; *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return conf_load_fault(l, n, NULL, "holds a control character");
	return true;
}

static bool
shape_of_value(const struct loading *l, const struct node *n,
    const cyaml_schema_value_t *v)
{
	static const struct {
		enum node_kind kind;
		const char *wanted;
	} kinds[CYAML__TYPE_COUNT] = {
		[CYAML_STRING] = { NODE_SCALAR, "one value" },
		[CYAML_SEQUENCE] = { NODE_LIST, "a list, such as [ a, b ]" },
		[CYAML_MAPPING] = { NODE_MAPPING, "a mapping, such as { key: value }" },
	};

	if (v->type == CYAML_IGNORE) /* grants' names alone */
		return n->kind == NODE_SCALAR ? shape_of_text(l, n)
					      : shape_of_value(l, n, &names_value);
	if (n->kind != kinds[v->type].kind)
		return conf_load_fault(l, n, NULL, "must be %s", kinds[v->type].wanted);
	if (v->type == CYAML_SEQUENCE)
		return shape_of_list(l, n, v->sequence.entry);
	if (v->type == CYAML_MAPPING)
		return shape_of_mapping(l, n, v->mapping.fields);
	return shape_of_text(l, n);
}

bool
conf_load_shape(const struct loading *l)
{
	return shape_of_value(l, l->root, &root_value);
}

/* ---- libcyaml ---- */

/* The first fault that libcyaml logs, and the first line that its backtrace names. */
struct fault {
	char text[200];
	unsigned line;
};

static void note_fault(cyaml_log_t level, void *ctx, const char *fmt, va_list args)
    __attribute__((format(printf, 3, 0)));

static void
note_fault(cyaml_log_t level, void *ctx, const char *fmt, va_list args)
{
	struct fault *f = ctx;
	char text[sizeof(f->text)];

	(void)level;
	vsnprintf(text, sizeof(text), fmt, args);
	const char *at = strstr(text, "(line: ");
	if (f->text[0] == '\0')
		memcpy(f->text, text, sizeof(text));
	else if (f->line == 0 && at != NULL)
		f->line = (unsigned)strtoul(at + 7, NULL, 10);
}

static cyaml_config_t
config(struct fault *f)
{
	return (cyaml_config_t){
		.log_fn = note_fault,
		.log_ctx = f,
		.mem_fn = cyaml_mem,
		.log_level = CYAML_LOG_ERROR,
		.flags = CYAML_CFG_NO_ALIAS,
	};
}

bool
conf_load_raw(const struct loading *l, struct bytes text, struct raw **ret)
{
	struct fault f = { 0 };
	const cyaml_config_t c = config(&f);
	cyaml_data_t *data = NULL;
	const cyaml_err_t code =
	    cyaml_load_data(text.p, text.n, &c, &root_value, &data, NULL);

	if (code != CYAML_OK || data == NULL) {
		const char *what = f.text[0] != '\0' ? f.text : cyaml_strerror(code);
		f.text[strcspn(f.text, "\n")] = '\0';
		return err_set(l->e, ERR_MALFORMED, "%s:%u: %s", l->file,
		    f.line > 0 ? f.line : 1, what);
	}
	*ret = data;
	return true;
}

void
conf_load_raw_free(struct raw *r)
{
	struct fault f = { 0 };
	const cyaml_config_t c = config(&f);

	if (r != NULL)
		cyaml_free(&c, &root_value, r, 0);
}
