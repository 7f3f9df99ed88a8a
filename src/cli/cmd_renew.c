/* SPDX-License-Identifier: Apache-2.0 */
/* hanaper renew - a certificate is followed by the next, in time and without anybody. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/client.h"
#include "cli/filter.h"
#include "cli/renew_info.h"
#include "cli/renew_plan.h"
#include "conf/conf_load.h"
#include "conf/conf_where.h"
#include "sys/file.h"

#define TRIES     5     /* of one run without --daemon */
#define PAUSE_MAX 30000 /* ms, between these; over that the next run does it */
#define LOOK_MS   60000 /* a daemon looks at clock and files so often */

struct renew_args {
	struct options_common common;
	const char *exec, *validity;
	bool now, daemon, rekey;
};

static const struct opt renew_opts[] = {
	/* clang-format off */
	OPT_IS_FLAG("now", struct renew_args, now, "renew also when it is not due yet"),
	OPT_IS_FLAG("daemon", struct renew_args, daemon, "stay in the foreground and renew for ever"),
	OPT_HAS_TEXT("exec", "CMD", struct renew_args, exec,
	    "then run this by /bin/sh, with HANAPER_CERT and HANAPER_KEY"),
	OPT_IS_FLAG("rekey", struct renew_args, rekey, "with a new key (a directory only)"),
	OPT_HAS_TEXT("validity", "SPAN", struct renew_args, validity,
	    "how long: 24h, 30d (default: the profile's)"),
	OPT_HAS_TEXT("cert", "FILE", struct renew_args, common.cert,
	    "the certificate, in the place of FILE"),
	OPT_HAS_TEXT("key", "FILE", struct renew_args, common.key, "its key, where that lies elsewhere"),
	{ 0 }
	/* clang-format on */
};

static const struct opt_usage usage = {
	.operands = "[DIR|FILE]",
	.about =
	    "DIR is what \"enroll\" made: cert.pem, key.pem, root.crt, hanaper.json.  "
	    "FILE "
	    "is\n"
	    "a certificate, its key lies beside it as .key or is named by --key; then "
	    "--url\n"
	    "and --cacert say who renews it.  Renews when two thirds of the life are "
	    "over.\n"
	    "Run it from a timer, or with --daemon.  Fails only for what a person "
	    "must\n"
	    "mend; all else is tried again.",
	.opts = renew_opts,
	.shared = options_client,
	.most = 1,
	.pair_apart = true, /* one of them may lie elsewhere */
};

/* ---- when ---- */

static void
pause_ms(int64_t ms)
{
	const struct timespec t = { .tv_sec = ms / 1000,
		.tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

static int64_t
wait_ms(const struct renew *r, unsigned failures, int64_t retry_after)
{
	struct renew_files f;
	struct err e;
	int64_t ms = 1000;

	if (renew_files_open(r->where, r->key, false, &f, &e)) {
		ms = renew_plan_wait_ms(failures, f.leaf, retry_after);
		renew_files_free(&f);
	}
	return ms;
}

/* One run, as a timer makes it. */
static int
once(struct renew *r)
{
	const bool asked = r->now; /* somebody waits for it */
	int64_t retry_after;
	bool renewed;

	for (;;) {
		const enum renew_outcome o = renew_attempt(r, &renewed, &retry_after);

		if (o == RENEW_NEVER)
			return OUT_FAILED;
		if (o == RENEW_DONE)
			break;
		const int64_t ms = wait_ms(r, r->failures, retry_after);
		if (r->failures >= TRIES || ms > PAUSE_MAX) {
			out_note("not renewed; %s",
			    asked ? "try again" : "the next run tries again");
			return asked ? OUT_FAILED : OUT_DONE;
		}
		pause_ms(ms);
	}
	return renewed && renew_run_exec(r) != RENEW_DONE ? OUT_FAILED : OUT_DONE;
}

static int64_t
until_due_ms(struct renew *r, bool first)
{
	struct renew_files f;
	struct err e;
	int64_t ms = 0;

	if (!renew_files_open(r->where, r->key, false, &f, &e))
		return 0; /* the attempt tells it */
	ms = (renew_info_due(r, &f) - clock_now()) * 1000;
	if (first && ms > 0 && !r->now)
		renew_tell(r, "waiting", renew_about(r, &f));
	renew_files_free(&f);
	return ms < 0 || r->now ? 0 : ms;
}

/* For ever; ends by a signal, or for what a person must mend. */
static int
forever(struct renew *r)
{
	bool first = true, pending = false;
	int64_t retry_after;

	for (;; first = false) {
		bool renewed = false;
		int64_t ms = 0;
		const enum renew_outcome o = renew_attempt(r, &renewed, &retry_after);

		if (o == RENEW_NEVER)
			return OUT_FAILED;
		pending = pending || renewed;
		if (pending && renew_run_exec(r) == RENEW_DONE)
			pending = false;
		if (o == RENEW_LATER)
			ms = wait_ms(r, r->failures, retry_after);
		else if (pending)
			ms = wait_ms(r, r->exec_failures, 0);
		else
			ms = until_due_ms(r, first);
		pause_ms(ms > LOOK_MS && o != RENEW_LATER ? LOOK_MS : ms);
	}
}

/* ---- the line ---- */

/* A CA directory at hand says where its daemon is and what to trust. */
static bool
look_around(struct renew *r, const struct options_common *o, struct err *e)
{
	char *dir = client_find_dir(o->dir);
	struct conf *conf = NULL;

	r->url = mem_strdup(o->url);
	r->cacert = mem_strdup(o->cacert);
	struct stat st;
	const bool says = stat(r->where, &st) == 0 && S_ISDIR(st.st_mode);
	if (dir == NULL || says) {
		free(dir);
		return says || r->url != NULL || options_named_dir(o->dir) != NULL ||
		       conf_where_ours(e);
	}
	char *path = client_find_conf(o->dir);
	const bool ok = r->url != NULL || (path == NULL ? client_found_none(o->dir, e)
							: conf_load(path, &conf, e));
	if (conf != NULL) {
		/* Other machines may have to take another way to that name. */
		r->url = mem_strdup(conf->url_api);
		r->local = client_local_api(dir);
	}
	if (ok && r->cacert == NULL)
		r->cacert = mem_printf("%s/root.crt", dir);
	conf_free(conf);
	free(path);
	free(dir);
	return ok;
}

static bool
check_args(struct renew *r, const struct renew_args *a, struct err *e)
{
	struct stat st;
	int64_t span;

	if ((a->common.n_operands == 1) == (a->common.cert != NULL))
		return err_set(e, ERR_MALFORMED,
		    "name a directory or a certificate (or --cert FILE)");
	/* The command that is run may look from elsewhere. */
	r->where = file_absolute(
	    a->common.cert != NULL ? a->common.cert : a->common.operands[0]);
	r->key = a->common.key != NULL ? file_absolute(a->common.key) : NULL;
	const bool dir = stat(r->where, &st) == 0 && S_ISDIR(st.st_mode);
	if (dir && r->key != NULL)
		return err_set(e, ERR_MALFORMED,
		    "--key goes with a certificate's file; %s is a directory",
		    r->where);
	if (!dir && a->rekey)
		return err_set(e, ERR_MALFORMED,
		    "--rekey wants a directory with cert.pem and key.pem: two files "
		    "anywhere cannot be replaced at the same moment");
	if (a->validity != NULL && !filter_span("--validity", a->validity, &span, e))
		return false;
	return true;
}

int
cmd_renew(const struct command *self, int argc, char **argv)
{
	struct renew_args a = { 0 };
	struct renew r = { 0 };
	struct err e = { 0 };
	int status;

	if (!options_read(self, &usage, argc, argv, &a, &status))
		return status;
	r = (struct renew){
		/* A unit file's variable may be empty. */
		.exec = a.exec != NULL && a.exec[0] != '\0' ? a.exec : NULL,
		.validity = a.validity,
		.json = a.common.json,
		.rekey = a.rekey,
		.daemon = a.daemon,
		.now = a.now,
	};
	if (!check_args(&r, &a, &e))
		status = out_usage(self->name, "%s", e.detail);
	else if (!look_around(&r, &a.common, &e))
		status = out_fail(&e);
	else
		status = a.daemon ? forever(&r) : once(&r);
	free(r.where);
	free(r.key);
	free(r.url);
	free(r.cacert);
	free(r.local);
	return status;
}
