/* SPDX-License-Identifier: Apache-2.0 */
/* renew_exec - the command that tells a service of its new certificate. */
#ifndef CLI_RENEW_EXEC_H
#define CLI_RENEW_EXEC_H

#include "base/err.h"

/*
 * Runs 'command' by /bin/sh -c, in an environment of PATH, HANAPER_CERT and
 * HANAPER_KEY, its output on stderr, and waits.  ERR_INTERNAL: it ended with
 * another status than 0, by a signal, or not within five minutes (then it is
 * killed with its children).
 */
MUST_CHECK bool renew_exec(const char *command, const char *cert, const char *key,
    struct err *e);

#endif
