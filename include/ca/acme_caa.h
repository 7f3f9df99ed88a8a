/* SPDX-License-Identifier: Apache-2.0 */
/*
 * acme_caa - CAA records are looked at with the validation of a name, and again before
 * the certificate where that was long ago (RFC 8659 3, RFC 8555 7.4); of names below one
 * that was validated for all below it (RFC 9444), before the certificate alone.
 */
#ifndef CA_ACME_CAA_H
#define CA_ACME_CAA_H

#include "ca/acme_order.h"

/* From acme_caa_check() to its 'done', at most: the prober may hang. */
#define ACME_CAA_WAIT_MS 9500
#define ACME_CAA_FRESH_S (8 * 3600)

/*
 * Of each directory core knows since when it looks at CAA records: the start, or the
 * reload that turned it on.  Of a proof from before nobody knows whether they were.
 */
void acme_caa_start(struct ca *ca);
void acme_caa_reload(struct ca *ca);
void acme_caa_stop(struct ca *ca);

/*
 * 'e' NULL: every name's records permit it.  ERR_CAA, ERR_PROBE_DNS, ERR_RATE_LIMITED: we are full.
 * A row "caa" in 'v' for each that does not, whose field is its place in 'names', the order's.
 */
typedef void acme_caa_done(void *arg, const struct err *e, const struct verdict *v,
    const struct names *names);

/*
 * Asks for the names of the order whose validation is older than ACME_CAA_FRESH_S, or
 * than that the directory looks at records, or was for all below a name.
 * *ret_asked false: there are none, or the directory looks at no CAA; 'done' is not
 * called then.  ERR_RATE_LIMITED, ERR_UNAVAILABLE.
 */
MUST_CHECK bool acme_caa_check(struct ca *ca, const struct acme_account *account,
    const struct conf_profile *directory, const struct acme_order *o,
    acme_caa_done *done, void *arg, bool *ret_asked, struct err *e);

#endif
