/* SPDX-License-Identifier: Apache-2.0 */
/* certificate_json - certificates, names and times as the API writes them. */
#ifndef API_CERTIFICATE_JSON_H
#define API_CERTIFICATE_JSON_H

#include <jansson.h>

#include "store/store_certificate.h"

json_t *certificate_json(const struct certificate_row *r, int64_t now);
json_t *certificate_json_names(const struct names *names);
json_t *certificate_json_time(int64_t at);
json_t *certificate_json_serial(const struct serial *s);
/* "CERTIFICATE" PEM of these octets. */
json_t *certificate_json_pem(struct bytes der);
/* Octets as text; what is no UTF-8 becomes "". */
json_t *certificate_json_text(struct bytes text);

#endif
