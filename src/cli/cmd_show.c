/* SPDX-License-Identifier: Apache-2.0 */
/* hanaper show - one certificate and what became of it. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/certref.h"
#include "cli/client.h"
#include "cli/view.h"

struct show_args {
	struct options_common common;
	bool pem, chain;
};

static const struct opt show_opts[] = {
	OPT_IS_FLAG("pem", struct show_args, pem, "print the certificate itself"),
	OPT_IS_FLAG("chain", struct show_args, chain,
	    "print the certificate with its intermediates"),
	{ 0 },
};

static const struct opt_usage usage = {
	.operands = "SERIAL|FILE",
	.opts = show_opts,
	.shared = options_client,
	.least = 1,
	.most = 1,
};

static void
print(const struct show_args *a, json_t *v)
{
	const char *pem = json_text(v, a->chain ? "chain" : "certificate");

	if (a->common.json) {
		out_json(json_incref(v));
		return;
	}
	if (a->pem || a->chain) {
		fputs(pem != NULL ? pem : "", stdout);
		return;
	}
	view_certificate(v);
	if (json_object_get(v, "revoked_at") != NULL)
		out_next("hanaper ocsp %s", json_text(v, "serial"));
	else
		out_next("hanaper show --chain %s, or hanaper revoke %s",
		    json_text(v, "serial"), json_text(v, "serial"));
}

int
cmd_show(const struct command *self, int argc, char **argv)
{
	struct show_args a = { 0 };
	char hex[SERIAL_HEX_LEN];
	struct client *c = NULL;
	struct err e = { 0 };
	json_t *v = NULL;
	char *path = NULL;
	int status = OUT_DONE;

	if (!options_read(self, &usage, argc, argv, &a, &status))
		return status;
	if (!certref_serial(a.common.operands[0], hex, &e))
		return out_fail(&e);
	path = mem_printf("/v1/certificates/%s", hex);
	if (client_open(&a.common, &c, &e) && client_get_json(c, path, &v, &e))
		print(&a, v);
	else
		status = client_fail(c, &e);
	json_decref(v);
	free(path);
	client_free(c);
	return status;
}
