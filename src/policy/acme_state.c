/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/acme_state.h"

#include <stddef.h>

static const char *const words[] = {
#define ACME_STATUS(name, n, word) [n] = word,
#include "tbl/acme_states.h"
#undef ACME_STATUS
};

static const struct {
	enum acme_object object;
	enum acme_status from;
	enum acme_event event;
	enum acme_status to;
} moves[] = {
#define ACME_MOVE(object, from, event, to)                                             \
	{ ACME_##object, ACME_##from, ACME_EV_##event, ACME_##to },
#include "tbl/acme_states.h"
#undef ACME_MOVE
};

const char *
acme_state_word(enum acme_status s)
{
	return (size_t)s < NITEMS(words) && words[s] != NULL ? words[s] : "unknown";
}

bool
acme_state_next(enum acme_object o, enum acme_status from, enum acme_event ev,
    enum acme_status *ret)
{
	for (size_t i = 0; i < NITEMS(moves); i++)
		if (moves[i].object == o && moves[i].from == from &&
		    moves[i].event == ev) {
			*ret = moves[i].to;
			return true;
		}
	return false;
}
