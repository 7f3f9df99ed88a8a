/* SPDX-License-Identifier: Apache-2.0 */
/* acme_attempt - what a validation saw, for people. */
#ifndef CLI_ACME_ATTEMPT_H
#define CLI_ACME_ATTEMPT_H

#include "codec/json.h"

/* One attempt, or a test, with all that it saw, line by line. */
void acme_attempt_print(const json_t *attempt);

#endif
