/* SPDX-License-Identifier: Apache-2.0 */
/* hanaper lint - the signer's own lints, for what is in a file. */
#include <string.h>

#include "base/mem.h"
#include "cli/command.h"
#include "cli/options.h"
#include "codec/der.h"
#include "codec/pem.h"
#include "policy/lint.h"
#include "sys/file.h"

#define LINT_FILE_MAX MIB(512) /* octets: a CRL of ten million entries */

struct lint_args {
	struct options_common common;
	bool all;
};

static const struct opt lint_opts[] = {
	OPT_IS_FLAG("all", struct lint_args, all,
	    "show the lints that found nothing too"),
	OPT_IS_FLAG("json", struct lint_args, common.json, "print JSON"),
	{ 0 },
};

static const struct opt_usage usage = {
	.operands = "FILE",
	.about =
	    "FILE holds certificates, CRLs or OCSP answers, as PEM or DER; the "
	    "lints are\n"
	    "those that the signer asks before it signs.  Exit status 1: there are "
	    "errors.",
	.opts = lint_opts,
	.least = 1,
	.most = 1,
};

/* ---- what is it? ---- */

static bool
lint_cert(struct bytes der, struct verdict *v)
{
	struct cert *c = NULL;
	struct err e;

	if (!cert_parse(der, &c, &e))
		return verdict_add(v, false, e.code, "lint.read", "certificate",
		    e.detail, "a certificate that can be read");
	const bool pass = lint_certificate(c, LINT_NORMAL, v);
	cert_free(c);
	return pass;
}

static const struct kind {
	const char *word, *label;
	bool (*judge)(struct bytes der, struct verdict *v);
} kinds[] = {
	{ "certificate", "CERTIFICATE", lint_cert },
	{ "crl", "X509 CRL", lint_crl },
	{ "ocsp", "OCSP RESPONSE", lint_ocsp },
};
enum {
	KIND_CERT,
	KIND_CRL,
	KIND_OCSP
};

/* A TBSCertList has a time where a TBSCertificate has its Validity. */
static bool
is_crl(struct bytes tbs)
{
	struct der d;
	struct err e;
	bool there;

	if (!der_optional(&tbs, DER_INTEGER, &d, &there, &e) ||
	    !der_expect(&tbs, DER_SEQUENCE, &d, &e) ||
	    !der_expect(&tbs, DER_SEQUENCE, &d, &e) || !der_next(&tbs, &d, &e))
		return false;
	return der_is_time(d.tag);
}

/* NULL: none of them. */
static const struct kind *
kind_of(struct bytes der)
{
	struct der all, first;
	struct err e;

	if (!der_whole(der, DER_SEQUENCE, &all, &e) || !der_next(&all.body, &first, &e))
		return NULL;
	if (first.tag == DER_ENUMERATED)
		return &kinds[KIND_OCSP];
	if (first.tag != DER_SEQUENCE)
		return NULL;
	return &kinds[is_crl(first.body) ? KIND_CRL : KIND_CERT];
}

/* ---- findings ---- */

struct report {
	json_t *findings;
	size_t objects, lints, errors, warnings;
	bool all;
};

static void
take(struct report *r, const struct kind *k, const struct verdict *v)
{
	for (size_t i = 0; i < v->n; i++) {
		const struct verdict_row *row = &v->v[i];
		const bool silent = row->pass && row->value[0] == '\0';

		r->lints++;
		r->errors += !row->pass;
		r->warnings += row->pass && !silent;
		if (silent && !r->all)
			continue;
		json_array_append_new(r->findings,
		    json_pack("{s:s, s:I, s:s, s:s, s:s, s:s}", "object", k->word,
			"number", (json_int_t)r->objects, "lint", row->rule, "severity",
			!row->pass ? "error"
			: silent   ? "pass"
				   : "warning",
			"finding", row->value, "reference", row->allowed));
	}
}

static bool
judge(struct report *r, const struct kind *k, struct bytes der, struct err *e)
{
	struct verdict v = { 0 };

	if (k == NULL)
		return err_set(e, ERR_MALFORMED,
		    "neither a certificate, nor a CRL, nor an OCSP answer");
	r->objects++;
	(void)!k->judge(der, &v); /* all is in the rows */
	take(r, k, &v);
	verdict_free(&v);
	return true;
}

static const struct kind *
labelled(struct bytes label)
{
	for (size_t i = 0; i < NITEMS(kinds); i++)
		if (bytes_eq_str(label, kinds[i].label))
			return &kinds[i];
	return NULL;
}

/* Every block of a PEM text that is one of the three; others are let pass. */
static bool
judge_pem(struct report *r, struct bytes text, struct err *e)
{
	struct bytes label;
	struct buf der;
	bool ok = true;

	buf_init(&der, LINT_FILE_MAX);
	while (ok && pem_next(&text, &label, &der, e)) {
		const struct kind *k = labelled(label);

		if (k != NULL)
			ok = judge(r, k, buf_bytes(&der), e);
		buf_wipe(&der); /* may be a key */
		buf_init(&der, LINT_FILE_MAX);
	}
	buf_free(&der);
	ok = ok && e->code == ERR_NOT_FOUND;
	return ok && (r->objects > 0 || judge(r, NULL, text, e));
}

static void
print(const struct report *r)
{
	const json_t *v;
	size_t i;

	json_array_foreach(r->findings, i, v)
	{
		const char *finding = json_string_value(json_object_get(v, "finding"));

		printf("%-7s  %s %lld: ",
		    json_string_value(json_object_get(v, "severity")),
		    json_string_value(json_object_get(v, "object")),
		    (long long)json_integer_value(json_object_get(v, "number")));
		out_text(stdout, json_string_value(json_object_get(v, "lint")));
		if (finding[0] != '\0') {
			fputs(": ", stdout);
			out_text(stdout, finding);
		}
		fputs(" (", stdout);
		out_text(stdout, json_string_value(json_object_get(v, "reference")));
		puts(")");
	}
	printf("%zu looked at, %zu %s: %zu %s, %zu %s\n", r->objects, r->lints,
	    out_noun(r->lints, "lint", "lints"), r->errors,
	    out_noun(r->errors, "error", "errors"), r->warnings,
	    out_noun(r->warnings, "warning", "warnings"));
}

static int
tell(const struct lint_args *a, struct report *r)
{
	if (a->common.json)
		out_json(json_pack("{s:O, s:I, s:I, s:I, s:I}", "findings", r->findings,
		    "objects", (json_int_t)r->objects, "lints", (json_int_t)r->lints,
		    "errors", (json_int_t)r->errors, "warnings",
		    (json_int_t)r->warnings));
	else
		print(r);
	return r->errors > 0 ? OUT_FAILED : OUT_DONE;
}

int
cmd_lint(const struct command *self, int argc, char **argv)
{
	struct lint_args a = { 0 };
	struct report r = { 0 };
	struct err e = { 0 };
	struct buf text;
	int status;

	if (!options_read(self, &usage, argc, argv, &a, &status))
		return status;
	const char *path = a.common.operands[0];
	r.all = a.all;
	r.findings = json_array();
	buf_init(&text, LINT_FILE_MAX);
	bool ok = file_read_named(path, &text, &e);
	if (ok) {
		const struct bytes in = buf_bytes(&text);

		ok = (pem_looks_like(in) ? judge_pem(&r, in, &e)
					 : judge(&r, kind_of(in), in, &e)) ||
		     err_prefix(&e, path);
	}
	status = ok ? tell(&a, &r) : out_fail(&e);
	json_decref(r.findings);
	buf_free(&text);
	return status;
}
