/* SPDX-License-Identifier: Apache-2.0 */
/* store_certificate_query - a list's filters as one SQL statement. */
#ifndef STORE_STORE_CERTIFICATE_QUERY_H
#define STORE_STORE_CERTIFICATE_QUERY_H

#include "store/store_certificate.h"

/* Begins the statement, which reads CERTIFICATE_COLUMNS. */
MUST_CHECK bool store_certificate_query(struct store *st,
    const struct certificate_query *q, struct stmt **ret, struct err *e);

#endif
