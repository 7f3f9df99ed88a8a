/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_acme - the groups of "hanaper acme", one file each. */
#ifndef CLI_CMD_ACME_H
#define CLI_CMD_ACME_H

#include "cli/command.h"

int cmd_acme_accounts(const struct command *self, int argc, char **argv);
int cmd_acme_eab(const struct command *self, int argc, char **argv);
int cmd_acme_orders(const struct command *self, int argc, char **argv);
int cmd_acme_test(const struct command *self, int argc, char **argv);
int cmd_acme_why(const struct command *self, int argc, char **argv);

#endif
