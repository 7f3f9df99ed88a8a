/* SPDX-License-Identifier: Apache-2.0 */
/* hanaper ca - the certificates that others must have: roots, chains. */
#include <fcntl.h>
#include <stdlib.h>

#include "base/mem.h"
#include "cli/client.h"
#include "codec/uri.h"
#include "sys/file.h"

#define CA_FILE_MODE 0644

struct ca_args {
	struct options_common common;
	const char *issuer, *out;
};

static const struct opt ca_opts[] = {
	OPT_HAS_TEXT("issuer", "NAME", struct ca_args, issuer,
	    "the chain of this issuer instead of the root"),
	OPT_HAS_TEXT("out", "FILE", struct ca_args, out, "write there, replacing it"),
	{ 0 },
};

static const struct opt_usage usage = {
	.operands = "",
	.about = "Prints PEM.  Without --issuer: the root certificate, which is what "
		 "clients\n"
		 "are to trust.",
	.opts = ca_opts,
	.shared = options_client,
};

static bool
fetch(const struct ca_args *a, struct client *c, struct buf *ret, struct err *e)
{
	struct buf path;
	bool ok;

	if (a->issuer == NULL)
		return client_get(c, "/ca/roots.pem", "*/*", ret, e);
	buf_init(&path, KIB(4));
	buf_puts(&path, "/ca/");
	uri_encode(&path, bytes_str(a->issuer));
	buf_puts(&path, "/chain.pem");
	ok = buf_ok(&path, "the issuer's name", e) &&
	     client_get(c, buf_str(&path), "*/*", ret, e);
	buf_free(&path);
	return ok;
}

int
cmd_ca(const struct command *self, int argc, char **argv)
{
	struct ca_args a = { 0 };
	struct client *c = NULL;
	struct err e = { 0 };
	struct buf pem;
	int status = OUT_DONE;

	if (!options_read(self, &usage, argc, argv, &a, &status))
		return status;
	buf_init(&pem, MIB(4));
	if (!client_open(&a.common, &c, &e)) {
		status = client_fail(c, &e);
	} else if (!fetch(&a, c, &pem, &e)) {
		if (a.issuer != NULL && e.code == ERR_NOT_FOUND)
			err_set(&e, ERR_NOT_FOUND,
			    "there is no issuer \"%s\"; all of them: hanaper issuer",
			    a.issuer);
		status = client_fail(c, &e);
	} else if (a.common.json) {
		out_json(json_pack("{s:s}", "certificates", buf_str(&pem)));
	} else if (a.out == NULL) {
		out_lines(stdout, buf_str(&pem));
	} else if (!file_replace(AT_FDCWD, a.out, CA_FILE_MODE, buf_bytes(&pem), &e)) {
		status = out_fail(&e);
	} else {
		out_next("curl --cacert %s https://...", a.out);
	}
	buf_free(&pem);
	client_free(c);
	return status;
}
