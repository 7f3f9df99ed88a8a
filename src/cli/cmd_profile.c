/* SPDX-License-Identifier: Apache-2.0 */
/* hanaper profile - what may be asked for. */
#include "base/clock.h"
#include "cli/client.h"
#include "cli/named.h"
#include "cli/table.h"
#include "cli/view.h"

static const struct opt_usage usage = {
	.operands = "[NAME]",
	.shared = options_client,
	.most = 1,
};

static void
put_span(struct buf *b, const json_t *validity, const char *member)
{
	const json_t *v = json_object_get(validity, member);
	char text[CLOCK_DURATION_LEN];

	if (!json_is_integer(v))
		return;
	clock_duration(json_integer_value(v), text);
	buf_puts(b, text);
}

static void
put_names(struct buf *b, const json_t *names)
{
	static const char *const kinds[] = { "dns", "ip", "uri", "email" };

	for (size_t i = 0; i < NITEMS(kinds); i++) {
		const json_t *list = json_object_get(names, kinds[i]);

		if (json_array_size(list) == 0)
			continue;
		if (b->n > 0)
			buf_puts(b, ", ");
		view_strings(b, list);
	}
}

static void
print_all(const json_t *list)
{
	static const char *const titles[] = { "PROFILE", "ISSUER", "USAGES", "DEFAULT",
		"MAXIMUM", "ACME", "NAMES" };
	enum {
		USAGES,
		DEFAULT,
		MAXIMUM,
		NAMES,
		TEXTS
	};
	struct table *t = table_new(titles, NITEMS(titles));
	const json_t *p;
	size_t i;

	json_array_foreach(list, i, p)
	{
		const json_t *validity = json_object_get(p, "validity");
		struct buf b[TEXTS];

		for (size_t k = 0; k < TEXTS; k++)
			buf_init(&b[k], VIEW_TEXT);
		view_strings(&b[USAGES], json_object_get(p, "usages"));
		put_span(&b[DEFAULT], validity, "default");
		put_span(&b[MAXIMUM], validity, "max");
		put_names(&b[NAMES], json_object_get(p, "names"));
		table_add(t,
		    (const char *const[]){ json_text(p, "name"), json_text(p, "issuer"),
			buf_str(&b[USAGES]), buf_str(&b[DEFAULT]), buf_str(&b[MAXIMUM]),
			json_object_get(p, "acme") != NULL ? "yes" : "",
			buf_str(&b[NAMES]) });
		for (size_t k = 0; k < TEXTS; k++)
			buf_free(&b[k]);
	}
	table_print(t, stdout);
	table_free(t);
	out_next("hanaper issue NAME --profile PROFILE");
}

static void
print_one(const json_t *p)
{
	static const char *const spans[][2] = {
		{ "default", "validity" },
		{ "max", "at most" },
		{ "backdate", "backdated" },
	};
	const json_t *names = json_object_get(p, "names");
	const json_t *acme = json_object_get(p, "acme"); /* NULL: it has no directory */

	view_field(p, "name", "profile");
	view_field(p, "issuer", "issuer");
	view_field_list(p, "usages", "usages");
	for (size_t i = 0; i < NITEMS(spans); i++) {
		struct buf b;

		buf_init(&b, KIB(1));
		put_span(&b, json_object_get(p, "validity"), spans[i][0]);
		if (b.n > 0)
			out_field(spans[i][1], VIEW_LABEL, buf_str(&b));
		buf_free(&b);
	}
	if (json_is_true(json_object_get(p, "no_rev_avail")))
		out_field("revocation", VIEW_LABEL,
		    "none: too short a life (noRevAvail)");
	if (json_is_true(json_object_get(p, "strict_lint")))
		out_field("strict lint", VIEW_LABEL,
		    "what the lints warn of is not signed");
	view_field_list(p, "keys", "keys");
	view_field_list(names, "dns", "DNS names");
	view_field_list(names, "ip", "IP addresses");
	view_field_list(names, "uri", "URIs");
	view_field_list(names, "email", "e-mail");
	view_field(acme, "directory", "ACME");
	view_field_list(acme, "challenges", "challenges");
	view_field(acme, "external_account", "EAB");
	view_field_list(acme, "profiles", "may order");
	out_next("hanaper issue NAME --profile %s", json_text(p, "name"));
}

int
cmd_profile(const struct command *self, int argc, char **argv)
{
	struct options_common o = { 0 };
	struct client *c = NULL;
	struct err e = { 0 };
	json_t *v = NULL;
	const json_t *list, *one = NULL;
	int status = OUT_DONE;

	if (!options_read(self, &usage, argc, argv, &o, &status))
		return status;
	if (!client_open(&o, &c, &e) || !client_get_json(c, "/v1/profiles", &v, &e)) {
		status = client_fail(c, &e);
		goto out;
	}
	list = json_object_get(v, "profiles");
	if (o.n_operands > 0 &&
	    (one = named_find(list, "profile", o.operands[0], &e)) == NULL) {
		status = out_fail(&e);
	} else if (o.json) {
		out_json(json_deep_copy(one != NULL ? one : v));
	} else if (one != NULL) {
		print_one(one);
	} else {
		print_all(list);
	}
out:
	json_decref(v);
	client_free(c);
	return status;
}
