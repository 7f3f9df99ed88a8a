/* SPDX-License-Identifier: Apache-2.0 */
#include "api/front_ocsp.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "api/front_ready.h"
#include "api/front_spelled.h"
#include "base/clock.h"
#include "codec/base64.h"
#include "codec/prom.h"
#include "codec/uri.h"
#include "http/freshness.h"

#define OCSP_TYPE   "application/ocsp-response"
#define PATH        "/ocsp/"
#define REQUEST_MAX 512 /* octets; what is longer asks for more than one thing */

#define SECOND_US INT64_C(1000000)
#define BURST_US                                                                       \
	SECOND_US /* a second's requests may come at once: they queue at FRONT_OCSP_LIVE_MAX */

/* OCSPResponse { tryLater }: RFC 6960 4.2.1 */
static const uint8_t try_later[] = { 0x30, 0x03, 0x0a, 0x01, 0x03 };

static bool
key_of(struct bytes request, struct front_kept_key *ret)
{
	return request.n > 0 && request.n <= REQUEST_MAX &&
	       gnutls_hash_fast(GNUTLS_DIG_SHA256, request.p, request.n, ret->b) >= 0;
}

/* ---- live ---- */

/*
 * May one more go to core in this second?  'live_at_us' is when the next one is due
 * if they came one by one; it runs ahead by a burst at most.
 */
static bool
may_ask(struct front *f)
{
	const int64_t now = clock_mono_us();
	int64_t due = atomic_load(&f->live_at_us), next;

	do {
		if (due > now + BURST_US)
			return false;
		next = (due > now ? due : now) + SECOND_US / FRONT_OCSP_LIVE_PER_S;
	} while (!atomic_compare_exchange_weak(&f->live_at_us, &due, next));
	return true;
}

static void
ask(struct front *f, struct exchange *x, const struct front_kept_key *key)
{
	if (may_ask(f) && f->ask_live(f->ctx, x, key))
		return;
	atomic_fetch_add(&f->live_refused, 1);
	exchange_answer(x, &(struct answer){
			       .status = 503,
			       .content_type = bytes_str(OCSP_TYPE),
			       .headers = bytes_str("Retry-After: 1\n"),
			       .body = bytes_of(try_later, sizeof(try_later)),
			   });
}

/* ---- kept ---- */

/* RFC 9110 13.1.2: GET and HEAD alone can be. */
static bool
is_fresh(const struct exchange *x, const struct front_kept_answer *k)
{
	const struct freshness f = { k->etag, k->modified_at, k->expires_at };

	return !bytes_eq_str(exchange_method(x), "POST") &&
	       freshness_holds(&f, exchange_header(x, "If-None-Match"),
		   exchange_header(x, "If-Modified-Since"));
}

/* Many ask for this one in this second: what they get is put together once. */
static bool
answer_ready(struct front *f, struct exchange *x, const struct front_kept_key *key,
    const struct front_kept_answer *k, int64_t now)
{
	bool worth;
	struct exchange_ready *r =
	    front_ready_get(f->ready, key, k->content, now, &worth);

	if (r == NULL && worth) {
		struct buf headers;

		buf_init(&headers, KIB(2));
		buf_put(&headers, content_octets(k->headers));
		freshness_put_age(&headers, k->expires_at, now);
		r = exchange_ready_new(&(struct answer){ .status = 200,
					   .content_type = bytes_str(OCSP_TYPE),
					   .headers = buf_bytes(&headers),
					   .content = k->content },
		    now);
		buf_free(&headers);
		if (r != NULL)
			front_ready_put(f->ready, key, k->content, now, r);
	}
	if (r == NULL)
		return false;
	exchange_answer_ready(x, r);
	exchange_ready_unref(r);
	return true;
}

static void
answer_kept(struct front *f, struct exchange *x, const struct front_kept_key *key,
    const struct front_kept_answer *k, int64_t now)
{
	const bool fresh = is_fresh(x, k);

	if (!fresh && answer_ready(f, x, key, k, now))
		return;
	buf_put(exchange_headers(x), content_octets(k->headers));
	freshness_put_age(exchange_headers(x), k->expires_at, now);
	exchange_answer(x, &(struct answer){
			       .status = fresh ? 304 : 200,
			       .content_type = bytes_str(fresh ? "" : OCSP_TYPE),
			       .content = k->content,
			   });
}

/* What is asked, as it came: in the path as text, in the body as it is. */
struct question {
	bool in_path;
	struct bytes spelled;
	struct buf plain, der; /* of what was in the path */
};

/* The request's octets; none: what cannot be decoded core refuses, in OCSP's words (P80, P81). */
static struct bytes
read_question(struct question *q)
{
	struct err ignored;

	if (!q->in_path)
		return q->spelled;
	/* At once what it takes, instead of doubling. */
	if (buf_reserve(&q->plain, q->spelled.n) != NULL)
		buf_clear(&q->plain);
	buf_clear(&q->der);
	if (q->spelled.n > KIB(2) || !uri_decode(q->spelled, &q->plain, &ignored) ||
	    !base64_read_lax(buf_bytes(&q->plain), &q->der, &ignored))
		buf_clear(&q->der);
	return buf_bytes(&q->der);
}

static void
serve(struct front *f, struct exchange *x, struct question *q)
{
	struct front_kept_answer kept;
	struct front_kept_key key;
	const int64_t now = clock_now();
	const bool known = front_spelled_get(f->spelled, q->in_path, q->spelled, &key);

	if (!known && !key_of(read_question(q), &key)) {
		ask(f, x, NULL);
		return;
	}
	if (!front_kept_get(f->kept, &key, now, &kept)) {
		ask(f, x, &key);
		return;
	}
	if (!known) /* of what is kept alone: who asks at random takes no place (S32) */
		front_spelled_put(f->spelled, q->in_path, q->spelled, &key);
	/* Refused, it is tried again in a while: there is still half a life left. */
	if (kept.renew && may_ask(f))
		f->renew_live(f->ctx, read_question(q), &key);
	answer_kept(f, x, &key, &kept, now);
	front_kept_release(&kept);
}

void
front_ocsp_keep(struct front *f, const struct front_kept_key *key,
    const struct msg_http_response *m)
{
	if (m->keep.tag.n > 0 && m->status == 200 &&
	    bytes_eq_str(m->content_type, OCSP_TYPE))
		front_kept_put(f->kept, key, &m->keep, m->body, clock_now());
}

/* ---- the routes ---- */

void
front_ocsp_post(struct front *f, struct exchange *x)
{
	struct question q = { .spelled = exchange_body(x) };

	serve(f, x, &q);
}

void
front_ocsp_get(struct front *f, struct exchange *x)
{
	struct question q = { .in_path = true,
		.spelled = bytes_skip(exchange_path(x), sizeof(PATH) - 1) };

	buf_init(&q.plain, KIB(2));
	buf_init(&q.der, REQUEST_MAX);
	serve(f, x, &q);
	buf_free(&q.plain);
	buf_free(&q.der);
}

/* ---- numbers ---- */

static void
single(struct buf *b, const char *name, const char *type, const char *help,
    double value)
{
	prom_family(b, name, type, help);
	prom_put(b, name, value, PROM_PLAIN);
}

void
front_ocsp_metrics(struct front *f, struct buf *b)
{
	static const char *const ends[] = {
		[FRONT_KEPT_EVICTED] = "evicted",
		[FRONT_KEPT_EXPIRED] = "expired",
		[FRONT_KEPT_REPLACED] = "renewed",
		[FRONT_KEPT_FORGOTTEN] = "forgotten",
	};
	struct front_kept_stats s;

	front_kept_stats(f->kept, &s);
	single(b, "hanaper_ocsp_cache_hits_total", "counter",
	    "OCSP requests that front answered by itself.", (double)s.hits);
	single(b, "hanaper_ocsp_cache_misses_total", "counter",
	    "OCSP requests that could have been, but were not kept.", (double)s.misses);
	single(b, "hanaper_ocsp_cache_entries", "gauge", "OCSP answers that are kept.",
	    (double)s.entries);
	single(b, "hanaper_ocsp_cache_size_bytes", "gauge",
	    "Octets of memory that they take.", (double)s.octets);
	prom_family(b, "hanaper_ocsp_cache_dropped_total", "counter",
	    "OCSP answers that are kept no more, and why.");
	for (size_t i = 0; i < FRONT_KEPT_ENDS; i++)
		prom_put(b, "hanaper_ocsp_cache_dropped_total", (double)s.ended[i],
		    PROM_LABELS({ "reason", ends[i] }));
	single(b, "hanaper_ocsp_live_refused_total", "counter",
	    "OCSP requests that were told to try later: too many at once.",
	    (double)atomic_load(&f->live_refused));
}
