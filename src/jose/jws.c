/* SPDX-License-Identifier: Apache-2.0 */
#include "jose/jws.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "codec/base64.h"
#include "codec/json_flat.h"

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
decode(const char *name, struct bytes text, struct buf *ret, struct err *e)
{
	buf_init(ret, text.n);
	return base64url_read(text, ret, e) || err_prefix(e, name);
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

/* The text that a member of the header holds; a NUL takes the place of its quote. */
static const char *
text_at(struct jws *s, const struct json_flat *h, const char *name)
{
	const struct bytes *v = json_flat_find(h, name);

	if (v == NULL)
		return NULL;
	s->header_b.p[(size_t)(v->p - s->header_b.p) + v->n] = '\0';
	return (const char *)v->p;
}

/* What an account's client sends; anything else is read_header()'s to judge. */
static bool
read_flat_header(struct jws *s)
{
	struct json_flat h;

	if (!json_flat_read(buf_bytes(&s->header_b), &h) ||
	    json_flat_find(&h, "alg") == NULL || json_flat_find(&h, "url") == NULL ||
	    json_flat_find(&h, "kid") == NULL || json_flat_find(&h, "jwk") != NULL)
		return false;
	for (size_t i = 0; i < NITEMS(header_refusals); i++)
		if (json_flat_find(&h, header_refusals[i].name) != NULL)
			return false;
	s->alg = text_at(s, &h, "alg");
	s->nonce = text_at(s, &h, "nonce");
	s->url = text_at(s, &h, "url");
	s->kid = text_at(s, &h, "kid");
	return true;
}

static bool
parse_header(struct jws *s, struct bytes text, struct err *e)
{
	return decode("\"protected\"", text, &s->header_b, e) &&
	       (read_flat_header(s) ||
		   (json_read(buf_bytes(&s->header_b), &s->header, e) &&
		       read_header(s, e)) ||
		   err_prefix(e, "protected header"));
}

struct parts { /* as they came */
	struct bytes header, payload, signature;
};

static bool
parse(const struct parts *p, struct jws *s, struct err *e)
{
	if (!parse_header(s, p->header, e) ||
	    !decode("\"payload\"", p->payload, &s->payload_b, e) ||
	    !decode("\"signature\"", p->signature, &s->signature_b, e))
		return false;
	buf_init(&s->input_b, p->header.n + 1 + p->payload.n);
	buf_put(&s->input_b, p->header);
	buf_putc(&s->input_b, '.');
	buf_put(&s->input_b, p->payload);
	s->payload = buf_bytes(&s->payload_b);
	s->input = buf_bytes(&s->input_b);
	s->signature = buf_bytes(&s->signature_b);
	return true;
}

static bool
parts_of(const json_t *flattened, struct parts *ret, struct err *e)
{
	const char *header, *payload, *signature;

	if (!json_is_object(flattened))
		return err_set(e, ERR_MALFORMED, "not an object");
	if (!refuse(flattened, outer_refusals, NITEMS(outer_refusals), e) ||
	    !text_member(flattened, "protected", true, &header, e) ||
	    !text_member(flattened, "payload", true, &payload, e) ||
	    !text_member(flattened, "signature", true, &signature, e))
		return false;
	*ret = (struct parts){ bytes_str(header), bytes_str(payload),
		bytes_str(signature) };
	return true;
}

static bool
parts_of_flat(struct bytes body, struct parts *ret)
{
	const struct bytes *header, *payload, *signature;
	struct json_flat o;

	if (!json_flat_read(body, &o) ||
	    (header = json_flat_find(&o, "protected")) == NULL ||
	    (payload = json_flat_find(&o, "payload")) == NULL ||
	    (signature = json_flat_find(&o, "signature")) == NULL)
		return false;
	for (size_t i = 0; i < NITEMS(outer_refusals); i++)
		if (json_flat_find(&o, outer_refusals[i].name) != NULL)
			return false;
	*ret = (struct parts){ *header, *payload, *signature };
	return true;
}

static bool
parse_parts(const struct parts *p, struct jws **ret, struct err *e)
{
	struct jws *s = mem_zalloc(sizeof(*s));

	if (!parse(p, s, e)) {
		jws_free(s);
		return err_prefix(e, "JWS");
	}
	*ret = s;
	return true;
}

bool
jws_parse_json(const json_t *flattened, struct jws **ret, struct err *e)
{
	struct parts p;

	return parts_of(flattened, &p, e) ? parse_parts(&p, ret, e)
					  : err_prefix(e, "JWS");
}

bool
jws_parse(struct bytes body, struct jws **ret, struct err *e)
{
	struct parts p;
	json_t *v = NULL;

	if (parts_of_flat(body, &p))
		return parse_parts(&p, ret, e);
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
	buf_free(&s->header_b);
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
