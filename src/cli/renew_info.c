/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/renew_info.h"

#include "base/clock.h"
#include "cli/client.h"
#include "cli/renew_plan.h"
#include "x509/certid.h"

#define PATH_MAX_OCTETS 256
#define ASK_LEAST_S     60
#define ASK_MOST_S      (24 * 3600)

static bool
read_time(const json_t *window, const char *name, int64_t *ret, struct err *e)
{
	const char *text = json_text(window, name);

	if (text == NULL)
		return err_set(e, ERR_MALFORMED, "no suggestedWindow");
	return clock_rfc3339_parse(bytes_str(text), ret, e);
}

static bool
ask(struct client *c, const struct cert *leaf, int64_t *ret_start, int64_t *ret_end,
    struct err *e)
{
	json_t *v = NULL;
	struct buf path;

	buf_init(&path, PATH_MAX_OCTETS);
	buf_puts(&path, "/v1/renewal-info/");
	bool ok = certid_write(leaf, &path, e) && buf_ok(&path, "the path", e) &&
		  client_get_json(c, buf_str(&path), &v, e);
	if (ok) {
		const json_t *window = json_object_get(v, "suggestedWindow");
		ok = read_time(window, "start", ret_start, e) &&
		     read_time(window, "end", ret_end, e);
	}
	json_decref(v);
	buf_free(&path);
	return ok;
}

/* What could not be had is not told: the plan stands without it. */
static void
look(struct renew *r, const struct renew_files *f)
{
	int64_t start, end, again_s = 0;
	struct options_common o;
	struct client *c = NULL;
	struct err ignored;

	r->info.serial = f->leaf->serial;
	r->info.due = 0;
	if (renew_client(r, f, &o, &c, &ignored)) {
		if (ask(c, f->leaf, &start, &end, &ignored)) {
			r->info.due = renew_plan_within(f->leaf, start, end);
			r->reached = true;
		}
		again_s = client_retry_after(c);
	}
	client_free(c);
	if (again_s == 0)
		again_s = (f->leaf->not_after + 1 - f->leaf->not_before) / 24;
	again_s = again_s < ASK_LEAST_S ? ASK_LEAST_S : again_s;
	again_s = again_s > ASK_MOST_S ? ASK_MOST_S : again_s;
	r->info.ask_at = clock_now() + again_s;
}

int64_t
renew_info_due(struct renew *r, const struct renew_files *f)
{
	const int64_t due = renew_plan_due(f->leaf, f->renew_after);

	if (clock_now() >= due)
		return due;
	if (clock_now() >= r->info.ask_at ||
	    !serial_eq(&r->info.serial, &f->leaf->serial))
		look(r, f);
	return r->info.due != 0 && r->info.due < due ? r->info.due : due;
}
