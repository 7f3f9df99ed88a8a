/* SPDX-License-Identifier: Apache-2.0 */
/* acme_order_impl - what the files of acme_order share. */
#ifndef CA_ACME_ORDER_IMPL_H
#define CA_ACME_ORDER_IMPL_H

#include "ca/acme_order.h"

/*
 * The profile that an order of this directory names, NULL is the directory's own.
 * ERR_BAD_PROFILE: there is none, or the directory does not list it.
 */
MUST_CHECK bool acme_order_profile(struct ca *ca, const struct conf_profile *directory,
    const char *name, const struct conf_profile **ret, struct err *e);

/*
 * As verdict_ok(), in the words of RFC 8555 6.7: what failed is told by its kind.
 * ERR_RATE_LIMITED with retry_s.
 */
MUST_CHECK bool acme_order_verdict(const struct verdict *v, struct err *e);

/* What is wanted of an authorization: 'type' to 'loose' count. */
MUST_CHECK bool acme_order_authorize(struct ca *ca, const struct acme_account *account,
    const struct conf_profile *directory, const struct acme_authz *want, bool again,
    struct acme_authz *ret, struct err *e);
/* The challenges that can prove this; 0: none. */
unsigned acme_order_challenges(struct ca *ca, const struct conf_profile *directory,
    const struct acme_authz *want);

/* Moves the row and 'o'.  An event that means nothing now changes nothing. */
MUST_CHECK bool acme_order_event(struct ca *ca, struct acme_order *o,
    enum acme_event ev, const char *error, struct err *e);

#endif
