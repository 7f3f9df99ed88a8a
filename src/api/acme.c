/* SPDX-License-Identifier: Apache-2.0 */
/* What comes to /acme/: found, judged, given to its handler (api/acme.h). */
#include "api/acme.h"

#include <stdlib.h>
#include <string.h>

#include "api/acme_impl.h"
#include "api/core_routes.h"
#include "base/mem.h"
#include "ca/acme_account.h"
#include "ca/acme_limit.h"

enum payload {
	PAYLOAD_GET = 1,
	PAYLOAD_OBJECT,
	PAYLOAD_BOTH
};

struct resource {
	const char *path;
	const char *method; /* "GET": also plainly */
	enum acme_gate gate;
	enum payload payload;
	acme_handler *handler;
};

static const struct resource resources[] = {
#define ACME_ROUTE(path, method, gate, payload, handler)                               \
	{ path, method, gate, payload, acme_on_##handler },
#include "tbl/acme_routes.h"
#undef ACME_ROUTE
};

/* ---- which resource ---- */

/* "order/:id/finalize" against "order/x/finalize". */
static bool
path_fits(const char *pattern, struct bytes path, struct bytes params[ROUTE_PARAMS])
{
	size_t n = 0;

	for (;;) {
		const struct bytes want = bytes_of(pattern, strcspn(pattern, "/"));
		const struct bytes have = bytes_of(path.p, bytes_index(path, '/'));

		if (want.n > 0 && want.p[0] == ':' ? have.n == 0 || n == ROUTE_PARAMS
						   : !bytes_eq(want, have))
			return false;
		if (want.n > 0 && want.p[0] == ':')
			params[n++] = have;
		pattern += want.n;
		path = bytes_skip(path, have.n);
		if (*pattern == '\0' || path.n == 0)
			return *pattern == '\0' && path.n == 0;
		pattern++;
		path = bytes_skip(path, 1);
	}
}

static bool
find(struct acme *a, const struct resource **ret, struct err *e)
{
	const struct bytes path = a->r->params[0];
	const struct bytes name = bytes_of(path.p, bytes_index(path, '/'));
	const struct conf_profile *p = conf_profile_find(ca_conf(a->r->ca), name);

	if (p == NULL || !p->acme.on || p->internal)
		return err_set(e, ERR_NOT_FOUND, "there is no ACME directory here");
	a->directory = p;
	for (size_t i = 0; i < NITEMS(resources); i++)
		if (path_fits(resources[i].path, bytes_skip(path, name.n + 1),
			a->params)) {
			*ret = &resources[i];
			return true;
		}
	return err_set(e, ERR_NOT_FOUND, "this ACME directory has no such resource");
}

bool
acme_directory_anew(struct acme *a, struct err *e)
{
	a->directory =
	    conf_profile_find(ca_conf(a->r->ca), bytes_str(a->directory->name));
	return (a->directory != NULL && a->directory->acme.on) ||
	       err_set(e, ERR_NOT_FOUND, "this directory is gone");
}

/* ---- who asks, and does the signature say so (RFC 8555 6.2) ---- */

/* The account's id, of a URL that is exactly one of this directory's. */
static bool
read_kid(const struct acme *a, char ret[static ACME_ID_LEN], struct err *e)
{
	char *prefix = acme_url(a, "/account/");
	const struct bytes kid = bytes_str(a->jws->kid);

	const bool ours =
	    bytes_starts(kid, prefix) &&
	    bytes_to_str(bytes_skip(kid, strlen(prefix)), ret, ACME_ID_LEN);
	free(prefix);
	return ours || err_set(e, ERR_ACCOUNT_UNKNOWN,
			   "kid names no account of this directory");
}

static bool
find_account(struct acme *a, enum acme_gate gate, struct err *e)
{
	const bool by_kid = a->jws->kid != NULL;
	char id[ACME_ID_LEN];

	if (gate == ACME_GATE_JWK && by_kid)
		return err_set(e, ERR_MALFORMED,
		    "this resource wants the key itself (jwk), not an account (kid)");
	if (gate == ACME_GATE_KID && !by_kid)
		return err_set(e, ERR_MALFORMED,
		    "this resource wants an account's URL (kid), not a key (jwk)");
	if (!by_kid)
		return true;
	a->has_account = read_kid(a, id, e) &&
			 acme_account_find(a->r->ca, a->directory, id, &a->account, e);
	return a->has_account;
}

static bool
check_url(const struct acme *a, struct err *e)
{
	const struct msg_http_request *in = &a->r->in;
	char *url = mem_printf("%s%.*s%s%.*s", ca_conf(a->r->ca)->url_api,
	    (int)in->path.n, (const char *)in->path.p, in->query.n > 0 ? "?" : "",
	    (int)in->query.n, (const char *)in->query.p);

	const bool ok = jws_check_url(a->jws, url, e);
	free(url);
	return ok;
}

static bool
check_payload(struct acme *a, enum payload want, struct err *e)
{
	const bool empty = a->jws->payload.n == 0;

	if (want == PAYLOAD_GET && !empty)
		return err_set(e, ERR_MALFORMED,
		    "this resource is read by POST-as-GET: the payload must be empty");
	if (empty && want == PAYLOAD_OBJECT)
		return err_set(e, ERR_MALFORMED, "this resource wants a payload");
	return empty || jws_payload_object(a->jws, &a->payload, e);
}

/* Media types are compared without letter case and parameters (A8). */
static bool
check_type(const struct acme *a, struct err *e)
{
	const struct bytes type = a->r->in.content_type;

	return bytes_eq_nocase(bytes_trim(bytes_of(type.p, bytes_index(type, ';'))),
		   "application/jose+json") ||
	       err_set(e, ERR_MEDIA_TYPE, "send Content-Type: application/jose+json");
}

/* What fails here is counted: it cost its sender nothing (S32). */
static bool
verify(struct acme *a, struct err *e)
{
	struct ca *ca = a->r->ca;
	const struct bytes address = a->r->in.address;

	if (!acme_limit_signature(ca, address, a->account.num, e))
		return false;
	const bool read = a->has_account ? acme_key_read(ca, a->account.key, &a->key, e)
					 : jws_key(a->jws, &a->key, e);
	if (!read || !jws_verify(a->jws, a->key, e))
		return false;
	acme_limit_verified(ca, address, a->account.num);
	return true;
}

/* From here on a refusal is a decision, and of this account; before, anybody could say so. */
static void
name_caller(struct acme *a)
{
	struct identity *id = &a->r->caller.id;

	request_about(a->r, a->directory->name, NULL, NULL, NULL);
	if (!a->has_account)
		return;
	free(id->text);
	*id = (struct identity){ .kind = IDENTITY_ACME,
		.text = acme_identity_text(a->account.id) };
}

/*
 * The nonce is looked at before the signature, which costs most, and a bad one counts for
 * nothing: any client comes with one now and then.  It is used up last: only who holds
 * the key can do that (A65).
 */
static bool
check_signed(struct acme *a, const struct resource *res, struct err *e)
{
	struct ca *ca = a->r->ca;

	if (!check_type(a, e) || !jws_parse(a->r->in.body, &a->jws, e) ||
	    !jws_check_alg(a->jws, e) || !find_account(a, res->gate, e) ||
	    !check_url(a, e))
		return false;
	if (a->jws->nonce == NULL)
		return nonce_missing(e);
	const struct bytes nonce = bytes_str(a->jws->nonce);
	if (!acme_nonce_check(ca, nonce, e) || !verify(a, e) ||
	    !acme_nonce_use(ca, nonce, e))
		return false;
	name_caller(a);
	return (!a->has_account || acme_account_check(&a->account, e)) &&
	       check_payload(a, res->payload, e);
}

static bool
admit(struct acme *a, const struct resource *res, struct err *e)
{
	if (bytes_eq_str(a->r->in.method, "POST"))
		return check_signed(a, res, e);
	if (strcmp(res->method, "GET") == 0)
		return true;
	request_header(a->r, "Allow", "POST");
	return err_set(e, ERR_METHOD,
	    "this resource is read by POST-as-GET (RFC 8555 6.3)");
}

void
core_acme(struct request *r)
{
	struct acme *a = mem_zalloc(sizeof(*a));
	const struct resource *res = NULL;
	struct err e;

	a->r = r;
	if (find(a, &res, &e) && admit(a, res, &e))
		res->handler(a);
	else
		acme_problem(a, &e, NULL, NULL);
}

void
acme_free(struct acme *a)
{
	jws_free(a->jws);
	jwk_free(a->key);
	json_decref(a->payload);
	store_acme_account_free(&a->account);
	free(a);
}
