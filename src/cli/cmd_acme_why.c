/* SPDX-License-Identifier: Apache-2.0 */
/* hanaper acme why NAME - what became of its orders, and what the validations saw. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/acme_attempt.h"
#include "cli/client_list.h"
#include "cli/cmd_acme.h"
#include "cli/view.h"

#define ATTEMPTS 3 /* without --limit */
#define ORDERS   3

struct why_args {
	struct options_common common;
	const char *limit;
};

static const struct opt why_opts[] = {
	OPT_HAS_TEXT("limit", "N", struct why_args, limit,
	    "at most so many attempts, the newest (default: 3)"),
	{ 0 },
};

static const struct opt_usage usage = {
	.operands = "NAME",
	.about =
	    "The last orders for a name and their errors; then of each attempt to "
	    "validate it:\nwhat the DNS answered, where it connected, what came back.  "
	    "Newest first.",
	.opts = why_opts,
	.shared = options_client,
	.least = 1,
	.most = 1,
};

static bool
collect(struct client *c, const char *name, size_t limit, json_t *orders,
    json_t *attempts, struct err *e)
{
	const struct client_list_param whole[] = { { "name", name }, { NULL, NULL } };
	/* A wildcard is validated at the name behind its "*.". */
	const struct client_list_param base[] = {
		{ "name", strncmp(name, "*.", 2) == 0 ? name + 2 : name },
		{ NULL, NULL },
	};

	return client_list_collect(c, "/v1/acme/orders", "orders", whole, ORDERS,
		   orders, e) &&
	       client_list_collect(c, "/v1/acme/attempts", "attempts", base, limit,
		   attempts, e);
}

static void
print_order(const json_t *order)
{
	const json_t *error = json_object_get(order, "error");
	struct buf b;

	buf_init(&b, VIEW_TEXT);
	buf_printf(&b, "%s  %s  account %s", json_text(order, "created_at"),
	    json_text(order, "status"), json_text(order, "account"));
	if (json_text(order, "serial") != NULL)
		buf_printf(&b, "  serial %s", json_text(order, "serial"));
	if (json_text(error, "detail") != NULL)
		buf_printf(&b, "  %s", json_text(error, "detail"));
	out_field("order", VIEW_LABEL, buf_str(&b));
	buf_free(&b);
}

static void
print(const char *name, const json_t *orders, const json_t *attempts)
{
	const json_t *v;
	size_t i;

	json_array_foreach(orders, i, v) print_order(v);
	json_array_foreach(attempts, i, v)
	{
		if (i > 0 || json_array_size(orders) > 0)
			putchar('\n');
		acme_attempt_print(v);
	}
	if (json_array_size(attempts) == 0)
		out_note("no validation of this name has been tried");
	char *word = out_word(name);
	out_next("hanaper acme test %s", word);
	free(word);
}

int
cmd_acme_why(const struct command *self, int argc, char **argv)
{
	struct why_args a = { 0 };
	struct client *c = NULL;
	struct err e = { 0 };
	int status = OUT_DONE;
	size_t limit;

	if (!options_read(self, &usage, argc, argv, &a, &status))
		return status;
	if (!client_list_limit(a.limit, ATTEMPTS, &limit, &e))
		return out_usage(self->name, "%s", e.detail);
	json_t *orders = json_array(), *attempts = json_array();
	if (!client_open(&a.common, &c, &e) ||
	    !collect(c, a.common.operands[0], limit, orders, attempts, &e))
		status = client_fail(c, &e);
	else if (a.common.json)
		out_json(
		    json_pack("{s:O,s:O}", "orders", orders, "attempts", attempts));
	else
		print(a.common.operands[0], orders, attempts);
	json_decref(orders);
	json_decref(attempts);
	client_free(c);
	return status;
}
