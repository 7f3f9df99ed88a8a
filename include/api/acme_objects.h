/* SPDX-License-Identifier: Apache-2.0 */
/* acme_objects - authorizations and challenges as JSON (RFC 8555 7.1.4, 8). */
#ifndef API_ACME_OBJECTS_H
#define API_ACME_OBJECTS_H

#include "api/acme.h"
#include "store/store_acme_authz.h"

void acme_objects_put_authz(const struct acme *a, struct json_put *w,
    const struct acme_authz *authz);
void acme_objects_put_challenge(const struct acme *a, struct json_put *w,
    const struct acme_challenge *c);
/* {"type":"dns","value":"a.internal"} */
void acme_objects_put_identifier(struct json_put *w, enum name_type type,
    const char *value);
/* A member that holds a time. */
void acme_objects_put_time(struct json_put *w, const char *member, int64_t at);
/* Puts or sets a member of what is JSON text in the database; empty text: nothing. */
void acme_objects_put_json(struct json_put *w, const char *member, const char *text);
void acme_objects_set_text(json_t *to, const char *member, const char *text);

#endif
