/* SPDX-License-Identifier: Apache-2.0 */
/* hanaper acme test NAME - would a validation of it get through?  Without an order. */
#include <stdlib.h>

#include "cli/acme_attempt.h"
#include "cli/client.h"
#include "cli/cmd_acme.h"
#include "cli/filter.h"
#include "cli/request.h"

struct test_args {
	struct options_common common;
	const char *profile, *challenge;
};

static const struct opt test_opts[] = {
	/* clang-format off */
	OPT_HAS_TEXT("profile", "NAME", struct test_args, profile,
	    "with this profile's networks, resolvers and ports (default: server)"),
	OPT_HAS_TEXT("challenge", "TYPE", struct test_args, challenge,
	    "http-01 (default), dns-01, tls-alpn-01, dns-account-01, dns-persist-01"),
	{ 0 }
	/* clang-format on */
};

static const struct opt_usage usage = {
	.operands = "NAME",
	.about =
	    "Goes the way of a validation and tells each step.  What it asks for is\n"
	    "always the same, so it can be put up:\n"
	    "hanaper-acme-test.hanaper-acme-test at\n"
	    "http://NAME/.well-known/acme-challenge/hanaper-acme-test",
	.opts = test_opts,
	.shared = options_client,
	.least = 1,
	.most = 1,
};

static const char *const challenges[] = {
#define CHALLENGE(name, bit, word) word,
#include "tbl/sets.h"
#undef CHALLENGE
};

static bool
make_body(const struct test_args *a, json_t *body, struct err *e)
{
	return filter_word("--challenge", a->challenge, challenges, NITEMS(challenges),
		   e) &&
	       request_put(body, "profile", a->profile != NULL ? a->profile : "server",
		   e) &&
	       request_put(body, "name", a->common.operands[0], e) &&
	       request_put(body, "challenge",
		   a->challenge != NULL ? a->challenge : "http-01", e);
}

int
cmd_acme_test(const struct command *self, int argc, char **argv)
{
	struct test_args a = { 0 };
	struct client *c = NULL;
	json_t *body = json_object(), *v = NULL;
	struct err e = { 0 };
	int status = OUT_DONE;

	if (!options_read(self, &usage, argc, argv, &a, &status)) {
		json_decref(body);
		return status;
	}
	if (!make_body(&a, body, &e)) {
		status = out_usage(self->name, "%s", e.detail);
	} else if (!client_open(&a.common, &c, &e) ||
		   !client_post_json(c, "/v1/acme/test", json_incref(body), &v, &e)) {
		status = client_fail(c, &e);
	} else if (a.common.json) {
		out_json(json_incref(v));
	} else {
		acme_attempt_print(v);
		out_next("hanaper acme why NAME");
	}
	if (v != NULL && !bytes_eq_str(bytes_str(json_text(v, "result")), "valid"))
		status = OUT_FAILED;
	json_decref(body);
	json_decref(v);
	client_free(c);
	return status;
}
