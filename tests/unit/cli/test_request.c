/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "cli/request.h"
#include "x509/csr.h"

Test(request, a_name_tells_its_type_by_its_look_or_by_a_word_in_front)
{
	static const struct {
		const char *word;
		enum name_type type;
		const char *text, *base;
	} rows[] = {
		{ "Web.Internal", NAME_TYPE_DNS, "web.internal", "web.internal" },
		{ "*.web.test", NAME_TYPE_DNS, "*.web.test", "_wildcard.web.test" },
		{ "B\u00fccher.test", NAME_TYPE_DNS, "xn--bcher-kva.test",
		    "xn--bcher-kva.test" },
		{ "*.stra\u00dfe.test", NAME_TYPE_DNS, "*.xn--strae-oqa.test",
		    "_wildcard.xn--strae-oqa.test" },
		{ "127.0.0.1", NAME_TYPE_IP, "127.0.0.1", "127.0.0.1" },
		{ "::1", NAME_TYPE_IP, "::1", "__1" },
		{ "spiffe://td/ns/a", NAME_TYPE_URI, "spiffe://td/ns/a", "td_ns_a" },
		{ "me@mail.test", NAME_TYPE_EMAIL, "me@mail.test", "me@mail.test" },
		{ "dns:web.test", NAME_TYPE_DNS, "web.test", "web.test" },
		{ "ip:10.0.0.1", NAME_TYPE_IP, "10.0.0.1", "10.0.0.1" },
	};

	for (size_t i = 0; i < NITEMS(rows); i++) {
		struct names n = { 0 };
		struct err e = { 0 };

		cr_assert(request_add_name(&n, rows[i].word, &e), "%s", e.detail);
		cr_expect_eq(n.v[0].type, rows[i].type, "%s", rows[i].word);
		cr_expect_str_eq(n.v[0].text, rows[i].text);
		char *base = request_base(&n);

		cr_expect_str_eq(base, rows[i].base);
		free(base);
		names_free(&n);
	}
}

Test(request, what_is_no_name_is_refused_with_a_reason)
{
	static const char *const words[] = { "", "a b", "ip:web", "dns:10.0.0.1",
		"-x.test", "a..b", "web.test:443" };

	for (size_t i = 0; i < NITEMS(words); i++) {
		struct names n = { 0 };
		struct err e = { 0 };

		cr_expect_not(request_add_name(&n, words[i], &e), "%s", words[i]);
		cr_expect_neq(e.detail[0], '\0');
		cr_expect_eq(n.n, 0);
		names_free(&n);
	}
}

/* P50, P51 */
Test(request, a_csr_holds_the_names_and_proves_the_key)
{
	struct names n = { 0 };
	struct key *key = NULL;
	struct csr *csr = NULL;
	struct buf pem;
	struct err e = { 0 };

	buf_init(&pem, KIB(64));
	cr_assert(request_add_name(&n, "web.test", &e));
	cr_assert(request_add_name(&n, "::1", &e));
	cr_assert(key_generate(KEY_ALG_ECDSA_P256, 0, &key, &e), "%s", e.detail);
	cr_assert(request_csr(key, &n, &pem, &e), "%s", e.detail);
	cr_assert(csr_parse_any(buf_bytes(&pem), &csr, &e), "%s", e.detail);
	cr_expect(csr_verify(csr, &e), "%s", e.detail);
	cr_expect(names_same(&csr->names, &n));
	csr_free(csr);
	key_free(key);
	names_free(&n);
	buf_free(&pem);
}

Test(request, a_word_that_json_has_no_text_for_is_refused_and_never_left_out)
{
	json_t *o = json_object();
	struct strings words = { 0 };
	struct err e = { 0 };

	cr_expect(request_put(o, "a", "\xc3\xbc", &e));
	cr_expect(request_put(o, "none", NULL, &e));
	strings_add(&words, "k=v=w");
	strings_add(&words, "empty=");
	cr_expect(request_put_metadata(o, &words, &e));
	char *text = json_dumps(o, JSON_COMPACT | JSON_SORT_KEYS);
	cr_expect_str_eq(text,
	    "{\"a\":\"\xc3\xbc\",\"metadata\":{\"empty\":\"\",\"k\":\"v=w\"}}");
	free(text);

	cr_expect_not(request_put(o, "b", "M\xfcller", &e));
	cr_expect_eq(e.code, ERR_MALFORMED);
	cr_expect_str_eq(e.detail, "b: \"M?ller\" is not text in UTF-8");
	cr_expect_not(request_put(o, "\xfc", "b", &e));
	cr_expect_eq(e.code, ERR_MALFORMED);
	strings_add(&words, "\xfc=b");
	cr_expect_not(request_put_metadata(o, &words, &e));
	cr_expect_eq(e.code, ERR_MALFORMED);
	strings_free(&words);
	json_decref(o);
}
