/* SPDX-License-Identifier: Apache-2.0 */
/* verdict_json - what a rule said, as refusals and explanations write it. */
#ifndef API_VERDICT_JSON_H
#define API_VERDICT_JSON_H

#include <jansson.h>

#include "policy/verdict.h"

/* {rule, field, value, allowed}. */
json_t *verdict_json_row(const struct verdict_row *row);
/* The same of all rows, each with "pass", in order. */
json_t *verdict_json_all(const struct verdict *v);

#endif
