/* SPDX-License-Identifier: Apache-2.0 */
/* show_live - "hanaper show HOST:PORT". */
#ifndef CLI_SHOW_LIVE_H
#define CLI_SHOW_LIVE_H

#include "cli/client.h"

/*
 * Shows what the server presents, whether it verifies against our root, and what
 * the CA knows of it.  OUT_FAILED when it does not verify.
 */
int show_live(struct client *c, const struct options_common *o, const char *sni);

#endif
