/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "case.h"
#include "vectors.h"

#define URL  "\"url\":\"https://ca.example/x\""
#define GOOD "{\"alg\":\"ES256\",\"nonce\":\"AAAA\"," URL ",\"kid\":\"k\"}"

static void
refused(const char *body, const char *part)
{
	struct jws *s = NULL;
	struct err e = { 0 };

	cr_expect_not(jws_parse(bytes_str(body), &s, &e), "let through: %s", body);
	cr_expect_eq(e.code, ERR_MALFORMED, "%s: %s", body, e.detail);
	cr_expect(strstr(e.detail, part) != NULL, "%s: \"%s\" lacks \"%s\"", body,
	    e.detail, part);
	cr_expect_eq(s, NULL, "ret is untouched on failure");
}

static void
refused_header(const char *header, const char *part)
{
	struct buf b;

	buf_init(&b, KIB(64));
	case_clear(&b, header, "{}");
	refused(buf_str(&b), part);
	buf_free(&b);
}

static struct jws *
parse_clear(const char *header, const char *payload)
{
	struct buf b;
	struct jws *s = NULL;
	struct err e = { 0 };

	buf_init(&b, KIB(64));
	case_clear(&b, header, payload);
	cr_assert(jws_parse(buf_bytes(&b), &s, &e), "%s: %s", header, e.detail);
	buf_free(&b);
	return s;
}

/* A42, A57 */
Test(jws, what_was_signed_is_told_as_it_was_received)
{
	for (size_t i = 0; i < NITEMS(vectors); i++) {
		struct jws *s = case_jws(vectors[i].input, vectors[i].signature);

		cr_expect_str_eq(s->alg, vectors[i].alg);
		cr_expect_str_eq(s->nonce, VECTOR_NONCE);
		cr_expect_str_eq(s->url, VECTOR_URL);
		cr_expect_eq(s->kid, NULL);
		cr_expect(json_is_object(s->jwk));
		cr_expect(bytes_eq_str(s->payload, VECTOR_PAYLOAD));
		cr_expect(bytes_eq_str(s->input, vectors[i].input));
		jws_free(s);
	}
}

/* A39, A42, A55 */
Test(jws, an_account_is_named_by_kid_and_a_payload_may_be_empty)
{
	struct jws *s = case_jws(post_as_get[0], post_as_get[1]);
	struct jwk *k = case_jwk(vectors[0].jwk);
	struct err e = { 0 };

	cr_expect_str_eq(s->kid, VECTOR_KID);
	cr_expect_eq(s->jwk, NULL);
	cr_expect_eq(s->payload.n, 0);
	cr_expect(jws_verify(s, k, &e), "%s", e.detail);
	jwk_free(k);
	jws_free(s);
}

/* A36 to A40, A55, R61 */
Test(jws, other_serializations_and_members_that_are_missing_are_refused)
{
	static const struct {
		const char *body, *part;
	} bad[] = {
		{ "", "empty" },
		{ " ", "JSON" },
		{ "a.b.c", "JSON" },
		{ "[]", "not an object" },
		{ "\"a.b.c\"", "not an object" },
		{ "null", "not an object" },
		{ "{}", "\"protected\" is missing" },
		{ "{\"payload\":\"\",\"signature\":\"\"}", "\"protected\" is missing" },
		{ "{\"protected\":{},\"payload\":\"\",\"signature\":\"\"}",
		    "must be a string" },
		{ "{\"protected\":\"e30\",\"signature\":\"\"}",
		    "\"payload\" is missing" },
		{ "{\"protected\":\"e30\",\"payload\":null,\"signature\":\"\"}",
		    "\"payload\" must be" },
		{ "{\"protected\":\"e30\",\"payload\":{},\"signature\":\"\"}",
		    "\"payload\" must be" },
		{ "{\"protected\":\"e30\",\"payload\":\"\"}",
		    "\"signature\" is missing" },
		{ "{\"protected\":\"e30\",\"payload\":\"\",\"signature\":1}",
		    "\"signature\" must be" },
		{ "{\"protected\":\"e30\",\"protected\":\"e30\"}", "duplicate" },
		{ "{\"payload\":\"\",\"signatures\":[]}", "general" },
		{ "{\"protected\":\"e30\",\"payload\":\"\",\"signature\":\"\","
		  "\"signatures\":[{\"protected\":\"e30\",\"signature\":\"\"}]}",
		    "general" },
		{ "{\"protected\":\"e30\",\"payload\":\"\",\"signature\":\"\","
		  "\"header\":{}}",
		    "unprotected" },
		{ "{\"protected\":\"e30\",\"payload\":\"\",\"signature\":\"\","
		  "\"header\":null}",
		    "unprotected" },
		{ "{\"protected\":\"\",\"payload\":\"\",\"signature\":\"\"}", "empty" },
		{ "{\"protected\":\"e30=\",\"payload\":\"\",\"signature\":\"\"}",
		    "padding" },
		{ "{\"protected\":\"e3+0\",\"payload\":\"\",\"signature\":\"\"}",
		    "alphabet" },
		{ "{\"protected\":\"W10\",\"payload\":\"\",\"signature\":\"\"}",
		    "protected header: not an object" },
		{ "{\"protected\":\"e30\",\"payload\":\"\",\"signature\":\"\"}",
		    "\"alg\" is missing" },
		{ "{\"protected\":\"e30\",\"payload\":\"\",\"signature\":\"\"} x",
		    "JSON" },
		{ "{\"protected\":\"e30\",\"payload\":\"\",\"signature\":\"\\u0000\"}",
		    "JSON" },
		{ "{\"protected\":\"e30\",\"payload\":\"\",\"signature\":\"\xff\"}",
		    "JSON" },
	};

	for (size_t i = 0; i < NITEMS(bad); i++)
		refused(bad[i].body, bad[i].part);
}

/* A21, R85 */
Test(jws, deep_nesting_is_refused_outside_and_inside)
{
	char deep[200];

	memset(deep, '[', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	refused(deep, "nested deeper");
	refused_header(deep, "nested deeper");
}

/* A5: in each of the three, every octet that is not of the alphabet. */
Test(jws, octets_outside_base64url_are_refused_wherever_they_stand)
{
	/* {"alg":"ES256","url":"u","kid":"k"} */
	static const char header[] = "eyJhbGciOiJFUzI1NiIsInVybCI6InUiLCJraWQiOiJrIn0";
	static const char *const bad[] = { "AA==", "AAA=", "AA=", "A+AA", "A/AA", "A A",
		"AA\\n", "A.AA", "\\u00e4AAA", "A", "AB" };

	for (size_t i = 0; i < NITEMS(bad); i++)
		for (size_t place = 0; place < 3; place++) {
			struct buf b;

			buf_init(&b, KIB(1));
			buf_printf(&b,
			    "{\"protected\":\"%s\",\"payload\":\"%s\",\"signature\":\"%"
			    "s\"}",
			    place == 0 ? bad[i] : header, place == 1 ? bad[i] : "",
			    place == 2 ? bad[i] : "");
			refused(buf_str(&b), "base64");
			buf_free(&b);
		}
}

/* A40, A42 to A44, A49, A59, R61, R63 */
Test(jws, headers_that_lack_something_or_hold_too_much_are_refused)
{
	static const struct {
		const char *header, *part;
	} bad[] = {
		{ "{\"nonce\":\"AA\"," URL ",\"kid\":\"k\"}", "\"alg\" is missing" },
		{ "{\"alg\":null," URL ",\"kid\":\"k\"}", "\"alg\" must be" },
		{ "{\"alg\":[\"ES256\"]," URL ",\"kid\":\"k\"}", "\"alg\" must be" },
		{ "{\"alg\":\"ES256\",\"nonce\":1," URL ",\"kid\":\"k\"}",
		    "\"nonce\" must be" },
		{ "{\"alg\":\"ES256\",\"nonce\":null," URL ",\"kid\":\"k\"}",
		    "\"nonce\" must be" },
		{ "{\"alg\":\"ES256\",\"nonce\":\"AA\",\"kid\":\"k\"}",
		    "\"url\" is missing" },
		{ "{\"alg\":\"ES256\",\"url\":7,\"kid\":\"k\"}", "\"url\" must be" },
		{ "{\"alg\":\"ES256\",\"url\":[" URL "],\"kid\":\"k\"}", "JSON" },
		{ "{\"alg\":\"ES256\"," URL "}", "neither" },
		{ "{\"alg\":\"ES256\"," URL ",\"kid\":\"k\",\"jwk\":{}}", "both" },
		{ "{\"alg\":\"ES256\"," URL ",\"kid\":\"\",\"jwk\":{}}", "both" },
		{ "{\"alg\":\"ES256\"," URL ",\"kid\":null,\"jwk\":{}}",
		    "\"kid\" must be" },
		{ "{\"alg\":\"ES256\"," URL ",\"kid\":{}}", "\"kid\" must be" },
		{ "{\"alg\":\"ES256\"," URL ",\"jwk\":\"k\"}", "\"jwk\" must be" },
		{ "{\"alg\":\"ES256\"," URL ",\"jwk\":null}", "\"jwk\" must be" },
		{ "{\"alg\":\"ES256\"," URL ",\"kid\":\"k\",\"crit\":[]}", "\"crit\"" },
		{ "{\"alg\":\"ES256\"," URL ",\"kid\":\"k\",\"crit\":[\"exp\"],"
		  "\"exp\":1}",
		    "\"crit\"" },
		{ "{\"alg\":\"ES256\"," URL ",\"kid\":\"k\",\"b64\":false,"
		  "\"crit\":[\"b64\"]}",
		    "\"crit\"" },
		{ "{\"alg\":\"ES256\"," URL ",\"kid\":\"k\",\"b64\":false}",
		    "\"b64\"" },
		{ "{\"alg\":\"ES256\"," URL ",\"kid\":\"k\",\"b64\":true}", "\"b64\"" },
		{ "{\"alg\":\"none\",\"alg\":\"ES256\"," URL ",\"kid\":\"k\"}",
		    "duplicate" },
		{ "{\"alg\":\"ES256\"," URL "," URL ",\"kid\":\"k\"}", "duplicate" },
		{ "{\"alg\":\"ES256\"," URL ",\"jwk\":{\"kty\":\"EC\",\"kty\":\"EC\"}}",
		    "duplicate" },
		{ GOOD GOOD, "JSON" },
		{ GOOD "\n\n}", "JSON" },
		{ "", "empty" },
		{ "\"x\"", "not an object" },
		{ "[" GOOD "]", "not an object" },
	};

	for (size_t i = 0; i < NITEMS(bad); i++)
		refused_header(bad[i].header, bad[i].part);
}

/* A41 */
Test(jws, members_that_nobody_knows_are_ignored)
{
	struct jws *s = NULL;
	struct err e = { 0 };
	static const char body[] =
	    "{\"protected\":\"eyJhbGciOiJFUzI1NiIsInVybCI6InUiLCJraWQiOiJrIn0\","
	    "\"payload\":\"e30\",\"signature\":\"\",\"more\":[1],\"resource\":\"new-"
	    "reg\"}";

	cr_assert(jws_parse(bytes_str(body), &s, &e), "%s", e.detail);
	cr_expect_str_eq(s->url, "u");
	cr_expect_eq(s->nonce, NULL);
	jws_free(s);
	jws_free(
	    parse_clear("{\"typ\":\"JWT\",\"cty\":\"x\",\"jku\":\"http://127.0.0.1/\","
			"\"x5c\":[],\"alg\":\"ES256\"," URL ",\"kid\":\"k\"}",
		"{}"));
}

/* A63, A64, R85 */
Test(jws, a_payload_that_is_no_object_is_refused_where_one_is_due)
{
	static const char *const bad[] = { "", "[1]", "\"x\"", "1", "null", "true", "{",
		"{}{}", "{\"a\":1,\"a\":2}", "\xff" };

	for (size_t i = 0; i < NITEMS(bad); i++) {
		struct jws *s = parse_clear(GOOD, bad[i]);
		json_t *v = NULL;
		struct err e = { 0 };

		cr_expect_not(jws_payload_object(s, &v, &e), "%s", bad[i]);
		cr_expect_eq(e.code, ERR_MALFORMED);
		cr_expect_neq(e.detail[0], '\0');
		cr_expect_eq(v, NULL);
		jws_free(s);
	}
	struct jws *s = parse_clear(GOOD, " {\"a\": 1}\n");
	json_t *v = NULL;
	struct err e = { 0 };
	cr_assert(jws_payload_object(s, &v, &e), "%s", e.detail);
	cr_expect_eq(json_integer_value(json_object_get(v, "a")), 1);
	json_decref(v);
	jws_free(s);
}

/* A59, R63 */
Test(jws, a_url_is_compared_character_by_character)
{
	static const char *const others[] = { "", "https://ca.example/",
		"https://ca.example/x/", "https://ca.example/X", "HTTPS://ca.example/x",
		"https://ca.example:443/x", "https://other.example/x",
		"https://ca.example/x?", "/x" };
	struct jws *s = parse_clear(GOOD, "{}");
	struct err e = { 0 };

	cr_expect(jws_check_url(s, "https://ca.example/x", &e), "%s", e.detail);
	for (size_t i = 0; i < NITEMS(others); i++) {
		e = (struct err){ 0 };
		cr_expect_not(jws_check_url(s, others[i], &e), "%s", others[i]);
		cr_expect_eq(e.code, ERR_FORBIDDEN);
	}
	jws_free(s);
}

/* A125, A118: one lies in the payload of another. */
Test(jws, one_inside_another_is_read_by_the_same_rules)
{
	struct buf inner;
	struct err e = { 0 };
	struct jws *s = NULL, *in = NULL;
	json_t *v = NULL;

	buf_init(&inner, KIB(64));
	case_body(&inner, vectors[1].input, vectors[1].signature);
	s = parse_clear(GOOD, buf_str(&inner));
	cr_assert(jws_payload_object(s, &v, &e), "%s", e.detail);
	cr_assert(jws_parse_json(v, &in, &e), "%s", e.detail);
	json_decref(v);
	jws_free(s);

	struct jwk *k = NULL;
	cr_assert(jws_key(in, &k, &e), "%s", e.detail);
	cr_expect(jws_verify(in, k, &e), "%s", e.detail);
	jwk_free(k);
	jws_free(in);
	buf_free(&inner);

	in = NULL;
	cr_expect_not(jws_parse_json(NULL, &in, &e));
	cr_expect_eq(e.code, ERR_MALFORMED);
	cr_expect_eq(in, NULL);
}

Test(jws, every_cut_of_a_good_request_is_refused)
{
	struct buf b;

	buf_init(&b, KIB(64));
	case_body(&b, vectors[0].input, vectors[0].signature);
	for (size_t n = 0; n < b.n; n++) {
		struct jws *s = NULL;
		struct err e = { 0 };

		cr_assert_not(jws_parse(bytes_of(b.p, n), &s, &e));
		cr_assert_eq(e.code, ERR_MALFORMED);
		cr_assert_eq(s, NULL);
	}
	buf_putc(&b, '}');
	refused(buf_str(&b), "JSON");
	buf_free(&b);
}

/* A41, A42: a request is read in place where it can be, and else by the JSON reader. */
Test(jws, it_is_the_same_request_however_its_json_is_written)
{
	static const char *const same[] = {
		GOOD,
		" {\t\"alg\" :\r\n\"ES256\", \"nonce\": \"AAAA\"," URL
		",\"kid\":\"k\"} ",
		"{\"kid\":\"k\"," URL ",\"nonce\":\"AAAA\",\"alg\":\"ES256\"}",
		"{\"alg\":\"ES\\u003256\",\"nonce\":\"AAAA\"," URL ",\"kid\":\"k\"}",
		"{\"a\\u006cg\":\"ES256\",\"nonce\":\"AAAA\"," URL ",\"kid\":\"k\"}",
		"{\"alg\":\"ES256\",\"nonce\":\"AAAA\"," URL ",\"kid\":\"k\",\"x\":1}",
		"{\"alg\":\"ES256\",\"nonce\":\"AAAA\"," URL
		",\"kid\":\"k\",\"x\":\"\xc3\xa4\"}",
		"{\"1\":\"\",\"2\":\"\",\"3\":\"\",\"4\":\"\",\"alg\":\"ES256\","
		"\"nonce\":\"AAAA\"," URL ",\"kid\":\"k\"}",
		"{\"1\":\"\",\"2\":\"\",\"3\":\"\",\"4\":\"\",\"5\":\"\",\"alg\":"
		"\"ES256\","
		"\"nonce\":\"AAAA\"," URL ",\"kid\":\"k\"}",
	};

	for (size_t i = 0; i < NITEMS(same); i++) {
		struct jws *s = parse_clear(same[i], "{}");

		cr_expect_str_eq(s->alg, "ES256", "%s", same[i]);
		cr_expect_str_eq(s->nonce, "AAAA", "%s", same[i]);
		cr_expect_str_eq(s->url, "https://ca.example/x", "%s", same[i]);
		cr_expect_str_eq(s->kid, "k", "%s", same[i]);
		cr_expect_eq(s->jwk, NULL);
		jws_free(s);
	}
}

/* A42, R61: what is escaped is refused as what is not. */
Test(jws, no_spelling_hides_a_member)
{
	refused_header("{\"alg\":\"ES256\"," URL ",\"kid\":\"k\",\"crit\":\"\"}",
	    "\"crit\"");
	refused_header("{\"alg\":\"ES256\"," URL ",\"kid\":\"k\",\"\\u0063rit\":\"\"}",
	    "\"crit\"");
	refused_header("{\"alg\":\"ES256\"," URL ",\"kid\":\"k\",\"b64\":\"\"}",
	    "\"b64\"");
	refused_header("{\"alg\":\"ES256\"," URL
		       ",\"kid\":\"k\",\"\\u0061lg\":\"none\"}",
	    "duplicate");
	refused_header("{\"alg\":\"ES256\"," URL ",\"kid\":\"k\",\"jwk\":\"\"}",
	    "\"jwk\" must be");
	refused_header("{\"alg\":\"ES256\"," URL ",\"kid\":\"k\\u0000\"}", "JSON");
	refused("{\"protected\":\"e30\",\"payload\":\"\",\"signature\":\"\","
		"\"header\":\"\"}",
	    "unprotected");
	refused("{\"protected\":\"e30\",\"payload\":\"\",\"signature\":\"\","
		"\"h\\u0065ader\":\"\"}",
	    "unprotected");
	refused("{\"protected\":\"e30\",\"payload\":\"\",\"signature\":\"\","
		"\"payload\":\"\"}",
	    "duplicate");
}
