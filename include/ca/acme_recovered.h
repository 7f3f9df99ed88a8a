/* SPDX-License-Identifier: Apache-2.0 */
/* acme_recovered - ACME in an old copy of the database. */
#ifndef CA_ACME_RECOVERED_H
#define CA_ACME_RECOVERED_H

#include "ca/ca.h"

/*
 * Such a copy was put back: which keys were taken back and which accounts and
 * authorizations ended since then stands nowhere.  Keys that are open bind no more,
 * authorizations end, and the accounts are told of.
 */
MUST_CHECK bool acme_recovered(struct ca *ca, struct err *e);

#endif
