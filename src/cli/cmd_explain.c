/* SPDX-License-Identifier: Apache-2.0 */
/* hanaper explain - what would become of a CSR, rule by rule. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/client.h"
#include "cli/filter.h"
#include "cli/request.h"
#include "cli/table.h"
#include "cli/view.h"

#define PEM_MAX  KIB(64)
#define CELL_MAX 60 /* characters of a cell of a rule that passed */

struct explain_args {
	struct options_common common;
	const char *profile, *as, *validity;
	bool text;
};

static const struct opt explain_opts[] = {
	/* clang-format off */
	OPT_HAS_TEXT("profile", "NAME", struct explain_args, profile, "by this profile (default: server)"),
	OPT_HAS_TEXT("as", "SUBJECT", struct explain_args, as,
	    "for another: a certificate's serial, or cn:NAME (administrators)"),
	OPT_HAS_TEXT("validity", "SPAN", struct explain_args, validity,
	    "how long: 24h, 30d (default: the profile's)"),
	OPT_IS_FLAG("text", struct explain_args, text, "show the whole certificate that would be signed"),
	{ 0 }
	/* clang-format on */
};

static const struct opt_usage usage = {
	.operands = "FILE [NAME...]",
	.about =
	    "FILE is the CSR, PEM or DER.  Names replace those of the CSR.  Nothing "
	    "is\n"
	    "signed.  Exit status 0: it would be issued; 1: it would be refused.",
	.opts = explain_opts,
	.shared = options_client,
	.least = 1,
	.most = -1,
};

/* What passed is told in short, what failed in full. */
static char *
cell(const json_t *row, const char *member, bool pass)
{
	const char *text = json_text(row, member);

	if (text == NULL)
		return mem_strdup("");
	if (!pass || strlen(text) <= CELL_MAX)
		return mem_strdup(text);
	size_t n = CELL_MAX - 3;
	while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--; /* not in the middle of a character */
	return mem_printf("%.*s...", (int)n, text);
}

static void
print_rules(const json_t *rules)
{
	static const char *const titles[] = { "", "RULE", "FIELD", "VALUE", "ALLOWED" };
	struct table *t = table_new(titles, NITEMS(titles));
	const json_t *row;
	size_t i;

	json_array_foreach(rules, i, row)
	{
		const bool pass = json_is_true(json_object_get(row, "pass"));
		char *value = cell(row, "value", pass);
		char *allowed = cell(row, "allowed", pass);

		table_add(t, (const char *const[]){ pass ? "pass" : "FAIL",
				 json_text(row, "rule"), json_text(row, "field"), value,
				 allowed });
		free(value);
		free(allowed);
	}
	table_print(t, stdout);
	table_free(t);
}

static void
print_certificate(const json_t *w, bool text)
{
	const json_t *key = json_object_get(w, "key");
	const char *all = json_text(w, "text");

	puts("\nWould be signed:");
	view_field(w, "profile", "profile");
	view_field(w, "issuer", "issuer");
	view_field_names(w, "names");
	view_field(w, "cn", "common name");
	view_field_list(w, "usages", "usages");
	view_field(key, "type", "key");
	view_field_time(w, "not_before", "not before");
	view_field_time(w, "not_after", "not after");
	if (text && all != NULL) {
		putchar('\n');
		out_lines(stdout, all);
	}
}

static void
print_lints(const json_t *lints)
{
	const json_t *row;
	size_t i;

	json_array_foreach(lints, i, row)
	{
		out_text(stdout, json_text(row, "severity"));
		printf(": ");
		out_text(stdout, json_text(row, "lint"));
		printf(": ");
		out_text(stdout, json_text(row, "finding"));
		printf(" (");
		out_text(stdout, json_text(row, "reference"));
		printf(")\n");
	}
}

static int
print(const struct explain_args *a, json_t *v)
{
	const json_t *w = json_object_get(v, "would_issue");
	const bool allowed = json_is_true(json_object_get(v, "allowed"));

	if (a->common.json) {
		out_json(json_incref(v));
		return allowed ? OUT_DONE : OUT_FAILED;
	}
	print_rules(json_object_get(v, "rules"));
	if (json_is_object(w))
		print_certificate(w, a->text);
	print_lints(json_object_get(v, "lint"));
	printf("\nFor ");
	out_text(stdout, json_text(v, "identity"));
	printf(": it would be %s.\n", allowed ? "issued" : "refused");
	if (allowed)
		out_next("hanaper issue --profile %s --csr %s",
		    a->profile != NULL ? a->profile : "server", a->common.operands[0]);
	else
		out_next("hanaper profile %s",
		    a->profile != NULL ? a->profile : "server");
	return allowed ? OUT_DONE : OUT_FAILED;
}

/* Names go as they were typed: what is wrong with them is the daemon's to say. */
static bool
add_names(json_t *body, const struct options_common *c, struct err *e)
{
	json_t *list = json_array(), *text = NULL;

	if (c->n_operands > 1)
		json_object_set(body, "names", list);
	json_decref(list);
	for (int i = 1; i < c->n_operands; i++) {
		enum name_type type;
		struct bytes value;

		request_split_name(c->operands[i], &type, &value);
		if (!request_text(value, &text, e))
			return false;
		json_array_append_new(list,
		    json_pack("{s:s, s:o}", "type", sets_name_type_word(type), "value",
			text));
	}
	return true;
}

/* All but the CSR: what can be wrong with the line itself. */
static bool
make_body(const struct explain_args *a, json_t *body, struct err *e)
{
	int64_t span;

	return (a->validity == NULL ||
		   filter_span("--validity", a->validity, &span, e)) &&
	       request_put(body, "profile", a->profile != NULL ? a->profile : "server",
		   e) &&
	       add_names(body, &a->common, e) &&
	       request_put(body, "validity", a->validity, e) &&
	       request_put(body, "as", a->as, e);
}

static int
run(const struct explain_args *a, json_t *body)
{
	struct client *c = NULL;
	struct err e = { 0 };
	json_t *v = NULL;
	struct buf csr;
	int status;

	buf_init(&csr, PEM_MAX);
	if (request_csr_file(a->common.operands[0], &csr, &e) &&
	    request_put(body, "csr", buf_str(&csr), &e) &&
	    client_open(&a->common, &c, &e) &&
	    client_post_json(c, "/v1/explain", json_incref(body), &v, &e))
		status = print(a, v);
	else
		status = client_fail(c, &e);
	json_decref(v);
	buf_free(&csr);
	client_free(c);
	return status;
}

int
cmd_explain(const struct command *self, int argc, char **argv)
{
	struct explain_args a = { 0 };
	json_t *body = json_object();
	struct err e = { 0 };
	int status;

	if (options_read(self, &usage, argc, argv, &a, &status))
		status = make_body(&a, body, &e)
			     ? run(&a, body)
			     : out_usage(self->name, "%s", e.detail);
	json_decref(body);
	return status;
}
