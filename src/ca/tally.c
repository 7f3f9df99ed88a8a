/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/tally.h"

#include "ca/ca_state.h"

struct tally *
tally_of(struct ca *ca)
{
	return &ca->tally;
}

void
tally_free(struct tally *t)
{
	prom_set_free(&t->issued);
	prom_set_free(&t->revoked);
	prom_set_free(&t->refused);
	prom_set_free(&t->ocsp);
	prom_set_free(&t->acme_accounts);
	prom_set_free(&t->acme_orders);
	prom_set_free(&t->acme_validations);
}
