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

/* 0, 1/2, 1/4, 3/4, 1/8 …, of 2^32: the bits of 'n' the other way round. */
static uint64_t
spread(uint64_t n)
{
	uint64_t r = 0;

	for (int i = 0; i < 32; i++)
		r |= ((n >> i) & 1) << (31 - i);
	return r;
}

void
renewal_window(const struct renewal_order *o, uint64_t n, int64_t not_after,
    int64_t *ret_start, int64_t *ret_end)
{
	const int64_t left = not_after - o->at;
	const int64_t all = left < o->within_s ? left : o->within_s;
	const int64_t width = all / 20 > 0 ? all / 20 : 1;

	*ret_start = o->at + (all - width) * (int64_t)spread(n) / (INT64_C(1) << 32);
	*ret_end = *ret_start + width;
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
