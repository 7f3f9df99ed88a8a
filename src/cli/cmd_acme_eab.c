/* SPDX-License-Identifier: Apache-2.0 */
/* hanaper acme eab new|ls|revoke - keys that bind ACME accounts to somebody. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/acme_paste.h"
#include "cli/client_list.h"
#include "cli/cmd_acme.h"
#include "cli/filter.h"
#include "cli/request.h"
#include "cli/table.h"
#include "cli/view.h"
#include "codec/uri.h"

#define ROOT_MAX KIB(64)

struct eab_args {
	struct options_common common;
	const char *profile, *max, *accounts, *expires, *ends, *client;
	struct strings names;
	bool keep_accounts;
};

static const struct opt eab_opts[] = {
	/* clang-format off */
	OPT_HAS_LIST("names", "PATTERN", struct eab_args, names,
	    "new: what its accounts may order: *.lab.internal, 10.0.0.0/8 (default: what the profile allows)"),
	OPT_HAS_TEXT("profile", "NAME", struct eab_args, profile, "new: in this profile's directory (default: server)"),
	OPT_HAS_TEXT("max", "N", struct eab_args, max, "new: so many certificates, of all its accounts (default: no limit)"),
	OPT_HAS_TEXT("accounts", "N", struct eab_args, accounts, "new: so many accounts (default: 1)"),
	OPT_HAS_TEXT("expires", "SPAN", struct eab_args, expires, "new: how long accounts can be bound (default: 7d)"),
	OPT_HAS_TEXT("ends", "SPAN", struct eab_args, ends, "new: how long they may order (default: for ever)"),
	OPT_HAS_TEXT("for", "CLIENT", struct eab_args, client,
	    "new: lines for certbot, lego, acme.sh, caddy, traefik or cert-manager alone"),
	OPT_IS_FLAG("keep-accounts", struct eab_args, keep_accounts,
	    "revoke: it binds no more, but the accounts that it has bound go on"),
	{ 0 }
	/* clang-format on */
};

static const struct opt_usage usage = {
	.operands = "new|ls|revoke KID...",
	.about = "A key lets so many ACME accounts be made, and says what they may "
		 "order: names,\n"
		 "number, until when.  Its MAC key is shown once, with lines for "
		 "clients to paste.",
	.opts = eab_opts,
	.shared = options_client,
	.least = 1,
	.most = -1,
};

/* ---- new ---- */

static bool
add_number(json_t *body, const char *member, const char *option, const char *text,
    struct err *e)
{
	char *end;

	if (text == NULL)
		return true;
	const long n = strtol(text, &end, 10);
	if (end == text || *end != '\0' || n < 1)
		return err_set(e, ERR_MALFORMED, "%s wants a number, 1 or more",
		    option);
	json_object_set_new(body, member, json_integer(n));
	return true;
}

static bool
add_span(json_t *body, const char *member, const char *option, const char *text,
    struct err *e)
{
	int64_t span;

	if (text == NULL)
		return true;
	if (!filter_span(option, text, &span, e))
		return false;
	return request_put(body, member, text, e);
}

/* Of one option: "a,b" is two. */
static bool
add_patterns(json_t *list, const char *at, struct err *e)
{
	const size_t before = json_array_size(list);
	json_t *pattern = NULL;

	while (*at != '\0') {
		const size_t n = strcspn(at, ", ");

		if (n > 0) {
			if (!request_text(bytes_of(at, n), &pattern, e))
				return err_prefix(e, "--names");
			json_array_append_new(list, pattern);
		}
		at += n + (at[n] != '\0');
	}
	return json_array_size(list) > before ||
	       err_set(e, ERR_MALFORMED,
		   "--names wants a pattern; without the option there is no limit but "
		   "the profile's");
}

/* Where none is given there is no such member: an empty list would be one by mistake. */
static bool
add_names(json_t *body, const struct strings *names, struct err *e)
{
	json_t *list = json_array();
	bool ok = true;

	for (size_t i = 0; ok && i < names->n; i++)
		ok = add_patterns(list, names->v[i], e);
	if (ok && names->n > 0)
		json_object_set(body, "names", list);
	json_decref(list);
	return ok;
}

static bool
find_client(const char *word, size_t *ret, struct err *e)
{
	for (size_t i = 0; acme_paste_client(i) != NULL; i++)
		if (strcmp(word, acme_paste_client(i)) == 0) {
			*ret = i;
			return true;
		}
	return err_set(e, ERR_MALFORMED,
	    "--for wants certbot, lego, acme.sh, caddy, traefik or cert-manager");
}

static bool
make_body(const struct eab_args *a, json_t *body, struct err *e)
{
	size_t ignored;

	return request_put(body, "directory",
		   a->profile != NULL ? a->profile : "server", e) &&
	       add_names(body, &a->names, e) &&
	       (a->client == NULL || find_client(a->client, &ignored, e)) &&
	       add_number(body, "certificates_max", "--max", a->max, e) &&
	       add_number(body, "accounts_max", "--accounts", a->accounts, e) &&
	       add_span(body, "expires", "--expires", a->expires, e) &&
	       add_span(body, "ends", "--ends", a->ends, e);
}

/* Where root.crt lies, as the clients are to be told; free() it. */
static char *
root_path(const struct eab_args *a, const struct client *c)
{
	char *path = client_dir(c) != NULL ? client_find_root(a->common.dir)
					   : mem_strdup(a->common.cacert);
	char *whole = path != NULL ? realpath(path, NULL) : NULL;

	if (whole == NULL)
		return path != NULL ? path : mem_strdup("/path/to/root.crt");
	free(path);
	return whole;
}

static void
put_count(const json_t *v, const char *n, const char *max, struct buf *ret)
{
	const json_t *most = json_object_get(v, max);

	buf_clear(ret);
	buf_printf(ret, "%lld", (long long)json_integer_value(json_object_get(v, n)));
	if (most != NULL)
		buf_printf(ret, " of %lld", (long long)json_integer_value(most));
}

static void
print_count(const json_t *v, const char *label, const char *n, const char *max)
{
	struct buf b;

	buf_init(&b, VIEW_TEXT);
	put_count(v, n, max, &b);
	out_field(label, VIEW_LABEL, buf_str(&b));
	buf_free(&b);
}

static void
print_key(const json_t *v)
{
	view_field(v, "kid", "kid");
	view_field(v, "hmac_key", "hmac key");
	view_field(v, "directory_url", "directory");
	view_field_list(v, "names", "names");
	print_count(v, "accounts", "accounts", "accounts_max");
	print_count(v, "certificates", "certificates", "certificates_max");
	view_field_time(v, "expires_at", "binds until");
	view_field_time(v, "ends_at", "orders until");
}

static void
print_lines(const struct acme_paste *p, const char *only)
{
	printf("\n# For another host copy the root there, and name the copy below: ");
	out_text(stdout, p->root);
	printf("\n");
	for (size_t i = 0; acme_paste_client(i) != NULL; i++) {
		if (only != NULL && strcmp(only, acme_paste_client(i)) != 0)
			continue;
		char *lines = acme_paste_lines(i, p);

		printf("\n# %s\n", acme_paste_title(i));
		out_lines(stdout, lines);
		mem_wipe_free(lines, strlen(lines));
	}
}

static json_t *
lines_json(const struct acme_paste *p)
{
	json_t *v = json_object();

	for (size_t i = 0; acme_paste_client(i) != NULL; i++) {
		char *lines = acme_paste_lines(i, p);

		json_object_set_new(v, acme_paste_client(i), json_string(lines));
		mem_wipe_free(lines, strlen(lines));
	}
	return v;
}

static void
print_made(const struct eab_args *a, const struct client *c, const char *root_pem,
    json_t *v)
{
	char *root = root_path(a, c);
	char *name = acme_paste_example(json_object_get(v, "names"));
	const struct acme_paste p = {
		.url = json_text(v, "directory_url"),
		.root = root,
		.root_pem = root_pem,
		.name = name,
		.kid = json_text(v, "kid"),
		.key = json_text(v, "hmac_key"),
	};

	if (p.url == NULL || p.kid == NULL || p.key == NULL)
		out_json(json_incref(v)); /* no answer of ours: show what there is */
	else if (a->common.json) {
		json_object_set_new(v, "clients", lines_json(&p));
		out_json(json_incref(v));
	} else {
		print_key(v);
		print_lines(&p, a->client);
		out_next("hanaper acme accounts --eab %s", p.kid);
	}
	free(root);
	free(name);
}

static bool
make(struct client *c, json_t *body, struct buf *ret_root, json_t **ret, struct err *e)
{
	return client_get(c, "/ca/roots.pem", "*/*", ret_root, e) &&
	       client_post_json(c, "/v1/acme/eab", json_incref(body), ret, e);
}

static int
run_new(const struct command *self, const void *args)
{
	const struct eab_args *a = args;
	json_t *body = json_object(), *v = NULL;
	struct client *c = NULL;
	struct err e = { 0 };
	struct buf root;
	int status = OUT_DONE;

	buf_init(&root, ROOT_MAX);
	if (a->common.n_operands > 1)
		status = out_usage(self->name, "new takes options alone: --names '%s'",
		    a->common.operands[1]);
	else if (!make_body(a, body, &e))
		status = out_usage(self->name, "%s", e.detail);
	else if (!client_open(&a->common, &c, &e) || !make(c, body, &root, &v, &e))
		status = client_fail(c, &e);
	else
		print_made(a, c, buf_str(&root), v);
	buf_free(&root);
	json_decref(body);
	json_decref(v);
	client_free(c);
	return status;
}

/* ---- ls ---- */

static void
print_list(const json_t *list)
{
	static const char *const titles[] = { "KID", "STATUS", "DIRECTORY", "ACCOUNTS",
		"CERTIFICATES", "BINDS UNTIL", "ORDERS UNTIL", "NAMES" };
	struct table *t = table_new(titles, NITEMS(titles));
	struct buf accounts, certificates, names;
	const json_t *v;
	size_t i;

	buf_init(&accounts, VIEW_TEXT);
	buf_init(&certificates, VIEW_TEXT);
	buf_init(&names, VIEW_TEXT);
	json_array_foreach(list, i, v)
	{
		put_count(v, "accounts", "accounts_max", &accounts);
		put_count(v, "certificates", "certificates_max", &certificates);
		buf_clear(&names);
		view_strings(&names, json_object_get(v, "names"));
		table_add(t, (const char *const[]){ json_text(v, "kid"),
				 json_text(v, "status"), json_text(v, "directory"),
				 buf_str(&accounts), buf_str(&certificates),
				 json_text(v, "expires_at"), json_text(v, "ends_at"),
				 names.n > 0 ? buf_str(&names) : "any" });
	}
	if (table_rows(t) > 0) {
		table_print(t, stdout);
		out_next("hanaper acme eab revoke KID");
	} else {
		out_note("there is no key for external accounts");
		out_next("hanaper acme eab new --names '*.lab.internal'");
	}
	buf_free(&accounts);
	buf_free(&certificates);
	buf_free(&names);
	table_free(t);
}

static int
run_ls(const struct command *self, const void *args)
{
	const struct eab_args *a = args;
	static const struct client_list_param none[] = { { NULL, NULL } };
	json_t *list = json_array();
	struct client *c = NULL;
	struct err e = { 0 };
	int status = OUT_DONE;

	if (a->common.n_operands > 1)
		status = out_usage(self->name, "ls takes no argument");
	else if (!client_open(&a->common, &c, &e) ||
		 !client_list_collect(c, "/v1/acme/eab", "keys", none, 0, list, &e))
		status = client_fail(c, &e);
	else if (a->common.json)
		out_json(json_pack("{s:O}", "keys", list));
	else
		print_list(list);
	json_decref(list);
	client_free(c);
	return status;
}

/* ---- revoke ---- */

static bool
revoke(struct client *c, const char *kid, bool keep, json_t *ret, struct err *e)
{
	json_t *v = NULL;
	struct buf path;

	buf_init(&path, KIB(4));
	buf_puts(&path, "/v1/acme/eab/");
	uri_encode(&path, bytes_str(kid));
	buf_puts(&path, keep ? "?accounts=keep" : "?accounts=end");
	const bool ok = buf_ok(&path, "the question", e) &&
			client_delete_json(c, buf_str(&path), &v, e);
	if (ok)
		json_array_append_new(ret, v);
	else
		err_prefix(e, kid);
	buf_free(&path);
	return ok;
}

static void
print_ended(const json_t *v)
{
	struct buf b;

	buf_init(&b, VIEW_TEXT);
	put_count(v, "accounts_ended", "", &b);
	buf_puts(&b, " ended");
	out_field("accounts", VIEW_LABEL, buf_str(&b));
	buf_free(&b);
}

static void
print_revoked(const json_t *v)
{
	view_field(v, "kid", "kid");
	view_field(v, "status", "status");
	print_ended(v);
}

static int
run_revoke(const struct command *self, const void *args)
{
	const struct eab_args *a = args;
	struct client *c = NULL;
	json_t *done = json_array();
	struct err e = { 0 };
	int status = OUT_DONE;

	if (a->common.n_operands < 2)
		status = out_usage(self->name, "revoke wants a kid");
	else if (!client_open(&a->common, &c, &e))
		status = client_fail(c, &e);
	for (int i = 1; status == OUT_DONE && i < a->common.n_operands; i++)
		if (!revoke(c, a->common.operands[i], a->keep_accounts, done, &e))
			status = client_fail(c, &e);
		else if (!a->common.json)
			print_revoked(json_array_get(done, (size_t)i - 1));
	if (a->common.json && json_array_size(done) > 0)
		out_json(json_pack("{s:O}", "keys", done));
	if (status == OUT_DONE)
		out_next("hanaper acme eab ls");
	json_decref(done);
	client_free(c);
	return status;
}

static const struct command_verb verbs[] = {
	{ "new", run_new },
	{ "ls", run_ls },
	{ "revoke", run_revoke },
	{ 0 },
};

int
cmd_acme_eab(const struct command *self, int argc, char **argv)
{
	struct eab_args a = { 0 };
	int status = OUT_USAGE;

	if (options_read(self, &usage, argc, argv, &a, &status))
		status = command_verb(self, verbs, a.common.operands[0], &a);
	strings_free(&a.names);
	return status;
}
