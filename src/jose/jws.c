/* SPDX-License-Identifier: Apache-2.0 */
#include "jose/jws.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "codec/base64.h"

/* Which members of an object must not be there, and why. */
struct refusal {
	const char *name, *why;
};

static const struct refusal outer_refusals[] = {
	{ "signatures", "is of the general serialization: send the flattened one" },
	{ "header", "is an unprotected header: nothing may stand there" },
};

static const struct refusal header_refusals[] = {
	{ "crit", "names extensions: none is understood" },
	{ "b64", "must be left out: the payload is always base64url" },
};

static bool
refuse(const json_t *object, const struct refusal *r, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++)
		if (json_object_get(object, r[i].name) != NULL)
			return err_set(e, ERR_MALFORMED, "\"%s\" %s", r[i].name,
			    r[i].why);
	return true;
}

/* Absent: *ret is NULL, unless it is required. */
static bool
text_member(const json_t *object, const char *name, bool required, const char **ret,
    struct err *e)
{
	const json_t *v = json_object_get(object, name);

	if (v == NULL && required)
		return err_set(e, ERR_MALFORMED, "\"%s\" is missing", name);
	if (v != NULL && !json_is_string(v))
		return err_set(e, ERR_MALFORMED, "\"%s\" must be a string", name);
	*ret = v == NULL ? NULL : json_string_value(v);
	return true;
}

static bool
decode(const char *name, const char *text, struct buf *ret, struct err *e)
{
	buf_init(ret, strlen(text));
	return base64url_read(bytes_str(text), ret, e) || err_prefix(e, name);
}

/* The protected header's members; what is not named here is ignored (RFC 7515 4). */
static bool
read_header(struct jws *s, struct err *e)
{
	const json_t *h = s->header;

	if (!json_is_object(h))
		return err_set(e, ERR_MALFORMED, "not an object");
	if (!refuse(h, header_refusals, NITEMS(header_refusals), e) ||
	    !text_member(h, "alg", true, &s->alg, e) ||
	    !text_member(h, "nonce", false, &s->nonce, e) ||
	    !text_member(h, "url", true, &s->url, e) ||
	    !text_member(h, "kid", false, &s->kid, e))
		return false;
	s->jwk = json_object_get(h, "jwk");
	if (s->jwk != NULL && !json_is_object(s->jwk))
		return err_set(e, ERR_MALFORMED, "\"jwk\" must be an object");
	if ((s->jwk == NULL) == (s->kid == NULL))
		return err_set(e, ERR_MALFORMED,
		    s->jwk == NULL ? "neither \"jwk\" nor \"kid\" is there"
				   : "both \"jwk\" and \"kid\" are there");
	return true;
}

static bool
parse_header(struct jws *s, const char *text, struct err *e)
{
	struct buf b;

	const bool ok =
	    decode("\"protected\"", text, &b, e) &&
	    ((json_read(buf_bytes(&b), &s->header, e) && read_header(s, e)) ||
		err_prefix(e, "protected header"));
	buf_free(&b);
	return ok;
}

static bool
parse(const json_t *flattened, struct jws *s, struct err *e)
{
	const char *header, *payload, *signature;

	if (!json_is_object(flattened))
		return err_set(e, ERR_MALFORMED, "not an object");
	if (!refuse(flattened, outer_refusals, NITEMS(outer_refusals), e) ||
	    !text_member(flattened, "protected", true, &header, e) ||
	    !text_member(flattened, "payload", true, &payload, e) ||
	    !text_member(flattened, "signature", true, &signature, e) ||
	    !parse_header(s, header, e) ||
	    !decode("\"payload\"", payload, &s->payload_b, e) ||
	    !decode("\"signature\"", signature, &s->signature_b, e))
		return false;
	buf_init(&s->input_b, strlen(header) + 1 + strlen(payload));
	buf_puts(&s->input_b, header);
	buf_putc(&s->input_b, '.');
	buf_puts(&s->input_b, payload);
	s->payload = buf_bytes(&s->payload_b);
	s->input = buf_bytes(&s->input_b);
	s->signature = buf_bytes(&s->signature_b);
	return true;
}

bool
jws_parse_json(const json_t *flattened, struct jws **ret, struct err *e)
{
	struct jws *s = mem_zalloc(sizeof(*s));

	if (!parse(flattened, s, e)) {
		jws_free(s);
		return err_prefix(e, "JWS");
	}
	*ret = s;
	return true;
}

bool
jws_parse(struct bytes body, struct jws **ret, struct err *e)
{
	json_t *v = NULL;

	if (!json_read(body, &v, e))
		return err_prefix(e, "JWS");
	const bool ok = jws_parse_json(v, ret, e);
	json_decref(v);
	return ok;
}

void
jws_free(struct jws *s)
{
	if (s == NULL)
		return;
	json_decref(s->header);
	buf_free(&s->payload_b);
	buf_free(&s->input_b);
	buf_free(&s->signature_b);
	free(s);
}

bool
jws_payload_object(const struct jws *s, json_t **ret, struct err *e)
{
	json_t *v = NULL;

	if (s->payload.n == 0)
		return err_set(e, ERR_MALFORMED,
		    "JWS: the payload is empty; an object is due here");
	if (!json_read(s->payload, &v, e))
		return err_prefix(e, "JWS payload");
	if (!json_is_object(v)) {
		json_decref(v);
		return err_set(e, ERR_MALFORMED, "JWS payload: not an object");
	}
	*ret = v;
	return true;
}
