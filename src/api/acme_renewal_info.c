/* SPDX-License-Identifier: Apache-2.0 */
/* renewal-info/{id}: when a certificate should be renewed (RFC 9773 4). */
#include "api/acme.h"
#include "api/renewal_json.h"

void
acme_on_renewal_info(struct acme *a)
{
	struct renewal_info i;
	struct err e;

	if (!renewal_info_get(a->r->ca, a->params[0], &i, &e)) {
		acme_problem(a, &e, NULL, NULL);
		return;
	}
	acme_retry_after(a, i.retry_s);
	acme_json(a, 200, renewal_json(&i));
	renewal_info_free(&i);
}
