/* SPDX-License-Identifier: Apache-2.0 */
#include "api/front_ocsp.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

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

static bool
is_conditional(const struct exchange *x)
{
	return !bytes_eq_str(exchange_method(x),
	    "POST"); /* RFC 9110 13.1.2: GET and HEAD */
}

static void
answer_kept(struct exchange *x, const struct front_kept_answer *k, int64_t now)
{
	const struct freshness f = { k->etag, k->modified_at, k->expires_at };
	const bool holds = is_conditional(x) &&
			   freshness_holds(&f, exchange_header(x, "If-None-Match"),
			       exchange_header(x, "If-Modified-Since"));

	buf_put(exchange_headers(x), content_octets(k->headers));
	freshness_put_age(exchange_headers(x), k->expires_at, now);
	exchange_answer(x, &(struct answer){
			       .status = holds ? 304 : 200,
			       .content_type = bytes_str(holds ? "" : OCSP_TYPE),
			       .content = k->content,
			   });
}

static void
serve(struct front *f, struct exchange *x, struct bytes request)
{
	struct front_kept_answer kept;
	struct front_kept_key key;
	const int64_t now = clock_now();

	if (!key_of(request, &key)) {
		ask(f, x, NULL);
		return;
	}
	if (!front_kept_get(f->kept, &key, now, &kept)) {
		ask(f, x, &key);
		return;
	}
	/* Refused, it is tried again in a while: there is still half a life left. */
	if (kept.renew && may_ask(f))
		f->renew_live(f->ctx, request, &key);
	answer_kept(x, &kept, now);
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
	serve(f, x, exchange_body(x));
}

/* What cannot be decoded core refuses, in OCSP's words (P80, P81). */
void
front_ocsp_get(struct front *f, struct exchange *x)
{
	const struct bytes text = bytes_skip(exchange_path(x), sizeof(PATH) - 1);
	struct buf plain, der;
	struct err ignored;

	buf_init(&plain, KIB(2));
	buf_init(&der, REQUEST_MAX);
	/* At once what it takes, instead of doubling. */
	if (buf_reserve(&plain, text.n) != NULL)
		buf_clear(&plain);
	if (text.n > KIB(2) || !uri_decode(text, &plain, &ignored) ||
	    !base64_read_lax(buf_bytes(&plain), &der, &ignored))
		buf_clear(&der);
	serve(f, x, buf_bytes(&der));
	buf_free(&plain);
	buf_free(&der);
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
