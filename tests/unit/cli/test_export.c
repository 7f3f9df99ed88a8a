/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "cli/export.h"
#include "cli/live.h"
#include "cli/request.h"

static char *
exported(enum export_format f, json_t *certificate)
{
	char *text = NULL;
	size_t n = 0;
	FILE *to = open_memstream(&text, &n);

	export_head(f, to);
	export_row(f, certificate, to);
	fclose(to);
	json_decref(certificate);
	return text;
}

static json_t *
sample(void)
{
	return json_pack("{s:s, s:s, s:[{s:s,s:s},{s:s,s:s}], s:{s:s,s:s}}", "serial",
	    "41ab", "cn", "a, \"b\"\nc", "names", "type", "dns", "value", "a.internal",
	    "type", "ip", "value", "10.0.0.1", "metadata", "owner", "web", "b", "c");
}

/* RFC 4180 */
Test(export, csv_quotes_what_would_end_a_cell)
{
	char *text = exported(EXPORT_CSV, sample());

	cr_expect_str_eq(text,
	    "serial,status,profile,issuer,cn,names,not_before,not_after,issued_at,"
	    "requester,request_id,key_sha256,revoked_at,reason,metadata\r\n"
	    "41ab,,,,\"a, \"\"b\"\"\nc\",dns:a.internal ip:10.0.0.1,,,,,,,,,"
	    "\"{\"\"b\"\":\"\"c\"\",\"\"owner\"\":\"\"web\"\"}\"\r\n");
	free(text);
}

/* OWASP, "CSV Injection" */
Test(export, csv_has_no_formula_for_a_spreadsheet)
{
	static const char *const cases[][2] = {
		{ "=1+1@a.internal", ",'=1+1@a.internal," },
		{ "+1", ",'+1," },
		{ "-1,2", ",\"'-1,2\"," },
		{ "@SUM(A1)", ",'@SUM(A1)," },
		{ "\t=1", ",'\t=1," },
		{ "a=1", ",a=1," },
	};

	for (size_t i = 0; i < NITEMS(cases); i++) {
		char *text =
		    exported(EXPORT_CSV, json_pack("{s:s}", "cn", cases[i][0]));

		cr_expect_not_null(strstr(text, cases[i][1]), "%s", text);
		free(text);
	}
}

Test(export, json_lines_are_one_line_each)
{
	char *text = exported(EXPORT_JSONL, sample());
	json_t *back = json_loads(text, 0, NULL), *wanted = sample();

	cr_expect_eq(strchr(text, '\n'), text + strlen(text) - 1);
	cr_expect(json_equal(back, wanted));
	json_decref(back);
	json_decref(wanted);
	free(text);
}

Test(export, only_two_formats_are_known)
{
	enum export_format f;

	cr_expect(export_format_from("csv", &f) && f == EXPORT_CSV);
	cr_expect(export_format_from("jsonl", &f) && f == EXPORT_JSONL);
	cr_expect_not(export_format_from("json", &f));
	cr_expect_not(export_format_from("", &f));
}

Test(live, an_address_is_told_from_a_serial_and_a_path)
{
	static const char *const addresses[] = { "localhost:443", "10.0.0.1:8443",
		"[::1]:443", "web.internal:1", "cafe:443" };
	static const char *const others[] = { "41ab", "41:ab:cd", "localhost", ":443",
		"localhost:", "localhost:0", "localhost:65536", "localhost:99999999999",
		"localhost:https", "::1:443", "dir/a:443", "[]:443", "" };

	for (size_t i = 0; i < NITEMS(addresses); i++)
		cr_expect(live_is_address(addresses[i]), "%s", addresses[i]);
	for (size_t i = 0; i < NITEMS(others); i++)
		cr_expect_not(live_is_address(others[i]), "%s", others[i]);
}

/* R84 */
Test(export, a_line_of_json_has_no_octet_that_a_terminal_obeys)
{
	char *text = exported(EXPORT_JSONL, json_pack("{s:s}", "cn",
						"a\033[m\x7f\xc2\x9b"
						"b\xc3\xa4"));

	cr_expect_str_eq(text, "{\"cn\":\"a\\u001B[m\\u007f\\u009bb\xc3\xa4\"}\n");
	free(text);
}
