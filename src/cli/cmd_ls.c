/* SPDX-License-Identifier: Apache-2.0 */
/* hanaper ls - certificates, newest first. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/client_list.h"
#include "cli/export.h"
#include "cli/filter.h"
#include "cli/named.h"
#include "cli/request.h"
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
	const char *expires_before, *expires_after, *issued_before, *issued_after;
	const char *export;
	struct strings metadata;
	struct names names;               /* of NAME */
	char times[4][CLOCK_RFC3339_LEN]; /* of the four options of a time */
};

static const struct opt ls_opts[] = {
	/* clang-format off */
	OPT_HAS_TEXT("q", "TEXT", struct ls_args, q, 
	    "part of a name, the requester or a value of the metadata"),
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
	    "ending before: 14d (from now), 2030-01-31, 2030-01-31T12:00:00Z"),
	OPT_HAS_TEXT("expires-after", "TIME", struct ls_args, expires_after, "ending then or later"),
	OPT_HAS_TEXT("issued-before", "TIME", struct ls_args, issued_before, "issued before: 12h (ago), or as above"),
	OPT_HAS_TEXT("issued-after", "TIME", struct ls_args, issued_after, "issued then or later"),
	OPT_HAS_LIST("metadata", "KEY=VALUE", struct ls_args, metadata, "with this note"),
	OPT_HAS_TEXT("export", "FORMAT", struct ls_args, export,
	    "print all of them as csv or jsonl, page by page"),
	OPT_HAS_TEXT("limit", "N", struct ls_args, limit, "at most so many (default: 50)"),
	OPT_IS_FLAG("all", struct ls_args, all, "all of them"),
	{ 0 }
	/* clang-format on */
};

static const struct opt_usage usage = {
	.operands = "[NAME]",
	.about =
	    "NAME is a DNS name, an IP address, a URI or an e-mail address, as for\n"
	    "\"issue\"; a word without a dot is part of a name, as with --q.",
	.opts = ls_opts,
	.shared = options_client,
	.most = 1,
};

/* Each filter is an option, and a member of the query. */
static const size_t params[] = {
#define FILTER(name, how, when) offsetof(struct ls_args, name),
#include "tbl/filters.h"
#undef FILTER
};

static const char **
param(struct ls_args *a, size_t i)
{
	return (const char **)(void *)((char *)a + params[i]);
}

static void
put_param(struct buf *b, const char *name, const char *value)
{
	buf_printf(b, "&%s=", name);
	uri_encode(b, bytes_str(value));
}

/* The path with all but the cursor. */
static void
put_path(struct buf *b, struct ls_args *a, size_t limit)
{
	buf_printf(b, "/v1/certificates?limit=%zu",
	    limit < LS_LIMIT_MAX ? limit : (size_t)LS_LIMIT_MAX);
	for (size_t i = 0; filter_at(i) != NULL; i++)
		if (*param(a, i) != NULL)
			put_param(b, filter_at(i)->name, *param(a, i));
	for (size_t i = 0; i < a->metadata.n; i++) {
		const char *pair = a->metadata.v[i], *equals = strchr(pair, '=');

		buf_puts(b, "&metadata.");
		uri_encode(b, bytes_of(pair, (size_t)(equals - pair)));
		buf_putc(b, '=');
		uri_encode(b, bytes_str(equals + 1));
	}
}

#define PART_LEAST 3 /* letters that --q takes */

/* NAME is one of the other options, by its form. */
static bool
take_name(struct ls_args *a, struct err *e)
{
	static const struct {
		enum name_type type;
		size_t to;
		const char *option;
	} rows[] = {
		{ NAME_TYPE_DNS, offsetof(struct ls_args, dns), "--dns" },
		{ NAME_TYPE_IP, offsetof(struct ls_args, ip), "--ip" },
		{ NAME_TYPE_URI, offsetof(struct ls_args, uri), "--uri" },
		{ NAME_TYPE_EMAIL, offsetof(struct ls_args, email), "--email" },
	};
	const char *word = a->common.n_operands > 0 ? a->common.operands[0] : NULL;
	size_t i = 0;

	if (word == NULL)
		return true;
	if (strpbrk(word, ".:@") == NULL && strlen(word) >= PART_LEAST) {
		if (a->q != NULL)
			return err_set(e, ERR_MALFORMED, "%.80s and --q: take one",
			    word);
		a->q = word;
		return true;
	}
	if (!request_add_name(&a->names, word, e))
		return false;
	while (i + 1 < NITEMS(rows) && rows[i].type != a->names.v[0].type)
		i++;
	const char **to = (const char **)(void *)((char *)a + rows[i].to);
	if (*to != NULL)
		return err_set(e, ERR_MALFORMED, "%.80s and %s: take one", word,
		    rows[i].option);
	*to = a->names.v[0].text;
	return true;
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
	if (!filter_span("--expiring", a->expiring, &span, e))
		return false;
	clock_rfc3339(clock_now() + span, at);
	a->expires_before = at;
	a->status = "valid";
	return true;
}

static bool
read_limit(const struct ls_args *a, size_t *ret, struct err *e)
{
	if (a->all && a->limit != NULL)
		return err_set(e, ERR_MALFORMED, "--limit and --all: take one");
	return client_list_limit(a->limit,
	    a->all || a->export != NULL ? SIZE_MAX : LS_LIMIT_DEFAULT, ret, e);
}

/* What becomes of the rows of a page; the list is the callee's for the call. */
typedef void page_fn(void *arg, json_t *list);

struct walk {
	struct ls_args *a;
	size_t limit, seen;
	page_fn *each;
	void *arg;
};

static bool
take_page(struct walk *w, const json_t *page, char **ret_cursor, struct err *e)
{
	json_t *list = json_object_get(page, "certificates");

	if (!json_is_array(list))
		return err_set(e, ERR_INTERNAL, "the daemon answered no list");
	w->seen += json_array_size(list);
	w->each(w->arg, list);
	*ret_cursor = mem_strdup(json_text(page, "next_cursor"));
	return true;
}

/*
 * Goes through up to 'limit' certificates, page by page: as much memory as one of
 * them.  *ret_more: there are others.
 */
static bool
walk(struct client *c, struct walk *w, bool *ret_more, struct err *e)
{
	char *cursor = NULL;
	bool ok = true;

	do {
		json_t *page = NULL;
		struct buf path;

		buf_init(&path, KIB(64));
		put_path(&path, w->a, w->limit - w->seen);
		if (cursor != NULL)
			put_param(&path, "cursor", cursor);
		free(cursor);
		cursor = NULL;
		ok = buf_ok(&path, "the question", e) &&
		     client_get_json(c, buf_str(&path), &page, e) &&
		     take_page(w, page, &cursor, e);
		json_decref(page);
		buf_free(&path);
	} while (ok && cursor != NULL && w->seen < w->limit);
	*ret_more = cursor != NULL;
	free(cursor);
	return ok;
}

/* A name that nothing is called by; whose certificates may all be there still. */
static void
note_unknown(struct client *c, const char *path, const char *member, const char *what,
    const char *name)
{
	json_t *v = NULL;
	struct err e;

	if (name != NULL && client_get_json(c, path, &v, &e) &&
	    named_find(json_object_get(v, member), what, name, &e) == NULL)
		out_note("%s", e.detail);
	json_decref(v);
}

static void
note_none(struct client *c, const struct ls_args *a)
{
	out_note("there is no such certificate");
	note_unknown(c, "/v1/profiles", "profiles", "profile", a->profile);
	note_unknown(c, "/v1/issuers", "issuers", "issuer", a->issuer);
	if (a->names.n > 0 && a->q == NULL &&
	    strlen(a->common.operands[0]) >= PART_LEAST) {
		char *word = out_word(a->common.operands[0]);

		out_note("where it is part of a name: hanaper ls --q %s", word);
		free(word);
	}
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
	table_print(t, stdout);
	if (more)
		out_note("there are more: --all, or --limit N");
	out_next("hanaper show SERIAL");
	table_free(t);
}

static void
keep_page(void *arg, json_t *list)
{
	json_array_extend(arg, list);
}

static int
show(struct client *c, struct ls_args *a, size_t limit)
{
	json_t *list = json_array();
	struct walk w = { .a = a, .limit = limit, .each = keep_page, .arg = list };
	struct err e = { 0 };
	bool more = false;
	int status = OUT_DONE;

	if (!walk(c, &w, &more, &e))
		status = client_fail(c, &e);
	else if (a->common.json)
		out_json(json_pack("{s:O, s:b}", "certificates", list, "more", more));
	else if (json_array_size(list) > 0)
		print(list, more);
	else
		note_none(c, a);
	json_decref(list);
	return status;
}

static void
export_page(void *arg, json_t *list)
{
	const enum export_format *format = arg;
	const json_t *v;
	size_t i;

	json_array_foreach(list, i, v) export_row(*format, v, stdout);
}

static int export(struct client *c, struct ls_args *a, size_t limit)
{
	enum export_format format;
	struct walk w = { .a = a, .limit = limit, .each = export_page, .arg = &format };
	struct err e = { 0 };
	bool more = false;

	if (!export_format_from(a->export, &format))
		return OUT_USAGE; /* it was read before */
	export_head(format, stdout);
	return walk(c, &w, &more, &e) ? OUT_DONE : client_fail(c, &e);
}

/* "2w" and "2030-01-31" become times; they live as long as the arguments. */
static bool
read_times(struct ls_args *a, struct err *e)
{
	size_t n = 0;

	for (size_t i = 0; filter_at(i) != NULL; i++) {
		const struct filter *f = filter_at(i);

		if (f->when == FILTER_NEVER || *param(a, i) == NULL)
			continue;
		char *option = mem_printf("--%s", f->name);
		*strchr(option, '_') = '-';
		assert(n < NITEMS(a->times));
		const bool ok =
		    filter_time(option, *param(a, i), f->when, a->times[n], e);
		free(option);
		if (!ok)
			return false;
		*param(a, i) = a->times[n++];
	}
	return true;
}

static bool
check_args(struct ls_args *a, struct err *e)
{
	static const char *const statuses[] = { "valid", "expired", "revoked" };
	enum export_format format;

	for (size_t i = 0; i < a->metadata.n; i++)
		if (strchr(a->metadata.v[i], '=') == NULL)
			return err_set(e, ERR_MALFORMED, "--metadata wants KEY=VALUE");
	if (a->export != NULL && !export_format_from(a->export, &format))
		return err_set(e, ERR_MALFORMED, "--export wants csv or jsonl");
	if (a->export != NULL && a->common.json)
		return err_set(e, ERR_MALFORMED, "--export and --json: take one");
	return filter_word("--status", a->status, statuses, NITEMS(statuses), e) &&
	       read_times(a, e);
}

static int
run(const struct command *self, struct ls_args *a)
{
	char at[CLOCK_RFC3339_LEN];
	struct client *c = NULL;
	struct err e = { 0 };
	size_t limit;

	if (!take_name(a, &e) || !check_args(a, &e) || !expand_expiring(a, at, &e) ||
	    !read_limit(a, &limit, &e))
		return out_usage(self->name, "%s", e.detail);
	if (!client_open(&a->common, &c, &e))
		return client_fail(NULL, &e);
	const int status = a->export != NULL ? export(c, a, limit) : show(c, a, limit);
	client_free(c);
	return status;
}

int
cmd_ls(const struct command *self, int argc, char **argv)
{
	struct ls_args a = { 0 };
	int status;

	if (options_read(self, &usage, argc, argv, &a, &status))
		status = run(self, &a);
	strings_free(&a.metadata);
	names_free(&a.names);
	return status;
}
