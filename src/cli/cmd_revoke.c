/* SPDX-License-Identifier: Apache-2.0 */
/* hanaper revoke - a certificate counts no more. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/sets.h"
#include "cli/certref.h"
#include "cli/client.h"
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

/* Letter case, '-' and '_' do not count. */
static bool
same_word(const char *a, const char *b)
{
	for (;;) {
		while (*a == '-' || *a == '_')
			a++;
		if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
			return false;
		if (*a == '\0')
			return true;
		a++;
		b++;
	}
}

static const char *const words[] = {
#define REASON(name, n, word) word,
#include "tbl/sets.h"
#undef REASON
};

/* The API's word for what was typed; NULL: no such reason. */
static const char *
reason_word(const char *typed)
{
	for (size_t i = 0; i < NITEMS(words); i++)
		if (same_word(typed, words[i]))
			return words[i];
	return NULL;
}

static int
no_reason(const struct command *self, const char *typed)
{
	struct buf all;

	buf_init(&all, KIB(1));
	for (size_t i = 0; i < NITEMS(words); i++)
		if (strcmp(words[i], "cACompromise") != 0) /* of CAs only */
			buf_printf(&all, "%s%s", i > 0 ? ", " : "", words[i]);
	const int status = out_usage(self->name,
	    "there is no reason \"%s\"; it is one of: %s", typed, buf_str(&all));
	buf_free(&all);
	return status;
}

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
	const char *reason;
	char *path;
	int status = OUT_DONE;

	if (!options_read(self, &usage, argc, argv, &a, &status))
		return status;
	reason = a.reason != NULL ? reason_word(a.reason) : NULL;
	if (a.reason != NULL && reason == NULL)
		return no_reason(self, a.reason);
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
