/* SPDX-License-Identifier: Apache-2.0 */
/*
 * acme_state - the state machines of ACME objects (RFC 8555 7.1.6): what may
 * follow what.  Pure tables; the store moves a row only from the state that was
 * judged (compare and set).
 */
#ifndef POLICY_ACME_STATE_H
#define POLICY_ACME_STATE_H

#include <stdbool.h>

#include "base/attr.h"

/* One set of words for all objects; the number is stored. */
enum acme_status {
#define ACME_STATUS(name, n, word) ACME_##name = (n),
#include "tbl/acme_states.h"
#undef ACME_STATUS
};
const char *acme_state_word(enum acme_status s); /* "pending" */

enum acme_object {
	ACME_ACCOUNT = 1,
	ACME_ORDER,
	ACME_AUTHZ,
	ACME_CHALLENGE
};

enum acme_event {
#define ACME_EVENT(name, n) ACME_EV_##name = (n),
#include "tbl/acme_states.h"
#undef ACME_EVENT
};

/* False: this event means nothing in this state; *ret is untouched. */
MUST_CHECK bool acme_state_next(enum acme_object o, enum acme_status from,
    enum acme_event ev, enum acme_status *ret);

#endif
