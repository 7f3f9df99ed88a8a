/* SPDX-License-Identifier: Apache-2.0 */
#include "http/server.h"

#include <arpa/inet.h>
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/version.h"
#include "exchange_impl.h"
#include "http/tls_client.h"

/* What each stage of a connection may take (S61). */
#define HANDSHAKE_MS 10000 /* from accept to the client's Finished */
#define REQUEST_MS                                                                     \
	30000 /* from the request line, or a first connection, to the last octet */
#define IDLE_MS      60000 /* from an answer to the end of the next request's line */
#define IDLE_S       60
#define MEMORY       KIB(16) /* a connection's, for request line and headers */
#define DROPPED_MAX  MIB(1)  /* octets read in vain to say 413 in good order */
/* Of that memory: what each field of a head takes beside its text … */
#define FIELD_MEMORY 64
/* … and which part of it is left for the header of the answer. */
#define ANSWER_PART  8

static struct door *
door_of(struct MHD_Connection *c)
{
	return MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
	    ->socket_context;
}

/* ---- connections ---- */

static enum MHD_Result
on_accept(void *cls, const struct sockaddr *from, socklen_t n)
{
	struct server *s = cls;

	(void)n;
	return conns_admit(s->def.conns, from) ? MHD_YES : MHD_NO;
}

/*
 * Each handshake message, before it is acted on.  The client's certificate is
 * looked at before its signature is verified; with its Finished the handshake is
 * done, and the request may take its time.
 */
static int
on_handshake(gnutls_session_t s, unsigned type, unsigned when, unsigned incoming,
    const gnutls_datum_t *m)
{
	struct MHD_Connection *c = gnutls_session_get_ptr(s);

	(void)when;
	(void)m;
	if (incoming == 0 || c == NULL)
		return 0;
	if (type == GNUTLS_HANDSHAKE_CERTIFICATE_VERIFY)
		return tls_client_check(s, tls_trust(door_of(c)->server->def.tls));
	if (type == GNUTLS_HANDSHAKE_FINISHED)
		conns_deadline(door_of(c)->entry, REQUEST_MS);
	return 0;
}

static struct door *
door_open(struct server *s, struct MHD_Connection *c)
{
	const int fd =
	    MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	const struct sockaddr *from =
	    MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
	struct door *d = mem_zalloc(sizeof(*d));

	d->server = s;
	client_init(&d->client);
	d->entry = conns_add(s->def.conns, fd, from,
	    s->def.tls != NULL ? HANDSHAKE_MS : REQUEST_MS);
	conns_enter(d->entry, &s->room);
	d->client.local = from->sa_family == AF_UNIX;
	if (s->def.tls != NULL) {
		gnutls_session_t tls =
		    MHD_get_connection_info(c, MHD_CONNECTION_INFO_GNUTLS_SESSION)
			->tls_session;

		d->client.tls = true;
		d->tls = tls_attach(s->def.tls, tls);
		gnutls_handshake_set_hook_function(tls, GNUTLS_HANDSHAKE_ANY,
		    GNUTLS_HOOK_POST, on_handshake);
	}
	return d;
}

static void
on_connection(void *cls, struct MHD_Connection *c, void **context,
    enum MHD_ConnectionNotificationCode what)
{
	struct door *d = *context;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		*context = door_open(cls, c);
		return;
	}
	/* The library has ended the session and not yet closed the descriptor. */
	conns_remove(d->entry);
	tls_detach(d->tls);
	client_free(&d->client);
	exchange_free(d->spare);
	free(d);
}

/* ---- requests ---- */

/* Before 1.0 the library parses in place and lets odd framing pass (http/guard.h). */
static bool
parses_in_place(void)
{
	return MHD_get_version()[0] == '0';
}

/*
 * The library would make a record of each parameter of a query, which nobody looks
 * at, and loses its way when its memory ends there.  It has found the '?' already
 * and reads from there to the NUL.
 */
static void
hide_query(const char *target)
{
	char *query = target != NULL ? strchr(target, '?') : NULL;

	if (query != NULL && parses_in_place())
		query[1] = '\0';
}

static void *
on_request_line(void *cls, const char *target, struct MHD_Connection *c)
{
	struct server *s = cls;
	struct door *d = door_of(c);
	struct exchange *x = exchange_new(d, c, target);

	conns_deadline(d->entry, REQUEST_MS);
	atomic_fetch_add(&s->busy, 1);
	hide_query(target); /* the exchange has its own copy */
	return x;
}

static void
on_completed(void *cls, struct MHD_Connection *c, void **context,
    enum MHD_RequestTerminationCode how)
{
	struct server *s = cls;
	struct exchange *x = *context;

	(void)c;
	(void)how;
	if (x == NULL)
		return;
	s->def.app->on_done(s->def.app->ctx, x);
	conns_deadline(x->door->entry, IDLE_MS);
	exchange_end(x);
	*context = NULL;
	atomic_fetch_sub(&s->busy, 1);
}

static enum MHD_Result
on_header(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_n,
    const char *value, size_t value_n)
{
	(void)kind;
	guard_header(cls, bytes_of(name, name_n), bytes_of(value, value_n));
	return MHD_YES;
}

static size_t
head_octets(const struct exchange *x)
{
	return MHD_get_connection_info(x->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE)
	    ->header_size;
}

/*
 * The library has one piece of memory for the head, as it came, a record of each of its
 * fields, a copy of the cookies and the header of the answer; when that one does not
 * fit, it closes the connection without a word.
 */
static bool
leaves_room(const struct exchange *x, struct err *e)
{
	const size_t memory = x->door->server->def.memory;
	const int kinds = MHD_HEADER_KIND | MHD_COOKIE_KIND | MHD_GET_ARGUMENT_KIND;
	const int fields =
	    MHD_get_connection_values(x->mhd, (enum MHD_ValueKind)kinds, NULL, NULL);
	const size_t octets = head_octets(x);
	const size_t taken =
	    octets + (size_t)fields * FIELD_MEMORY + exchange_header(x, "Cookie").n;

	if (taken <= memory - memory / ANSWER_PART)
		return true;
	if (x->target.n > octets / 2)
		return err_set(e, ERR_TARGET_TOO_LONG,
		    "the request target is too long");
	return err_set(e, ERR_HEAD_TOO_LARGE,
	    "request line and headers are larger than is taken here");
}

static bool
check_framing(struct exchange *x, const char *method, const char *version,
    struct err *e)
{
	guard_begin(&x->guard, bytes_str(method), buf_bytes(&x->target),
	    bytes_str(version), parses_in_place() ? x->target_at : NULL);
	MHD_get_connection_values_n(x->mhd, MHD_HEADER_KIND, on_header, &x->guard);
	return guard_end(&x->guard, head_octets(x), e);
}

static void
look_at_client(struct door *d, struct MHD_Connection *c)
{
	if (d->client.tls && !d->client_known)
		tls_client_read(MHD_get_connection_info(c,
				    MHD_CONNECTION_INFO_GNUTLS_SESSION)
				    ->tls_session,
		    tls_trust(d->server->def.tls), &d->client);
	d->client_known = true;
	client_age(&d->client, clock_now());
}

static bool
check_head(struct exchange *x, struct err *e)
{
	const struct server_app *app = x->door->server->def.app;
	size_t body_max = 0;

	if (!app->on_head(app->ctx, x, &body_max, e))
		return false;
	if (x->guard.encoded) /* S64 */
		return err_set(e, ERR_MEDIA_TYPE, "send it without Content-Encoding");
	if ((x->guard.has_length && x->guard.length > body_max) ||
	    (x->guard.chunked && body_max == 0))
		return err_set(e, ERR_TOO_LARGE, "the body may have %zu octets at most",
		    body_max);
	x->body.max = body_max;
	return true;
}

static enum MHD_Result
refuse_now(struct exchange *x)
{
	x->close = true;
	exchange_refuse(x, &x->refusal, bytes_str(""));
	return exchange_send(x) ? MHD_YES : MHD_NO;
}

/*
 * A refusal waits for the end of a body that is not large: a client that still
 * sends when the connection closes may never read the answer.
 */
static bool
is_soon_read(const struct exchange *x)
{
	if (!exchange_has_body(x))
		return true;
	return x->guard.has_length && x->guard.length <= DROPPED_MAX &&
	       exchange_header(x, "Expect").n == 0;
}

static enum MHD_Result
on_head(struct exchange *x, const char *method, const char *version)
{
	x->phase = EXCHANGE_BODY;
	x->method = bytes_str(method);
	if (!leaves_room(x, &x->refusal)) {
		exchange_refuse(x, &x->refusal, bytes_str(""));
		exchange_send_past(x);
		return MHD_NO;
	}
	if (!check_framing(x, method, version, &x->refusal))
		return refuse_now(x);
	/* Nothing behind a chunked body is read: the library takes bare LFs in it. */
	x->close = x->guard.chunked;
	look_at_client(x->door, x->mhd);
	x->refused = !check_head(x, &x->refusal);
	return x->refused && !is_soon_read(x) ? refuse_now(x) : MHD_YES;
}

static enum MHD_Result
on_body(struct exchange *x, const char *p, size_t n)
{
	if (!x->refused && n <= x->body.max - x->body.n) {
		buf_put(&x->body, bytes_of(p, n));
		return MHD_YES;
	}
	if (!x->refused) {
		x->refused = true;
		x->close = true;
		err_set(&x->refusal, ERR_TOO_LARGE,
		    "the body may have %zu octets at most", x->body.max);
		buf_wipe(&x->body);
	}
	x->dropped += n;
	return x->dropped <= DROPPED_MAX ? MHD_YES : MHD_NO;
}

static enum MHD_Result
on_whole(struct exchange *x)
{
	const struct server_app *app = x->door->server->def.app;

	if (x->phase == EXCHANGE_BODY) {
		x->phase = EXCHANGE_HANDED;
		if (x->refused)
			exchange_refuse(x, &x->refusal, bytes_str(""));
		else
			app->on_request(app->ctx, x);
		/* Held: another thread may have answered already, so look no further. */
		if (x->held)
			return MHD_YES;
	}
	return x->status != 0 && exchange_send(x) ? MHD_YES : MHD_NO;
}

static enum MHD_Result
on_access(void *cls, struct MHD_Connection *c, const char *url, const char *method,
    const char *version, const char *data, size_t *data_n, void **context)
{
	struct exchange *x = *context;

	(void)cls;
	(void)c;
	(void)url; /* the target as it came is in the exchange */
	if (x == NULL)
		return MHD_NO;
	if (x->phase == EXCHANGE_HEAD)
		return on_head(x, method, version);
	if (*data_n > 0) {
		const size_t n = *data_n;

		*data_n = 0;
		return on_body(x, data, n);
	}
	return on_whole(x);
}

/* ---- listeners ---- */

static size_t
keep_escaped(void *cls, struct MHD_Connection *c, char *s)
{
	(void)cls;
	(void)c;
	return strlen(s);
}

/* Each connection has its own credentials by then (tls_attach); here is a session without. */
static int
no_certificate(gnutls_session_t s, const struct gnutls_cert_retr_st *info,
    gnutls_pcert_st **chain, unsigned *chain_n, gnutls_ocsp_data_st **ocsp,
    unsigned *ocsp_n, gnutls_privkey_t *key, unsigned *flags)
{
	(void)s;
	(void)info;
	(void)chain;
	(void)chain_n;
	(void)ocsp;
	(void)ocsp_n;
	(void)key;
	(void)flags;
	return -1;
}

/* What the library has to say is told better elsewhere. */
static void PRINTF_LIKE(2, 0) on_library_log(void *cls, const char *fmt, va_list ap)
{
	(void)cls;
	(void)fmt;
	(void)ap;
}

static struct MHD_Daemon *
start_daemon(struct server *s)
{
	const bool tls = s->def.tls != NULL;
	const unsigned flags = (tls ? MHD_USE_TLS | MHD_USE_POLL_INTERNAL_THREAD
				    : MHD_USE_EPOLL_INTERNAL_THREAD) |
			       MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
	const struct MHD_OptionItem for_tls[] = {
		{ MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)tls_priorities },
		{ MHD_OPTION_HTTPS_CERT_CALLBACK2, 0,
		    (void *)(uintptr_t)no_certificate },
		{ MHD_OPTION_END, 0, NULL },
	};
	const struct MHD_OptionItem for_pool[] = {
		{ MHD_OPTION_THREAD_POOL_SIZE, s->def.threads, NULL },
		{ MHD_OPTION_END, 0, NULL },
	};
	const struct MHD_OptionItem none[] = { { MHD_OPTION_END, 0, NULL } };

	return MHD_start_daemon(flags, 0, on_accept, s, on_access, s,
	    MHD_OPTION_EXTERNAL_LOGGER, on_library_log, NULL, MHD_OPTION_LISTEN_SOCKET,
	    s->listen_fd, MHD_OPTION_CONNECTION_LIMIT, s->def.limit,
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, s->def.memory,
	    MHD_OPTION_NOTIFY_CONNECTION, on_connection, s, MHD_OPTION_NOTIFY_COMPLETED,
	    on_completed, s, MHD_OPTION_URI_LOG_CALLBACK, on_request_line, s,
	    MHD_OPTION_UNESCAPE_CALLBACK, keep_escaped, NULL, MHD_OPTION_ARRAY,
	    tls ? for_tls : none, MHD_OPTION_ARRAY,
	    s->def.threads > 1 ? for_pool : none, MHD_OPTION_END);
}

/* MHD_VERSION has two digits of each number in an octet: 0x00097500 is 0.9.75. */
static bool
check_library(struct err *e)
{
	char least[16];

	snprintf(least, sizeof(least), "%x.%x.%x", MHD_VERSION >> 24,
	    (MHD_VERSION >> 16) & 0xff, (MHD_VERSION >> 8) & 0xff);
	return version_check("libmicrohttpd", MHD_get_version(), least, e);
}

/* A failure only makes the identifiers of two runs alike. */
static void
first_id(struct server *s)
{
	uint64_t v = 0;

	if (gnutls_rnd(GNUTLS_RND_NONCE, &v, sizeof(v)) < 0)
		v = (uint64_t)clock_mono_us();
	atomic_init(&s->ids, v);
}

bool
server_start(const struct server_def *def, int listen_fd, struct server **ret,
    struct err *e)
{
	struct server *s;

	if (!check_library(e)) {
		close(listen_fd);
		return false;
	}
	s = mem_zalloc(sizeof(*s));
	s->def = *def;
	if (s->def.memory == 0)
		s->def.memory = MEMORY;
	s->room.limit = s->def.limit;
	s->listen_fd = listen_fd;
	first_id(s);
	s->daemon = start_daemon(s);
	if (s->daemon == NULL) {
		close(listen_fd);
		free(s);
		return err_set(e, ERR_INTERNAL, "the HTTP library does not start");
	}
	*ret = s;
	return true;
}

void
server_quiesce(struct server *s)
{
	if (atomic_exchange(&s->quiesced, true))
		return;
	MHD_quiesce_daemon(s->daemon);
}

size_t
server_busy(struct server *s)
{
	return atomic_load(&s->busy);
}

void
server_stop(struct server *s)
{
	if (s == NULL)
		return;
	server_quiesce(s);
	MHD_stop_daemon(s->daemon);
	close(s->listen_fd);
	free(s);
}
