/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/renewal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ca/audit.h"
#include "ca/ca_state.h"
#include "store/store_renewal.h"

bool
renewal_takes(struct ca *ca, const struct certificate_row *row, int64_t now)
{
	const struct conf_profile *p =
	    conf_profile_find(ca_conf(ca), bytes_str(row->profile));

	return !row->revoked && row->not_after > now && row->not_before <= now &&
	       strcmp(row->issuer, "root") != 0 && (p == NULL || !p->internal);
}

bool
renewal_put(struct ca *ca, struct renewal_order *o, const struct renewal_one *v,
    size_t n, struct err *e)
{
	if (!ca_writable(ca, e) || !store_begin(ca->store, e))
		return false;
	for (size_t i = 0; i < n; i++) {
		struct renewal r = {
			.certificate_id = v[i].certificate_id,
			.ordered_at = o->at,
			.ordered_by = o->who->text,
			.reason = (char *)(uintptr_t)o->reason,
		};

		renewal_window(o, o->n, v[i].not_after, &r.start_at, &r.end_at);
		if (!store_renewal_put(ca->store, &r, e)) {
			ca_round_fail(ca, e);
			return false;
		}
		o->n++;
	}
	return true;
}

void
renewal_done(struct ca *ca, const struct renewal_order *o)
{
	char *object = mem_printf("%" PRIu64 " certificates%s%s", o->n,
	    o->where[0] != '\0' ? ": " : "", o->where);

	audit_add(ca, &(struct audit_event){
			  .kind = AUDIT_RENEWALS_ORDERED,
			  .request_id = o->request_id,
			  .identity = o->who->text,
			  .object = object,
			  .reason = o->reason[0] != '\0' ? o->reason : NULL,
		      });
	free(object);
}
