/* SPDX-License-Identifier: Apache-2.0 */
/* hanaper token create|ls|rm - one-time words for a first certificate. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/mem.h"
#include "cli/client_list.h"
#include "cli/filter.h"
#include "cli/request.h"
#include "cli/table.h"
#include "cli/view.h"
#include "codec/token.h"

#define NAMES_SHOWN 3

struct token_args {
	struct options_common common;
	const char *profile, *ttl, *uses, *status;
	struct strings dns, ip, uri, email, metadata;
};

static const struct opt token_opts[] = {
	/* clang-format off */
	OPT_HAS_TEXT("profile", "NAME", struct token_args, profile, "create: by this profile (default: server)"),
	OPT_HAS_LIST("dns", "NAME", struct token_args, dns, "create: for this DNS name"),
	OPT_HAS_LIST("ip", "ADDRESS", struct token_args, ip, "create: for this IP address"),
	OPT_HAS_LIST("uri", "URI", struct token_args, uri, "create: for this URI"),
	OPT_HAS_LIST("email", "ADDRESS", struct token_args, email, "create: for this e-mail address"),
	OPT_HAS_TEXT("ttl", "SPAN", struct token_args, ttl, "create: how long it counts (default: 1h; at most 30d)"),
	OPT_HAS_TEXT("uses", "N", struct token_args, uses, "create: how often it counts (default: 1)"),
	OPT_HAS_LIST("metadata", "KEY=VALUE", struct token_args, metadata,
	    "create: a note to keep with the certificates"),
	OPT_HAS_TEXT("status", "WORD", struct token_args, status,
	    "ls: only those that are pending, used, withdrawn or expired"),
	{ 0 }
	/* clang-format on */
};

static const struct opt_usage usage = {
	.operands = "create [NAME...]|ls|rm ID...",
	.about =
	    "Whoever holds a token gets a certificate for exactly its names, by its "
	    "profile:\n"
	    "hanaper enroll.  It is shown once; the CA keeps a hash.  Names may be "
	    "given as\n"
	    "for \"issue\", or by option.",
	.opts = token_opts,
	.shared = options_client,
	.least = 1,
	.most = -1,
};

/* ---- create ---- */

static bool
add_names(const struct token_args *a, struct names *ret, struct err *e)
{
	const struct {
		enum name_type type;
		const struct strings *list;
	} kinds[] = {
		{ NAME_TYPE_DNS, &a->dns },
		{ NAME_TYPE_IP, &a->ip },
		{ NAME_TYPE_URI, &a->uri },
		{ NAME_TYPE_EMAIL, &a->email },
	};

	for (int i = 1; i < a->common.n_operands; i++)
		if (!request_add_name(ret, a->common.operands[i], e))
			return false;
	for (size_t k = 0; k < NITEMS(kinds); k++)
		for (size_t i = 0; i < kinds[k].list->n; i++)
			if (!names_add(ret, kinds[k].type,
				bytes_str(kinds[k].list->v[i]), e))
				return false;
	return ret->n > 0 || err_set(e, ERR_MALFORMED,
				 "a name is missing: token create web.internal");
}

static bool
read_uses(const char *text, json_t *body, struct err *e)
{
	char *end;

	if (text == NULL)
		return true;
	const long n = strtol(text, &end, 10);
	if (end == text || *end != '\0' || n < 1)
		return err_set(e, ERR_MALFORMED,
		    "--uses wants a number from 1 to 1000");
	json_object_set_new(body, "uses", json_integer(n));
	return true;
}

/* What can be wrong with the line itself. */
static bool
make_body(const struct token_args *a, json_t *body, struct err *e)
{
	struct names names = { 0 };
	int64_t span;

	for (size_t i = 0; i < a->metadata.n; i++)
		if (strchr(a->metadata.v[i], '=') == NULL)
			return err_set(e, ERR_MALFORMED, "--metadata wants KEY=VALUE");
	if (a->ttl != NULL && !filter_span("--ttl", a->ttl, &span, e))
		return false;
	const bool ok = add_names(a, &names, e) && read_uses(a->uses, body, e) &&
			request_put(body, "profile",
			    a->profile != NULL ? a->profile : "server", e) &&
			request_put(body, "ttl", a->ttl, e) &&
			request_put_metadata(body, &a->metadata, e);
	json_object_set_new(body, "names", request_names_json(&names));
	names_free(&names);
	return ok;
}

static void
print_created(const json_t *v)
{
	const json_t *uses = json_object_get(v, "uses");
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(uses));
	view_field(v, "token", "token");
	view_field(v, "id", "id");
	view_field(v, "profile", "profile");
	view_field_names(v, "names");
	out_field("uses", VIEW_LABEL, text);
	view_field_time(v, "expires_at", "expires");
	out_next("hanaper enroll --url %s --token TOKEN --out DIR",
	    json_text(v, "url"));
}

static int
create(const struct command *self, const void *args)
{
	const struct token_args *a = args;
	json_t *body = json_object(), *v = NULL;
	struct client *c = NULL;
	struct err e = { 0 };
	int status = OUT_DONE;

	if (!make_body(a, body, &e)) {
		json_decref(body);
		return out_usage(self->name, "%s", e.detail);
	}
	if (!client_open(&a->common, &c, &e)) {
		json_decref(body);
		status = client_fail(c, &e);
	} else if (!client_post_json(c, "/v1/tokens", body, &v, &e)) {
		status = client_fail(c, &e);
	} else if (a->common.json) {
		out_json(json_incref(v));
	} else {
		print_created(v);
	}
	json_decref(v);
	client_free(c);
	return status;
}

/* ---- ls ---- */

static void
print_list(const json_t *list)
{
	static const char *const titles[] = { "ID", "STATUS", "PROFILE", "USES LEFT",
		"EXPIRES", "", "NAMES" };
	struct table *t = table_new(titles, NITEMS(titles));
	const json_t *v;
	size_t i;

	json_array_foreach(list, i, v)
	{
		const char *ends = json_text(v, "expires_at");
		char relative[32] = "", uses[48];
		struct buf names;

		buf_init(&names, VIEW_TEXT);
		view_names(&names, json_object_get(v, "names"), NAMES_SHOWN);
		if (ends != NULL)
			out_relative(ends, relative, sizeof(relative));
		snprintf(uses, sizeof(uses), "%lld of %lld",
		    (long long)json_integer_value(json_object_get(v, "uses_left")),
		    (long long)json_integer_value(json_object_get(v, "uses")));
		table_add(t, (const char *const[]){ json_text(v, "id"),
				 json_text(v, "status"), json_text(v, "profile"), uses,
				 ends, relative, buf_str(&names) });
		buf_free(&names);
	}
	if (table_rows(t) > 0)
		table_print(t, stdout);
	else
		out_note("there is no such token");
	if (table_rows(t) > 0)
		out_next("hanaper token rm ID");
	table_free(t);
}

static int
list(const struct command *self, const void *args)
{
	static const char *const statuses[] = { "pending", "used", "withdrawn",
		"expired" };
	const struct token_args *a = args;
	const struct client_list_param params[] = { { "status", a->status },
		{ NULL, NULL } };
	json_t *all;
	struct client *c = NULL;
	struct err e = { 0 };
	int status = OUT_DONE;

	if (a->common.n_operands > 1)
		return out_usage(self->name, "ls takes no names");
	if (!filter_word("--status", a->status, statuses, NITEMS(statuses), &e))
		return out_usage(self->name, "%s", e.detail);
	all = json_array();
	if (!client_open(&a->common, &c, &e) ||
	    !client_list_collect(c, "/v1/tokens", "tokens", params, 0, all, &e))
		status = client_fail(c, &e);
	else if (a->common.json)
		out_json(json_pack("{s:O}", "tokens", all));
	else
		print_list(all);
	json_decref(all);
	client_free(c);
	return status;
}

/* ---- rm ---- */

/* Who types the token itself means its id; the token is not sent anywhere. */
static bool
id_of(const char *word, char ret[static TOKEN_ID_LEN], struct err *e)
{
	uint8_t hash[TOKEN_HASH_LEN];
	struct token t;
	size_t n;

	if (token_read(bytes_str(word), &t, e)) {
		const bool ok = token_hash(&t, hash, e);
		mem_wipe(&t, sizeof(t));
		if (ok)
			token_id(hash, ret);
		return ok;
	}
	if (!hex_read(bytes_str(word), hash, TOKEN_KEY_LEN, &n) || n != TOKEN_KEY_LEN)
		return err_set(e, ERR_MALFORMED,
		    "a token's id is %d hexadecimal digits; all of them: hanaper token "
		    "ls",
		    2 * TOKEN_KEY_LEN);
	token_id(hash, ret);
	return true;
}

static bool
withdraw(struct client *c, const char *id, json_t *ret, struct err *e)
{
	char *path = mem_printf("/v1/tokens/%s", id);
	json_t *v = NULL;

	const bool ok = client_delete_json(c, path, &v, e);
	if (ok)
		json_array_append_new(ret, v);
	else
		err_prefix(e, id);
	free(path);
	return ok;
}

static int
withdraw_all(const struct command *self, const void *args)
{
	const struct token_args *a = args;
	const int n = a->common.n_operands - 1;
	char(*ids)[TOKEN_ID_LEN] = mem_zarray((size_t)n + 1, sizeof(*ids));
	struct client *c = NULL;
	json_t *done = json_array();
	struct err e = { 0 };
	int status = OUT_DONE;

	if (n < 1)
		status = out_usage(self->name, "rm wants an id");
	for (int i = 0; status == OUT_DONE && i < n; i++)
		if (!id_of(a->common.operands[i + 1], ids[i], &e))
			status = out_usage(self->name, "%s", e.detail);
	if (status == OUT_DONE && !client_open(&a->common, &c, &e))
		status = client_fail(c, &e);
	for (int i = 0; status == OUT_DONE && i < n; i++) {
		if (!withdraw(c, ids[i], done, &e))
			status = client_fail(c, &e);
		else if (!a->common.json)
			out_field("withdrawn", VIEW_LABEL, ids[i]);
	}
	if (a->common.json && json_array_size(done) > 0)
		out_json(json_pack("{s:O}", "tokens", done));
	json_decref(done);
	client_free(c);
	free(ids);
	return status;
}

static const struct command_verb verbs[] = {
	{ "create", create },
	{ "ls", list },
	{ "rm", withdraw_all },
	{ 0 },
};

int
cmd_token(const struct command *self, int argc, char **argv)
{
	struct token_args a = { 0 };
	int status = OUT_USAGE;

	if (options_read(self, &usage, argc, argv, &a, &status))
		status = command_verb(self, verbs, a.common.operands[0], &a);
	strings_free(&a.dns);
	strings_free(&a.ip);
	strings_free(&a.uri);
	strings_free(&a.email);
	strings_free(&a.metadata);
	return status;
}
