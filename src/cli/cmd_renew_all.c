/* SPDX-License-Identifier: Apache-2.0 */
/* hanaper renew-all - certificates are to be renewed before their time. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ca/renewal.h"
#include "cli/client.h"
#include "cli/filter.h"
#include "cli/request.h"
#include "cli/view.h"

struct renew_all_args {
	struct options_common common;
	struct strings where;
	const char *within, *reason;
	bool all, dry_run;
};

static const struct opt renew_all_opts[] = {
	/* clang-format off */
	OPT_HAS_LIST("where", "FILTER=VALUE", struct renew_all_args, where,
	    "which: issuer=main, profile=server, q=shop, metadata.owner=web; as \"ls\" has them"),
	OPT_IS_FLAG("all", struct renew_all_args, all, "all that are valid"),
	OPT_HAS_TEXT("within", "SPAN", struct renew_all_args, within,
	    "spread over this time: 6h, 2d (at most 30d)"),
	OPT_HAS_TEXT("reason", "TEXT", struct renew_all_args, reason,
	    "for the audit; an https URL is shown to ACME clients"),
	OPT_IS_FLAG("dry-run", struct renew_all_args, dry_run, "only count them"),
	{ 0 }
	/* clang-format on */
};

static const struct opt_usage usage = {
	.operands = "",
	.about = "Nothing is issued by this: ACME clients that ask for renewal "
		 "information, and\n"
		 "\"hanaper renew\", hear that it is time, each at a time of its own.",
	.opts = renew_all_opts,
	.shared = options_client,
};

static bool
no_filter(const char *name, struct err *e)
{
	struct buf all;

	buf_init(&all, KIB(4));
	for (size_t i = 0; filter_at(i) != NULL; i++)
		buf_printf(&all, "%s, ", filter_at(i)->name);
	err_set(e, ERR_MALFORMED, "--where %.40s: must be one of %smetadata.KEY", name,
	    buf_str(&all));
	buf_free(&all);
	return false;
}

/* A value as the API reads it; times as ls takes them. */
static bool
put_filter(json_t *where, const char *name, const char *value, struct err *e)
{
	const struct filter *f = filter_find(name);
	char at[CLOCK_RFC3339_LEN];

	if (f == NULL && strncmp(name, "metadata.", 9) != 0)
		return no_filter(name, e);
	if (f != NULL && f->when != FILTER_NEVER) {
		if (!filter_time(name, value, f->when, at, e))
			return err_prefix(e, "--where");
		value = at;
	}
	if (value[0] == '\0') /* not what a shell's empty variable is to mean */
		return err_set(e, ERR_MALFORMED, "--where %.40s: is empty", name);
	return request_put(where, name, value, e) || err_prefix(e, "--where");
}

/* "--expires-before" of ls is "expires_before" in the API; both are taken. */
static bool
add_filter(json_t *where, const char *pair, struct err *e)
{
	const char *equals = strchr(pair, '=');

	if (equals == NULL || equals == pair)
		return err_set(e, ERR_MALFORMED, "--where wants FILTER=VALUE");
	char *name = mem_strndup(bytes_of(pair, (size_t)(equals - pair)));
	for (char *c = name; *c != '\0' && *c != '.'; c++)
		if (*c == '-')
			*c = '_';
	const bool again = json_object_get(where, name) != NULL;
	const bool ok = put_filter(where, name, equals + 1, e);
	free(name);
	if (!ok)
		return false;
	return !again || err_set(e, ERR_MALFORMED, "--where names \"%.*s\" twice",
			     (int)(equals - pair), pair);
}

static bool
make_body(const struct renew_all_args *a, json_t *body, struct err *e)
{
	json_t *where = json_object();
	int64_t span;

	json_object_set_new(body, "where", where);
	if ((a->where.n > 0) == a->all)
		return err_set(e, ERR_MALFORMED,
		    "say which: --where FILTER=VALUE, or --all");
	for (size_t i = 0; i < a->where.n; i++)
		if (!add_filter(where, a->where.v[i], e))
			return false;
	if (a->within == NULL)
		return err_set(e, ERR_MALFORMED,
		    "say over which time they are spread: --within 6h");
	if (!filter_span("--within", a->within, &span, e))
		return false;
	if (span > RENEWAL_WITHIN_MAX)
		return err_set(e, ERR_MALFORMED, "--within %.40s: must be at most 30d",
		    a->within);
	if (a->dry_run)
		json_object_set_new(body, "dry_run", json_true());
	return request_put(body, "within", a->within, e) &&
	       request_put(body, "reason", a->reason, e);
}

static void
print(const json_t *v, bool dry_run)
{
	const json_int_t n = json_integer_value(json_object_get(v, "certificates"));
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)n);
	out_field("certificates", VIEW_LABEL, text);
	view_field_time(v, "start_at", "from");
	view_field_time(v, "end_at", "until");
	if (n == 0)
		out_note("no certificate that is valid fits: try the same filters with "
			 "hanaper ls; hanaper issuer and hanaper profile list names");
	else if (dry_run)
		out_note("nothing was ordered: the same without --dry-run does it");
}

int
cmd_renew_all(const struct command *self, int argc, char **argv)
{
	struct renew_all_args a = { 0 };
	json_t *body = json_object(), *v = NULL;
	struct client *c = NULL;
	struct err e = { 0 };
	int status = OUT_DONE;

	if (!options_read(self, &usage, argc, argv, &a, &status))
		goto out;
	if (!make_body(&a, body, &e)) {
		status = out_usage(self->name, "%s", e.detail);
		goto out;
	}
	if (!client_open(&a.common, &c, &e) ||
	    !client_post_json(c, "/v1/renewals", json_incref(body), &v, &e))
		status = client_fail(c, &e);
	else if (a.common.json)
		out_json(json_incref(v));
	else
		print(v, a.dry_run);
out:
	client_free(c);
	json_decref(v);
	json_decref(body);
	strings_free(&a.where);
	return status;
}
