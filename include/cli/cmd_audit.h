/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_audit - what the two files of "hanaper audit" share. */
#ifndef CLI_CMD_AUDIT_H
#define CLI_CMD_AUDIT_H

#include "cli/options.h"

struct audit_args {
	struct options_common common;
	bool follow;
	const char *event, *identity, *serial, *since, *until, *limit;
};

/* "hanaper audit verify"; an exit status. */
int cmd_audit_verify(const struct audit_args *a);

#endif
