/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/renew.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/owners.h"
#include "cli/renew_exec.h"
#include "cli/renew_info.h"
#include "cli/renew_plan.h"
#include "cli/request.h"
#include "cli/view.h"

#define PEM_MAX KIB(256)

/* ---- events: one line each ---- */

/* As the log writes it: in quotes where it has blanks. */
static void
put_value(FILE *to, const char *text)
{
	const bool quotes = strpbrk(text, " \"=") != NULL;

	if (!quotes) {
		out_text(to, text);
		return;
	}
	char *inner = mem_strdup(text);
	for (char *c = inner; *c != '\0'; c++)
		if (*c == '"')
			*c = '\'';
	fputc('"', to);
	out_text(to, inner);
	fputc('"', to);
	free(inner);
}

void
renew_tell(const struct renew *r, const char *event, json_t *fields)
{
	char now[CLOCK_RFC3339_LEN];
	const char *name;
	json_t *v;

	clock_rfc3339(clock_now(), now);
	if (r->json) {
		json_t *all = json_pack("{s:s, s:s}", "at", now, "event", event);

		json_object_update(all, fields);
		out_json_line(stdout, all);
		json_decref(all);
	} else {
		printf("%s %s", now, event);
		json_object_foreach(fields, name, v)
		{
			printf(" %s=", name);
			put_value(stdout, json_string_value(v));
		}
		putchar('\n');
	}
	fflush(stdout);
	json_decref(fields);
}

json_t *
renew_about(struct renew *r, const struct renew_files *f)
{
	char hex[SERIAL_HEX_LEN], end[CLOCK_RFC3339_LEN], due[CLOCK_RFC3339_LEN];

	serial_to_hex(&f->leaf->serial, hex);
	clock_rfc3339(f->leaf->not_after, end);
	clock_rfc3339(renew_info_due(r, f), due);
	return json_pack("{s:o, s:s, s:s, s:s}", "certificate", out_string(f->cert),
	    "serial", hex, "not_after", end, "due", due);
}

/* ---- one renewal ---- */

static bool
make_key(const struct renew_files *f, struct key **ret_key,
    struct renew_files_version **ret, struct err *e)
{
	struct buf pem;

	buf_init(&pem, PEM_MAX);
	const bool ok =
	    key_generate(key_alg(f->pair_key),
		key_alg(f->pair_key) == KEY_ALG_RSA ? key_bits(f->pair_key) : 0,
		ret_key, e) &&
	    key_save(*ret_key, NULL, &pem, e) &&
	    renew_files_version_new(f, buf_bytes(&pem), ret, e);
	buf_wipe(&pem);
	return ok;
}

/* What came back is for our key and our names, and is another certificate. */
static bool
check_answer(const struct renew_files *f, const struct key *key, const char *chain,
    struct err *e)
{
	struct cert *c = NULL;

	if (!cert_parse_any(bytes_str(chain), &c, e))
		return err_prefix(e, "the daemon's answer");
	bool ok = true;
	if (!bytes_eq(c->key.der, key_spki(key)))
		ok = err_set(e, ERR_CONFLICT, "the new certificate is of another key");
	else if (!names_same(&c->names, &f->leaf->names))
		ok = err_set(e, ERR_CONFLICT, "the new certificate has other names");
	else if (c->not_after < clock_now())
		ok = err_set(e, ERR_CONFLICT,
		    "the new certificate has ended; compare the clocks");
	cert_free(c);
	return ok;
}

static bool
ask(const struct renew *r, const struct renew_files *f, const struct key *key,
    struct client *c, json_t **ret, struct err *e)
{
	struct buf csr;
	json_t *v = NULL;

	buf_init(&csr, PEM_MAX);
	bool ok = request_csr(key, &f->leaf->names, &csr, e);
	if (ok) {
		json_t *body = json_pack("{s:s}", "csr", buf_str(&csr));
		if (r->validity != NULL)
			json_object_set_new(body, "validity", json_string(r->validity));
		ok = client_post_json(c, "/v1/renew", body, &v, e);
	}
	buf_free(&csr);
	if (!ok)
		return false;
	const char *chain = json_text(v, "chain");
	if (chain == NULL || json_text(v, "serial") == NULL ||
	    json_text(v, "profile") == NULL || json_text(v, "renew_after") == NULL)
		ok = err_set(e, ERR_CONFLICT, "the daemon answered no certificate");
	else
		ok = check_answer(f, key, chain, e);
	if (ok)
		*ret = v;
	else
		json_decref(v);
	return ok;
}

bool
renew_client(const struct renew *r, const struct renew_files *f,
    struct options_common *o, struct client **ret, struct err *e)
{
	*o = (struct options_common){
		.url = r->url != NULL ? r->url : f->url,
		.cert = f->cert_at,
		.key = f->key_at,
		.cacert = r->cacert != NULL ? r->cacert : f->root,
	};
	if (o->url == NULL)
		return err_set(e, ERR_MALFORMED,
		    "nothing says where the daemon is: --url https://HOST:PORT");
	if (o->cacert != NULL && eaccess(o->cacert, R_OK) != 0)
		return err_set(e, ERR_NOT_FOUND,
		    "%s: the root certificate cannot be read by user %lu; see --cacert",
		    o->cacert, (unsigned long)geteuid());
	if (!client_open(o, ret, e))
		return false;
	if (r->local != NULL)
		client_connect_at(*ret, r->local);
	return true;
}

/* Files and lock are the caller's; tells what it did.  'ret_c' is for what was refused. */
static bool
follow(struct renew *r, const struct renew_files *f, struct client **ret_c,
    struct err *e)
{
	struct renew_files_version *version = NULL;
	struct options_common o;
	struct key *key = NULL;
	json_t *v = NULL;

	bool ok = renew_files_writable(f, r->rekey, e) &&
		  renew_client(r, f, &o, ret_c, e) &&
		  (!r->rekey || make_key(f, &key, &version, e)) &&
		  ask(r, f, key != NULL ? key : f->pair_key, *ret_c, &v, e);
	if (ok) {
		const struct renew_files_new n = {
			.chain = bytes_str(json_text(v, "chain")),
			.url = o.url,
			.profile = json_text(v, "profile"),
			.serial = json_text(v, "serial"),
			.renew_after = json_text(v, "renew_after"),
			.exec_pending = r->exec != NULL,
		};
		view_notes(v);
		ok = renew_files_put(f, version, &n, e);
	}
	if (!ok && v != NULL)
		err_prefix(e, "the new certificate could not be stored");
	renew_files_version_free(version);
	key_free(key);
	json_decref(v);
	return ok;
}

static bool
check_life(const struct renew_files *f, struct err *e)
{
	char end[CLOCK_RFC3339_LEN];

	if (clock_now() <= f->leaf->not_after)
		return true;
	clock_rfc3339(f->leaf->not_after, end);
	return err_set(e, ERR_UNAUTHENTICATED,
	    "%s expired at %s and cannot be renewed any more; get a new one: hanaper "
	    "enroll, or hanaper issue",
	    f->cert, end);
}

/*
 * A server that does not verify is a matter for who starts this.  Later, while the
 * certificate lives, a clock that went wrong or a CA that just changes may do it.
 */
static bool
passes(const struct renew *r, const struct client *c, enum err_code code)
{
	return renew_plan_passes(code) ||
	       (r->daemon && r->reached && c != NULL && client_mistrusted(c));
}

static enum renew_outcome
fail(struct renew *r, const struct client *c, const struct err *e)
{
	if (passes(r, c, e->code)) {
		r->failures++;
		renew_tell(r, "failed", json_pack("{s:s}", "detail", e->detail));
		return RENEW_LATER;
	}
	if (r->json)
		renew_tell(r, "refused", json_pack("{s:s}", "detail", e->detail));
	if (e->code == ERR_UNAUTHENTICATED && c != NULL && client_sent(c)) {
		/* The certificate is the client certificate: another would be no help. */
		out_fail(e);
		out_note("this certificate renews nothing here; get a new one: hanaper "
			 "enroll, or hanaper issue");
	} else {
		client_fail(c, e);
	}
	return RENEW_NEVER;
}

/* The command, where it has not been told of this certificate. */
enum renew_outcome
renew_run_exec(struct renew *r)
{
	struct renew_files f;
	struct err e;

	if (!renew_files_open(r->where, r->key, true, &f, &e))
		return fail(r, NULL, &e);
	/* Not under the lock: the command may look at the files in its own way. */
	close(f.lock);
	f.lock = -1;
	owners_act_self(); /* it is ours, whosever the files are */
	bool ok = renew_exec(r->exec, f.cert, f.key, &e);
	if (!ok) {
		r->exec_failures++;
		renew_tell(r, "exec-failed",
		    json_pack("{s:o, s:s}", "certificate", out_string(f.cert), "detail",
			e.detail));
	} else {
		r->exec_failures = 0;
		renew_tell(r, "exec-done",
		    json_pack("{s:o}", "certificate", out_string(f.cert)));
		struct err unsaved;
		if (!renew_files_act(&f, &unsaved) ||
		    !renew_files_told(&f, &unsaved)) /* then it is told once more */
			out_fail(&unsaved);
	}
	renew_files_free(&f);
	return ok ? RENEW_DONE : RENEW_LATER;
}

/* Renews if it is time; *ret_renewed: the command has to be told. */
enum renew_outcome
renew_attempt(struct renew *r, bool *ret_renewed, int64_t *ret_retry_after)
{
	struct renew_files f = { .lock = -1 };
	struct client *c = NULL;
	enum renew_outcome outcome = RENEW_DONE;
	struct err e;

	*ret_renewed = false;
	*ret_retry_after = 0;
	if (!renew_files_open(r->where, r->key, true, &f, &e))
		return fail(r, NULL, &e);
	if (!r->now && clock_now() < renew_info_due(r, &f)) {
		*ret_renewed = f.exec_pending && r->exec != NULL;
		if (!r->daemon && !*ret_renewed)
			renew_tell(r, "not-due", renew_about(r, &f));
	} else if (!check_life(&f, &e) || !follow(r, &f, &c, &e)) {
		*ret_retry_after = c != NULL ? client_retry_after(c) : 0;
		outcome = fail(r, c, &e);
	} else {
		r->failures = 0;
		r->now = false;
		r->reached = true;
		*ret_renewed = r->exec != NULL;
		renew_files_free(&f);
		if (renew_files_open(r->where, r->key, false, &f, &e))
			renew_tell(r, "renewed", renew_about(r, &f));
		else
			outcome = fail(r, NULL, &e);
	}
	client_free(c);
	renew_files_free(&f);
	return outcome;
}
