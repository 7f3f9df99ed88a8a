/* SPDX-License-Identifier: Apache-2.0 */
/*
 * front - the role that the network reaches: TLS, HTTP, what is published.  It
 * has no database, no CA key and no JSON; its TLS key is made at start and lives
 * in its memory only.
 *
 * The server's worker threads take requests; this file's thread runs the event
 * loop: messages, certificates, deadlines, the end.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "api/front.h"
#include "api/front_published.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "daemon/front_core.h"
#include "daemon/role.h"
#include "http/route.h"
#include "sys/aside.h"
#include "sys/file.h"

#define LISTENERS_MAX   (CONF_LISTENERS_MAX + 1)
#define PER_ADDRESS_MAX 256
#define TICK_MS         1000
#define STOP_TICK_MS    20
#define STOP_MS         8000 /* for what is in flight */
#define ASK_AGAIN_S     60   /* when no certificate came, or none that fits */
#define FILES_MAX       65536
#define FILES_OWN       64 /* descriptors that are no connections */
#define THREADS_MAX     16 /* of a listener */
#define LIMIT_LEAST     16 /* connections of a listener, with few descriptors */

struct listener {
	enum listener_kind kind;
	char *address;
	int fd; /* -1 when 'server' has it */
	struct server *server;
};

struct front_role {
	struct role *role;
	struct link *core;
	struct front front;
	struct front_core *asks;
	struct conns *conns;
	struct tls *tls;
	struct aside *aside; /* closes files */
	struct listener listeners[LISTENERS_MAX];
	size_t n_listeners;
	size_t files; /* descriptors that this process may have */
	unsigned processors;
	int64_t ask_at;   /* when the next certificate is asked for; 0: never */
	int64_t asked_at; /* when that was settled */
	int64_t stop_ms;
	bool serves;
};

/* ---- listeners ---- */

static const struct kind {
	const char *word;
	unsigned route; /* enum route_listener */
	bool tls;
	bool pool; /* a thread for each processor */
	unsigned limit;
	unsigned files; /* of a connection: itself, and the list that it is sent */
	size_t memory;  /* 0: as server.h says.  Cleared by the library each time. */
} kinds[] = {
	/* clang-format off */
	[LISTENER_API] =     { "api",     ON_API,     true,  true,  1024, 2, 0 },
	[LISTENER_HTTP] =    { "http",    ON_HTTP,    false, true,  4096, 2, KIB(8) },
	[LISTENER_METRICS] = { "metrics", ON_METRICS, false, false, 64,   1, 0 },
	[LISTENER_UNIX] =    { "unix",    ON_UNIX,    false, false, 256,  2, 0 },
	/* clang-format on */
};

static bool
on_listener(void *ctx, const struct msg_listener *m, int fd, struct err *e)
{
	struct front_role *r = ctx;

	if (r->n_listeners == LISTENERS_MAX || m->kind < LISTENER_API ||
	    m->kind > LISTENER_UNIX || fd < 0) {
		if (fd >= 0)
			close(fd);
		return err_set(e, ERR_MALFORMED,
		    "a listener too many, of an unknown kind or without its socket");
	}
	r->listeners[r->n_listeners++] = (struct listener){
		.kind = m->kind,
		.address = mem_strndup(m->address),
		.fd = fd,
	};
	return true;
}

static bool
has_kind(const struct front_role *r, enum listener_kind k)
{
	for (size_t i = 0; i < r->n_listeners; i++)
		if (r->listeners[i].kind == k)
			return true;
	return false;
}

/* Those that this process may run on: more threads would only take turns. */
static unsigned
processors(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return 1;
	return (unsigned)CPU_COUNT(&set);
}

static unsigned
threads_for(const struct front_role *r, const struct kind *k)
{
	return !k->pool || r->processors < 1 ? 1
	       : r->processors > THREADS_MAX ? THREADS_MAX
					     : r->processors;
}

/*
 * Where there are fewer descriptors than places, each listener gets its share:
 * idle connections to one must not take them from all (S62).  A quarter is left
 * for what core publishes meanwhile.
 */
static unsigned
limit_for(const struct front_role *r, const struct kind *k)
{
	const size_t files = r->files > FILES_OWN ? (r->files - FILES_OWN) / 4 * 3 : 0;
	size_t wanted = 0;

	for (size_t i = 0; i < r->n_listeners; i++)
		wanted += kinds[r->listeners[i].kind].limit *
			  kinds[r->listeners[i].kind].files;
	if (wanted <= files)
		return k->limit;
	const size_t share = k->limit * files / wanted;
	return share > LIMIT_LEAST ? (unsigned)share : LIMIT_LEAST;
}

/* All that is needed is there: serve. */
static void
start_listeners(struct front_role *r)
{
	struct err e;

	for (size_t i = 0; i < r->n_listeners; i++) {
		struct listener *l = &r->listeners[i];
		const struct kind *k = &kinds[l->kind];
		const struct server_def def = {
			.app = &r->front.app,
			.conns = r->conns,
			.tls = k->tls ? r->tls : NULL,
			.kind = k->route,
			.threads = threads_for(r, k),
			.limit = limit_for(r, k),
			.memory = k->memory,
		};
		const int fd = l->fd;

		l->fd = -1;
		if (!server_start(&def, fd, &l->server, &e)) {
			err_prefix(&e, l->address);
			role_fail(&e);
		}
		LOG(LOG_INFO, "listening", LOG_TEXT("kind", k->word),
		    LOG_TEXT("address", l->address));
	}
	r->serves = true;
	role_ready(r->role);
}

/* ---- the certificate of the TLS listeners ---- */

static void
ask_again_at(struct front_role *r, int64_t at)
{
	r->asked_at = clock_now();
	r->ask_at = at > r->asked_at + ASK_AGAIN_S ? at : r->asked_at + ASK_AGAIN_S;
}

/* Is it time for another?  The clock may have been put back behind the beginning of ours. */
static bool
is_due(const struct front_role *r)
{
	const struct conf_profile *p =
	    conf_profile_find(role_conf(r->role), bytes_str(CONF_PROFILE_LISTENER));
	const int64_t now = clock_now(), backdate = p != NULL ? p->backdate_s : 0;

	return r->ask_at != 0 && (now >= r->ask_at || now < r->asked_at - backdate);
}

static void
ask_certificate(struct front_role *r)
{
	struct buf csr;
	struct err e;

	buf_init(&csr, KIB(16));
	if (!tls_request(r->tls, &csr, &e))
		role_fail(&e);
	link_send(r->core, MSG_TLS_CSR, buf_bytes(&csr));
	buf_free(&csr);
	ask_again_at(r, 0);
}

static bool
on_tls_cert(void *ctx, const struct frame *f, struct err *e)
{
	struct front_role *r = ctx;
	struct msg_tls_cert m;
	char at[CLOCK_RFC3339_LEN];

	if (!msg_tls_cert_get(f->body, &m, e))
		return false;
	if (!tls_certify(r->tls, m.chain_pem, e)) {
		/* For a key of before, say: it was asked again, so another one comes. */
		LOG_ERR(LOG_ERROR, "tls-certificate", e);
		return r->serves || e->code == ERR_CONFLICT;
	}
	ask_again_at(r, m.renew_at);
	clock_rfc3339(r->ask_at, at);
	LOG(LOG_INFO, "tls-certificate", LOG_TEXT("renew_at", at));
	if (!r->serves && !role_stopping(r->role))
		start_listeners(r);
	return true;
}

static bool
same_strings(const struct strings *a, const struct strings *b)
{
	bool same = a->n == b->n;

	for (size_t i = 0; same && i < a->n; i++)
		same = strcmp(a->v[i], b->v[i]) == 0;
	return same;
}

/* Core has changed over before us: a certificate for other names is asked for now. */
static bool
on_conf(void *ctx, struct role *role, const struct conf *was)
{
	struct front_role *r = ctx;
	const struct bytes name = bytes_str(CONF_PROFILE_LISTENER);
	const struct conf_profile *before = conf_profile_find(was, name),
				  *now = conf_profile_find(role_conf(role), name);

	front_configure(&r->front, role_conf(role));
	if (before != NULL && now != NULL && has_kind(r, LISTENER_API) &&
	    (!same_strings(&before->names.dns, &now->names.dns) ||
		!same_strings(&before->names.ip, &now->names.ip)))
		ask_certificate(r);
	return true;
}

/* ---- core's other messages ---- */

static bool
on_response(void *ctx, const struct frame *f, struct err *e)
{
	struct front_role *r = ctx;

	return front_core_answer(r->asks, &r->front, f, e);
}

static bool
on_publish(void *ctx, const struct frame *f, struct err *e)
{
	struct front_role *r = ctx;
	struct msg_publish m;

	if (!msg_publish_get(f->body, &m, e))
		return false;
	if (front_published_put(r->front.published, &m, e))
		return true;
	/* What cannot be opened now is tried again; what core must not say is not. */
	LOG_ERR(LOG_ERROR, "publish", e);
	return e->code != ERR_MALFORMED;
}

static bool
on_forget(void *ctx, const struct frame *f, struct err *e)
{
	struct front_role *r = ctx;
	struct msg_forget m;

	if (!msg_forget_get(f->body, &m, e))
		return false;
	front_kept_forget(r->front.kept, m.tag);
	return true;
}

static const struct msg_rule core_rules[] = {
	/* clang-format off */
	/* message            from       once   octets    handler */
	{ MSG_HTTP_RESPONSE,  PEER_CORE, false, MIB(20),  on_response },
	{ MSG_PUBLISH,        PEER_CORE, false, KIB(4),   on_publish },
	{ MSG_FORGET,         PEER_CORE, false, KIB(1),   on_forget },
	{ MSG_TLS_CERT,       PEER_CORE, false, KIB(256), on_tls_cert },
	{ 0 }
	/* clang-format on */
};

/* ---- time ---- */

static void
on_tick(void *arg)
{
	struct front_role *r = arg;
	const size_t cut = conns_sweep(r->conns);

	if (cut > 0)
		LOG(LOG_INFO, "deadline", LOG_NUM("connections", cut));
	front_core_expire(r->asks);
	tls_tick(r->tls, clock_mono_ms());
	(void)front_published_again(r->front.published);
	if (is_due(r))
		ask_certificate(r);
	loop_after(role_loop(r->role), TICK_MS, on_tick, r);
}

static bool
is_busy(const struct front_role *r)
{
	for (size_t i = 0; i < r->n_listeners; i++)
		if (r->listeners[i].server != NULL &&
		    server_busy(r->listeners[i].server) > 0)
			return true;
	return false;
}

static void
on_stop_tick(void *arg)
{
	struct front_role *r = arg;

	if (is_busy(r) && clock_mono_ms() < r->stop_ms)
		loop_after(role_loop(r->role), STOP_TICK_MS, on_stop_tick, r);
	else
		loop_stop(role_loop(r->role));
}

static void
on_stop(void *ctx, struct role *role)
{
	struct front_role *r = ctx;

	(void)role;
	for (size_t i = 0; i < r->n_listeners; i++)
		if (r->listeners[i].server != NULL)
			server_quiesce(r->listeners[i].server);
	r->stop_ms = clock_mono_ms() + STOP_MS;
	on_stop_tick(r);
}

/* ---- start and end ---- */

static bool
read_trust(struct buf *pem, const struct conf *conf, const char *path, struct err *e)
{
	char *whole = conf_path(conf, path);

	buf_init(pem, KIB(256));
	const bool ok = file_read(AT_FDCWD, whole, pem, e);
	free(whole);
	return ok;
}

/* Whom client certificates have to come from: the root and our issuers. */
static bool
open_tls(struct front_role *r, const struct conf *conf, struct err *e)
{
	const size_t n = conf->n_issuers + 1;
	struct buf *pem = mem_zarray(n, sizeof(*pem));
	struct bytes *views = mem_zarray(n, sizeof(*views));
	bool ok = true;

	for (size_t i = 0; i < n && ok; i++) {
		ok = read_trust(&pem[i], conf,
		    i == 0 ? "root.crt" : conf->issuers[i - 1].certificate, e);
		views[i] = buf_bytes(&pem[i]);
	}
	ok = ok && tls_new(views, n, &r->tls, e);
	for (size_t i = 0; i < n; i++)
		buf_free(&pem[i]);
	free(pem);
	free(views);
	return ok;
}

static bool
open_pub(struct front_role *r, const struct conf *conf, struct err *e)
{
	char *path = conf_path(conf, "pub");
	const int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0)
		r->front.published = front_published_new(fd);
	else
		err_errno(e, "%s", path);
	free(path);
	return fd >= 0;
}

/* Each connection is a descriptor; running out of them stops accepting (S62). */
static size_t
raise_files(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) < 0)
		return 0;
	l.rlim_cur = l.rlim_max < FILES_MAX ? l.rlim_max : FILES_MAX;
	if (setrlimit(RLIMIT_NOFILE, &l) < 0)
		LOG(LOG_WARN, "descriptors", LOG_TEXT("error", "the limit stays"));
	return getrlimit(RLIMIT_NOFILE, &l) < 0 ? 0 : (size_t)l.rlim_cur;
}

static void
close_all(struct front_role *r)
{
	front_core_stop(r->asks);
	for (size_t i = 0; i < r->n_listeners; i++) {
		server_stop(r->listeners[i].server);
		if (r->listeners[i].fd >= 0)
			close(r->listeners[i].fd);
		free(r->listeners[i].address);
	}
	front_core_free(r->asks);
	front_published_free(r->front.published);
	front_free(&r->front);
	aside_free(r->aside);
	tls_free(r->tls);
	conns_free(r->conns);
}

static void
on_threads(void *ctx)
{
	struct front_role *r = ctx;
	struct err e;

	if (!aside_new(role_loop(r->role), &r->aside, &e))
		role_fail(&e);
	front_published_aside(r->front.published, r->aside);
}

int
main(void)
{
	static struct front_role r;
	struct err e;

	r.role = role_begin(&(struct role_def){
	    .name = "front",
	    .on_listener = on_listener,
	    .on_conf = on_conf,
	    .on_stop = on_stop,
	    .on_threads = on_threads,
	    .ctx = &r,
	});
	r.files = raise_files();
	r.processors = processors();
	if (!open_tls(&r, role_conf(r.role), &e) ||
	    !open_pub(&r, role_conf(r.role), &e) ||
	    !front_core_new(role_loop(r.role), &r.asks, &e))
		role_fail(&e);
	r.conns = conns_new(PER_ADDRESS_MAX);
	front_init(&r.front);
	r.front.ask = front_core_ask;
	r.front.ask_live = front_core_ask_live;
	r.front.renew_live = front_core_renew_live;
	r.front.waiting = front_core_waiting;
	r.front.conns = r.conns;
	r.front.ctx = r.asks;
	front_configure(&r.front, role_conf(r.role));
	r.core = role_link(r.role, ROLE_FD_CORE, PEER_CORE, MIB(20), core_rules, &r);
	front_core_link(r.asks, r.core);
	role_confine(r.role, SANDBOX_FRONT);
	if (has_kind(&r, LISTENER_API))
		ask_certificate(&r);
	else
		start_listeners(&r);
	on_tick(&r);
	loop_run(role_loop(r.role));
	close_all(&r);
	return role_end(r.role);
}
