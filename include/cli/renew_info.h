/* SPDX-License-Identifier: Apache-2.0 */
/* renew_info - when a certificate is due, by the plan and by what the daemon says. */
#ifndef CLI_RENEW_INFO_H
#define CLI_RENEW_INFO_H

#include "cli/renew.h"

/*
 * The plan's time (cli/renew_plan.h), or an earlier one that the daemon's renewal
 * information gives.  Asks the daemon when it is time to ask again, and goes by the
 * plan alone where it does not answer.
 */
int64_t renew_info_due(struct renew *r, const struct renew_files *f);

#endif
