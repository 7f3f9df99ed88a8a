/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay - how what the database lacks at a start is taken in: many records in one
 * transaction, for each transaction writes every page anew that it touched, and
 * certificates are spread over all the pages of four indexes.
 */
#ifndef CA_REPLAY_H
#define CA_REPLAY_H

#include "ca/ca.h"

/* Records from 'from' to 'to' will come. */
void replay_begin(struct ca *ca, uint64_t from, uint64_t to);
/* The round took some in: may its transaction stay open for more? */
bool replay_goes_on(struct ca *ca);
/* After each commit: after that of the last one, memory is given back. */
void replay_end(struct ca *ca);

#endif
