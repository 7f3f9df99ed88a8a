/* SPDX-License-Identifier: Apache-2.0 */
/* hanaper issuer [NAME | revoke NAME] - who signs, until when, and where that is published. */
#include <string.h>

#include "cli/client.h"
#include "cli/named.h"
#include "cli/reason.h"
#include "cli/view.h"
#include "codec/uri.h"

struct issuer_args {
	struct options_common common;
	const char *reason;
};

static const struct opt issuer_opts[] = {
	OPT_HAS_TEXT("reason", "REASON", struct issuer_args, reason,
	    "revoke: why; it must be said"),
	{ 0 },
};

static const struct opt_usage usage = {
	.operands = "[NAME | revoke NAME|SERIAL]",
	.about =
	    "Without NAME: all of them.\n"
	    "revoke: NAME signs no more certificates, what it signed opens nothing "
	    "here, and\n"
	    "the root's CRL names it.  For good; on the CA's machine alone.  Reasons:\n"
	    "cACompromise (somebody else may have the key), superseded,\n"
	    "cessationOfOperation and the others of \"revoke\".",
	.opts = issuer_opts,
	.shared = options_client,
	.least = 0,
	.most = 2,
};

/* ---- the list ---- */

static void
print_crl(const json_t *crl)
{
	struct buf b;

	if (!json_is_object(crl))
		return;
	const long long entries = json_integer_value(json_object_get(crl, "entries"));

	buf_init(&b, KIB(1));
	if (json_object_get(crl, "number") == NULL)
		buf_puts(&b,
		    "older than the last that was signed: see the daemon's log");
	else
		buf_printf(&b, "number %lld, %lld %s",
		    (long long)json_integer_value(json_object_get(crl, "number")),
		    entries, out_noun((uint64_t)entries, "entry", "entries"));
	out_field("CRL", VIEW_LABEL, buf_str(&b));
	buf_free(&b);
	view_field_time(crl, "next_update", "next CRL");
}

static void
print_one(const json_t *v)
{
	view_field(v, "name", "issuer");
	view_field(v, "subject", "subject");
	view_field(v, "serial", "serial");
	view_field(v, "revoked_at", "revoked");
	view_field(v, "reason", "reason");
	view_field(v, "key", "key");
	view_field_time(v, "not_before", "not before");
	view_field_time(v, "not_after", "not after");
	view_field(v, "crl_url", "CRL at");
	view_field(v, "ocsp_url", "OCSP at");
	print_crl(json_object_get(v, "crl"));
}

static void
print(const json_t *list, const json_t *one)
{
	const json_t *v;
	size_t i;

	if (one != NULL) {
		print_one(one);
		out_next("hanaper crl %s", json_text(one, "name"));
		return;
	}
	json_array_foreach(list, i, v)
	{
		if (i > 0)
			putchar('\n');
		print_one(v);
	}
	out_next("hanaper crl NAME");
}

/* All of them, or the one that is named. */
static int
show(struct client *c, const struct issuer_args *a)
{
	json_t *v = NULL;
	const json_t *one = NULL;
	struct err e;
	int status = OUT_DONE;

	if (!client_get_json(c, "/v1/issuers", &v, &e))
		return client_fail(c, &e);
	const json_t *list = json_object_get(v, "issuers");
	if (a->common.n_operands > 0 &&
	    (one = named_find(list, "issuer", a->common.operands[0], &e)) == NULL)
		status = out_fail(&e);
	else if (a->common.json)
		out_json(json_deep_copy(one != NULL ? one : v));
	else
		print(list, one);
	json_decref(v);
	return status;
}

/* ---- revoke ---- */

static void
print_revoked(const json_t *v)
{
	const json_t *by = json_object_get(v, "effective_by");

	view_field(v, "issuer", "revoked");
	view_field(v, "serial", "serial");
	view_field(v, "revoked_at", "at");
	view_field(v, "reason", "reason");
	view_field(by, "ocsp", "OCSP from");
	view_field(by, "crl", "CRL by");
	if (json_is_null(json_object_get(by, "crl")))
		out_note(
		    "the root's key is not here, or cannot be opened (hanaper "
		    "doctor): put root.key back and start the daemon anew, then the "
		    "root's CRL names it");
	out_next("stop the daemon, hanaper rotate %s, start it",
	    json_text(v, "issuer"));
}

static int
revoke(struct client *c, const struct issuer_args *a, const char *reason)
{
	json_t *body = json_pack("{s:s}", "reason", reason), *v = NULL;
	struct buf path;
	struct err e;
	int status = OUT_DONE;

	buf_init(&path, KIB(1));
	buf_puts(&path, "/v1/issuers/");
	uri_encode(&path, bytes_str(a->common.operands[1]));
	buf_puts(&path, "/revoke");
	if (!client_post_json(c, buf_str(&path), body, &v, &e))
		status = client_fail(c, &e);
	else if (a->common.json)
		out_json(json_incref(v));
	else
		print_revoked(v);
	buf_free(&path);
	json_decref(v);
	return status;
}

static bool
is_revoke(const struct options_common *c)
{
	return c->n_operands > 0 && strcmp(c->operands[0], "revoke") == 0;
}

/* What was asked for: a list, one of them, or a name to revoke and why. */
static bool
read_line(const struct command *self, const struct issuer_args *a, const char **reason)
{
	const struct options_common *c = &a->common;

	if (!reason_read(self, a->reason, true, reason))
		return false;
	if (!is_revoke(c) && c->n_operands > 1)
		(void)out_usage(self->name, "one name, or: revoke NAME");
	else if (is_revoke(c) && c->n_operands == 1)
		(void)out_usage(self->name, "whom? hanaper issuer lists the names");
	else if (c->n_operands == 2 && *reason == NULL)
		(void)out_usage(self->name, "say why: --reason cACompromise where "
					    "somebody else may have the key, "
					    "else superseded or cessationOfOperation");
	else if (!is_revoke(c) && *reason != NULL)
		(void)out_usage(self->name, "--reason is for: revoke NAME");
	else
		return true;
	return false;
}

int
cmd_issuer(const struct command *self, int argc, char **argv)
{
	struct issuer_args a = { 0 };
	struct client *c = NULL;
	struct err e = { 0 };
	const char *reason = NULL;
	int status = OUT_DONE;

	if (!options_read(self, &usage, argc, argv, &a, &status))
		return status;
	if (!read_line(self, &a, &reason))
		return OUT_USAGE;
	if (!client_open(&a.common, &c, &e))
		status = client_fail(c, &e);
	else if (!is_revoke(&a.common))
		status = show(c, &a);
	else if (client_dir(c) == NULL)
		status = out_usage(self->name,
		    "an issuer is revoked on the CA's machine alone, over the daemon's "
		    "socket: --dir DIR there, not --url");
	else
		status = revoke(c, &a, reason);
	client_free(c);
	return status;
}
