/* SPDX-License-Identifier: Apache-2.0 */
/* hanaper version - what this is. */
#include "cli/options.h"

/* --dir is taken as everywhere, and not looked at. */
static const struct opt version_opts[] = {
	OPT_IS_FLAG("json", struct options_common, json, "print JSON"),
	{ 0 },
};

static const struct opt_usage usage = {
	.operands = "",
	.opts = version_opts,
	.shared = options_local,
};

int
cmd_version(const struct command *self, int argc, char **argv)
{
	struct options_common o = { 0 };
	int status;

	if (!options_read(self, &usage, argc, argv, &o, &status))
		return status;
	if (o.json)
		out_json(json_pack("{s:s, s:s}", "name", PACKAGE_NAME, "version",
		    PACKAGE_VERSION));
	else
		printf("%s %s\n", PACKAGE_NAME, PACKAGE_VERSION);
	return OUT_DONE;
}
