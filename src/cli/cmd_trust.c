/* SPDX-License-Identifier: Apache-2.0 */
/* hanaper trust install|uninstall - the root into, or out of, this machine's stores. */
#include <gnutls/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/mem.h"
#include "cli/client.h"
#include "cli/trust.h"
#include "codec/pem.h"
#include "sys/file.h"
#include "x509/cert.h"

struct trust_args {
	struct options_common common;
	const char *root;
	struct strings stores;
};

static const struct opt trust_opts[] = {
	OPT_HAS_TEXT("root", "FILE", struct trust_args, root,
	    "this root certificate instead of asking the daemon"),
	OPT_HAS_LIST("store", "NAME", struct trust_args, stores,
	    "only this one: system, nss, java (default: all that are there)"),
	{ 0 },
};

static const struct opt_usage usage = {
	.operands = "install|uninstall",
	.about = "Makes programs of this machine trust the CA, or stop doing so.",
	.opts = trust_opts,
	.shared = options_client,
	.least = 1,
	.most = 1,
};

static bool
fetch_root(const struct trust_args *a, struct client **c, struct buf *ret,
    struct err *e)
{
	if (a->root != NULL)
		return file_read_named(a->root, ret, e);
	return client_open(&a->common, c, e) &&
	       client_get(*c, "/ca/roots.pem", "*/*", ret, e);
}

/*
 * Its name in every store, and a file for the stores' tools; a leaf is no root.  Whatever
 * it came as and with, the stores get this one certificate, as PEM.
 */
static bool
describe(const char *from, struct bytes given, struct buf *pem, struct trust_root *r,
    struct err *e)
{
	struct cert *cert = NULL;
	uint8_t hash[32];
	char hex[17];

	if (!cert_parse_any(given, &cert, e))
		return e->code == ERR_NOT_FOUND
			   ? err_set(e, ERR_MALFORMED, "%s holds no certificate", from)
			   : err_prefix(e, from);
	const bool root = cert->ca && bytes_eq(cert->issuer_dn, cert->subject_dn);
	const int rc =
	    gnutls_hash_fast(GNUTLS_DIG_SHA256, cert->der.p, cert->der.n, hash);
	pem_put(pem, "CERTIFICATE", buf_bytes(&cert->der));
	cert_free(cert);
	if (!root)
		return err_set(e, ERR_MALFORMED, "%s is no root certificate", from);
	if (rc < 0)
		return err_set(e, ERR_INTERNAL, "SHA-256 failed");
	if (!buf_ok(pem, from, e))
		return false;
	hex_write(bytes_of(hash, 8), hex);
	snprintf(r->name, sizeof(r->name), "hanaper-%s", hex);
	snprintf(r->file, sizeof(r->file), "/tmp/hanaper-root-XXXXXX");
	r->pem = buf_bytes(pem);
	const int fd = mkstemp(r->file);
	if (fd < 0)
		return err_errno(e, "cannot make a temporary file");
	const bool ok = write(fd, r->pem.p, r->pem.n) == (ssize_t)r->pem.n;
	close(fd);
	return ok || err_errno(e, "cannot write %s", r->file);
}

static bool
is_wanted(const struct trust_args *a, const char *store)
{
	for (size_t i = 0; i < a->stores.n; i++)
		if (strcmp(a->stores.v[i], store) == 0)
			return true;
	return a->stores.n == 0;
}

/*
 * Every store that is there; one that is absent is a fault only when it was named, or
 * when nothing came of it all.
 */
static int
act_on_all(const struct trust_args *a, const struct trust_root *r, enum trust_act act)
{
	static const char *const words[] = { [TRUST_DONE] = "done",
		[TRUST_ABSENT] = "absent",
		[TRUST_FAILED] = "failed" };
	json_t *list = json_array();
	int status = OUT_DONE;
	bool none = true;

	for (const struct trust_store *s = trust_stores; s->name != NULL; s++) {
		struct err e = { 0 };

		if (!is_wanted(a, s->name))
			continue;
		const enum trust_result result = s->act(r, act, &e);
		const char *why = result == TRUST_DONE ? "" : e.detail;

		none = none && result == TRUST_ABSENT;
		if (result == TRUST_FAILED ||
		    (result == TRUST_ABSENT && a->stores.n > 0))
			status = OUT_FAILED;
		json_array_append_new(list,
		    json_pack("{s:s, s:s, s:s}", "store", s->name, "result",
			words[result], "detail", why));
		if (!a->common.json)
			printf("%-8s %-8s %s\n", s->name, words[result],
			    result == TRUST_DONE ? s->about : why);
	}
	if (a->common.json)
		out_json(json_pack("{s:s, s:O}", "name", r->name, "stores", list));
	json_decref(list);
	if (!none || act == TRUST_UNINSTALL)
		return status;
	out_note(
	    "no program trusts it by this: install what is missing, or give it the "
	    "root certificate itself (curl --cacert root.crt)");
	return OUT_FAILED;
}

static bool
check_stores(const struct trust_args *a, int *ret_status)
{
	for (size_t i = 0; i < a->stores.n; i++) {
		const struct trust_store *s = trust_stores;

		while (s->name != NULL && strcmp(s->name, a->stores.v[i]) != 0)
			s++;
		if (s->name == NULL) {
			*ret_status =
			    out_usage("trust", "--store must be system, nss or java");
			return false;
		}
	}
	return true;
}

int
cmd_trust(const struct command *self, int argc, char **argv)
{
	struct trust_args a = { 0 };
	struct trust_root r = { 0 };
	struct client *c = NULL;
	struct err e = { 0 };
	struct buf given, pem;
	int status = OUT_DONE;

	if (!options_read(self, &usage, argc, argv, &a, &status))
		return status;
	const char *word = a.common.operands[0];
	const bool install = strcmp(word, "install") == 0;

	buf_init(&given, KIB(64));
	buf_init(&pem, KIB(128));
	if (!install && strcmp(word, "uninstall") != 0)
		status =
		    out_usage("trust", "\"%s\" must be install or uninstall", word);
	else if (!check_stores(&a, &status))
		goto out;
	else if (!fetch_root(&a, &c, &given, &e) ||
		 !describe(a.root != NULL ? a.root : "the daemon's answer",
		     buf_bytes(&given), &pem, &r, &e))
		status = client_fail(c, &e);
	else
		status = act_on_all(&a, &r, install ? TRUST_INSTALL : TRUST_UNINSTALL);
	if (status == OUT_DONE && install)
		out_next("curl https://...   (without --cacert)");
out:
	if (r.file[0] != '\0')
		unlink(r.file);
	buf_free(&given);
	buf_free(&pem);
	client_free(c);
	strings_free(&a.stores);
	return status;
}
