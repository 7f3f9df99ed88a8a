/* SPDX-License-Identifier: Apache-2.0 */
/* hanaper bench - how fast a daemon is, asked from here; only proven answers count. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "bench/modes.h"
#include "bench/plot.h"
#include "bench/report.h"
#include "cli/client.h"
#include "client_impl.h"
#include "sys/file.h"

#define STOCK       256 /* keys and requests made beforehand */
#define STATUS_MAX  64  /* certificates whose status is asked */
#define SECONDS_MAX 600
#define PATH_LIST   "/v1/certificates?status=valid&limit=64"
#define SVG_MAX     MIB(1)

struct bench_args {
	struct options_common common;
	struct strings modes;
	const char *connections, *seconds, *count, *profile, *domain, *public, *pid,
	    *svg;
	bool fresh, resume, yes;
};

static const struct opt bench_opts[] = {
	/* clang-format off */
	OPT_HAS_LIST("mode", "MODE", struct bench_args, modes,
	    "sign, ocsp, ocsp-post, ocsp-nonce, crl, list, search (default: ocsp, crl, list)"),
	OPT_HAS_TEXT("connections", "N", struct bench_args, connections, "at a time (default: 8)"),
	OPT_HAS_TEXT("seconds", "N", struct bench_args, seconds, "for each mode (default: 3)"),
	OPT_HAS_TEXT("count", "N", struct bench_args, count,
	    "operations of each mode at most (default: 1000 where each leaves something)"),
	OPT_IS_FLAG("fresh", struct bench_args, fresh, "a new connection for each operation"),
	OPT_IS_FLAG("resume", struct bench_args, resume, "the same, its TLS session resumed"),
	OPT_HAS_TEXT("profile", "NAME", struct bench_args, profile, "for sign (default: server)"),
	OPT_HAS_TEXT("domain", "DOMAIN", struct bench_args, domain,
	    "names for sign lie below it (default: internal)"),
	OPT_HAS_TEXT("public", "URL", struct bench_args, public,
	    "where OCSP and CRLs are (default: as the certificates say)"),
	OPT_HAS_TEXT("pid", "PID", struct bench_args, pid,
	    "the daemon's, where it runs here: CPU and memory by process"),
	OPT_HAS_TEXT("svg", "FILE", struct bench_args, svg, "draw the latencies there"),
	OPT_IS_FLAG("yes", struct bench_args, yes, "do not ask before certificates are issued"),
	{ 0 }
	/* clang-format on */
};

static const struct opt_usage usage = {
	.operands = "[URL]",
	.about =
	    "URL is https://HOST:PORT, as with --url.  Keys and requests are made\n"
	    "beforehand; each answer is verified afterwards, and only what is right\n"
	    "counts.  sign issues real certificates, and asks before.",
	.opts = bench_opts,
	.shared = options_client,
	.most = 1,
};

struct bench { /* what is under way */
	const struct bench_args *a;
	struct client *client;
	struct world world;
	unsigned connections;
	int64_t us;
	uint64_t count; /* 0: not said */
	pid_t pid;
	const struct load_mode *modes[PLOT_SERIES_MAX];
	struct hist hists[PLOT_SERIES_MAX];
	size_t n;
	json_t *list; /* with --json */
};

/* ---- the line ---- */

static bool
read_number(const char *option, const char *text, long most, long usual, long *ret,
    struct err *e)
{
	char *end;

	*ret = usual;
	if (text == NULL)
		return true;
	errno = 0;
	*ret = strtol(text, &end, 10);
	if (errno == 0 && *end == '\0' && *ret >= 1 && *ret <= most)
		return true;
	return err_set(e, ERR_MALFORMED, "--%s wants a number from 1 to %ld", option,
	    most);
}

static bool
no_mode(const char *name, struct err *e)
{
	struct buf all;

	buf_init(&all, KIB(1));
	for (const struct load_mode *m = modes_table; m->name != NULL; m++)
		buf_printf(&all, "%s%s", m != modes_table ? ", " : "", m->name);
	err_set(e, ERR_MALFORMED, "there is no mode \"%s\"; it is one of: %s", name,
	    buf_str(&all));
	buf_free(&all);
	return false;
}

static bool
read_modes(struct bench *b, struct err *e)
{
	static const char *const usual[] = { "ocsp", "crl", "list" };
	const struct strings *given = &b->a->modes;

	b->n = given->n > 0 ? given->n : NITEMS(usual);
	if (b->n > PLOT_SERIES_MAX)
		return err_set(e, ERR_MALFORMED, "at most %d modes", PLOT_SERIES_MAX);
	for (size_t i = 0; i < b->n; i++) {
		const char *name = given->n > 0 ? given->v[i] : usual[i];

		b->modes[i] = modes_find(modes_table, name);
		if (b->modes[i] == NULL)
			return no_mode(name, e);
	}
	return true;
}

static bool
read_args(struct bench *b, struct err *e)
{
	const struct bench_args *a = b->a;
	long connections, seconds, count, pid;

	if (!read_number("connections", a->connections, LOAD_CONNECTIONS_MAX, 8,
		&connections, e) ||
	    !read_number("seconds", a->seconds, SECONDS_MAX, 3, &seconds, e) ||
	    !read_number("count", a->count, 1000000000, 0, &count, e) ||
	    !read_number("pid", a->pid, INT32_MAX, 0, &pid, e))
		return false;
	b->connections = (unsigned)connections;
	b->us = seconds * INT64_C(1000000);
	b->count = (uint64_t)count;
	b->pid = (pid_t)pid;
	return read_modes(b, e);
}

/* Operations at most: what leaves something behind is never without a bound. */
static uint64_t
count_of(const struct bench *b, const struct load_mode *m)
{
	return b->count > 0 ? b->count : m->leaves != NULL ? 1000 : 0;
}

/* ---- what is there ---- */

static bool
find_public(struct bench *b, const json_t *issuer, struct err *e)
{
	const char *ocsp = json_text(issuer, "ocsp_url"),
		   *crl = json_text(issuer, "crl_url");
	const char *front = b->a->public != NULL ? b->a->public : ocsp;

	if (ocsp == NULL || crl == NULL || strstr(ocsp, "://") == NULL ||
	    strstr(crl, "://") == NULL)
		return err_set(e, ERR_MALFORMED, "the issuer has no URLs");
	ocsp = strchr(strstr(ocsp, "://") + 3, '/');
	crl = strchr(strstr(crl, "://") + 3, '/');
	b->world.ocsp_path = mem_strdup(ocsp != NULL ? ocsp : "/");
	b->world.crl_path = mem_strdup(crl != NULL ? crl : "/");
	struct err why;

	return talk_place_read(front, &b->world.plain, &why) ||
	       err_set(e, why.code,
		   "%s; --public says where OCSP and CRLs are, if not where the "
		   "certificates say",
		   why.detail);
}

/* The first issuer's certificates that are valid now. */
static bool
find_certificates(struct bench *b, const char *issuer, struct err *e)
{
	const json_t *list, *v;
	json_t *answer = NULL;
	bool ok = true;
	size_t i;

	if (!client_get_json(b->client, PATH_LIST, &answer, e))
		return false;
	list = json_object_get(answer, "certificates");
	json_array_foreach(list, i, v)
	{
		const char *text = json_text(v, "serial"), *by = json_text(v, "issuer");
		struct serial s;

		if (!ok || text == NULL || by == NULL || strcmp(by, issuer) != 0)
			continue;
		ok = serial_from_hex(bytes_str(text), &s, e) &&
		     world_add_status(&b->world, &s, e);
	}
	json_decref(answer);
	if (ok && b->world.n_status == 0)
		ok = err_set(e, ERR_NOT_FOUND,
		    "no valid certificate is there whose status could be asked");
	return ok;
}

static bool
look_around(struct bench *b, struct err *e)
{
	json_t *answer = NULL;
	const json_t *issuer;
	bool ok = false;

	if (!client_get_json(b->client, "/v1/issuers", &answer, e))
		return false;
	issuer = json_array_get(json_object_get(answer, "issuers"), 0);
	if (json_text(issuer, "certificate") == NULL ||
	    json_text(issuer, "name") == NULL)
		err_set(e, ERR_MALFORMED, "the daemon has no issuer");
	else
		ok = proof_add_issuer(b->world.proof,
			 bytes_str(json_text(issuer, "certificate")), e) &&
		     find_public(b, issuer, e) &&
		     find_certificates(b, json_text(issuer, "name"), e);
	json_decref(answer);
	return ok;
}

static bool
uses(const struct bench *b, bool public)
{
	for (size_t i = 0; i < b->n; i++)
		if (public ? b->modes[i]->on_public : b->modes[i]->leaves != NULL)
			return true;
	return false;
}

static bool
prepare(struct bench *b, struct err *e)
{
	const struct client *c = b->client;

	if (c->cacert == NULL || c->cert == NULL)
		return err_set(e, ERR_NOT_FOUND,
		    "--cert, --key and --cacert are wanted, or --dir with all three");
	b->world.profile = mem_strdup(b->a->profile != NULL ? b->a->profile : "server");
	return talk_place_read(c->base, &b->world.api, e) &&
	       world_trust(&b->world, c->cacert, c->cert, c->key, e) &&
	       (!uses(b, true) || look_around(b, e)) &&
	       (!uses(b, false) ||
		   stock_make(STOCK, b->a->domain != NULL ? b->a->domain : "internal",
		       false, &b->world.stock, e));
}

/* ---- doing it ---- */

/* True: whoever runs this knows that real certificates come of it. */
static bool
may_issue(const struct bench *b)
{
	char answer[16] = "";

	if (!uses(b, false) || b->a->yes)
		return true;
	fprintf(stderr,
	    "This has up to %llu real certificates issued by %s, for names below %s.\n"
	    "They stay in its database and journal for good.  Type yes to go on: ",
	    (unsigned long long)(count_of(b, modes_find(modes_table, "sign")) +
				 b->connections),
	    b->client->base, b->a->domain != NULL ? b->a->domain : "internal");
	const bool said =
	    isatty(STDIN_FILENO) && fgets(answer, sizeof(answer), stdin) != NULL;
	if (!said)
		fputc('\n', stderr); /* no key ended the line */
	return said && strcmp(answer, "yes\n") == 0;
}

static void
tell(struct bench *b, const struct load_plan *p, const struct load_result *r)
{
	struct buf text;

	if (b->list != NULL) {
		json_array_append_new(b->list, report_json(p, r));
		return;
	}
	buf_init(&text, MIB(1));
	report_text(p, r, &text);
	fputs(buf_str(&text), stdout); /* what was quoted is escaped already */
	putchar('\n');
	buf_free(&text);
	if (p->mode->leaves != NULL)
		out_note("left behind: %s for each of %llu %s", p->mode->leaves,
		    (unsigned long long)r->next,
		    out_noun(r->next, "operation", "operations"));
}

static bool
run_mode(struct bench *b, size_t i, struct err *e)
{
	const struct load_mode *m = b->modes[i];
	struct world *w = &b->world;
	const struct load_plan plan = {
		.mode = m,
		.place = m->on_public ? &w->plain : &w->api,
		.creds = m->anonymous || m->on_public ? &w->anyone : &w->cred,
		.n_creds = 1,
		.connections = b->connections,
		.us = b->us,
		.count = count_of(b, m),
		.fresh = b->a->fresh || b->a->resume,
		.resume = b->a->resume,
		.pid = b->pid,
		.world = w,
	};
	struct load_result *r = mem_zalloc(sizeof(*r));

	const bool ok = load_run(&plan, r, e) || err_prefix(e, m->name);
	b->hists[i] = r->hist;
	tell(b, &plan, r);
	free(r);
	return ok;
}

static bool
draw(struct bench *b, struct err *e)
{
	struct plot_series series[PLOT_SERIES_MAX];
	char *title = mem_printf("hanaper bench, %u %s", b->connections,
	    out_noun(b->connections, "connection", "connections"));
	struct buf svg;

	buf_init(&svg, SVG_MAX);
	for (size_t i = 0; i < b->n; i++)
		series[i] = (struct plot_series){ b->modes[i]->name, &b->hists[i] };
	plot_svg(title, series, b->n, &svg);
	const bool ok = buf_ok(&svg, "the picture", e) &&
			file_replace(AT_FDCWD, b->a->svg, 0644, buf_bytes(&svg), e);
	buf_free(&svg);
	free(title);
	return ok;
}

static bool
run(struct bench *b, struct err *e)
{
	if (!prepare(b, e))
		return false;
	if (!may_issue(b))
		return err_set(e, ERR_FORBIDDEN,
		    "nothing was done; --yes answers for you");
	for (size_t i = 0; i < b->n; i++)
		if (!run_mode(b, i, e))
			return false;
	return b->a->svg == NULL || draw(b, e);
}

int
cmd_bench(const struct command *self, int argc, char **argv)
{
	struct bench_args a = { 0 };
	struct bench b = { .a = &a };
	struct err e = { 0 };
	int status;

	if (!options_read(self, &usage, argc, argv, &a, &status))
		goto out;
	if (a.common.n_operands > 0)
		a.common.url = a.common.operands[0];
	if (a.common.url == NULL) {
		status = out_usage(self->name, "URL is missing");
		goto out;
	}
	if (!read_args(&b, &e)) {
		status = out_usage(self->name, "%s", e.detail);
		goto out;
	}
	signal(SIGPIPE, SIG_IGN); /* a server that closes is an error among others */
	b.list = a.common.json ? json_array() : NULL;
	status = OUT_DONE;
	if (!client_open(&a.common, &b.client, &e) || !run(&b, &e))
		status = client_fail(b.client, &e);
	if (b.list != NULL && json_array_size(b.list) > 0)
		out_json(json_incref(b.list));
	json_decref(b.list);
	client_free(b.client);
	world_free(&b.world);
out:
	strings_free(&a.modes);
	return status;
}
