/* SPDX-License-Identifier: Apache-2.0 */
#include "api_world.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/core_routes.h"
#include "base/log.h"
#include "ca/acme_challenge.h"
#include "ca/audit.h"
#include "ca/ca_state.h"
#include "cli/setup.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "codec/wire.h"
#include "conf/conf_load.h"
#include "fuzz.h"
#include "jose/jws.h"
#include "sys/file.h"

#define DIRECTORY "/acme/server"

static const char *const words[] = { "ACCOUNT", "ORDER", "AUTHZ", "CHALLENGE" };

struct api_world {
	char dir[64];
	struct conf *conf;
	struct store *store;
	struct loop *loop;
	struct ca *ca;
	struct api api;
	struct request_load load;
	struct link *signer, *prober;         /* as core has them */
	struct link *far_signer, *far_prober; /* the others' ends */
	struct buf admin;
	struct key *key; /* of the ACME account */
	char *ids[NITEMS(words)];
	/* the answer to what was asked last */
	unsigned answers;
	unsigned status;
	struct buf location, body;
};

/* ---- the signer, who refuses, and the prober, who does every second time ---- */

static bool
on_asked(void *ctx, const struct frame *f, struct err *e)
{
	struct api_world *w = ctx;
	struct wire wire = wire_open(f->body);
	const struct msg_refused m = { .id = wire_u64(&wire),
		.code = ERR_POLICY,
		.detail = bytes_str("the signer signs nothing here") };
	struct buf b;

	(void)e;
	buf_init(&b, KIB(4));
	msg_refused_put(&b, &m);
	link_send(w->far_signer, MSG_REFUSED, buf_bytes(&b));
	buf_free(&b);
	return true;
}

static bool
on_probe(void *ctx, const struct frame *f, struct err *e)
{
	struct api_world *w = ctx;
	struct msg_probe q;
	struct buf b;

	require(msg_probe_get(f->body, &q, e));
	const bool proved = q.id % 2 == 0;
	const struct msg_probed m = { .id = q.id,
		.code = proved ? ERR_NONE : ERR_PROBE_RESPONSE,
		.proved = proved,
		.detail = bytes_str(proved ? "" : "another one answers"),
		.transcript = bytes_str("[]") };
	buf_init(&b, KIB(4));
	msg_probed_put(&b, &m);
	link_send(w->far_prober, MSG_PROBED, buf_bytes(&b));
	buf_free(&b);
	return true;
}

/* Whoever waits for it would wait for ever. */
static void
on_gone(void *arg, struct link *k, const struct err *e)
{
	(void)arg;
	(void)k;
	fprintf(stderr, "a link ended: %s\n", e->detail);
	abort();
}

static const struct msg_rule signer_rules[] = {
	{ MSG_SIGN_CERT, PEER_CORE, false, MIB(1), on_asked },
	{ MSG_REVOKE, PEER_CORE, false, MIB(1), on_asked },
	{ MSG_SIGN_OCSP, PEER_CORE, false, MIB(1), on_asked },
	{ 0 },
};
static const struct msg_rule prober_rules[] = {
	{ MSG_PROBE, PEER_CORE, false, MSG_PROBE_FRAME_MAX, on_probe },
	{ 0 },
};

static void
connect_roles(struct api_world *w)
{
	int s[2], p[2];

	require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s) == 0);
	require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, p) == 0);
	w->signer = link_new(w->loop, s[0], PEER_SIGNER, MIB(1) + KIB(1),
	    ca_signer_rules, w->ca);
	w->far_signer = link_new(w->loop, s[1], PEER_CORE, MIB(1), signer_rules, w);
	w->prober = link_new(w->loop, p[0], PEER_PROBER, MSG_PROBE_FRAME_MAX,
	    acme_challenge_rules, w->ca);
	w->far_prober =
	    link_new(w->loop, p[1], PEER_CORE, MSG_PROBE_FRAME_MAX, prober_rules, w);
	link_on_gone(w->signer, on_gone, NULL);
	link_on_gone(w->far_signer, on_gone, NULL);
	link_on_gone(w->prober, on_gone, NULL);
	link_on_gone(w->far_prober, on_gone, NULL);
}

/* ---- answers ---- */

static void
on_answer(void *arg, const struct msg_http_response *m, bool wrote)
{
	struct api_world *w = arg;
	struct msg_http_response again;
	struct buf b;
	json_t *v = NULL;
	struct err e = { 0 };

	(void)wrote;
	buf_init(&b, MIB(20));
	msg_http_response_put(&b, m);
	require(msg_http_response_get(buf_bytes(&b), &again, &e));
	/* Input is never a fault of ours. */
	require(m->id == 7 && m->status != 500);
	if (memmem(m->content_type.p, m->content_type.n, "json", 4) != NULL) {
		require(json_read(m->body, &v, &e));
		json_decref(v);
	}
	w->answers++;
	w->status = m->status;
	buf_clear(&w->body);
	buf_put(&w->body, m->body);
	buf_clear(&w->location);
	buf_put(&w->location, m->headers);
	buf_free(&b);
	loop_stop(w->loop);
}

static void
on_reload(void *arg, struct request *r)
{
	(void)arg;
	core_reload_done(r, bytes_str("profiles grants"), NULL);
}

static void
ask(struct api_world *w, const struct msg_http_request *m)
{
	struct buf b;
	struct err e = { 0 };

	w->answers = 0;
	if (!msg_http_request_fits(m, &e))
		return;
	buf_init(&b, MIB(2));
	msg_http_request_put(&b, m);
	require(request_take(&w->api, buf_bytes(&b),
	    m->peer == PEER_KIND_UNIX ? &m->uid : NULL, &e));
	buf_free(&b);
	if (w->answers == 0)
		loop_run(w->loop);
	require(w->answers == 1);
}

void
api_world_ask(struct api_world *w, const struct msg_http_request *m)
{
	ask(w, m);
	store_rollback(w->store);
	audit_flushed(w->ca->audit, true);
	w->ca->phase = CA_RUNNING;
	w->ca->round_failed = false;
}

/* ---- ACME ---- */

static void
put_key(const struct api_world *w, struct buf *b)
{
	const struct bytes spki = key_spki(w->key);

	buf_puts(b, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"");
	base64url_put(b, bytes_skip(spki, spki.n - 32));
	buf_puts(b, "\"}");
}

void
api_world_sign(struct api_world *w, struct bytes path, struct bytes payload,
    struct buf *ret)
{
	char nonce[NONCE_TEXT];
	struct buf head, in, sig;
	struct err e = { 0 };

	buf_init(&head, KIB(64));
	buf_init(&in, KIB(256));
	buf_init(&sig, KIB(1));
	require(acme_nonce_new(w->ca, nonce, &e));
	buf_printf(&head, "{\"alg\":\"EdDSA\",\"nonce\":\"%s\",", nonce);
	if (w->ids[0] == NULL || bytes_eq_str(path, DIRECTORY "/new-account")) {
		buf_puts(&head, "\"jwk\":");
		put_key(w, &head);
	} else {
		buf_printf(&head, "\"kid\":\"%s" DIRECTORY "/account/%s\"",
		    w->conf->url_api, w->ids[0]);
	}
	buf_printf(&head, ",\"url\":\"%s", w->conf->url_api);
	buf_put(&head, path);
	buf_puts(&head, "\"}");
	base64url_put(&in, buf_bytes(&head));
	buf_putc(&in, '.');
	base64url_put(&in, payload);
	require(key_sign(w->key, buf_bytes(&in), &sig, &e));
	const size_t dot = bytes_index(buf_bytes(&in), '.');
	buf_puts(ret, "{\"protected\":\"");
	buf_put(ret, bytes_of(in.p, dot));
	buf_puts(ret, "\",\"payload\":\"");
	buf_put(ret, bytes_skip(buf_bytes(&in), dot + 1));
	buf_puts(ret, "\",\"signature\":\"");
	base64url_put(ret, buf_bytes(&sig));
	buf_puts(ret, "\"}");
	buf_free(&head);
	buf_free(&in);
	buf_free(&sig);
}

void
api_world_fill(const struct api_world *w, struct bytes path, struct buf *ret)
{
	while (path.n > 0) {
		size_t i = 0;

		while (i < NITEMS(words) &&
		       (w->ids[i] == NULL || !bytes_starts(path, words[i])))
			i++;
		if (i < NITEMS(words)) {
			buf_puts(ret, w->ids[i]);
			path = bytes_skip(path, strlen(words[i]));
		} else {
			buf_putc(ret, path.p[0]);
			path = bytes_skip(path, 1);
		}
	}
}

/* What stands behind 'before' in the last answer, up to a quote or a line's end. */
static char *
behind(struct buf *in, const char *before)
{
	const char *at = strstr(buf_str(in), before);

	require(at != NULL);
	at += strlen(before);
	return mem_strndup(bytes_of(at, strcspn(at, "\"\n/")));
}

static void
post(struct api_world *w, const char *path, const char *payload)
{
	struct buf filled, body;
	struct err e = { 0 };

	buf_init(&filled, KIB(4));
	buf_init(&body, KIB(64));
	api_world_fill(w, bytes_str(path), &filled);
	api_world_sign(w, buf_bytes(&filled), bytes_str(payload), &body);
	ask(w, &(struct msg_http_request){ .id = 7,
		   .request_id = bytes_str("0123456789abcdef"),
		   .method = bytes_str("POST"),
		   .path = buf_bytes(&filled),
		   .content_type = bytes_str("application/jose+json"),
		   .address = bytes_str("192.0.2.1"),
		   .peer = PEER_KIND_TLS,
		   .body = buf_bytes(&body) });
	if (w->status >= 300)
		fprintf(stderr, "%s: %s\n", path, buf_str(&w->body));
	require(w->status < 300 && ca_batch_end(w->ca, &e));
	buf_free(&filled);
	buf_free(&body);
}

static void
begin_acme(struct api_world *w)
{
	struct err e = { 0 };

	require(key_generate(KEY_ALG_ED25519, 0, &w->key, &e));
	post(w, DIRECTORY "/new-account", "{\"contact\":[\"mailto:a@b.internal\"]}");
	w->ids[0] = behind(&w->location, "/account/");
	post(w, DIRECTORY "/new-order",
	    "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"localhost\"}]}");
	w->ids[1] = behind(&w->location, "/order/");
	w->ids[2] = behind(&w->body, "/authz/");
	post(w, DIRECTORY "/authz/AUTHZ", "");
	w->ids[3] = behind(&w->body, "/challenge/");
}

/* ---- the world ---- */

static void
no_limits(struct conf *c)
{
	c->rate_per_minute = 0;
	c->same_names_per_hour = 0;
	c->acme.accounts_per_hour = 0;
	c->acme.orders_per_hour = 0;
	c->acme.pending_max = 0;
	c->acme.failures_per_hour = 0;
}

static void
make_directory(struct api_world *w)
{
	struct setup_args args = { 0 };
	struct setup s = { 0 };
	struct err e = { 0 };

	snprintf(w->dir, sizeof(w->dir), "/dev/shm/hnp-fuzz-api-%d", getpid());
	file_remove_tree(w->dir);
	if (!setup_plan(&args, w->dir, &s, &e) || !setup_make(&s, &e)) {
		fprintf(stderr, "%s\n", e.detail);
		abort();
	}
	buf_init(&w->admin, KIB(16));
	buf_put(&w->admin, buf_bytes(&s.admin_cert.cert->der));
	setup_free(&s);
	setup_args_free(&args);
}

static void
on_publish(void *arg, const struct msg_publish *m)
{
	(void)arg;
	(void)m;
}

static void
on_forget(void *arg, const struct msg_forget *m)
{
	(void)arg;
	(void)m;
}

static void
on_ready(void *arg)
{
	(void)arg;
}

static void
on_fail(void *arg, const struct err *e)
{
	(void)arg;
	(void)e;
	abort();
}

static struct api_world *the_world;

static void
end_world(void)
{
	file_remove_tree(the_world->dir);
}

static void
make_core(struct api_world *w)
{
	const struct ca_hooks hooks = { w, on_publish, on_forget, on_ready, on_fail };
	struct err e = { 0 };
	char *path = mem_printf("%s/hanaper.yaml", w->dir);

	require(conf_load(path, &w->conf, &e));
	free(path);
	no_limits(w->conf);
	path = conf_path(w->conf, w->conf->database);
	require(store_open(path, &w->store, &e));
	free(path);
	w->loop = loop_new();
	require(ca_new(w->conf, w->store, w->loop, &hooks, &w->ca, &e));
	connect_roles(w);
	w->ca->signer = w->signer;
	w->ca->phase = CA_RUNNING;
	require(acme_open(w->ca, w->prober, &e));
	w->api = (struct api){ .ca = w->ca,
		.load = &w->load,
		.slices = slices_new(w->loop),
		.arg = w,
		.answer = on_answer,
		.reload = on_reload };
	buf_init(&w->location, KIB(64));
	buf_init(&w->body, MIB(20));
}

struct api_world *
api_world_get(void)
{
	if (the_world != NULL)
		return the_world;
	the_world = mem_zalloc(sizeof(*the_world));
	log_init("fuzz", LOG_ERROR);
	make_directory(the_world);
	atexit(end_world);
	make_core(the_world);
	begin_acme(the_world);
	return the_world;
}

struct bytes
api_world_admin(const struct api_world *w)
{
	return buf_bytes(&w->admin);
}
