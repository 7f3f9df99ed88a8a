/* SPDX-License-Identifier: Apache-2.0 */
#include "api/front.h"

#include <stdatomic.h>

#include "api/front_acme.h"
#include "api/front_metrics.h"
#include "api/front_ocsp.h"
#include "api/front_ready.h"
#include "api/front_spelled.h"
#include "base/clock.h"
#include "base/log.h"
#include "codec/prom.h"
#include "http/route.h"

#define LOG_PATH_MAX      256 /* characters of a path in the log */
#define REFUSALS_A_SECOND 10  /* lines in the log, of one kind of peer */

/* One handler a row; NULL: core's. */
#define HANDLER_SIDE_FRONT(name) front_##name
#define HANDLER_SIDE_KEPT(name)  front_##name
#define HANDLER_SIDE_CORE(name)  NULL

static front_handler *const handlers[] = {
#define ROUTE(method, path, on, gate, body_max, body, side, handler)                   \
	HANDLER_##side(handler),
#include "tbl/routes.h"
#undef ROUTE
};

#define NO_ROW SIZE_MAX

enum peer_kind
front_peer_kind(const struct client *p)
{
	if (p->local)
		return PEER_KIND_UNIX;
	if (!p->tls)
		return PEER_KIND_PLAIN;
	if (p->refused.code != ERR_NONE)
		return PEER_KIND_TLS_BAD;
	return p->cert.n > 0 ? PEER_KIND_TLS_CERT : PEER_KIND_TLS;
}

const char *
front_peer_word(enum peer_kind k)
{
	static const char *const words[] = {
		[PEER_KIND_PLAIN] = "plain",
		[PEER_KIND_TLS] = "tls",
		[PEER_KIND_TLS_CERT] = "tls-cert",
		[PEER_KIND_TLS_BAD] = "tls-bad",
		[PEER_KIND_UNIX] = "unix",
	};

	return words[k];
}

/* Core asks again; here a stranger costs least. */
static bool
check_gate(const struct route *r, const struct client *p, struct err *e)
{
	const enum peer_kind k = front_peer_kind(p);

	if (p->servers_only && p->refused.code == ERR_NONE && r->gate != GATE_OPEN &&
	    r->gate != GATE_RENEW)
		return err_set(e, ERR_UNAUTHENTICATED,
		    "the client certificate is not for client authentication; its "
		    "profile needs the usage \"client auth\"");
	if (r->gate == GATE_OPEN || k == PEER_KIND_TLS_CERT || k == PEER_KIND_UNIX)
		return true;
	if (k == PEER_KIND_TLS_BAD) {
		*e = p->refused;
		return false;
	}
	return err_set(e, ERR_UNAUTHENTICATED,
	    "present a client certificate of this CA, such as "
	    "curl --cert admin.crt --key admin.key, or use the unix socket");
}

/*
 * A page of another site can make a browser send requests with the user's
 * certificate; the browser then tells whose page it was (S70).
 */
static bool
check_origin(const struct route *r, const struct exchange *x, struct err *e)
{
	if (r->gate == GATE_OPEN || exchange_header(x, "Origin").n == 0)
		return true;
	return err_set(e, ERR_FORBIDDEN,
	    "requests from web pages are refused (this one bears Origin)");
}

static bool
on_head(void *ctx, struct exchange *x, size_t *ret_body_max, struct err *e)
{
	char allow[64];
	struct route_match m;
	enum body_kind kind;

	exchange_note(x, NO_ROW);
	if (!route_find(exchange_method(x), exchange_path(x), exchange_kind(x), &m,
		allow, sizeof(allow), e)) {
		if (e->code == ERR_METHOD)
			exchange_add_header(x, "Allow", allow);
		return false;
	}
	exchange_note(x, m.row);
	if (!check_gate(&routes[m.row], exchange_client(x), e) ||
	    !check_origin(&routes[m.row], x, e) ||
	    !route_body_check(&routes[m.row], exchange_header(x, "Content-Type"), &kind,
		e))
		return false;
	*ret_body_max =
	    route_body_max(&routes[m.row], ((const struct front *)ctx)->body_max);
	return true;
}

static void
on_request(void *ctx, struct exchange *x)
{
	struct front *f = ctx;
	front_handler *h = handlers[exchange_noted(x)];

	if (h != NULL)
		h(f, x);
	else
		f->ask(f->ctx, x);
}

static bool
on_refuse(void *ctx, struct exchange *x, const struct err *e, struct bytes headers)
{
	return front_acme_refuse(((struct front *)ctx)->acme, x, e, headers);
}

/*
 * Whatever front refuses, it has not asked who that is: a flood costs the log no more
 * than this, and one of strangers hides nothing of those who have a certificate.  How
 * many there were /metrics tells.
 */
static bool
may_log(const struct err *why, enum peer_kind k)
{
	static struct {
		_Atomic int64_t second;
		_Atomic unsigned lines;
	} told[PEER_KIND_UNIX + 1];
	const int64_t now = clock_mono_ms() / 1000;
	int64_t last = atomic_load(&told[k].second);

	if (why == NULL)
		return true;
	if (now > last && atomic_compare_exchange_strong(&told[k].second, &last, now)) {
		const unsigned before = atomic_exchange(&told[k].lines, 0);

		if (before > REFUSALS_A_SECOND)
			LOG(LOG_WARN, "unlogged",
			    LOG_NUM("refused", before - REFUSALS_A_SECOND),
			    LOG_TEXT("peer", front_peer_word(k)));
	}
	return atomic_fetch_add(&told[k].lines, 1) < REFUSALS_A_SECOND;
}

static void
on_done(void *ctx, struct exchange *x)
{
	struct front *f = ctx;
	const struct bytes path = exchange_path(x);
	const unsigned status = exchange_status(x);
	const enum peer_kind peer = front_peer_kind(exchange_client(x));
	char method[16], shown[LOG_PATH_MAX + 1];

	/* Cut off before it was a request, or refused by the library itself. */
	if (status == 0)
		return;
	front_metrics_count(f->metrics, exchange_noted(x), exchange_method(x), status,
	    exchange_age_us(x));
	if (!may_log(exchange_why(x), peer))
		return;
	if (!bytes_to_str(exchange_method(x), method, sizeof(method)))
		method[0] = '\0';
	if (!bytes_to_str(bytes_of(path.p,
			      path.n < LOG_PATH_MAX ? path.n : LOG_PATH_MAX),
		shown, sizeof(shown)))
		shown[0] = '\0';
	/* What core answered, core logs as a decision; here are the others' ends. */
	const struct err *why = exchange_why(x);
	LOG(why != NULL ? LOG_WARN : LOG_DEBUG, why != NULL ? "refused" : "request",
	    LOG_TEXT("request_id", exchange_id(x)), LOG_TEXT("method", method),
	    LOG_TEXT("path", shown), LOG_NUM("status", status),
	    LOG_TEXT("peer", front_peer_word(peer)),
	    LOG_TEXT("address", exchange_address(x)),
	    LOG_TEXT("detail", why != NULL ? why->detail : ""),
	    LOG_NUM("ms", exchange_age_ms(x)));
}

void
front_finish(struct front *f, const struct exchange *x, struct answer *a,
    struct buf *own)
{
	buf_init(own, MIB(20) + MIB(1));
	if (!bytes_eq_str(exchange_path(x), "/metrics") || a->status != 200 ||
	    !bytes_eq_str(a->content_type, PROM_TYPE))
		return;
	buf_put(own, a->body);
	front_metrics_put(f->metrics, own, conns_count(f->conns), f->waiting(f->ctx));
	front_ocsp_metrics(f, own);
	a->body = buf_bytes(own);
}

void
front_free(struct front *f)
{
	front_metrics_free(f->metrics);
	front_acme_free(f->acme);
	front_ready_free(f->ready);
	front_spelled_free(f->spelled);
	front_kept_free(f->kept);
}

void
front_configure(struct front *f, const struct conf *c)
{
	f->body_max = c->body_max;
	front_acme_set_url(f->acme, c->url_api);
}

void
front_init(struct front *f)
{
	f->metrics = front_metrics_new();
	f->acme = front_acme_new();
	f->kept = front_kept_new(FRONT_KEPT_ENTRIES_MAX, FRONT_KEPT_OCTETS_MAX);
	f->ready = front_ready_new();
	f->spelled = front_spelled_new();
	f->app = (struct server_app){
		.on_head = on_head,
		.on_request = on_request,
		.on_refuse = on_refuse,
		.on_done = on_done,
		.ctx = f,
	};
}
