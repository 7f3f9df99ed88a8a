/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/acme_state.h"

#include <criterion/criterion.h>
#include <string.h>

/*
 * RFC 8555 7.1.6 and 7.5.2, written down a second time: what each state becomes.  The
 * one arrow that the RFC does not draw is back from processing to ready, where the
 * signer did not sign: 7.4 lets a client come with another CSR then.
 */
static const struct arrow {
	enum acme_object object;
	const char *from, *to;
	enum acme_event event;
} arrows[] = {
	/* clang-format off */
	{ ACME_ACCOUNT,   "valid",      "deactivated", ACME_EV_DEACTIVATE },
	{ ACME_ACCOUNT,   "valid",      "revoked",     ACME_EV_REVOKE },
	{ ACME_ORDER,     "pending",    "ready",       ACME_EV_PROVE },
	{ ACME_ORDER,     "pending",    "invalid",     ACME_EV_FAIL },
	{ ACME_ORDER,     "pending",    "invalid",     ACME_EV_EXPIRE },
	{ ACME_ORDER,     "ready",      "processing",  ACME_EV_FINALIZE },
	{ ACME_ORDER,     "ready",      "invalid",     ACME_EV_FAIL },
	{ ACME_ORDER,     "ready",      "invalid",     ACME_EV_EXPIRE },
	{ ACME_ORDER,     "processing", "valid",       ACME_EV_ISSUE },
	{ ACME_ORDER,     "processing", "invalid",     ACME_EV_FAIL },
	{ ACME_ORDER,     "processing", "ready",       ACME_EV_UNSIGNED },
	{ ACME_AUTHZ,     "pending",    "valid",       ACME_EV_PROVE },
	{ ACME_AUTHZ,     "pending",    "invalid",     ACME_EV_FAIL },
	{ ACME_AUTHZ,     "pending",    "expired",     ACME_EV_EXPIRE },
	{ ACME_AUTHZ,     "pending",    "deactivated", ACME_EV_DEACTIVATE },
	{ ACME_AUTHZ,     "valid",      "expired",     ACME_EV_EXPIRE },
	{ ACME_AUTHZ,     "valid",      "deactivated", ACME_EV_DEACTIVATE },
	{ ACME_AUTHZ,     "valid",      "revoked",     ACME_EV_REVOKE },
	{ ACME_CHALLENGE, "pending",    "processing",  ACME_EV_START },
	{ ACME_CHALLENGE, "processing", "valid",       ACME_EV_PROVE },
	{ ACME_CHALLENGE, "processing", "invalid",     ACME_EV_FAIL },
	/* clang-format on */
};

static const struct arrow *
drawn(int object, const char *from, int event)
{
	for (size_t i = 0; i < NITEMS(arrows); i++)
		if ((int)arrows[i].object == object && (int)arrows[i].event == event &&
		    strcmp(arrows[i].from, from) == 0)
			return &arrows[i];
	return NULL;
}

static void
expect_move(int object, int from, int event)
{
	const char *word = acme_state_word((enum acme_status)from);
	const struct arrow *a = drawn(object, word, event);
	enum acme_status to = (enum acme_status)99;

	const bool moved = acme_state_next((enum acme_object)object,
	    (enum acme_status)from, (enum acme_event)event, &to);
	cr_expect_eq(moved, a != NULL, "object %d, %s, event %d", object, word, event);
	if (moved && a != NULL)
		cr_expect_str_eq(acme_state_word(to), a->to);
	if (!moved)
		cr_expect_eq((int)to, 99, "ret is untouched on failure");
}

/* A146 */
Test(acme_state, every_state_of_every_object_meets_every_event)
{
	/* One beyond each end as well. */
	for (int object = ACME_ACCOUNT - 1; object <= ACME_CHALLENGE + 1; object++)
		for (int from = 0; from <= ACME_REVOKED + 1; from++)
			for (int event = 0; event <= ACME_EV_UNSIGNED + 1; event++)
				expect_move(object, from, event);
}

/* A146 */
Test(acme_state, what_has_ended_moves_no_more)
{
	static const struct {
		enum acme_object object;
		enum acme_status end;
	} ends[] = {
		{ ACME_ACCOUNT, ACME_DEACTIVATED },
		{ ACME_ACCOUNT, ACME_REVOKED },
		{ ACME_ORDER, ACME_VALID },
		{ ACME_ORDER, ACME_INVALID },
		{ ACME_AUTHZ, ACME_INVALID },
		{ ACME_AUTHZ, ACME_DEACTIVATED },
		{ ACME_AUTHZ, ACME_EXPIRED },
		{ ACME_AUTHZ, ACME_REVOKED },
		{ ACME_CHALLENGE, ACME_VALID },
		{ ACME_CHALLENGE, ACME_INVALID },
	};
	enum acme_status to;

	for (size_t i = 0; i < NITEMS(ends); i++)
		for (int event = 0; event <= ACME_EV_UNSIGNED + 1; event++)
			cr_expect_not(acme_state_next(ends[i].object, ends[i].end,
			    (enum acme_event)event, &to));
}

/* The numbers are stored, and the words are what clients see. */
Test(acme_state, numbers_and_words_stay)
{
	static const char *const words[] = { "unknown", "pending", "processing",
		"ready", "valid", "invalid", "deactivated", "expired", "revoked",
		"unknown" };

	for (size_t i = 0; i < NITEMS(words); i++)
		cr_expect_str_eq(acme_state_word((enum acme_status)i), words[i]);
	cr_expect_str_eq(acme_state_word((enum acme_status) - 1), "unknown");
}
