/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/conf_reload.h"

#include <string.h>

#include "conf/conf_wire.h"

/* The members from 'first' to 'last' of struct conf are one key's. */
#define MEMBERS(first, last)                                                           \
	offsetof(struct conf, first),                                                  \
	    offsetof(struct conf, last) + sizeof(((struct conf *)0)->last)

static const struct {
	const char *key;
	size_t from, to;
	bool fixed; /* what is open, held or sealed by it is so until the end */
} keys[] = {
	{ "dir", MEMBERS(dir, dir), true },
	{ "listen.api", MEMBERS(listen_api, listen_api), true },
	{ "listen.http", MEMBERS(listen_http, listen_http), true },
	{ "listen.metrics", MEMBERS(listen_metrics, listen_metrics), true },
	{ "storage", MEMBERS(database, database), true },
	{ "issuers", MEMBERS(issuers, n_issuers), true },
	{ "urls.api", MEMBERS(url_api, url_api), false },
	{ "urls.public", MEMBERS(url_public, url_public), false },
	{ "server_names", MEMBERS(server_names, server_names), false },
	{ "profiles", MEMBERS(profiles, n_profiles), false },
	{ "grants", MEMBERS(grants, n_grants), false },
	{ "crl", MEMBERS(crl_interval_s, crl_shards), false },
	{ "ocsp", MEMBERS(ocsp_validity_s, ocsp_responder_validity_s), false },
	{ "log", MEMBERS(log_level, log_format), false },
	{ "renewal", MEMBERS(renewal_max_age_s, renewal_max_age_s), false },
	{ "acme", MEMBERS(acme, acme), false },
	{ "limits", MEMBERS(body_max, same_names_per_hour), false },
	{ "audit", MEMBERS(audit_retention_s, audit_refusals_s), false },
};

/* Only the members from 'from' to 'to', as they travel. */
static void
put_part(struct buf *b, const struct conf *c, size_t from, size_t to)
{
	struct conf part = { 0 };

	memcpy((uint8_t *)&part + from, (const uint8_t *)c + from, to - from);
	part.file = NULL;
	/* The daemon's own follow from the names and URLs. */
	while (part.n_profiles > 0 && part.profiles[part.n_profiles - 1].internal)
		part.n_profiles--;
	buf_clear(b);
	conf_put(b, &part);
}

static bool
differ(const struct conf *now, const struct conf *next, size_t from, size_t to)
{
	struct buf a, b;

	buf_init(&a, MIB(8));
	buf_init(&b, MIB(8));
	put_part(&a, now, from, to);
	put_part(&b, next, from, to);
	const bool ret = a.full || b.full || !bytes_eq(buf_bytes(&a), buf_bytes(&b));
	buf_free(&a);
	buf_free(&b);
	return ret;
}

bool
conf_reload_compare(const struct conf *now, const struct conf *next,
    struct buf *ret_changed, struct err *e)
{
	const size_t before = ret_changed->n;

	for (size_t i = 0; i < NITEMS(keys); i++) {
		if (!differ(now, next, keys[i].from, keys[i].to))
			continue;
		if (keys[i].fixed)
			return err_set(e, ERR_CONFIGURATION,
			    "%s: \"%s\" cannot change while the daemon runs; restart "
			    "for this",
			    next->file, keys[i].key);
		buf_printf(ret_changed, "%s%s", ret_changed->n > before ? " " : "",
		    keys[i].key);
	}
	/* A key that is in no row above. */
	if (ret_changed->n == before && differ(now, next, 0, sizeof(struct conf)))
		buf_puts(ret_changed, "others");
	return true;
}

bool
conf_reload_keep(const struct conf *now, struct conf *next)
{
	if (!conf_wants_resolvers(next) || next->acme.resolvers.n > 0 ||
	    !now->acme.resolvers_found)
		return false;
	for (size_t i = 0; i < now->acme.resolvers.n; i++)
		strings_add(&next->acme.resolvers, now->acme.resolvers.v[i]);
	next->acme.resolvers_found = true;
	return true;
}
