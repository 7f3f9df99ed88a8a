/* SPDX-License-Identifier: Apache-2.0 */
/* hanaper show - one certificate and what became of it. */
#include <gnutls/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/certref.h"
#include "cli/client.h"
#include "cli/live.h"
#include "cli/show_live.h"
#include "cli/view.h"
#include "x509/cert.h"

#define SHA256_LEN 32

struct show_args {
	struct options_common common;
	bool pem, chain;
	const char *sni;
};

static const struct opt show_opts[] = {
	OPT_IS_FLAG("pem", struct show_args, pem, "print the certificate itself"),
	OPT_IS_FLAG("chain", struct show_args, chain,
	    "print the certificate with its intermediates"),
	OPT_HAS_TEXT("sni", "NAME", struct show_args, sni,
	    "ask the server for this name (default: HOST)"),
	{ 0 },
};

static const struct opt_usage usage = {
	.operands = "SERIAL|FILE|HOST:PORT",
	.about = "With HOST:PORT: what the TLS server there presents, whether that "
		 "verifies\n"
		 "against our root (else the exit status is 1), and what the CA knows "
		 "of it.",
	.opts = show_opts,
	.shared = options_client,
	.least = 1,
	.most = 1,
};

/* "AB:CD:...", as other tools write a fingerprint. */
static void
put_colons(struct buf *b, struct bytes octets)
{
	for (size_t i = 0; i < octets.n; i++)
		buf_printf(b, "%s%02X", i > 0 ? ":" : "", octets.p[i]);
}

/* What the certificate itself says, and the daemon's answer does not. */
static void
print_content(const char *pem)
{
	struct cert *cert = NULL;
	uint8_t hash[SHA256_LEN];
	struct buf usages, key, sum;
	struct err ignored;

	if (pem == NULL || !cert_parse_any(bytes_str(pem), &cert, &ignored))
		return;
	buf_init(&usages, KIB(1));
	buf_init(&key, KIB(1));
	buf_init(&sum, KIB(1));
	for (unsigned bit = 1; bit != 0 && bit <= cert->usages; bit <<= 1)
		if ((cert->usages & bit) != 0)
			buf_printf(&usages, "%s%s", usages.n > 0 ? ", " : "",
			    sets_usage_word(bit));
	if (cert->any_usage)
		buf_printf(&usages, "%sany", usages.n > 0 ? ", " : "");
	buf_puts(&key, sets_key_alg_word(cert->key.alg));
	if (cert->key.alg == KEY_ALG_RSA)
		buf_printf(&key, "-%u", cert->key.bits);
	out_field("key", VIEW_LABEL, buf_str(&key));
	if (usages.n > 0)
		out_field("usages", VIEW_LABEL, buf_str(&usages));
	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, cert->der.p, cert->der.n, hash) == 0) {
		put_colons(&sum, bytes_of(hash, sizeof(hash)));
		out_field("SHA-256", VIEW_LABEL, buf_str(&sum));
	}
	buf_free(&usages);
	buf_free(&key);
	buf_free(&sum);
	cert_free(cert);
}

static void
print(const struct show_args *a, json_t *v)
{
	const char *pem = json_text(v, a->chain ? "chain" : "certificate");

	if (a->common.json) {
		out_json(json_incref(v));
		return;
	}
	if (a->pem || a->chain) {
		out_lines(stdout, pem != NULL ? pem : "");
		return;
	}
	view_certificate(v);
	print_content(json_text(v, "certificate"));
	if (json_object_get(v, "revoked_at") != NULL)
		out_next("hanaper ocsp %s", json_text(v, "serial"));
	else
		out_next("hanaper show --chain %s, or hanaper revoke %s",
		    json_text(v, "serial"), json_text(v, "serial"));
}

static int
run(struct client *c, const struct show_args *a, const char *hex)
{
	char *path = mem_printf("/v1/certificates/%s", hex);
	struct err e = { 0 };
	json_t *v = NULL;
	int status = OUT_DONE;

	if (client_get_json(c, path, &v, &e))
		print(a, v);
	else
		status = client_fail(c, &e);
	json_decref(v);
	free(path);
	return status;
}

/* A file that is there wins, as everywhere. */
static bool
is_server(const char *word)
{
	return live_is_address(word) && access(word, F_OK) != 0;
}

int
cmd_show(const struct command *self, int argc, char **argv)
{
	struct show_args a = { 0 };
	char hex[SERIAL_HEX_LEN];
	struct client *c = NULL;
	struct err e = { 0 };
	int status = OUT_DONE;

	if (!options_read(self, &usage, argc, argv, &a, &status))
		return status;
	const bool server = is_server(a.common.operands[0]);
	if (a.pem && a.chain)
		return out_usage(self->name, "--pem and --chain: take one");
	if (!server && a.sni != NULL)
		return out_usage(self->name, "--sni is for HOST:PORT");
	if (server && (a.pem || a.chain))
		return out_usage(self->name,
		    "--pem and --chain are for what the CA has");
	if (!server && !certref_serial(a.common.operands[0], hex, &e))
		return out_fail(&e);
	if (!client_open(&a.common, &c, &e))
		return client_fail(NULL, &e);
	status = server ? show_live(c, &a.common, a.sni) : run(c, &a, hex);
	client_free(c);
	return status;
}
