/* SPDX-License-Identifier: Apache-2.0 */
/* hanaper ls - certificates, newest first. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/client.h"
#include "cli/table.h"
#include "cli/view.h"
#include "codec/uri.h"

#define LS_LIMIT_DEFAULT 50
#define LS_LIMIT_MAX     1000 /* rows in one answer */
#define LS_NAMES         3    /* shown in the table */

struct ls_args {
	struct options_common common;
	bool all;
	const char *limit, *expiring, *status;
	const char *q, *dns, *ip, *uri, *email, *cn, *profile, *requester, *issuer;
	const char *expires_before, *issued_after;
};

static const struct opt ls_opts[] = {
	/* clang-format off */
	OPT_HAS_TEXT("q", "TEXT", struct ls_args, q, "part of a name or common name"),
	OPT_HAS_TEXT("dns", "NAME", struct ls_args, dns, "with this DNS name"),
	OPT_HAS_TEXT("ip", "ADDRESS", struct ls_args, ip, "with this IP address"),
	OPT_HAS_TEXT("uri", "URI", struct ls_args, uri, "with this URI"),
	OPT_HAS_TEXT("email", "ADDRESS", struct ls_args, email, "with this e-mail address"),
	OPT_HAS_TEXT("cn", "TEXT", struct ls_args, cn, "with this common name"),
	OPT_HAS_TEXT("profile", "NAME", struct ls_args, profile, "issued by this profile"),
	OPT_HAS_TEXT("issuer", "NAME", struct ls_args, issuer, "signed by this issuer"),
	OPT_HAS_TEXT("requester", "WHO", struct ls_args, requester, "asked for by this identity"),
	OPT_HAS_TEXT("status", "WORD", struct ls_args, status, "valid, expired or revoked"),
	OPT_HAS_TEXT("expiring", "SPAN", struct ls_args, expiring,
	    "valid now and ending within: 14d, 12h"),
	OPT_HAS_TEXT("expires-before", "TIME", struct ls_args, expires_before,
	    "ending before: 2030-01-31T00:00:00Z"),
	OPT_HAS_TEXT("issued-after", "TIME", struct ls_args, issued_after, "issued after"),
	OPT_HAS_TEXT("limit", "N", struct ls_args, limit, "at most so many (default: 50)"),
	OPT_IS_FLAG("all", struct ls_args, all, "all of them"),
	{ 0 }
	/* clang-format on */
};

static const struct opt_usage usage = {
	.operands = "",
	.opts = ls_opts,
	.shared = options_client,
};

/* What goes into the query as it was typed. */
static const struct {
	const char *name;
	size_t offset;
} params[] = {
	{ "q", offsetof(struct ls_args, q) },
	{ "dns", offsetof(struct ls_args, dns) },
	{ "ip", offsetof(struct ls_args, ip) },
	{ "uri", offsetof(struct ls_args, uri) },
	{ "email", offsetof(struct ls_args, email) },
	{ "cn", offsetof(struct ls_args, cn) },
	{ "profile", offsetof(struct ls_args, profile) },
	{ "issuer", offsetof(struct ls_args, issuer) },
	{ "requester", offsetof(struct ls_args, requester) },
	{ "status", offsetof(struct ls_args, status) },
	{ "expires_before", offsetof(struct ls_args, expires_before) },
	{ "issued_after", offsetof(struct ls_args, issued_after) },
};

static void
put_param(struct buf *b, const char *name, const char *value)
{
	buf_printf(b, "&%s=", name);
	uri_encode(b, bytes_str(value));
}

/* The path with all but the cursor. */
static void
put_path(struct buf *b, const struct ls_args *a, size_t limit)
{
	buf_printf(b, "/v1/certificates?limit=%zu",
	    limit < LS_LIMIT_MAX ? limit : (size_t)LS_LIMIT_MAX);
	for (size_t i = 0; i < NITEMS(params); i++) {
		const char *v =
		    *(const char *const *)((const char *)a + params[i].offset);

		if (v != NULL)
			put_param(b, params[i].name, v);
	}
}

/* --expiring is two of the other options. */
static bool
expand_expiring(struct ls_args *a, char at[static CLOCK_RFC3339_LEN], struct err *e)
{
	int64_t span;

	if (a->expiring == NULL)
		return true;
	if (a->expires_before != NULL || a->status != NULL)
		return err_set(e, ERR_MALFORMED,
		    "--expiring says --status and --expires-before already");
	if (!clock_duration_parse(bytes_str(a->expiring), &span, e))
		return err_prefix(e, "--expiring");
	clock_rfc3339(clock_now() + span, at);
	a->expires_before = at;
	a->status = "valid";
	return true;
}

static bool
read_limit(const struct ls_args *a, size_t *ret, struct err *e)
{
	char *end;
	long n;

	*ret = a->all ? SIZE_MAX : LS_LIMIT_DEFAULT;
	if (a->limit == NULL)
		return true;
	n = strtol(a->limit, &end, 10);
	if (a->all || *end != '\0' || end == a->limit || n < 1 || n > 1000000)
		return err_set(e, ERR_MALFORMED,
		    "--limit wants a number from 1 to 1000000, and no --all");
	*ret = (size_t)n;
	return true;
}

/*
 * Collects up to 'limit' certificates, page by page.  *ret_more: there are
 * others.
 */
static bool
collect(struct client *c, const struct ls_args *a, size_t limit, json_t *ret,
    bool *ret_more, struct err *e)
{
	char *cursor = NULL;
	bool ok = true;

	do {
		json_t *page = NULL;
		struct buf path;

		buf_init(&path, KIB(64));
		put_path(&path, a, limit - json_array_size(ret));
		if (cursor != NULL)
			put_param(&path, "cursor", cursor);
		free(cursor);
		cursor = NULL;
		ok = buf_ok(&path, "the question", e) &&
		     client_get_json(c, buf_str(&path), &page, e);
		if (ok && json_array_extend(ret, json_object_get(page, "certificates")))
			ok = err_set(e, ERR_INTERNAL, "the daemon answered no list");
		if (ok)
			cursor = mem_strdup(json_text(page, "next_cursor"));
		json_decref(page);
		buf_free(&path);
	} while (ok && cursor != NULL && json_array_size(ret) < limit);
	*ret_more = cursor != NULL;
	free(cursor);
	return ok;
}

static void
print(const json_t *list, bool more)
{
	static const char *const titles[] = { "SERIAL", "STATUS", "PROFILE", "ENDS", "",
		"NAMES" };
	struct table *t = table_new(titles, NITEMS(titles));
	const json_t *v;
	size_t i;

	json_array_foreach(list, i, v)
	{
		const char *ends = json_text(v, "not_after");
		char relative[32] = "";
		struct buf names;

		buf_init(&names, VIEW_TEXT);
		view_names(&names, json_object_get(v, "names"), LS_NAMES);
		if (ends != NULL)
			out_relative(ends, relative, sizeof(relative));
		table_add(t, (const char *const[]){ json_text(v, "serial"),
				 json_text(v, "status"), json_text(v, "profile"), ends,
				 relative, buf_str(&names) });
		buf_free(&names);
	}
	if (table_rows(t) > 0)
		table_print(t, stdout);
	else
		out_note("there is no such certificate");
	if (more)
		out_note("there are more: --all, or --limit N");
	if (table_rows(t) > 0)
		out_next("hanaper show SERIAL");
	table_free(t);
}

int
cmd_ls(const struct command *self, int argc, char **argv)
{
	struct ls_args a = { 0 };
	char at[CLOCK_RFC3339_LEN];
	struct client *c = NULL;
	struct err e = { 0 };
	json_t *list;
	size_t limit;
	bool more = false;
	int status = OUT_DONE;

	if (!options_read(self, &usage, argc, argv, &a, &status))
		return status;
	if (!expand_expiring(&a, at, &e) || !read_limit(&a, &limit, &e))
		return out_usage(self->name, "%s", e.detail);
	list = json_array();
	if (!client_open(&a.common, &c, &e) || !collect(c, &a, limit, list, &more, &e))
		status = client_fail(c, &e);
	else if (a.common.json)
		out_json(json_pack("{s:O, s:b}", "certificates", list, "more", more));
	else
		print(list, more);
	json_decref(list);
	client_free(c);
	return status;
}
