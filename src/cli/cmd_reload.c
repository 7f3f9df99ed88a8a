/* SPDX-License-Identifier: Apache-2.0 */
/* hanaper reload - the daemon takes up its configuration anew. */
#include "cli/client.h"
#include "cli/view.h"

static const struct opt_usage usage = {
	.operands = "",
	.about = "The daemon reads hanaper.yaml again.  What is wrong with the file is "
		 "told,\n"
		 "and the configuration before serves on.  Nothing is dropped.",
	.shared = options_client,
};

int
cmd_reload(const struct command *self, int argc, char **argv)
{
	struct options_common o = { 0 };
	struct client *c = NULL;
	struct err e = { 0 };
	json_t *v = NULL;
	int status = OUT_DONE;

	if (!options_read(self, &usage, argc, argv, &o, &status))
		return status;
	if (!client_open(&o, &c, &e) ||
	    !client_post_json(c, "/v1/reload", json_object(), &v, &e)) {
		status = client_fail(c, &e);
	} else if (o.json) {
		out_json(json_incref(v));
	} else {
		const json_t *changed = json_object_get(v, "changed");
		struct buf text;

		buf_init(&text, VIEW_TEXT);
		view_strings(&text, changed);
		if (json_array_size(changed) == 0) {
			puts("reloaded; nothing has changed");
		} else {
			printf("reloaded; changed: ");
			out_text(stdout, buf_str(&text));
			putchar('\n');
		}
		buf_free(&text);
	}
	json_decref(v);
	client_free(c);
	return status;
}
