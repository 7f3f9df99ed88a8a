/* SPDX-License-Identifier: Apache-2.0 */
/* hanaper - the command of the people and services that use the CA. */
#include "cli/command.h"
#include "sys/proc.h"

int
main(int argc, char **argv)
{
	proc_begin();
	return command_main(argc, argv);
}
