/* SPDX-License-Identifier: Apache-2.0 */
/* hanaper revoke - a certificate counts no more. */
#include <stdlib.h>

#include "base/mem.h"
#include "cli/certref.h"
#include "cli/client.h"
#include "cli/reason.h"
#include "cli/view.h"

struct revoke_args {
	struct options_common common;
	const char *reason;
	bool lineage;
};

static const struct opt revoke_opts[] = {
	OPT_HAS_TEXT("reason", "REASON", struct revoke_args, reason,
	    "why, as RFC 5280 names it (default: unspecified)"),
	OPT_IS_FLAG("lineage", struct revoke_args, lineage,
	    "and all that renew it, that it renews, and theirs"),
	{ 0 },
};

static const struct opt_usage usage = {
	.operands = "SERIAL|FILE",
	.about =
	    "Reasons: unspecified, keyCompromise, affiliationChanged, superseded,\n"
	    "cessationOfOperation, privilegeWithdrawn; key-compromise and the like\n"
	    "are understood too.",
	.opts = revoke_opts,
	.shared = options_client,
	.least = 1,
	.most = 1,
};

static void
print(const struct revoke_args *a, const char *hex, json_t *v)
{
	const json_t *by = json_object_get(v, "effective_by");

	if (a->common.json) {
		out_json(json_incref(v));
		return;
	}
	if (a->lineage)
		view_field_list(v, "serials", "revoked");
	else
		view_field(v, "serial", "revoked");
	view_field(v, "revoked_at", "at");
	view_field(v, "reason", "reason");
	view_field(by, "ocsp", "OCSP from");
	view_field(by, "crl", "CRL by");
	view_field_list(v, "same_key", "same key");
	out_next("hanaper ocsp %s", hex);
}

int
cmd_revoke(const struct command *self, int argc, char **argv)
{
	struct revoke_args a = { 0 };
	char hex[SERIAL_HEX_LEN];
	struct client *c = NULL;
	struct err e = { 0 };
	json_t *v = NULL, *body;
	const char *reason = NULL;
	char *path;
	int status = OUT_DONE;

	if (!options_read(self, &usage, argc, argv, &a, &status))
		return status;
	if (!reason_read(self, a.reason, false, &reason))
		return OUT_USAGE;
	if (!certref_serial(a.common.operands[0], hex, &e))
		return out_fail(&e);
	path = mem_printf("/v1/certificates/%s/revoke", hex);
	body = json_object();
	if (reason != NULL)
		json_object_set_new(body, "reason", json_string(reason));
	if (a.lineage)
		json_object_set_new(body, "lineage", json_true());
	if (!client_open(&a.common, &c, &e)) {
		json_decref(body);
		status = client_fail(c, &e);
	} else if (!client_post_json(c, path, body, &v, &e)) {
		status = client_fail(c, &e);
	} else {
		print(&a, hex, v);
	}
	json_decref(v);
	free(path);
	client_free(c);
	return status;
}
