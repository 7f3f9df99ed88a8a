/* SPDX-License-Identifier: Apache-2.0 */
/* reason - why something is revoked, as people type it. */
#ifndef CLI_REASON_H
#define CLI_REASON_H

#include "cli/command.h"

/*
 * The API's word for what was typed ("key-compromise" is understood, too), NULL for
 * NULL.  False: there is no such reason, 'ca' or not of a CA; stderr lists them.
 */
MUST_CHECK bool reason_read(const struct command *self, const char *typed, bool ca,
    const char **ret);

#endif
