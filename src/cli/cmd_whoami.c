/* SPDX-License-Identifier: Apache-2.0 */
/* hanaper whoami - who the daemon takes the caller for. */
#include "cli/client.h"
#include "cli/view.h"

static const struct opt_usage usage = { .operands = "", .shared = options_client };

int
cmd_whoami(const struct command *self, int argc, char **argv)
{
	struct options_common o = { 0 };
	struct client *c = NULL;
	struct err e = { 0 };
	json_t *v = NULL;
	int status = OUT_DONE;

	if (!options_read(self, &usage, argc, argv, &o, &status))
		return status;
	if (!client_open(&o, &c, &e) || !client_get_json(c, "/v1/whoami", &v, &e)) {
		status = client_fail(c, &e);
	} else if (o.json) {
		out_json(json_incref(v));
	} else {
		view_field(v, "identity", "identity");
		view_field(v, "kind", "kind");
		view_field(v, "cn", "common name");
		view_field_names(v, "names");
		view_field(v, "profile", "profile");
		view_field(v, "serial", "serial");
		view_field_time(v, "not_after", "not after");
		view_field_list(v, "may", "may");
	}
	json_decref(v);
	client_free(c);
	return status;
}
