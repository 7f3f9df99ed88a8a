/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "cli/problem.h"
#include "codec/json.h"

static const char refusal[] =
    "{\"type\":\"urn:hanaper:problem:policy\",\"title\":\"The profile refuses this\","
    "\"status\":422,\"detail\":\"two names\",\"request_id\":\"r1\",\"violations\":["
    "{\"rule\":\"profile.names.dns\",\"field\":\"names[0]\",\"value\":\"a\\u001bb\","
    "\"allowed\":\"*.internal\"},{\"rule\":\"profile.keys\"}]}";

Test(problem, a_refusal_is_told_with_every_violation)
{
	struct err e = { 0 };
	json_t *v = NULL;
	char *text = NULL;
	size_t n = 0;

	cr_assert(json_read(bytes_str(refusal), &v, &e));
	problem_to_err(v, 422, &e);
	cr_expect_eq(e.code, ERR_POLICY);
	cr_expect_str_eq(e.detail, "The profile refuses this", "once, not twice");
	FILE *to = open_memstream(&text, &n);

	problem_print(v, to);
	fclose(to);
	cr_expect_str_eq(text,
	    "  names[0] \"a?b\" fails the rule profile.names.dns; allowed: *.internal\n"
	    " fails the rule profile.keys\n");
	free(text);
	json_decref(v);
}

Test(problem, what_is_no_problem_document_is_told_by_its_status)
{
	struct err e = { 0 };

	problem_to_err(NULL, 404, &e);
	cr_expect_eq(e.code, ERR_NOT_FOUND);
	problem_to_err(NULL, 599, &e);
	cr_expect_eq(e.code, ERR_INTERNAL);
	cr_expect(strstr(e.detail, "599") != NULL);
}
