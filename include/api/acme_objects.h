/* SPDX-License-Identifier: Apache-2.0 */
/* acme_objects - authorizations and challenges as JSON (RFC 8555 7.1.4, 8). */
#ifndef API_ACME_OBJECTS_H
#define API_ACME_OBJECTS_H

#include "api/acme.h"
#include "store/store_acme_authz.h"

json_t *acme_objects_authz(const struct acme *a, const struct acme_authz *authz);
json_t *acme_objects_challenge(const struct acme *a, const struct acme_challenge *c);
/* {"type":"dns","value":"a.internal"} */
json_t *acme_objects_identifier(enum name_type type, const char *value);
/* Sets a member of what is JSON text in the database; empty text: nothing. */
void acme_objects_set_text(json_t *to, const char *member, const char *text);

#endif
