/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/acme_recovered.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ca/audit.h"
#include "ca/ca_state.h"
#include "store/store_acme_recovered.h"

static void
tell(struct ca *ca, enum audit_kind kind, int64_t n, const char *what,
    const char *reason)
{
	if (n == 0)
		return;
	char *object = mem_printf("%lld %s", (long long)n, what);
	audit_add(ca, &(struct audit_event){ .kind = kind,
			  .identity = "system",
			  .object = object,
			  .reason = reason });
	free(object);
}

bool
acme_recovered(struct ca *ca, struct err *e)
{
	struct store_acme_recovered r;

	if (!store_begin(ca->store, e) ||
	    !store_acme_recovered(ca->store, clock_now(), &r, e))
		return false;
	tell(ca, AUDIT_EAB_REVOKED, r.keys, "external account keys",
	    "an old copy of the database was put back");
	tell(ca, AUDIT_RESTORED, r.accounts, "ACME accounts",
	    "as in an old copy of the database: what ended or changed its key since "
	    "then is valid again, by the old key; their authorizations were ended; "
	    "look for \"account-\" and \"eab-revoked\" in the log since then, and use "
	    "\"hanaper acme accounts revoke\"");
	return true;
}
