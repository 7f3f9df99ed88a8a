/* SPDX-License-Identifier: Apache-2.0 */
/* acme_impl - for src/api/acme*.c alone. */
#ifndef API_ACME_IMPL_H
#define API_ACME_IMPL_H

#include "api/acme.h"

/* All but a->r, which the answer has freed. */
void acme_free(struct acme *a);
/* The configuration may be another by now: for who waited for more than the signer. */
MUST_CHECK bool acme_directory_anew(struct acme *a, struct err *e);

#endif
