/* SPDX-License-Identifier: Apache-2.0 */
/* TEMPORARY: what is still being written.  Take yours out when it is there. */
/* clang-format off */
#include "api/acme_impl.h"
#include "ca/acme_challenge.h"
#define MISSING(name) void acme_on_##name(struct acme *a) { struct err e; err_set(&e, ERR_NOT_FOUND, "not yet"); acme_problem(a, &e, NULL, NULL); }
MISSING(new_order)
MISSING(new_authz)
MISSING(order)
MISSING(order_finalize)
MISSING(account_orders)
MISSING(authz)
MISSING(certificate)
bool acme_order_account_ended(struct ca *ca, int64_t n, struct err *e) { (void)ca; (void)n; (void)e; return true; }
#include "ca/acme_order.h"
bool acme_order_authz_changed(struct ca *ca, int64_t n, const char *x, struct err *e) { (void)ca; (void)n; (void)x; (void)e; return true; }
bool acme_order_refresh_authz(struct ca *ca, struct acme_authz *a, struct err *e) { (void)ca; (void)a; (void)e; return true; }
