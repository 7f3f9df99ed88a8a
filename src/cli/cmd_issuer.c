/* SPDX-License-Identifier: Apache-2.0 */
/* hanaper issuer - who signs, until when, and where that is published. */
#include "cli/client.h"
#include "cli/view.h"

static const struct opt_usage usage = { .operands = "", .shared = options_client };

static void
print_crl(const json_t *crl)
{
	struct buf b;

	if (!json_is_object(crl))
		return;
	const long long entries = json_integer_value(json_object_get(crl, "entries"));

	buf_init(&b, KIB(1));
	buf_printf(&b, "number %lld, %lld %s",
	    (long long)json_integer_value(json_object_get(crl, "number")), entries,
	    out_noun((uint64_t)entries, "entry", "entries"));
	out_field("CRL", VIEW_LABEL, buf_str(&b));
	buf_free(&b);
	view_field_time(crl, "next_update", "next CRL");
}

static void
print(const json_t *list)
{
	const json_t *v;
	size_t i;

	json_array_foreach(list, i, v)
	{
		if (i > 0)
			putchar('\n');
		view_field(v, "name", "issuer");
		view_field(v, "subject", "subject");
		view_field(v, "serial", "serial");
		view_field(v, "key", "key");
		view_field_time(v, "not_before", "not before");
		view_field_time(v, "not_after", "not after");
		view_field(v, "crl_url", "CRL at");
		view_field(v, "ocsp_url", "OCSP at");
		print_crl(json_object_get(v, "crl"));
	}
}

int
cmd_issuer(const struct command *self, int argc, char **argv)
{
	struct options_common o = { 0 };
	struct client *c = NULL;
	struct err e = { 0 };
	json_t *v = NULL;
	int status = OUT_DONE;

	if (!options_read(self, &usage, argc, argv, &o, &status))
		return status;
	if (!client_open(&o, &c, &e) || !client_get_json(c, "/v1/issuers", &v, &e)) {
		status = client_fail(c, &e);
	} else if (o.json) {
		out_json(json_incref(v));
	} else {
		print(json_object_get(v, "issuers"));
		out_next("hanaper crl NAME");
	}
	json_decref(v);
	client_free(c);
	return status;
}
