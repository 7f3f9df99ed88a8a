/* SPDX-License-Identifier: Apache-2.0 */
/* POST /ocsp and GET /ocsp/{base64}: RFC 6960 appendix A, RFC 9919 for the caching. */
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "api/core_routes.h"
#include "base/clock.h"
#include "base/hex.h"
#include "base/mem.h"
#include "ca/ocsp_answer.h"
#include "codec/base64.h"
#include "codec/uri.h"

#define OCSP_TYPE "application/ocsp-response"

static void
put_http_date(struct request *r, const char *name, int64_t at)
{
	const time_t t = (time_t)at;
	char text[40];
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	request_header(r, name, text);
}

static void
put_etag(struct request *r, struct bytes response)
{
	uint8_t hash[32];
	char hex[2 * 16 + 1];

	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, response.p, response.n, hash) != 0)
		return; /* an ETag is a help, no must */
	hex_write(bytes_of(hash, 16), hex);
	char *quoted = mem_printf("\"%s\"", hex);
	request_header(r, "ETag", quoted);
	free(quoted);
}

static void
put_cache_headers(struct request *r, const struct ocsp_answer *a)
{
	const int64_t left = a->next_update - clock_now();

	if (!a->cacheable || left <= 0) {
		request_header(r, "Cache-Control", "no-store");
		return;
	}
	char *control =
	    mem_printf("max-age=%" PRId64 ", public, no-transform, must-revalidate",
		left);
	request_header(r, "Cache-Control", control);
	free(control);
	put_http_date(r, "Last-Modified", a->produced_at);
	put_http_date(r, "Expires", a->next_update);
	put_etag(r, a->response);
}

static void
on_answer(void *arg, const struct ocsp_answer *a)
{
	struct request *r = arg;

	put_cache_headers(r, a);
	request_octets(r, 200, OCSP_TYPE, a->response);
}

void
core_ocsp_post(struct request *r)
{
	ocsp_answer_start(r->ca, r->in.body, on_answer, r);
}

/* Base64, perhaps escaped, perhaps without padding; a '/' of it may look like a path (P80). */
void
core_ocsp_get(struct request *r)
{
	struct buf text, der;
	struct err e;

	buf_init(&text, KIB(8));
	buf_init(&der, KIB(8));
	if (!uri_decode(r->params[0], &text, &e) ||
	    !base64_read_lax(buf_bytes(&text), &der, &e))
		buf_clear(
		    &der); /* an empty request is malformed, and told so in OCSP's words */
	ocsp_answer_start(r->ca, buf_bytes(&der), on_answer, r);
	buf_free(&text);
	buf_free(&der);
}
