/* SPDX-License-Identifier: Apache-2.0 */
/* renewal_json - renewal information as both APIs write it (RFC 9773 4.2). */
#ifndef API_RENEWAL_JSON_H
#define API_RENEWAL_JSON_H

#include <jansson.h>

#include "ca/renewal_info.h"

json_t *renewal_json(const struct renewal_info *i);

#endif
