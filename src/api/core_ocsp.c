/* SPDX-License-Identifier: Apache-2.0 */
/* POST /ocsp and GET /ocsp/{base64}: RFC 6960 appendix A, RFC 9919 for the caching. */
#include "api/core_routes.h"
#include "base/clock.h"
#include "ca/etag.h"
#include "ca/ocsp_answer.h"
#include "codec/base64.h"
#include "codec/uri.h"
#include "http/freshness.h"

#define OCSP_TYPE "application/ocsp-response"

/* For its life it is as good in a cache as here (RFC 9919 6).  False: for want of a hash it cannot be named. */
static bool
put_freshness(struct request *r, const struct ocsp_answer *a,
    char etag[static ETAG_LEN])
{
	const struct freshness f = { etag, a->modified_at, a->next_update };
	struct err ignored;

	if (!etag_of(a->response, etag, &ignored))
		return false;
	freshness_put(&r->headers, &f, clock_now());
	if (a->tag.n > 0)
		r->keep = (struct msg_keep){
			.tag = a->tag,
			.etag = bytes_str(etag),
			.modified_at = a->modified_at,
			.expires_at = a->next_update,
		};
	return true;
}

static void
on_answer(void *arg, const struct ocsp_answer *a)
{
	struct request *r = arg;
	char etag[ETAG_LEN];

	if (!a->cacheable || a->next_update <= clock_now() ||
	    !put_freshness(r, a, etag))
		request_header(r, "Cache-Control", "no-store");
	request_octets(r, 200, OCSP_TYPE, a->response);
}

/* RFC 6960 4.2.1: OCSP has words of its own for it. */
static void
on_overdue(void *arg)
{
	struct request *r = arg;
	uint8_t later[5];

	ocsp_status_response(OCSP_TRY_LATER, later);
	request_header(r, "Cache-Control", "no-store");
	request_header(r, "Retry-After", "5");
	request_octets(r, 503, OCSP_TYPE, bytes_of(later, sizeof(later)));
}

static void
start(struct request *r, struct bytes question)
{
	overdue_watch(r, on_overdue, r);
	ocsp_answer_start(r->ca, question, on_answer, r);
}

void
core_ocsp_post(struct request *r)
{
	start(r, r->in.body);
}

/* Base64, perhaps escaped, perhaps without padding; a '/' of it may look like a path (P80). */
void
core_ocsp_get(struct request *r)
{
	struct buf text, der;
	struct err e;

	buf_init(&text, KIB(8));
	buf_init(&der, KIB(8));
	/* An empty request is malformed, and told so in OCSP's words. */
	if (!uri_decode(r->params[0], &text, &e) ||
	    !base64_read_lax(buf_bytes(&text), &der, &e))
		buf_clear(&der);
	start(r, buf_bytes(&der));
	buf_free(&text);
	buf_free(&der);
}
