/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/problem.h"

#include <string.h>

#include "cli/out.h"
#include "codec/json.h"

#define PROBLEM_URN "urn:hanaper:problem:"

static const struct {
	enum err_code code;
	const char *hint;
} hints[] = {
	{ ERR_UNAUTHENTICATED,
	    "give --cert and --key of a client certificate that this CA has issued" },
	{ ERR_FORBIDDEN, "what you may do: hanaper whoami" },
	{ ERR_RATE_LIMITED, "wait a little, then try again" },
	{ ERR_INTERNAL, "the daemon's log says more" },
	{ ERR_UNAVAILABLE, "the daemon's log says more" },
};

/* Not each rule is of a profile: some are of tokens, keys of ACME, issuers. */
static bool
is_of_profile(const json_t *problem)
{
	const json_t *v;
	size_t i;

	json_array_foreach(json_object_get(problem, "violations"), i, v)
	{
		const char *rule = json_text(v, "rule");

		if (rule != NULL && strncmp(rule, "profile.", 8) == 0)
			return true;
	}
	return false;
}

const char *
problem_hint(enum err_code code, const json_t *problem)
{
	if (is_of_profile(problem))
		return "what may be asked for: hanaper profile";
	for (size_t i = 0; i < NITEMS(hints); i++)
		if (hints[i].code == code)
			return hints[i].hint;
	return NULL;
}

static enum err_code
code_of(const char *type, long status)
{
	const size_t urn = sizeof(PROBLEM_URN) - 1;

	for (enum err_code c = ERR_NONE + 1; c < ERR__MAX; c++)
		if (type != NULL && strncmp(type, PROBLEM_URN, urn) == 0 &&
		    strcmp(type + urn, err_type(c)) == 0)
			return c;
	for (enum err_code c = ERR_NONE + 1; c < ERR__MAX; c++)
		if (err_status(c) == status)
			return c;
	return ERR_INTERNAL;
}

void
problem_to_err(const json_t *problem, long status, struct err *e)
{
	const char *title = json_text(problem, "title");
	const char *detail = json_text(problem, "detail");
	const enum err_code code = code_of(json_text(problem, "type"), status);

	if (title == NULL)
		err_set(e, code, "the daemon answered HTTP %ld: %s", status,
		    err_title(code));
	else if (detail == NULL || detail[0] == '\0' ||
		 json_array_size(json_object_get(problem, "violations")) > 0)
		/* problem_print() tells each violation */
		err_set(e, code, "%s", title);
	else
		err_set(e, code, "%s: %s", title, detail);
}

void
problem_print(const json_t *problem, FILE *to)
{
	const json_t *v;
	size_t i;

	json_array_foreach(json_object_get(problem, "violations"), i, v)
	{
		const struct {
			const char *before, *member, *after;
		} parts[] = {
			{ "  ", "field", "" },
			{ " \"", "value", "\"" },
			{ " fails the rule ", "rule", "" },
			{ "; allowed: ", "allowed", "" },
		};

		for (size_t p = 0; p < NITEMS(parts); p++) {
			const char *text = json_text(v, parts[p].member);

			if (text == NULL || text[0] == '\0')
				continue;
			fputs(parts[p].before, to);
			out_text(to, text);
			fputs(parts[p].after, to);
		}
		fputc('\n', to);
	}
}
