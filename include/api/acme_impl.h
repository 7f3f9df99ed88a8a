/* SPDX-License-Identifier: Apache-2.0 */
/* acme_impl - for src/api/acme*.c alone. */
#ifndef API_ACME_IMPL_H
#define API_ACME_IMPL_H

#include "api/acme.h"

/* All but a->r, which the answer has freed. */
void acme_free(struct acme *a);

#endif
