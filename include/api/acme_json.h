/* SPDX-License-Identifier: Apache-2.0 */
/* acme_json - what administrators see of ACME, as the API writes and asks for it. */
#ifndef API_ACME_JSON_H
#define API_ACME_JSON_H

#include "api/request.h"
#include "store/store_acme_account.h"

/* The member "status" of the query, one of this object's; *ret is 0 without it. */
MUST_CHECK bool acme_json_status(const struct request *r, enum acme_object o,
    enum acme_status *ret, struct err *e);
/* The member "name" of the query in lower case; free() it, NULL without it. */
MUST_CHECK bool acme_json_name(const struct request *r, char **ret, struct err *e);
/* The id of an account; "" where it is gone. */
json_t *acme_json_account(struct ca *ca, int64_t account_num);
/* Text that is JSON itself, as what it is; NULL when it is none. */
json_t *acme_json_parsed(const char *text);

#endif
