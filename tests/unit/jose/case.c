/* SPDX-License-Identifier: Apache-2.0 */
#include "case.h"

#include <criterion/criterion.h>
#include <string.h>

#include "codec/base64.h"

void
case_body(struct buf *ret, const char *input, const char *signature)
{
	const char *dot = strchr(input, '.');

	cr_assert(dot != NULL);
	buf_printf(ret,
	    "{\"protected\":\"%.*s\",\"payload\":\"%s\",\"signature\":\"%s\"}",
	    (int)(dot - input), input, dot + 1, signature);
}

void
case_clear(struct buf *ret, const char *header, const char *payload)
{
	buf_puts(ret, "{\"protected\":\"");
	base64url_put(ret, bytes_str(header));
	buf_puts(ret, "\",\"payload\":\"");
	base64url_put(ret, bytes_str(payload));
	buf_puts(ret, "\",\"signature\":\"AA\"}");
}

struct jws *
case_jws(const char *input, const char *signature)
{
	struct buf b;
	struct jws *s = NULL;
	struct err e = { 0 };

	buf_init(&b, KIB(64));
	case_body(&b, input, signature);
	cr_assert(jws_parse(buf_bytes(&b), &s, &e), "%s", e.detail);
	buf_free(&b);
	return s;
}

struct jwk *
case_jwk(const char *text)
{
	struct jwk *k = NULL;
	struct err e = { 0 };

	cr_assert(jwk_read_text(bytes_str(text), &k, &e), "%s: %s", text, e.detail);
	return k;
}

void
case_signed(struct case_signed *ret, const char *alg, const char *input,
    const char *signature)
{
	struct err e = { 0 };

	*ret = (struct case_signed){ .s = { .alg = alg, .input = bytes_str(input) } };
	buf_init(&ret->signature, KIB(4));
	cr_assert(base64url_read(bytes_str(signature), &ret->signature, &e), "%s",
	    e.detail);
	ret->s.signature = buf_bytes(&ret->signature);
}

void
case_signed_free(struct case_signed *c)
{
	buf_free(&c->signature);
}
