/* SPDX-License-Identifier: Apache-2.0 */
/* certificate_json - certificates, names and times as the API writes them. */
#ifndef API_CERTIFICATE_JSON_H
#define API_CERTIFICATE_JSON_H

#include <jansson.h>

#include "codec/json_put.h"
#include "conf/conf.h"
#include "store/store_certificate.h"

/* The members of a certificate of the inventory, into an object that is open. */
void certificate_json_put(struct json_put *w, const struct certificate_row *r,
    int64_t now);
json_t *certificate_json_names(const struct names *names);
json_t *certificate_json_usages(unsigned usages); /* bits of enum usage, as words */
json_t *certificate_json_time(int64_t at);
json_t *certificate_json_serial(const struct serial *s);
/* "CERTIFICATE" PEM of these octets. */
json_t *certificate_json_pem(struct bytes der);
/* Octets as text; what is no UTF-8 becomes "". */
json_t *certificate_json_text(struct bytes text);
json_t *certificate_json_strings(const struct strings *s);

/* Reads [{type, value}].  ERR_MALFORMED, ERR_POLICY: over 'max', or no such name. */
MUST_CHECK bool certificate_json_read_names(const json_t *list, size_t max,
    struct names *ret, struct err *e);
/* Free words about a certificate: an object of strings, or NULL.  ERR_MALFORMED. */
MUST_CHECK bool certificate_json_check_metadata(json_t *metadata, struct err *e);

#endif
