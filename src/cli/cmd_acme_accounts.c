/* SPDX-License-Identifier: Apache-2.0 */
/* hanaper acme accounts [ls|revoke ID...] - who orders by ACME. */
#include <stdlib.h>
#include <string.h>

#include "cli/client_list.h"
#include "cli/cmd_acme.h"
#include "cli/filter.h"
#include "cli/table.h"
#include "cli/view.h"
#include "codec/uri.h"

struct accounts_args {
	struct options_common common;
	const char *profile, *status, *eab, *limit;
};

static const struct opt accounts_opts[] = {
	/* clang-format off */
	OPT_HAS_TEXT("profile", "NAME", struct accounts_args, profile, "ls: of this profile's directory"),
	OPT_HAS_TEXT("status", "WORD", struct accounts_args, status, "ls: only those that are valid, deactivated or revoked"),
	OPT_HAS_TEXT("eab", "KID", struct accounts_args, eab, "ls: only those that this key has bound"),
	OPT_HAS_TEXT("limit", "N", struct accounts_args, limit, "ls: at most so many, the newest (default: 100)"),
	{ 0 }
	/* clang-format on */
};

static const struct opt_usage usage = {
	.operands = "[ls|revoke ID...]",
	.about =
	    "An account that is revoked orders no more; what was issued to it stays "
	    "valid:\nhanaper ls --requester acme:ID, hanaper revoke.",
	.opts = accounts_opts,
	.shared = options_client,
	.most = -1,
};

#define LIMIT_DEFAULT 100

static void
print_list(const json_t *list, bool asked_for)
{
	static const char *const titles[] = { "ID", "STATUS", "DIRECTORY", "CREATED",
		"FROM", "EAB KEY", "CONTACT" };
	struct table *t = table_new(titles, NITEMS(titles));
	struct buf contact;
	const json_t *v;
	size_t i;

	buf_init(&contact, VIEW_TEXT);
	json_array_foreach(list, i, v)
	{
		buf_clear(&contact);
		view_strings(&contact, json_object_get(v, "contact"));
		table_add(t,
		    (const char *const[]){ json_text(v, "id"), json_text(v, "status"),
			json_text(v, "directory"), json_text(v, "created_at"),
			json_text(v, "created_from"), json_text(v, "eab"),
			buf_str(&contact) });
	}
	if (table_rows(t) > 0) {
		table_print(t, stdout);
		out_next("hanaper acme orders --account ID");
	} else {
		out_note(
		    asked_for ? "there is no such account" : "there is no account yet");
		out_next("hanaper acme eab new");
	}
	buf_free(&contact);
	table_free(t);
}

static int
run_ls(const struct command *self, const void *args)
{
	static const char *const statuses[] = { "valid", "deactivated", "revoked" };
	const struct accounts_args *a = args;
	const struct client_list_param params[] = {
		{ "directory", a->profile },
		{ "status", a->status },
		{ "eab", a->eab },
		{ NULL, NULL },
	};
	json_t *list = json_array();
	struct client *c = NULL;
	struct err e = { 0 };
	int status = OUT_DONE;
	size_t limit;

	if (a->common.n_operands > 1)
		status = out_usage(self->name, "ls takes no argument");
	else if (!filter_word("--status", a->status, statuses, NITEMS(statuses), &e) ||
		 !client_list_limit(a->limit, LIMIT_DEFAULT, &limit, &e))
		status = out_usage(self->name, "%s", e.detail);
	else if (!client_open(&a->common, &c, &e) ||
		 !client_list_collect(c, "/v1/acme/accounts", "accounts", params, limit,
		     list, &e))
		status = client_fail(c, &e);
	else if (a->common.json)
		out_json(json_pack("{s:O}", "accounts", list));
	else
		print_list(list,
		    a->profile != NULL || a->status != NULL || a->eab != NULL);
	json_decref(list);
	client_free(c);
	return status;
}

static bool
revoke(struct client *c, const char *id, json_t *ret, struct err *e)
{
	json_t *v = NULL;
	struct buf path;

	buf_init(&path, KIB(4));
	buf_puts(&path, "/v1/acme/accounts/");
	uri_encode(&path, bytes_str(id));
	buf_puts(&path, "/revoke");
	const bool ok = buf_ok(&path, "the question", e) &&
			client_post_json(c, buf_str(&path), json_object(), &v, e);
	if (ok)
		json_array_append_new(ret, v);
	else
		err_prefix(e, id);
	buf_free(&path);
	return ok;
}

static void
print_revoked(const json_t *v)
{
	view_field(v, "id", "id");
	view_field(v, "status", "status");
	view_field_time(v, "ended_at", "ended at");
}

static int
run_revoke(const struct command *self, const void *args)
{
	const struct accounts_args *a = args;
	struct client *c = NULL;
	json_t *done = json_array();
	struct err e = { 0 };
	int status = OUT_DONE;

	if (a->common.n_operands < 2)
		status = out_usage(self->name, "revoke wants an id");
	else if (!client_open(&a->common, &c, &e))
		status = client_fail(c, &e);
	for (int i = 1; status == OUT_DONE && i < a->common.n_operands; i++)
		if (!revoke(c, a->common.operands[i], done, &e))
			status = client_fail(c, &e);
		else if (!a->common.json)
			print_revoked(json_array_get(done, (size_t)i - 1));
	if (a->common.json && json_array_size(done) > 0)
		out_json(json_pack("{s:O}", "accounts", done));
	if (status == OUT_DONE)
		out_next("hanaper ls --requester acme:%s", a->common.operands[1]);
	json_decref(done);
	client_free(c);
	return status;
}

static const struct command_verb verbs[] = {
	{ "ls", run_ls },
	{ "revoke", run_revoke },
	{ 0 },
};

int
cmd_acme_accounts(const struct command *self, int argc, char **argv)
{
	struct accounts_args a = { 0 };
	int status;

	if (!options_read(self, &usage, argc, argv, &a, &status))
		return status;
	if (a.common.n_operands == 0)
		return run_ls(self, &a);
	return command_verb(self, verbs, a.common.operands[0], &a);
}
