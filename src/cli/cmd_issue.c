/* SPDX-License-Identifier: Apache-2.0 */
/* hanaper issue - a key made here, its certificate signed by the daemon. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/client.h"
#include "cli/filter.h"
#include "cli/request.h"
#include "cli/view.h"
#include "sys/file.h"
#include "x509/csr.h"

#define KEY_MODE  0600
#define CERT_MODE 0644
#define PEM_MAX   KIB(256)

struct issue_args {
	struct options_common common;
	const char *profile, *out, *key_type, *validity, *csr;
	struct strings metadata;
	bool force, to_stdout;
};

static const struct opt issue_opts[] = {
	/* clang-format off */
	OPT_HAS_TEXT("profile", "NAME", struct issue_args, profile, "by this profile (default: server)"),
	OPT_HAS_TEXT("out", "BASE", struct issue_args, out,
	    "write BASE.key and BASE.crt (default: the first name; of --csr FILE its own)"),
	OPT_HAS_TEXT("key-type", "TYPE", struct issue_args, key_type,
	    "ecdsa-p256 (default), ecdsa-p384, ed25519, rsa-3072, ..."),
	OPT_HAS_TEXT("validity", "SPAN", struct issue_args, validity,
	    "how long: 24h, 30d (default: the profile's)"),
	OPT_HAS_TEXT("csr", "FILE", struct issue_args, csr,
	    "have this CSR signed instead of making a key; - reads standard input"),
	OPT_HAS_LIST("metadata", "KEY=VALUE", struct issue_args, metadata,
	    "a note to keep with the certificate"),
	OPT_IS_FLAG("force", struct issue_args, force, "replace files that are there"),
	OPT_IS_FLAG("stdout", struct issue_args, to_stdout, "print key and chain, write no file"),
	{ 0 }
	/* clang-format on */
};

static const struct opt_usage usage = {
	.operands = "NAME...",
	.about =
	    "NAME is a DNS name, an IP address, a URI or an e-mail address; \"dns:\",\n"
	    "\"ip:\", \"uri:\" or \"email:\" in front settles which.  BASE.crt holds "
	    "the\n"
	    "certificate and its intermediates; BASE.key is readable by you alone.\n"
	    "With --csr the names may be left out: then those of the CSR count, and "
	    "of\n"
	    "web.csr the certificate is web.crt.",
	.opts = issue_opts,
	.shared = options_client,
	.most = -1,
};

struct issue { /* what is under way */
	const struct issue_args *a;
	struct names names;
	char *key_path, *cert_path;
	struct key *key;
	struct csr *csr; /* that was brought; NULL: none */
	struct buf key_pem, csr_pem;
	json_t *body;
};

static void
issue_free(struct issue *i)
{
	names_free(&i->names);
	json_decref(i->body);
	free(i->key_path);
	free(i->cert_path);
	key_free(i->key);
	csr_free(i->csr);
	buf_wipe(&i->key_pem);
	buf_free(&i->csr_pem);
}

/* ---- before anything is asked: can what comes back be stored? ---- */

static bool
check_path(const char *path, bool force, struct err *e)
{
	char *slash, *inside, *dir = mem_strdup(path);
	bool ok = true;

	slash = strrchr(dir, '/');
	if (slash != NULL)
		slash[slash == dir] = '\0';
	inside = mem_printf("%s/.", slash != NULL ? dir : "."); /* no file has that */
	if (!force && faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		ok = err_set(e, ERR_CONFLICT,
		    "%s is there already; --force replaces it, --out BASE writes "
		    "elsewhere",
		    path);
	else if (access(inside, W_OK) != 0)
		ok = err_errno(e, "cannot write to %s", slash != NULL ? dir : ".");
	free(inside);
	free(dir);
	return ok;
}

/* "dir/web.csr" gives "dir/web". */
static char *
base_of_file(const char *path)
{
	char *base = mem_strdup(path);
	char *dot = strrchr(base, '.'), *slash = strrchr(base, '/');

	if (dot != NULL && dot != base && (slash == NULL || dot > slash + 1))
		*dot = '\0';
	return base;
}

static bool
choose_paths(struct issue *i, struct err *e)
{
	char *base;

	if (i->a->to_stdout)
		return true;
	const bool file = i->a->csr != NULL && !request_is_stdin(i->a->csr);

	base = i->a->out != NULL         ? mem_strdup(i->a->out)
	       : file && i->names.n == 0 ? base_of_file(i->a->csr)
	       : i->names.n > 0          ? request_base(&i->names)
					 : request_base(&i->csr->names);
	i->cert_path = mem_printf("%s.crt", base);
	if (i->a->csr == NULL)
		i->key_path = mem_printf("%s.key", base);
	free(base);
	if (i->key_path != NULL && !check_path(i->key_path, i->a->force, e))
		return false;
	return check_path(i->cert_path, i->a->force, e);
}

/* ---- the request ---- */

/* Before its name says where the certificate goes: is it a CSR at all? */
static bool
read_csr(struct issue *i, struct err *e)
{
	const char *name;

	if (i->a->csr == NULL)
		return true;
	name = request_is_stdin(i->a->csr) ? "standard input" : i->a->csr;
	return request_csr_file(i->a->csr, &i->csr_pem, e) &&
	       (csr_parse_any(buf_bytes(&i->csr_pem), &i->csr, e) ||
		   err_prefix(e, name));
}

static bool
make_csr(struct issue *i, enum key_alg alg, unsigned bits, struct err *e)
{
	if (i->a->csr != NULL)
		return true;
	return key_generate(alg, bits, &i->key, e) &&
	       key_save(i->key, NULL, &i->key_pem, e) &&
	       request_csr(i->key, &i->names, &i->csr_pem, e);
}

/* All but the CSR. */
static bool
make_body(struct issue *i, struct err *e)
{
	const struct issue_args *a = i->a;

	/* In a CSR made here the names stand already. */
	if (a->csr != NULL && i->names.n > 0)
		json_object_set_new(i->body, "names", request_names_json(&i->names));
	return request_put(i->body, "profile",
		   a->profile != NULL ? a->profile : "server", e) &&
	       request_put(i->body, "validity", a->validity, e) &&
	       request_put_metadata(i->body, &a->metadata, e);
}

/* ---- the answer ---- */

static bool
put_file(const char *path, mode_t mode, struct bytes content, bool force, struct err *e)
{
	return force ? file_replace(AT_FDCWD, path, mode, content, e)
		     : file_create(AT_FDCWD, path, mode, content, e);
}

/* The key first: a certificate whose key is lost is of no use. */
static bool
keep(const struct issue *i, const json_t *v, struct err *e)
{
	const char *chain = json_text(v, "chain");
	const char *serial = json_text(v, "serial");

	if (chain == NULL || serial == NULL)
		return err_set(e, ERR_INTERNAL, "the daemon answered no certificate");
	if (i->a->to_stdout) {
		fwrite(i->key_pem.p, 1, i->key_pem.n, stdout);
		out_lines(stdout, chain);
		return true;
	}
	if (i->key_path != NULL &&
	    !put_file(i->key_path, KEY_MODE, buf_bytes(&i->key_pem), i->a->force, e)) {
		err_prefix(e, "the certificate is issued, its key could not be stored");
		out_note("revoke it: hanaper revoke %s", serial);
		return false;
	}
	if (!put_file(i->cert_path, CERT_MODE, bytes_str(chain), i->a->force, e)) {
		err_prefix(e, "the certificate is issued and could not be stored");
		out_note("get it by: hanaper show --chain %s", serial);
		return false;
	}
	return true;
}

static void
print(const struct issue *i, const struct client *c, json_t *v)
{
	view_notes(v);
	if (i->a->common.json && !i->a->to_stdout) {
		if (i->key_path != NULL)
			json_object_set_new(v, "key_file", out_string(i->key_path));
		json_object_set_new(v, "certificate_file", out_string(i->cert_path));
		out_json(json_incref(v));
		return;
	}
	if (i->a->to_stdout)
		return;
	view_certificate(v);
	out_field("key", VIEW_LABEL, i->key_path);
	out_field("certificate", VIEW_LABEL, i->cert_path);
	if (client_dir(c) != NULL && i->names.n > 0 &&
	    i->names.v[0].type == NAME_TYPE_DNS) {
		char *dir = out_word(client_dir(c));

		out_next("curl --cacert %s/root.crt https://%s/ (once a server uses "
			 "the two files)",
		    dir, i->names.v[0].text);
		free(dir);
	} else {
		char *path = out_word(i->cert_path);

		out_next("hanaper show %s", path);
		free(path);
	}
}

static int
run(struct issue *i, enum key_alg alg, unsigned bits)
{
	struct client *c = NULL;
	struct err e = { 0 };
	json_t *v = NULL;
	int status = OUT_DONE;

	if (read_csr(i, &e) && choose_paths(i, &e) &&
	    client_open(&i->a->common, &c, &e) && make_csr(i, alg, bits, &e) &&
	    request_put(i->body, "csr", buf_str(&i->csr_pem), &e) &&
	    client_post_json(c, "/v1/certificates", json_incref(i->body), &v, &e) &&
	    keep(i, v, &e))
		print(i, c, v);
	else
		status = client_fail(c, &e);
	json_decref(v);
	client_free(c);
	return status;
}

/* "hanaper issue web.csr": its names are not "web.csr". */
static bool
is_csr_file(const char *operand)
{
	const size_t n = strlen(operand);

	return n > 4 && strcmp(operand + n - 4, ".csr") == 0 &&
	       access(operand, F_OK) == 0;
}

/* What can be wrong with the line itself. */
static bool
check_args(const struct issue_args *a, struct names *names, enum key_alg *ret_alg,
    unsigned *ret_bits, struct err *e)
{
	int64_t span;

	if (a->csr == NULL && a->common.n_operands == 0)
		return err_set(e, ERR_MALFORMED, "a name is missing");
	if (a->csr == NULL && is_csr_file(a->common.operands[0]))
		return err_set(e, ERR_MALFORMED,
		    "%s is a file; to have it signed: hanaper issue --csr %s",
		    a->common.operands[0], a->common.operands[0]);
	if (a->csr != NULL && a->key_type != NULL)
		return err_set(e, ERR_MALFORMED, "--csr brings its own key");
	if (a->to_stdout && a->out != NULL)
		return err_set(e, ERR_MALFORMED, "--stdout writes no file");
	if (a->to_stdout && a->common.json)
		return err_set(e, ERR_MALFORMED, "--stdout prints PEM, not JSON");
	for (size_t n = 0; n < a->metadata.n; n++)
		if (strchr(a->metadata.v[n], '=') == NULL)
			return err_set(e, ERR_MALFORMED, "--metadata wants KEY=VALUE");
	if (a->validity != NULL && !filter_span("--validity", a->validity, &span, e))
		return false;
	for (int n = 0; n < a->common.n_operands; n++)
		if (!request_add_name(names, a->common.operands[n], e))
			return false;
	return key_type_from(bytes_str(
				 a->key_type != NULL ? a->key_type : "ecdsa-p256"),
	    ret_alg, ret_bits, e);
}

int
cmd_issue(const struct command *self, int argc, char **argv)
{
	struct issue_args a = { 0 };
	struct issue i = { .a = &a, .body = json_object() };
	enum key_alg alg = KEY_ALG_ECDSA_P256;
	unsigned bits = 0;
	struct err e = { 0 };
	int status;

	buf_init(&i.key_pem, PEM_MAX);
	buf_init(&i.csr_pem, PEM_MAX);
	if (options_read(self, &usage, argc, argv, &a, &status)) {
		if (check_args(&a, &i.names, &alg, &bits, &e) && make_body(&i, &e))
			status = run(&i, alg, bits);
		else
			status = out_usage(self->name, "%s", e.detail);
	}
	issue_free(&i);
	strings_free(&a.metadata);
	return status;
}
