/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_compare - does a database hold what the journal says?
 *
 * 'want' was filled from the journal's records and nothing else; 'have' is the
 * database that is judged.  Both are walked side by side, row by row, all that
 * ca/reconcile writes and nothing that lives in the database alone.
 */
#ifndef STORE_STORE_COMPARE_H
#define STORE_STORE_COMPARE_H

#include "store/store.h"

typedef void compare_say(void *arg, const char *what);

/* Tells each difference in one sentence.  False: a database could not be read. */
MUST_CHECK bool store_compare(struct store *want, struct store *have, compare_say *say,
    void *arg, struct err *e);

/* Revocations that lists let go of before their certificates end, told the same way. */
MUST_CHECK bool store_compare_ends(struct store *want, compare_say *say, void *arg,
    struct err *e);

/* Rows of the audit that were taken out from among others, told the same way. */
MUST_CHECK bool store_compare_gaps(struct store *have, compare_say *say, void *arg,
    struct err *e);

#endif
