/* SPDX-License-Identifier: Apache-2.0 */
/* hanaper audit - who decided what, and when; audit verify is in cmd_audit_verify.c. */
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/certref.h"
#include "cli/client_list.h"
#include "cli/cmd_audit.h"
#include "cli/filter.h"
#include "cli/table.h"
#include "cli/view.h"
#include "codec/uri.h"
#include "store/store_audit.h"

#define LIMIT_DEFAULT 50
#define LIMIT_MAX     1000 /* rows in one answer */
#define FOLLOW_MS     500
#define SHOWN_NAMES   3

#define KINDS_MAX 64 /* numbers of kinds are below */

static const struct opt audit_opts[] = {
	/* clang-format off */
	OPT_HAS_TEXT("event", "WORD", struct audit_args, event,
	    "issued, renewed, revoked, refused, token-made, configured, started, ..."),
	OPT_HAS_TEXT("identity", "WHO", struct audit_args, identity, "of this identity: cert:admin, uid:0"),
	OPT_HAS_TEXT("serial", "SERIAL|FILE", struct audit_args, serial, "about this certificate"),
	OPT_HAS_TEXT("since", "WHEN", struct audit_args, since, "not before: 1h (ago), 2030-01-31, 2030-01-31T12:00:00Z"),
	OPT_HAS_TEXT("until", "WHEN", struct audit_args, until, "before: 1h (ago), a date, or a time"),
	OPT_HAS_TEXT("limit", "N", struct audit_args, limit, "at most so many (default: 50)"),
	OPT_IS_FLAG("follow", struct audit_args, follow, "go on and print what comes, until Ctrl-C"),
	{ 0 }
	/* clang-format on */
};

static const struct opt_usage usage = {
	.operands = "[verify]",
	.about = "Prints decisions, newest last.  \"audit verify\" checks journal and "
		 "database\nagainst each other, without the daemon: it needs --dir.",
	.opts = audit_opts,
	.shared = options_client,
	.most = 1,
};

static void
put_param(struct buf *b, const char *name, const char *value)
{
	if (value == NULL)
		return;
	buf_printf(b, "&%s=", name);
	uri_encode(b, bytes_str(value));
}

static bool
read_when(const char *option, const char **when, char at[static CLOCK_RFC3339_LEN],
    struct err *e)
{
	if (*when == NULL)
		return true;
	if (!filter_time(option, *when, FILTER_AGO, at, e))
		return false;
	*when = at;
	return true;
}

static bool
check_event(const char *word, struct err *e)
{
	const char *words[KINDS_MAX];
	size_t n = 0;

	for (unsigned k = 0; k < KINDS_MAX; k++)
		if (store_audit_word(k) != NULL)
			words[n++] = store_audit_word(k);
	return filter_word("--event", word, words, n, e);
}

/* A serial, or a file that has one; the daemon is asked by the serial. */
static bool
read_serial(const char **serial, char hex[static SERIAL_HEX_LEN], struct err *e)
{
	if (*serial == NULL)
		return true;
	if (!certref_serial(*serial, hex, e))
		return false;
	*serial = hex;
	return true;
}

/* One page: 'place' is "cursor" or "after" with its value. */
static bool
ask(struct client *c, const struct audit_args *a, size_t limit, const char *place,
    const char *value, json_t **ret, struct err *e)
{
	struct buf path;

	buf_init(&path, KIB(16));
	buf_printf(&path, "/v1/audit?limit=%zu",
	    limit < LIMIT_MAX ? limit : (size_t)LIMIT_MAX);
	put_param(&path, "event", a->event);
	put_param(&path, "identity", a->identity);
	put_param(&path, "serial", a->serial);
	put_param(&path, "since", a->since);
	put_param(&path, "until", a->until);
	put_param(&path, place, value);
	bool ok = buf_ok(&path, "the question", e) &&
		  client_get_json(c, buf_str(&path), ret, e);
	if (ok && !json_is_array(json_object_get(*ret, "events"))) {
		json_decref(*ret);
		ok = err_set(e, ERR_INTERNAL, "the daemon answered no events");
	}
	buf_free(&path);
	return ok;
}

/* Up to 'limit' rows, newest first, page by page. */
static bool
collect(struct client *c, const struct audit_args *a, size_t limit, json_t *ret,
    struct err *e)
{
	char *cursor = NULL;
	bool ok = true;

	do {
		json_t *page = NULL;

		ok =
		    ask(c, a, limit - json_array_size(ret), "cursor", cursor, &page, e);
		free(cursor);
		cursor = NULL;
		if (ok) {
			json_array_extend(ret, json_object_get(page, "events"));
			cursor = mem_strdup(json_text(page, "next_cursor"));
			json_decref(page);
		}
	} while (ok && cursor != NULL && json_array_size(ret) < limit);
	free(cursor);
	return ok;
}

static void
put_word(struct buf *b, const char *key, const char *text)
{
	if (text != NULL)
		buf_printf(b, "%s%s%s", b->n > 0 ? " " : "", key, text);
}

/* What it was about, in few words. */
static void
put_about(struct buf *b, const json_t *v)
{
	put_word(b, "", json_text(v, "serial"));
	put_word(b, "", json_text(v, "object"));
	put_word(b, "profile=", json_text(v, "profile"));
	if (json_object_get(v, "names") != NULL) {
		put_word(b, "", "");
		view_names(b, json_object_get(v, "names"), SHOWN_NAMES);
	}
}

static void
print_row(const json_t *v, bool json)
{
	const char *reason = json_text(v, "reason");
	const char *result = json_text(v, "result");
	struct buf about;

	if (json) {
		out_json_line(stdout, v);
		return;
	}
	buf_init(&about, KIB(8));
	put_about(&about, v);
	const char *const parts[] = { json_text(v, "at"), json_text(v, "event"),
		json_text(v, "identity"), buf_str(&about),
		strcmp(result != NULL ? result : "", "done") == 0 ? NULL : result,
		reason };
	for (size_t i = 0, n = 0; i < NITEMS(parts); i++)
		if (parts[i] != NULL && parts[i][0] != '\0') {
			fputs(n++ > 0 ? "  " : "", stdout);
			out_text(stdout, parts[i]);
		}
	putchar('\n');
	buf_free(&about);
}

static void
print_oldest_first(const json_t *newest_first, bool json)
{
	for (size_t i = json_array_size(newest_first); i > 0; i--)
		print_row(json_array_get(newest_first, i - 1), json);
}

/* What is added behind 'after', for ever; comes back when the daemon does not answer. */
static bool
follow(struct client *c, const struct audit_args *a, int64_t after, struct err *e)
{
	char value[24];
	json_t *page, *row;
	size_t i;

	for (;;) {
		snprintf(value, sizeof(value), "%" PRId64, after);
		if (!ask(c, a, LIMIT_MAX, "after", value, &page, e))
			return false;
		json_t *events = json_object_get(page, "events");
		json_array_foreach(events, i, row)
		{
			print_row(row, a->common.json);
			after = json_integer_value(json_object_get(row, "id"));
		}
		json_decref(page);
		if (fflush(stdout) != 0) /* nobody reads any more */
			return true;
		poll(NULL, 0, FOLLOW_MS);
	}
}

static void
print(const json_t *list, bool json)
{
	if (json) {
		out_json(json_pack("{s:O}", "events", list));
		return;
	}
	print_oldest_first(list, false);
	if (json_array_size(list) == 0)
		out_note("there is no such event");
	else
		out_next("hanaper audit verify");
}

static int
show(const struct audit_args *a, size_t limit)
{
	json_t *list = json_array();
	struct client *c = NULL;
	struct err e = { 0 };
	int status = OUT_DONE;

	bool ok = client_open(&a->common, &c, &e) && collect(c, a, limit, list, &e);
	if (ok && !a->follow) {
		print(list, a->common.json);
	} else if (ok) {
		print_oldest_first(list, a->common.json);
		ok = follow(c, a,
		    json_integer_value(json_object_get(json_array_get(list, 0), "id")),
		    &e);
	}
	if (!ok)
		status = client_fail(c, &e);
	json_decref(list);
	client_free(c);
	return status;
}

int
cmd_audit(const struct command *self, int argc, char **argv)
{
	char since[CLOCK_RFC3339_LEN], until[CLOCK_RFC3339_LEN], hex[SERIAL_HEX_LEN];
	struct audit_args a = { 0 };
	struct err e = { 0 };
	size_t limit;
	int status = OUT_DONE;

	if (!options_read(self, &usage, argc, argv, &a, &status))
		return status;
	if (a.common.n_operands == 1 && strcmp(a.common.operands[0], "verify") == 0)
		return cmd_audit_verify(&a);
	if (a.common.n_operands > 0)
		return out_usage(self->name,
		    "there is no \"audit %s\"; there is: audit verify",
		    a.common.operands[0]);
	if (!read_when("--since", &a.since, since, &e) ||
	    !read_when("--until", &a.until, until, &e) || !check_event(a.event, &e) ||
	    !client_list_limit(a.limit, LIMIT_DEFAULT, &limit, &e))
		return out_usage(self->name, "%s", e.detail);
	if (a.follow && a.until != NULL)
		return out_usage(self->name, "--follow has no --until");
	if (!read_serial(&a.serial, hex, &e))
		return out_fail(&e);
	return show(&a, limit);
}
