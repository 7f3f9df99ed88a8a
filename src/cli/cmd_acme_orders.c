/* SPDX-License-Identifier: Apache-2.0 */
/* hanaper acme orders - what was ordered, and what became of it. */
#include <stdlib.h>

#include "cli/client_list.h"
#include "cli/cmd_acme.h"
#include "cli/filter.h"
#include "cli/table.h"
#include "cli/view.h"

#define LIMIT_DEFAULT 100
#define NAMES_SHOWN   3

struct orders_args {
	struct options_common common;
	const char *account, *status, *limit;
};

static const struct opt orders_opts[] = {
	/* clang-format off */
	OPT_HAS_TEXT("account", "ID", struct orders_args, account, "only this account's"),
	OPT_HAS_TEXT("status", "WORD", struct orders_args, status,
	    "only those that are pending, ready, processing, valid or invalid"),
	OPT_HAS_TEXT("limit", "N", struct orders_args, limit, "at most so many, the newest (default: 100)"),
	{ 0 }
	/* clang-format on */
};

static const struct opt_usage usage = {
	.operands = "[NAME]",
	.about = "Of all names, or those that ask for one.",
	.opts = orders_opts,
	.shared = options_client,
	.most = 1,
};

/* The serial of what was issued, or why nothing was. */
static const char *
outcome(const json_t *order)
{
	const char *serial = json_text(order, "serial");

	return serial != NULL ? serial
			      : json_text(json_object_get(order, "error"), "detail");
}

static void
print_list(const json_t *list, bool asked_for)
{
	static const char *const titles[] = { "CREATED", "STATUS", "ACCOUNT", "PROFILE",
		"NAMES", "SERIAL OR ERROR" };
	struct table *t = table_new(titles, NITEMS(titles));
	struct buf names;
	const json_t *v;
	size_t i;

	buf_init(&names, VIEW_TEXT);
	json_array_foreach(list, i, v)
	{
		buf_clear(&names);
		view_names(&names, json_object_get(v, "names"), NAMES_SHOWN);
		table_add(t,
		    (const char *const[]){ json_text(v, "created_at"),
			json_text(v, "status"), json_text(v, "account"),
			json_text(v, "profile"), buf_str(&names), outcome(v) });
	}
	if (table_rows(t) > 0) {
		table_print(t, stdout);
		out_next("hanaper acme why NAME");
	} else {
		out_note(
		    asked_for ? "there is no such order" : "there is no order yet");
		out_next("hanaper acme accounts");
	}
	buf_free(&names);
	table_free(t);
}

int
cmd_acme_orders(const struct command *self, int argc, char **argv)
{
	static const char *const statuses[] = { "pending", "ready", "processing",
		"valid", "invalid" };
	struct orders_args a = { 0 };
	json_t *list = NULL;
	struct client *c = NULL;
	struct err e = { 0 };
	int status = OUT_DONE;
	size_t limit;

	if (!options_read(self, &usage, argc, argv, &a, &status))
		return status;
	if (!filter_word("--status", a.status, statuses, NITEMS(statuses), &e) ||
	    !client_list_limit(a.limit, LIMIT_DEFAULT, &limit, &e))
		return out_usage(self->name, "%s", e.detail);
	const struct client_list_param params[] = {
		{ "account", a.account },
		{ "status", a.status },
		{ "name", a.common.n_operands > 0 ? a.common.operands[0] : NULL },
		{ NULL, NULL },
	};
	list = json_array();
	if (!client_open(&a.common, &c, &e) ||
	    !client_list_collect(c, "/v1/acme/orders", "orders", params, limit, list,
		&e))
		status = client_fail(c, &e);
	else if (a.common.json)
		out_json(json_pack("{s:O}", "orders", list));
	else
		print_list(list,
		    a.account != NULL || a.status != NULL || a.common.n_operands > 0);
	json_decref(list);
	client_free(c);
	return status;
}
