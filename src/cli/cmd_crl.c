/* SPDX-License-Identifier: Apache-2.0 */
/* hanaper crl - fetch a revocation list, check its signature, say what it holds. */
#include <fcntl.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/client.h"
#include "cli/crl_entries.h"
#include "cli/named.h"
#include "cli/table.h"
#include "cli/view.h"
#include "codec/uri.h"
#include "sys/file.h"
#include "x509/crl_shard.h"

#define ROOT           "root" /* its list is short and has no parts */
#define CRL_FILE_MODE  0644
#define CRL_NUMBER_MAX 20 /* octets (RFC 5280 5.2.3) */

struct crl_args {
	struct options_common common;
	const char *out;
	bool list, shards;
	struct crl_shard shard; /* of ISSUER/16-3 */
	bool delta;             /* ISSUER/delta */
};

static const struct opt crl_opts[] = {
	OPT_HAS_TEXT("out", "FILE", struct crl_args, out,
	    "write the CRL there, as DER"),
	OPT_IS_FLAG("list", struct crl_args, list, "show every entry too"),
	OPT_IS_FLAG("shards", struct crl_args, shards, "show the shards of the CRL"),
	{ 0 },
};

static const struct opt_usage usage = {
	.operands = "[ISSUER[/SHARD|/delta]]",
	.about =
	    "Without ISSUER: the first that profiles use and that is not revoked.  "
	    "The\n"
	    "signature is checked against the issuer's certificate, which is fetched "
	    "too.\n"
	    "A shard is called as in the URL inside certificates, such as main/16-3;\n"
	    "main/delta is what changed since an earlier list.",
	.opts = crl_opts,
	.shared = options_client,
	.most = 1,
};

static bool
root_has_none(struct err *e)
{
	return err_set(e, ERR_NOT_FOUND,
	    "the root's CRL has neither shards nor a delta, whatever crl.shards and "
	    "crl.delta in hanaper.yaml say; all of it: hanaper crl " ROOT);
}

static bool
fetch(struct client *c, const char *before, const char *issuer, const char *after,
    struct buf *ret, struct err *e)
{
	struct buf path;
	bool ok;

	buf_init(&path, KIB(4));
	buf_puts(&path, before);
	uri_encode(&path, bytes_str(issuer));
	buf_puts(&path, after);
	ok = buf_ok(&path, "the issuer's name", e) &&
	     client_get(c, buf_str(&path), "*/*", ret, e);
	if (!ok && e->code == ERR_NOT_FOUND && after[0] == '/' &&
	    strcmp(issuer, ROOT) == 0)
		root_has_none(e);
	else if (!ok && e->code == ERR_NOT_FOUND && after[0] == '/')
		err_set(e, ERR_NOT_FOUND,
		    "issuer \"%s\" has no CRL \"%s%.*s\": crl.delta and crl.shards in "
		    "hanaper.yaml make such; hanaper crl --shards lists the shards",
		    issuer, issuer, (int)(strlen(after) - strlen(".crl")), after);
	else if (!ok && e->code == ERR_NOT_FOUND)
		err_set(e, ERR_NOT_FOUND,
		    "nothing is published of an issuer \"%s\"; all of them: hanaper "
		    "issuer",
		    issuer);
	buf_free(&path);
	return ok;
}

/* Does the signature hold?  Times are shown, not judged. */
static bool
verify(gnutls_x509_crl_t crl, struct bytes issuer_der, struct err *e)
{
	const gnutls_datum_t in = { (unsigned char *)(uintptr_t)issuer_der.p,
		(unsigned)issuer_der.n };
	gnutls_x509_crt_t issuer = NULL;
	unsigned found = 0;
	bool ok = false;

	if (gnutls_x509_crt_init(&issuer) < 0)
		return err_set(e, ERR_INTERNAL, "GnuTLS gave no handle");
	if (gnutls_x509_crt_import(issuer, &in, GNUTLS_X509_FMT_DER) < 0)
		err_set(e, ERR_MALFORMED, "the issuer's certificate is unreadable");
	else if (gnutls_x509_crl_verify(crl, &issuer, 1,
		     GNUTLS_VERIFY_DISABLE_TIME_CHECKS, &found) < 0 ||
		 found != 0)
		err_set(e, ERR_MALFORMED,
		    "the CRL's signature does not verify: do not use it");
	else
		ok = true;
	gnutls_x509_crt_deinit(issuer);
	return ok;
}

/* The number of a delta's base, from the extension's INTEGER; 0: it is no delta. */
static uint64_t
base_of(gnutls_x509_crl_t crl)
{
	unsigned char octets[CRL_NUMBER_MAX + 4];
	char oid[64];
	uint64_t value = 0;

	for (unsigned i = 0;; i++) {
		size_t n = sizeof(oid), size = sizeof(octets);

		if (gnutls_x509_crl_get_extension_info(crl, i, oid, &n, NULL) < 0)
			return 0;
		if (strcmp(oid, "2.5.29.27") != 0)
			continue;
		if (gnutls_x509_crl_get_extension_data(crl, i, octets, &size) < 0)
			return 0;
		for (size_t k = 2; k < size; k++)
			value = value << 8 | octets[k];
		return value;
	}
}

/* What is to be said, as JSON; both forms are printed from it. */
static json_t *
describe(gnutls_x509_crl_t crl, const char *issuer)
{
	unsigned char number[CRL_NUMBER_MAX + 1];
	size_t n = sizeof(number);
	char this_update[CLOCK_RFC3339_LEN], next_update[CLOCK_RFC3339_LEN];
	uint64_t value = 0;
	json_t *v;

	if (gnutls_x509_crl_get_number(crl, number, &n, NULL) < 0)
		n = 0;
	for (size_t i = 0; i < n; i++)
		value = value << 8 | number[i];
	clock_rfc3339(gnutls_x509_crl_get_this_update(crl), this_update);
	clock_rfc3339(gnutls_x509_crl_get_next_update(crl), next_update);
	v = json_pack("{s:s, s:I, s:s, s:s, s:I, s:b}", "issuer", issuer, "number",
	    (json_int_t)value, "this_update", this_update, "next_update", next_update,
	    "entries", (json_int_t)gnutls_x509_crl_get_crt_count(crl), "stale",
	    gnutls_x509_crl_get_next_update(crl) < clock_now());
	if (base_of(crl) != 0)
		json_object_set_new(v, "base", json_integer((json_int_t)base_of(crl)));
	return v;
}

static void
print(const json_t *v)
{
	static const char *const titles[] = { "SERIAL", "REVOKED AT", "REASON" };
	const json_t *list = json_object_get(v, "revoked"), *entry;
	struct table *t;
	size_t i;

	view_field(v, "issuer", "issuer");
	printf("%-*s  %lld\n", VIEW_LABEL, "number",
	    (long long)json_integer_value(json_object_get(v, "number")));
	if (json_object_get(v, "base") != NULL)
		printf("%-*s  %lld\n", VIEW_LABEL, "since number",
		    (long long)json_integer_value(json_object_get(v, "base")));
	view_field_time(v, "this_update", "this update");
	view_field_time(v, "next_update", "next update");
	printf("%-*s  %lld\n", VIEW_LABEL, "entries",
	    (long long)json_integer_value(json_object_get(v, "entries")));
	out_field("signature", VIEW_LABEL, "good");
	if (json_array_size(list) == 0)
		return;
	t = table_new(titles, NITEMS(titles));
	json_array_foreach(list, i, entry) table_add(t,
	    (const char *const[]){ json_text(entry, "serial"),
		json_text(entry, "revoked_at"), json_text(entry, "reason") });
	putchar('\n');
	table_print(t, stdout);
	table_free(t);
}

/* Checks 'der' and says what is in it; with --out keeps it. */
static bool
tell(const struct crl_args *a, const char *issuer, struct bytes der,
    struct bytes issuer_der, struct err *e)
{
	const gnutls_datum_t in = { (unsigned char *)(uintptr_t)der.p,
		(unsigned)der.n };
	gnutls_x509_crl_t crl = NULL;
	json_t *v = NULL, *list = NULL;
	bool ok = false;

	if (gnutls_x509_crl_init(&crl) < 0)
		return err_set(e, ERR_INTERNAL, "GnuTLS gave no handle");
	if (gnutls_x509_crl_import(crl, &in, GNUTLS_X509_FMT_DER) < 0) {
		err_set(e, ERR_MALFORMED, "what the daemon answered is no CRL");
		goto out;
	}
	if (!verify(crl, issuer_der, e))
		goto out;
	if (a->out != NULL && !file_replace(AT_FDCWD, a->out, CRL_FILE_MODE, der, e))
		goto out;
	if (a->list && !crl_entries_json(der, &list, e))
		goto out;
	v = describe(crl, issuer);
	if (list != NULL)
		json_object_set_new(v, "revoked", list);
	if (json_is_true(json_object_get(v, "stale")))
		out_note("this CRL is past its next update: is the daemon well?");
	if (a->common.json)
		out_json(json_incref(v));
	else
		print(v);
	if (a->out != NULL)
		out_next("openssl crl -inform DER -in %s -noout -text", a->out);
	ok = true;
out:
	json_decref(v);
	gnutls_x509_crl_deinit(crl);
	return ok;
}

/* ---- the shards ---- */

static void
print_shards(const json_t *list)
{
	static const char *const titles[] = { "SHARD", "NUMBER", "ENTRIES",
		"THIS UPDATE", "NEXT UPDATE" };
	struct table *t = table_new(titles, NITEMS(titles));
	const json_t *v;
	size_t i;

	json_array_foreach(list, i, v)
	{
		char number[24], entries[24];

		snprintf(number, sizeof(number), "%lld",
		    (long long)json_integer_value(json_object_get(v, "number")));
		snprintf(entries, sizeof(entries), "%lld",
		    (long long)json_integer_value(json_object_get(v, "entries")));
		table_add(t,
		    (const char *const[]){ json_text(v, "shard"), number, entries,
			json_text(v, "this_update"), json_text(v, "next_update") });
	}
	table_print(t, stdout);
	table_free(t);
}

static bool
no_shards(const char *issuer, bool known, struct err *e)
{
	if (!known)
		return err_set(e, ERR_NOT_FOUND,
		    "there is no issuer \"%s\"; all of them: hanaper issuer", issuer);
	if (strcmp(issuer, ROOT) == 0)
		return root_has_none(e);
	return err_set(e, ERR_NOT_FOUND,
	    "issuer \"%s\" has no shards: crl.shards in hanaper.yaml makes some",
	    issuer);
}

static bool
tell_shards(const struct crl_args *a, struct client *c, const char *issuer,
    struct err *e)
{
	const json_t *one, *found = NULL;
	json_t *all = NULL;
	bool known = false;
	size_t i;

	if (!client_get_json(c, "/v1/issuers", &all, e))
		return false;
	json_array_foreach(json_object_get(all, "issuers"), i, one)
	{
		if (!bytes_eq_str(bytes_str(json_text(one, "name")), issuer))
			continue;
		known = true;
		found = json_object_get(one, "crl_shards");
	}
	const bool ok = found != NULL || no_shards(issuer, known, e);
	if (ok && a->common.json)
		out_json(json_deep_copy(found));
	else if (ok)
		print_shards(found);
	json_decref(all);
	return ok;
}

/* Reads "main/16-3"; *ret_issuer: free() it, NULL: none was named. */
static bool
read_operand(struct crl_args *a, char **ret_issuer, struct err *e)
{
	const char *text = a->common.n_operands > 0 ? a->common.operands[0] : "";
	const char *slash = strchr(text, '/');

	a->delta = slash != NULL && strcmp(slash, "/delta") == 0;
	if (slash != NULL && !a->delta &&
	    !crl_shard_from_text(bytes_str(slash + 1), &a->shard))
		return err_set(e, ERR_MALFORMED,
		    "\"%s\" is no shard: such as main/16-3, or main/delta", text);
	if (a->shards && slash != NULL)
		return err_set(e, ERR_MALFORMED,
		    "--shards shows all shards of an issuer: hanaper crl --shards %.*s",
		    (int)(slash - text), text);
	if (a->shards && (a->out != NULL || a->list))
		return err_set(e, ERR_MALFORMED,
		    "--shards says which there are; --out and --list are of one, such "
		    "as "
		    "main/16-3");
	*ret_issuer =
	    a->common.n_operands == 0 ? NULL
	    : slash == NULL
		? mem_strdup(text)
		: mem_strndup(bytes_of((const uint8_t *)text, (size_t)(slash - text)));
	return true;
}

static bool
tell_one(const struct crl_args *a, struct client *c, const char *issuer, struct err *e)
{
	char shard[CRL_SHARD_LEN], after[CRL_SHARD_LEN + 8] = ".crl";

	if (a->delta)
		snprintf(after, sizeof(after), "/delta.crl");
	struct buf crl, cert;

	if (a->shard.of != 0) {
		crl_shard_text(a->shard, shard);
		snprintf(after, sizeof(after), "/%s.crl", shard);
	}
	buf_init(&crl, CLIENT_ANSWER_MAX);
	buf_init(&cert, KIB(64));
	const bool ok = fetch(c, "/crl/", issuer, after, &crl, e) &&
			fetch(c, "/ca/", issuer, ".crt", &cert, e) &&
			tell(a, issuer, buf_bytes(&crl), buf_bytes(&cert), e);
	buf_free(&crl);
	buf_free(&cert);
	return ok;
}

int
cmd_crl(const struct command *self, int argc, char **argv)
{
	struct crl_args a = { 0 };
	char *issuer = NULL;
	struct client *c = NULL;
	struct err e = { 0 };
	int status = OUT_DONE;

	if (!options_read(self, &usage, argc, argv, &a, &status))
		return status;
	if (!read_operand(&a, &issuer, &e))
		return out_usage(self->name, "%s", e.detail);
	if (!client_open(&a.common, &c, &e) ||
	    (issuer == NULL && !named_default_issuer(c, &issuer, &e)) ||
	    !(a.shards ? tell_shards(&a, c, issuer, &e) : tell_one(&a, c, issuer, &e)))
		status = client_fail(c, &e);
	free(issuer);
	client_free(c);
	return status;
}
