/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load - one mode of the benchmark against one server; what came of it as JSON.
 * tests/bench/run starts the servers and this; --help lists what it takes.
 */
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "bench/ceiling.h"
#include "bench/plot.h"
#include "bench/report.h"
#include "load_test.h"
#include "sys/file.h"

#define RUNS_MAX   PLOT_SERIES_MAX
#define FILE_MAX   MIB(64)
#define CEILING_US 300000
#define TOKENS     16

enum arg {
	A_MODE,
	A_API,
	A_PLAIN,
	A_CACERT,
	A_CERT,
	A_KEY,
	A_PROFILE,
	A_DOMAIN,
	A_ISSUER,
	A_OCSP,
	A_CRL,
	A_SERIALS,
	A_KEEP,
	A_CONNECTIONS,
	A_MS,
	A_COUNT,
	A_FIRST,
	A_STOCK,
	A_STATUS,
	A_PID,
	A_SVG,
	A_TITLE,
	A_DIRECTORY,
	A_DNS,
	A_HTTP01,
	A_FRESH,
	A_RESUME,
	A_SAME,
	A__MAX
};

static const struct {
	const char *name, *help;
	bool flag;
} args[A__MAX] = {
	[A_MODE] = { "mode", "what is done; \"ceiling\": signatures without any server",
	    0 },
	[A_API] = { "api", "URL of the API", 0 },
	[A_PLAIN] = { "plain", "URL of OCSP and CRLs", 0 },
	[A_CACERT] = { "cacert", "PEM file of the root", 0 },
	[A_CERT] = { "cert", "client certificate", 0 },
	[A_KEY] = { "key", "its key", 0 },
	[A_PROFILE] = { "profile", "by default server", 0 },
	[A_DOMAIN] = { "domain", "names lie below it; by default internal", 0 },
	[A_ISSUER] = { "issuer", "file of the issuer's certificate", 0 },
	[A_OCSP] = { "ocsp-path", "by default /ocsp", 0 },
	[A_CRL] = { "crl-path", "by default /crl/main.crl", 0 },
	[A_SERIALS] = { "serials", "file of serials in hex, one a line", 0 },
	[A_KEEP] = { "keep-serials", "write those of what was signed there", 0 },
	[A_CONNECTIONS] = { "connections", "one after the other: 1,8,64", 0 },
	[A_MS] = { "ms", "milliseconds of each", 0 },
	[A_COUNT] = { "count", "operations of each at most", 0 },
	[A_FIRST] = { "first", "number of the first operation", 0 },
	[A_STOCK] = { "stock", "requests made beforehand; by default 256", 0 },
	[A_STATUS] = { "status", "serials whose status is asked; by default 64", 0 },
	[A_PID] = { "pid", "of the server", 0 },
	[A_SVG] = { "svg", "draw the latencies there", 0 },
	[A_TITLE] = { "title", "of that picture", 0 },
	[A_DIRECTORY] = { "directory", "ACME: by default /acme/server/directory", 0 },
	[A_DNS] = { "dns-port", "answer there as a resolver", 0 },
	[A_HTTP01] = { "http01-port", "answer there what http-01 asks", 0 },
	[A_FRESH] = { "fresh", "a new connection each time", 1 },
	[A_SAME] = { "same-name", "ACME: --domain itself, each time", 1 },
	[A_RESUME] = { "resume", "the same, the session resumed", 1 },
};

struct made {                  /* serials of what was signed */
	struct load_test test; /* first: a world's 'own' */
	FILE *keep;            /* NULL: not kept */
};

static const char *given[A__MAX];

static const char *
text(enum arg a, const char *usual)
{
	return given[a] != NULL ? given[a] : usual;
}

static long
number(enum arg a, long usual)
{
	return given[a] != NULL ? strtol(given[a], NULL, 10) : usual;
}

static void
read_args(int argc, char **argv)
{
	struct option options[A__MAX + 1] = { 0 };
	int i, c;

	for (i = 0; i < A__MAX; i++)
		options[i] = (struct option){ args[i].name, !args[i].flag, NULL, i };
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c < A__MAX) {
			given[c] = args[c].flag ? "yes" : optarg;
			continue;
		}
		for (i = 0; i < A__MAX; i++)
			fprintf(stderr, "  --%-14s %s\n", args[i].name, args[i].help);
		exit(2);
	}
}

/* ---- what is made ready ---- */

static bool
read_file(const char *path, struct buf *ret, struct err *e)
{
	buf_init(ret, FILE_MAX);
	return file_read(AT_FDCWD, path, ret, e);
}

static bool
read_serials(struct world *w, struct err *e)
{
	struct load_test *t = w->own;
	struct buf b = { 0 };
	struct bytes rest;
	bool ok = true;

	if (given[A_SERIALS] == NULL)
		return true;
	ok = read_file(given[A_SERIALS], &b, e);
	t->serials = mem_zarray(b.n / 2 + 1, sizeof(*t->serials));
	for (rest = buf_bytes(&b); ok && rest.n > 0;) {
		const size_t end = bytes_index(rest, '\n');

		ok = serial_from_hex(bytes_of(rest.p, end), &t->serials[t->n_serials++],
		    e);
		rest = bytes_skip(rest, end + 1);
	}
	buf_free(&b);
	return ok;
}

static bool
add_status(struct world *w, struct err *e)
{
	const struct load_test *t = w->own;
	const size_t most = (size_t)number(A_STATUS, 64);
	bool ok = true;

	for (size_t i = 0; ok && i < t->n_serials && i < most; i++)
		ok = world_add_status(w, &t->serials[i], e);
	return ok;
}

/* One name each, no two the same: an authorization is never found ready. */
static bool
make_single(size_t n, const char *domain, struct stock *ret, struct err *e)
{
	ret->v = mem_zarray(n, sizeof(*ret->v));
	for (ret->n = 0; ret->n < n; ret->n++) {
		char *name = mem_printf("a%zu.%s", ret->n, domain);
		struct stock one = { 0 };
		const bool ok = stock_make(1, name, true, &one, e);

		free(name);
		if (!ok)
			return false;
		ret->v[ret->n] = one.v[0];
		free(one.v);
	}
	return true;
}

static bool
make_stock(struct world *w, const char *mode, struct err *e)
{
	const size_t n = (size_t)number(A_STOCK, 256);
	const char *domain = text(A_DOMAIN, "internal");

	if (strcmp(mode, "acme") == 0 && given[A_SAME] == NULL)
		return make_single(n, domain, &w->stock, e);
	return stock_make(n, domain,
	    strcmp(mode, "enroll") == 0 || given[A_SAME] != NULL, &w->stock, e);
}

static bool
add_issuer(struct world *w, struct err *e)
{
	struct buf b = { 0 };
	bool ok = true;

	if (given[A_ISSUER] != NULL)
		ok = read_file(given[A_ISSUER], &b, e) &&
		     proof_add_issuer(w->proof, buf_bytes(&b), e);
	buf_free(&b);
	return ok;
}

static bool
prepare(struct world *w, const struct load_mode *m, struct err *e)
{
	struct load_test *t = w->own;

	w->profile = mem_strdup(text(A_PROFILE, "server"));
	w->ocsp_path = mem_strdup(text(A_OCSP, "/ocsp"));
	w->crl_path = mem_strdup(text(A_CRL, "/crl/main.crl"));
	if ((given[A_API] != NULL && !talk_place_read(given[A_API], &w->api, e)) ||
	    (given[A_PLAIN] != NULL &&
		!talk_place_read(given[A_PLAIN], &w->plain, e)) ||
	    !world_trust(w, text(A_CACERT, "root.crt"), given[A_CERT], given[A_KEY],
		e) ||
	    !add_issuer(w, e) || !read_serials(w, e))
		return false;
	if (m->on_public)
		return add_status(w, e);
	if (!make_stock(w, m->name, e))
		return false;
	if (strcmp(m->name, "enroll") == 0)
		return load_test_tokens(w, TOKENS, e);
	if (strcmp(m->name, "acme") == 0)
		return load_test_account(t, e) &&
		       load_test_directory(w,
			   text(A_DIRECTORY, "/acme/server/directory"), e) &&
		       load_near_dns((unsigned)number(A_DNS, 0), e) &&
		       load_near_http((unsigned)number(A_HTTP01, 0), t->thumbprint, e);
	return true;
}

/* ---- doing it ---- */

static bool
prove_and_keep(void *world, const struct load_kept *k, struct err *e)
{
	struct world *w = world;
	const struct made *m = w->own;
	struct cert *leaf = NULL;
	char hex[SERIAL_HEX_LEN];

	if (!proof_certificate(w->proof, k->octets, &w->stock.v[k->item % w->stock.n],
		&leaf, e))
		return false;
	serial_to_hex(&leaf->serial, hex);
	fprintf(m->keep, "%s\n", hex);
	cert_free(leaf);
	return true;
}

static bool
run_one(struct world *w, const struct load_mode *mode, unsigned connections,
    uint64_t *first, struct hist *ret_hist, json_t *list, struct err *e)
{
	gnutls_certificate_credentials_t own[LOAD_CONNECTIONS_MAX] = { 0 };
	const bool renews = strcmp(mode->name, "renew") == 0;
	struct load_result *r = mem_zalloc(sizeof(*r));
	const struct load_plan plan = {
		.mode = mode,
		.place = mode->on_public ? &w->plain : &w->api,
		.creds = renews                               ? own
			 : mode->anonymous || mode->on_public ? &w->anyone
							      : &w->cred,
		.n_creds = renews ? connections : 1,
		.connections = connections,
		.us = number(A_MS, 2000) * 1000,
		.count = (uint64_t)number(A_COUNT, 0),
		.fresh = given[A_FRESH] != NULL || given[A_RESUME] != NULL,
		.resume = given[A_RESUME] != NULL,
		.pid = (pid_t)number(A_PID, 0),
		.first = *first,
		.world = w,
	};
	const bool ok = (!renews || load_test_renew(w, connections, own,
					text(A_CACERT, "root.crt"), e)) &&
			load_run(&plan, r, e);

	*first = r->next;
	*ret_hist = r->hist;
	json_array_append_new(list, report_json(&plan, r));
	for (unsigned i = 0; i < connections; i++)
		if (own[i] != NULL)
			gnutls_certificate_free_credentials(own[i]);
	free(r);
	return ok;
}

static bool
draw(const struct plot_series *v, size_t n, struct err *e)
{
	struct buf svg;

	if (given[A_SVG] == NULL)
		return true;
	buf_init(&svg, MIB(1));
	plot_svg(text(A_TITLE, text(A_MODE, "sign")), v, n, &svg);
	const bool ok = buf_ok(&svg, "the picture", e) &&
			file_replace(AT_FDCWD, given[A_SVG], 0644, buf_bytes(&svg), e);
	buf_free(&svg);
	return ok;
}

static bool
run(struct world *w, const struct load_mode *mode, json_t *list, struct err *e)
{
	static struct hist hists[RUNS_MAX];
	static char names[RUNS_MAX][32];
	struct plot_series series[RUNS_MAX];
	const char *at = text(A_CONNECTIONS, "8");
	uint64_t first = (uint64_t)number(A_FIRST, 0);
	size_t n = 0;

	while (*at != '\0' && n < RUNS_MAX) {
		char *end;
		const unsigned long c = strtoul(at, &end, 10);

		if (c < 1 || c > LOAD_CONNECTIONS_MAX || end == at)
			return err_set(e, ERR_MALFORMED, "--connections %s", at);
		at = *end == ',' ? end + 1 : end;
		snprintf(names[n], sizeof(names[n]), "%lu connection%s", c,
		    c == 1 ? "" : "s");
		series[n] = (struct plot_series){ names[n], &hists[n] };
		if (!run_one(w, mode, (unsigned)c, &first, &hists[n], list, e))
			return false;
		n++;
	}
	return draw(series, n, e);
}

static bool
tell_ceiling(struct err *e)
{
	static const enum key_alg algs[] = { KEY_ALG_ECDSA_P256, KEY_ALG_ECDSA_P384,
		KEY_ALG_ED25519 };
	json_t *v = json_object();
	bool ok = true;

	for (size_t i = 0; ok && i < NITEMS(algs); i++) {
		struct ceiling c = { 0 };

		ok = ceiling_take(algs[i], number(A_MS, CEILING_US / 1000) * 1000, &c,
		    e);
		json_object_set_new(v, sets_key_alg_word(algs[i]),
		    json_pack("{s:f, s:f}", "signs", c.signs, "verifies", c.verifies));
	}
	json_dumpf(v, stdout, JSON_INDENT(1));
	json_decref(v);
	return ok;
}

static void
load_test_free(struct load_test *t)
{
	for (size_t i = 0; i < t->n_tokens; i++)
		free(t->tokens[i]);
	free(t->tokens);
	free(t->serials);
	free(t->new_nonce);
	free(t->new_account);
	free(t->new_order);
	free(t->thumbprint);
	buf_free(&t->jwk);
	key_free(t->account);
}

static bool
work(struct err *e)
{
	struct made made = { 0 };
	struct world w = { .own = &made };
	const struct load_mode *found = modes_find(modes_table, text(A_MODE, "sign"));
	json_t *list = json_array();

	if (found == NULL)
		found = modes_find(load_test_modes, text(A_MODE, "sign"));
	if (found == NULL)
		return err_set(e, ERR_NOT_FOUND, "there is no mode %s", given[A_MODE]);
	struct load_mode mode = *found;

	if (given[A_KEEP] != NULL) {
		made.keep = fopen(given[A_KEEP], "we");
		if (made.keep == NULL)
			return err_errno(e, "%s", given[A_KEEP]);
		mode.proof = prove_and_keep;
	}
	bool ok = prepare(&w, &mode, e) && run(&w, &mode, list, e);

	json_dumpf(list, stdout, JSON_INDENT(1));
	json_decref(list);
	if (made.keep != NULL && fclose(made.keep) != 0)
		ok = err_errno(e, "%s", given[A_KEEP]);
	world_free(&w);
	load_test_free(&made.test);
	return ok;
}

int
main(int argc, char **argv)
{
	struct err e = { 0 };

	read_args(argc, argv);
	signal(SIGPIPE, SIG_IGN);
	const bool ok =
	    strcmp(text(A_MODE, "sign"), "ceiling") == 0 ? tell_ceiling(&e) : work(&e);
	if (!ok)
		fprintf(stderr, "load: %s\n", e.detail);
	return ok ? 0 : 1;
}
