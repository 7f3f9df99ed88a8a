/* SPDX-License-Identifier: Apache-2.0 */
/* hanaper enroll - a first certificate, with nothing at hand but a token. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/mem.h"
#include "cli/client.h"
#include "cli/enroll_root.h"
#include "cli/owners.h"
#include "cli/renew_files.h"
#include "cli/request.h"
#include "cli/view.h"
#include "sys/file.h"
#include "x509/cert.h"

#define FILE_KEY_NEW  RENEW_FILES_KEY ".new"
#define FILE_ROOT_NEW RENEW_FILES_ROOT ".new"

#define PEM_MAX  KIB(256)
#define ONCE_LEN 33

/* An answer that was lost: systemd waits 5 s before it starts a daemon anew, and that takes a while. */
#define AGAIN_MS 60000
#define PAUSE_S  5

struct enroll_args {
	struct options_common common;
	const char *token, *token_file, *out, *key_type;
	bool force;
};

static const struct opt enroll_opts[] = {
	/* clang-format off */
	OPT_HAS_TEXT("url", "URL", struct enroll_args, common.url, "the CA's API: https://ca.internal:8443"),
	OPT_HAS_TEXT("token", "TOKEN", struct enroll_args, token, "the token"),
	OPT_HAS_TEXT("token-file", "FILE", struct enroll_args, token_file,
	    "a file that holds it; \"-\" reads standard input"),
	OPT_HAS_TEXT("out", "DIR", struct enroll_args, out, "where the files go (default: .)"),
	OPT_HAS_TEXT("key-type", "TYPE", struct enroll_args, key_type,
	    "ecdsa-p256 (default), ecdsa-p384, ed25519, rsa-3072, ..."),
	OPT_IS_FLAG("force", struct enroll_args, force, "replace files that are there"),
	OPT_IS_FLAG("json", struct enroll_args, common.json, "print JSON"),
	{ 0 }
	/* clang-format on */
};

static const struct opt_usage usage = {
	.operands = "",
	.about =
	    "Needs no CA file: the token names the root certificate, and nothing but "
	    "the\n"
	    "question for it leaves before it was compared.  Writes into DIR: "
	    "key.pem,\n"
	    "made here; cert.pem, with its intermediates; root.crt; and hanaper.json, "
	    "for\n"
	    "\"hanaper renew DIR\".  Profile and names are the token's.",
	.opts = enroll_opts,
	.most = -1, /* a token in the wrong place must not be quoted */
};

struct enroll { /* what is under way */
	const struct enroll_args *a;
	char token[TOKEN_TEXT_LEN];
	struct token parts;
	const char *dir;
	int dirfd; /* -1: not open */
	int lock;  /* of a pair that is there; -1: there is none */
	struct key *key;
	struct buf key_pem, csr_pem, root_pem;
	bool made_dir, done;
};

static void
enroll_free(struct enroll *n)
{
	if (n->dirfd >= 0 && !n->done) { /* a key that nobody certified is of no use */
		unlinkat(n->dirfd, FILE_KEY_NEW, 0);
		unlinkat(n->dirfd, FILE_ROOT_NEW, 0);
		if (n->made_dir)
			rmdir(n->dir); /* only if it is empty */
	}
	if (n->dirfd >= 0)
		close(n->dirfd);
	if (n->lock >= 0)
		close(n->lock);
	owners_act_self();
	key_free(n->key);
	buf_wipe(&n->key_pem);
	buf_free(&n->csr_pem);
	buf_free(&n->root_pem);
	mem_wipe(n->token, sizeof(n->token));
	mem_wipe(&n->parts, sizeof(n->parts));
}

/* ---- the token ---- */

static bool
take_token(struct enroll *n, struct err *e)
{
	struct buf text;

	buf_init(&text, KIB(4));
	bool ok = true;
	if (n->a->token_file != NULL)
		ok = request_read(n->a->token_file, &text, e);
	else
		buf_puts(&text, n->a->token);
	const struct bytes word = bytes_trim(buf_bytes(&text));
	ok = ok && token_read(word, &n->parts, e);
	if (ok)
		memcpy(n->token, word.p, word.n);
	buf_wipe(&text);
	return ok;
}

/* What stands in argv stands in ps(1) for all to see: not any longer than it must. */
static void
hide(const char *secret, int argc, char **argv)
{
	for (int i = 1; secret != NULL && i < argc; i++) {
		const size_t n = strlen(argv[i]);

		if (secret >= argv[i] && secret < argv[i] + n)
			memset(argv[i] + (secret - argv[i]), 'x',
			    n - (size_t)(secret - argv[i]));
	}
}

/* ---- the directory ---- */

static bool
is_there(const struct enroll *n, const char *name)
{
	return faccessat(n->dirfd, name, F_OK, AT_EACCESS | AT_SYMLINK_NOFOLLOW) == 0;
}

static bool
open_dir(struct enroll *n, struct err *e)
{
	static const char *const files[] = { RENEW_FILES_KEY, RENEW_FILES_CERT,
		RENEW_FILES_ROOT, RENEW_FILES_JSON };

	n->made_dir = mkdir(n->dir, 0755) == 0;
	if (!n->made_dir && errno != EEXIST)
		return err_errno(e, "%s", n->dir);
	n->dirfd = open(n->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (n->dirfd < 0)
		return err_errno(e, "%s", n->dir);
	if (faccessat(n->dirfd, ".", W_OK | X_OK, AT_EACCESS) < 0)
		return err_errno(e, "cannot write to %s", n->dir);
	for (size_t i = 0; !n->a->force && i < NITEMS(files); i++)
		if (is_there(n, files[i]))
			return err_set(e, ERR_CONFLICT,
			    "%s/%s is there already; --force replaces it, --out DIR "
			    "writes elsewhere",
			    n->dir, files[i]);
	return true;
}

static bool
make_key(struct enroll *n, enum key_alg alg, unsigned bits, struct err *e)
{
	const struct names none = { 0 }; /* the token's are meant */

	/* On disk before it is certified: a crash must not lose it. */
	return key_generate(alg, bits, &n->key, e) &&
	       key_save(n->key, NULL, &n->key_pem, e) &&
	       request_csr(n->key, &none, &n->csr_pem, e) &&
	       file_replace(n->dirfd, FILE_KEY_NEW, 0600, buf_bytes(&n->key_pem), e);
}

/* ---- the certificate ---- */

static bool
new_once(char ret[static ONCE_LEN], struct err *e)
{
	uint8_t drawn[(ONCE_LEN - 1) / 2];

	if (gnutls_rnd(GNUTLS_RND_NONCE, drawn, sizeof(drawn)) < 0)
		return err_set(e, ERR_INTERNAL, "the system gave no random octets");
	hex_write(bytes_of(drawn, sizeof(drawn)), ret);
	return true;
}

/* "It is being answered", or a gateway's "bad gateway", is no end to a second asking. */
static bool
passes(enum err_code code, bool again)
{
	return code == ERR_UNAVAILABLE || code == ERR_IO || code == ERR_RATE_LIMITED ||
	       (again && (code == ERR_CONFLICT || code == ERR_INTERNAL));
}

/* Until 'end'; false: there is no time left for it. */
static bool
pause_before(const struct client *c, unsigned tries, int64_t end)
{
	const int64_t wanted = client_retry_after(c);
	int64_t s = tries < 3 ? INT64_C(1) << tries : PAUSE_S;

	const int64_t left = (end - clock_mono_ms()) / 1000;

	s = s < wanted ? wanted : s;
	if (left <= 0)
		return false;
	/* However late it is to come again, there is a last try at the end of the minute. */
	sleep((unsigned)(s < left ? s : left));
	return true;
}

/*
 * A token counts once: where the answer got lost, the same request asks for it again.  From
 * then on it does not matter whether a daemon is there to hear it.
 */
static bool
ask(struct enroll *n, struct client *c, json_t **ret, struct err *e)
{
	char once[ONCE_LEN];
	bool sent = false;
	int64_t end = 0;

	if (!new_once(once, e))
		return false;
	for (unsigned i = 0;; i++) {
		if (client_post_json_once(c, "/v1/enroll",
			json_pack("{s:s}", "csr", buf_str(&n->csr_pem)), once, ret, e))
			return true;
		sent = sent || client_sent(c);
		if (!sent || !passes(e->code, i > 0))
			return false;
		if (i == 0) {
			end = clock_mono_ms() + AGAIN_MS;
			out_note("%s", e->detail);
			out_note("asking again, for a minute%s",
			    e->code == ERR_RATE_LIMITED ? ""
							: ": the token may be spent");
		}
		if (!pause_before(c, i, end))
			return err_prefix(e, "asked for a minute");
	}
}

static bool
check_certificate(const struct enroll *n, const json_t *v, struct err *e)
{
	const char *chain = json_text(v, "chain");
	struct cert *cert = NULL;

	if (chain == NULL || json_text(v, "serial") == NULL ||
	    json_text(v, "profile") == NULL || json_text(v, "renew_after") == NULL)
		return err_set(e, ERR_INTERNAL, "the daemon answered no certificate");
	if (!cert_parse_any(bytes_str(chain), &cert, e))
		return false;
	const bool ok = bytes_eq(cert->key.der, key_spki(n->key));
	cert_free(cert);
	return ok || err_set(e, ERR_INTERNAL, "the certificate is for another key");
}

/* What "hanaper renew" goes by. */
static bool
write_json(const struct enroll *n, const json_t *v, struct err *e)
{
	json_t *note =
	    json_pack("{s:s, s:O, s:O, s:O}", "url", n->a->common.url, "profile",
		json_object_get(v, "profile"), "serial", json_object_get(v, "serial"),
		"renew_after", json_object_get(v, "renew_after"));
	struct buf text;

	buf_init(&text, KIB(16));
	json_write(&text, note);
	json_decref(note);
	const bool ok =
	    buf_ok(&text, RENEW_FILES_JSON, e) &&
	    file_replace(n->dirfd, RENEW_FILES_JSON, 0644, buf_bytes(&text), e);
	buf_free(&text);
	return ok;
}

/* Key and certificate; a reader of a pair that was there never has half of each. */
static bool
keep_pair(struct enroll *n, struct bytes chain, struct err *e)
{
	if (!is_there(n, RENEW_FILES_CERT) && !is_there(n, RENEW_FILES_KEY)) {
		if (renameat(n->dirfd, FILE_KEY_NEW, n->dirfd, RENEW_FILES_KEY) < 0)
			return err_errno(e, "%s", n->dir);
		n->done = true;
		return file_replace(n->dirfd, RENEW_FILES_CERT, 0644, chain, e);
	}
	char *fresh = mem_printf("%s/" FILE_KEY_NEW, n->dir);
	const bool ok =
	    renew_files_over(n->dir, buf_bytes(&n->key_pem), fresh, chain, e);
	free(fresh);
	n->done = ok;
	if (ok)
		unlinkat(n->dirfd, FILE_KEY_NEW, 0);
	return ok;
}

static bool
keep(struct enroll *n, const json_t *v, struct err *e)
{
	if (renameat(n->dirfd, FILE_ROOT_NEW, n->dirfd, RENEW_FILES_ROOT) < 0)
		return err_errno(e, "%s", n->dir);
	return keep_pair(n, bytes_str(json_text(v, "chain")), e) && write_json(n, v, e);
}

static bool
enroll(struct enroll *n, struct client **c, json_t **ret, struct err *e)
{
	char *root = mem_printf("%s/%s", n->dir, FILE_ROOT_NEW);

	bool ok =
	    file_replace(n->dirfd, FILE_ROOT_NEW, 0644, buf_bytes(&n->root_pem), e) &&
	    client_open_stranger(n->a->common.url, root, n->token, c, e) &&
	    ask(n, *c, ret, e);
	free(root);
	if (ok && !(check_certificate(n, *ret, e) && keep(n, *ret, e))) {
		const char *serial = json_text(*ret, "serial");

		err_prefix(e, "the certificate is issued and could not be stored");
		out_note("have it revoked: hanaper revoke %s",
		    serial != NULL ? serial : "SERIAL");
		ok = false;
	}
	return ok;
}

static void
print(const struct enroll *n, json_t *v)
{
	static const char *const files[][2] = { { "key_file", RENEW_FILES_KEY },
		{ "certificate_file", RENEW_FILES_CERT },
		{ "root_file", RENEW_FILES_ROOT } };

	if (!n->a->common.json)
		view_certificate(v);
	for (size_t i = 0; i < NITEMS(files); i++) {
		char *path = mem_printf("%s/%s", n->dir, files[i][1]);

		if (n->a->common.json)
			json_object_set_new(v, files[i][0], out_string(path));
		else
			out_field(i == 0   ? "key"
				  : i == 1 ? "certificate"
					   : "root",
			    VIEW_LABEL, path);
		free(path);
	}
	if (n->a->common.json)
		out_json(json_incref(v));
	else
		out_next("hanaper renew %s", n->dir);
}

/* Until enroll_free(): in another user's directory root does what that one could. */
static bool
act(const char *dir, struct err *e)
{
	return access(dir, F_OK) == 0 ? owners_act(dir, e) : owners_act_in(dir, e);
}

/* Before the token is spent: whose place it is to take may be busy. */
static bool
lock(struct enroll *n, struct err *e)
{
	return (!is_there(n, RENEW_FILES_CERT) && !is_there(n, RENEW_FILES_KEY)) ||
	       renew_files_lock(n->dir, &n->lock, e);
}

static int
run(struct enroll *n, enum key_alg alg, unsigned bits)
{
	struct client *c = NULL;
	struct err e = { 0 };
	json_t *v = NULL;
	int status = OUT_DONE;

	if (take_token(n, &e) && act(n->dir, &e) && open_dir(n, &e) && lock(n, &e) &&
	    enroll_root_fetch(n->a->common.url, n->parts.root, &n->root_pem, &e) &&
	    make_key(n, alg, bits, &e) && enroll(n, &c, &v, &e))
		print(n, v);
	else
		status = client_fail(c, &e);
	json_decref(v);
	client_free(c);
	return status;
}

int
cmd_enroll(const struct command *self, int argc, char **argv)
{
	struct enroll_args a = { 0 };
	struct enroll n = { .a = &a, .dirfd = -1, .lock = -1 };
	enum key_alg alg = KEY_ALG_ECDSA_P256;
	unsigned bits = 0;
	struct err e = { 0 };
	char *token;
	int status;

	if (!options_read(self, &usage, argc, argv, &a, &status))
		return status;
	token = mem_strdup(a.token);
	hide(a.token, argc, argv);
	a.token = token;
	n.dir = a.out != NULL ? a.out : ".";
	buf_init(&n.key_pem, PEM_MAX);
	buf_init(&n.csr_pem, PEM_MAX);
	buf_init(&n.root_pem, PEM_MAX);
	if (a.common.n_operands > 0)
		status = out_usage(self->name,
		    "it takes options alone; the token goes with --token");
	else if (a.common.url == NULL)
		status = out_usage(self->name, "--url is missing");
	else if (!options_is_https(a.common.url))
		status = out_usage(self->name, "--url wants https://HOST:PORT");
	else if ((a.token == NULL) == (a.token_file == NULL))
		status = out_usage(self->name, "--token or --token-file, one of them");
	else if (!key_type_from(bytes_str(
				    a.key_type != NULL ? a.key_type : "ecdsa-p256"),
		     &alg, &bits, &e))
		status = out_usage(self->name, "%s", e.detail);
	else
		status = run(&n, alg, bits);
	enroll_free(&n);
	if (token != NULL)
		mem_wipe_free(token, strlen(token));
	return status;
}
