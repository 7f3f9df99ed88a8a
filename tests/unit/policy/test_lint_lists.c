/* SPDX-License-Identifier: Apache-2.0 */
/* Lints of CRLs and OCSP answers: each with the one fault that it is for. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "policy/lint.h"
#include "policy_data.h"

#define NOW           INT64_C(1800000000)
#define ECDSA         "1.2.840.10045.4.3.2"
#define CRL_NUMBER    "2.5.29.20"
#define AUTHORITY_KEY "2.5.29.35"
#define CRL_REASON    "2.5.29.21"

static void
put_alg(struct derw *w, const char *oid)
{
	const size_t mark = der_mark(w);

	der_put_oid(w, oid);
	der_wrap(w, DER_SEQUENCE, mark);
}

static void
put_name(struct derw *w, bool empty, bool odd)
{
	const size_t mark = der_mark(w);

	if (!empty) {
		der_put_tlv(w, DER_UTF8_STRING, bytes_str("CA"));
		if (odd) /* no type of attribute */
			der_put_null(w);
		else
			der_put_oid(w, "2.5.4.3");
		der_wrap(w, DER_SEQUENCE, mark);
		der_wrap(w, DER_SET, mark);
	}
	der_wrap(w, DER_SEQUENCE, mark);
}

/* 'octets' is what stands in the OCTET STRING. */
static void
put_ext(struct derw *w, const char *oid, bool critical, struct bytes octets)
{
	const size_t mark = der_mark(w);

	der_put_tlv(w, DER_OCTET_STRING, octets);
	if (critical)
		der_put_bool(w, true);
	der_put_oid(w, oid);
	der_wrap(w, DER_SEQUENCE, mark);
}

static void
finish(struct derw *w, const char *alg, struct buf *ret)
{
	struct err e = { 0 };
	struct derw all;

	derw_init(&all, KIB(64));
	der_put_raw(&all, bytes_str("signature"));
	der_wrap_bits(&all, 0);
	put_alg(&all, alg);
	der_put_raw(&all, der_bytes(w));
	der_wrap(&all, DER_SEQUENCE, 0);
	buf_clear(ret);
	cr_assert(der_take(&all, "test", ret, &e), "%s", e.detail);
	derw_free(&all);
	derw_free(w);
}

static void
expect(bool (*lint)(struct bytes, struct verdict *), struct bytes der, const char *rule,
    bool pass, bool silent)
{
	struct verdict v = { 0 };
	bool found = false;

	const bool all = lint(der, &v);
	for (size_t i = 0; i < v.n; i++)
		if (rule != NULL && strcmp(v.v[i].rule, rule) == 0) {
			found = true;
			cr_expect_eq(v.v[i].pass, pass, "%s", rule);
			cr_expect_eq(v.v[i].value[0] == '\0', silent, "%s: %s", rule,
			    v.v[i].value);
		} else
			cr_expect(v.v[i].value[0] == '\0', "%s: also %s: %s", rule,
			    v.v[i].rule, v.v[i].value);
	cr_expect_eq(all, pass, "%s", rule);
	cr_expect(rule == NULL || found, "%s", rule);
	verdict_free(&v);
}

/* ---- CRLs ---- */

struct crl_shape { /* what is wrong with it */
	bool v1, no_next, next_early, next_utc, no_issuer, odd_issuer, other_alg, weak,
	    no_number, big_number, number_critical, no_key, no_key_id, unknown,
	    unknown_twice, number_twice, empty_list, same_serial, negative, late_date,
	    generalized, reason_0, reason_7, reason_8;
	struct bytes scope; /* an issuingDistributionPoint */
	struct bytes delta; /* a deltaCRLIndicator; the list's number is 7 */
	struct bytes freshest;
};

static void
put_crl_entry(struct derw *w, const struct crl_shape *s, uint8_t serial)
{
	const size_t mark = der_mark(w);
	const unsigned reason = s->reason_0 ? 0 : s->reason_7 ? 7 : s->reason_8 ? 8 : 1;
	const uint8_t octets[] = { DER_ENUMERATED, 1, (uint8_t)reason };

	put_ext(w, CRL_REASON, false, bytes_of(octets, sizeof(octets)));
	der_wrap(w, DER_SEQUENCE, mark);
	if (s->generalized)
		der_put_generalized(w, NOW - 5);
	else
		der_put_time(w, s->late_date ? NOW + 60 : NOW - 5);
	der_put_tlv(w, DER_INTEGER,
	    bytes_of(&(uint8_t){ s->negative ? 0x80 : serial }, 1));
	der_wrap(w, DER_SEQUENCE, mark);
}

static void
put_crl_extensions(struct derw *w, const struct crl_shape *s)
{
	static const uint8_t number[] = { DER_INTEGER, 1, 7 };
	static const uint8_t key[] = { DER_SEQUENCE, 3, 0x80, 1, 9 };
	static const uint8_t no_key[] = { DER_SEQUENCE, 0 };
	uint8_t big[23] = { DER_INTEGER, 21, 1 };
	const size_t mark = der_mark(w);

	if (s->unknown) /* the last of two */
		put_ext(w, "1.2.3.4", true, bytes_of(number, 3));
	for (int i = 0; i < (s->unknown_twice ? 2 : s->unknown ? 1 : 0); i++)
		put_ext(w, "1.2.3.5", false, bytes_of(number, 3));
	if (s->scope.n > 0)
		put_ext(w, "2.5.29.28", true, s->scope);
	if (s->delta.n > 0)
		put_ext(w, "2.5.29.27", true, s->delta);
	if (s->freshest.n > 0)
		put_ext(w, "2.5.29.46", false, s->freshest);
	for (int i = 0; i < (s->no_number ? 0 : s->number_twice ? 2 : 1); i++)
		put_ext(w, CRL_NUMBER, s->number_critical,
		    s->big_number ? bytes_of(big, sizeof(big)) : bytes_of(number, 3));
	if (!s->no_key)
		put_ext(w, AUTHORITY_KEY, false,
		    s->no_key_id ? bytes_of(no_key, 2) : bytes_of(key, 5));
	der_wrap(w, DER_SEQUENCE, mark);
	der_wrap(w, DER_CONTEXT_CONSTRUCTED(0), mark);
}

static void
make_crl(const struct crl_shape *s, struct buf *ret)
{
	struct derw w;
	size_t mark;

	derw_init(&w, KIB(64));
	put_crl_extensions(&w, s);
	mark = der_mark(&w);
	if (!s->empty_list) {
		put_crl_entry(&w, s, s->same_serial ? 1 : 2);
		put_crl_entry(&w, s, 1);
	}
	der_wrap(&w, DER_SEQUENCE, mark);
	if (s->next_utc)
		der_put_generalized(&w, NOW + 3600);
	else if (!s->no_next)
		der_put_time(&w, s->next_early ? NOW : NOW + 3600);
	der_put_time(&w, NOW);
	put_name(&w, s->no_issuer, s->odd_issuer);
	put_alg(&w, s->weak ? "1.2.840.10045.4.1" : ECDSA);
	if (!s->v1)
		der_put_uint(&w, 1);
	der_wrap(&w, DER_SEQUENCE, 0);
	finish(&w,
	    s->weak        ? "1.2.840.10045.4.1"
	    : s->other_alg ? "1.3.101.112"
			   : ECDSA,
	    ret);
}

#define PLACE "\xa0\x05\xa0\x03\x86\x01x"

/* P69 */
Test(lint_lists, each_fault_of_a_delta_or_its_base_is_found)
{
	static const struct {
		struct crl_shape shape;
		const char *rule; /* NULL: none */
	} cases[] = {
		/* clang-format off */
		{ { .delta = OCTETS("\x02\x01\x06") }, NULL },
		{ { .delta = OCTETS("\x02\x01\x06"), .reason_8 = true }, NULL },
		{ { .freshest = OCTETS("\x30\x09\x30\x07" PLACE) }, NULL },
		{ { .freshest = OCTETS("\x30\x12\x30\x07" PLACE "\x30\x07" PLACE) }, NULL },
		{ { .delta = OCTETS("\x02\x01\x07") }, "lint.crl_delta" },
		{ { .delta = OCTETS("\x02\x01\x08") }, "lint.crl_delta" },
		{ { .delta = OCTETS("\x02\x02\x01\x06") }, "lint.crl_delta" },
		{ { .delta = OCTETS("\x02\x01\xff") }, "lint.crl_delta" },
		{ { .delta = OCTETS("\x0a\x01\x06") }, "lint.crl_delta" },
		{ { .delta = OCTETS("\x02\x01\x06"),
		    .freshest = OCTETS("\x30\x09\x30\x07" PLACE) }, "lint.crl_freshest" },
		{ { .freshest = OCTETS("\x30\x00") }, "lint.crl_freshest" },
		{ { .freshest = OCTETS("\x30\x02\x30\x00") }, "lint.crl_freshest" },
		{ { .freshest = OCTETS("\x30\x06\x30\x04\xa0\x02\xa0\x00") }, "lint.crl_freshest" },
		{ { .freshest = OCTETS("\x30\x05\x30\x03\x81\x01\x06") }, "lint.crl_freshest" },
		/* clang-format on */
	};
	struct buf der;

	buf_init(&der, KIB(64));
	for (size_t i = 0; i < NITEMS(cases); i++) {
		make_crl(&cases[i].shape, &der);
		expect(lint_crl, buf_bytes(&der), cases[i].rule, cases[i].rule == NULL,
		    cases[i].rule == NULL);
	}
	buf_free(&der);
}

/* P73 */
Test(lint_lists, each_fault_of_a_crl_is_found_by_its_lint)
{
	static const struct {
		struct crl_shape shape;
		const char *rule;
		bool pass; /* a warning */
	} cases[] = {
		/* clang-format off */
		{ { .v1 = true },              "lint.crl_version",       false },
		{ { .other_alg = true },       "lint.crl_algorithm",     false },
		{ { .weak = true },            "lint.crl_algorithm",     false },
		{ { .no_issuer = true },       "lint.crl_issuer",        false },
		{ { .odd_issuer = true },      "lint.crl_issuer",        false },
		{ { .no_next = true },         "lint.crl_next_update",   false },
		{ { .next_early = true },      "lint.crl_next_update",   false },
		{ { .next_utc = true },        "lint.crl_time_form",     false },
		{ { .unknown = true },         "lint.crl_ext_known",     false },
		{ { .number_twice = true },    "lint.crl_ext_once",      false },
		{ { .unknown_twice = true },   "lint.crl_ext_once",      false },
		{ { .number_critical = true }, "lint.crl_ext_critical",  false },
		{ { .no_key = true },          "lint.crl_authority_key", false },
		{ { .no_key_id = true },       "lint.crl_authority_key", false },
		{ { .no_number = true },       "lint.crl_number",        false },
		{ { .big_number = true },      "lint.crl_number",        false },
		{ { .scope = OCTETS("\x30\x00") }, "lint.crl_scope", false }, /* of nothing */
		{ { .scope = OCTETS("\x30\x03\x81\x01\x00") }, "lint.crl_scope", false },
		{ { .scope = OCTETS("\x30\x03\x84\x01\x01") }, "lint.crl_scope", false },
		{ { .scope = OCTETS("\x30\x06\x81\x01\xff\x82\x01\xff") }, "lint.crl_scope", false },
		{ { .scope = OCTETS("\x30\x06\x84\x01\xff\x81\x01\xff") }, "lint.crl_scope", false },
		{ { .scope = OCTETS("\x30\x06\x81\x01\xff\x81\x01\xff") }, "lint.crl_scope", false },
		{ { .scope = OCTETS("\x30\x02\xa0\x00") }, "lint.crl_scope", false },
		{ { .scope = OCTETS("\x30\x04\xa0\x02\xa0\x00") }, "lint.crl_scope", false },
		{ { .scope = OCTETS("\x30\x04\xa0\x02\x81\x00") }, "lint.crl_scope", false },
		{ { .scope = OCTETS("\x30\x03\x86\x01\xff") }, "lint.crl_scope", false },
		{ { .scope = OCTETS("\x30\x03\x83\x01\x00") }, "lint.crl_scope", false },
		{ { .scope = OCTETS("\x31\x03\x81\x01\xff") }, "lint.crl_scope", false },
		{ { .empty_list = true },      "lint.crl_entries",       false },
		{ { .same_serial = true },     "lint.crl_unique",        false },
		{ { .generalized = true },     "lint.crl_dates",         false },
		{ { .late_date = true },       "lint.crl_future",        true },
		{ { .reason_0 = true },        "lint.crl_reasons",       false },
		{ { .reason_7 = true },        "lint.crl_reasons",       false },
		{ { .reason_8 = true },        "lint.crl_reasons",       false },
		/* clang-format on */
	};
	struct buf der;

	buf_init(&der, KIB(64));
	make_crl(&(struct crl_shape){ 0 }, &der);
	expect(lint_crl, buf_bytes(&der), NULL, true, true);
	make_crl(&(struct crl_shape){ .scope = OCTETS("\x30\x0a\xa0\x05\xa0\x03\x86\x01"
						      "x\x81\x01\xff") },
	    &der);
	expect(lint_crl, buf_bytes(&der), NULL, true, true);
	for (size_t i = 0; i < NITEMS(cases); i++) {
		make_crl(&cases[i].shape, &der);
		expect(lint_crl, buf_bytes(&der), cases[i].rule, cases[i].pass, false);
	}
	buf_free(&der);
}

/* ---- OCSP answers ---- */

struct ocsp_shape {
	unsigned status;
	bool other_type, weak, by_nothing, by_odd_name, short_hash, no_single,
	    odd_single, odd_id, good_and_more, two, from_late, to_early, no_next,
	    revoked, revoked_late, reason_7, nonce_empty;
	struct bytes version, exts, single_exts; /* in place of what is due there */
};

static void
put_single(struct derw *w, const struct ocsp_shape *s)
{
	const size_t mark = der_mark(w);
	size_t inner = der_mark(w);

	der_put_raw(w, s->single_exts);
	inner = der_mark(w);
	if (!s->no_next) {
		der_put_generalized(w, s->to_early ? NOW - 60 : NOW + 3600);
		der_wrap(w, DER_CONTEXT_CONSTRUCTED(0), inner);
	}
	der_put_generalized(w, s->from_late ? NOW + 60 : NOW - 60);
	inner = der_mark(w);
	if (s->revoked || s->revoked_late || s->reason_7) {
		der_put_enum(w, s->reason_7 ? 7 : 1);
		der_wrap(w, DER_CONTEXT_CONSTRUCTED(0), inner);
		der_put_generalized(w, s->revoked_late ? NOW + 60 : NOW - 90);
		der_wrap(w, DER_CONTEXT_CONSTRUCTED(1), inner);
	} else if (s->good_and_more)
		der_put_tlv(w, DER_CONTEXT(0), bytes_str("more"));
	else
		der_wrap(w, s->odd_single ? DER_CONTEXT(5) : DER_CONTEXT(0), inner);
	inner = der_mark(w);
	if (!s->odd_id) {
		der_put_uint(w, 5);
		der_put_tlv(w, DER_OCTET_STRING, bytes_str("key"));
		der_put_tlv(w, DER_OCTET_STRING, bytes_str("name"));
		put_alg(w, "1.3.14.3.2.26");
	}
	der_wrap(w, DER_SEQUENCE, inner);
	der_wrap(w, DER_SEQUENCE, mark);
}

static void
put_responder(struct derw *w, const struct ocsp_shape *s)
{
	static const uint8_t hash[20] = { 1 };
	const size_t mark = der_mark(w);

	if (s->by_odd_name) {
		put_name(w, false, true);
		der_wrap(w, DER_CONTEXT_CONSTRUCTED(1), mark);
		return;
	}
	der_put_tlv(w, DER_OCTET_STRING, bytes_of(hash, s->short_hash ? 19 : 20));
	der_wrap(w, DER_CONTEXT_CONSTRUCTED(s->by_nothing ? 3 : 2), mark);
}

static void
make_ocsp(const struct ocsp_shape *s, struct buf *ret)
{
	static const uint8_t nonce[] = { DER_OCTET_STRING, 1, 4 };
	static const uint8_t no_nonce[] = { DER_OCTET_STRING, 0 };
	struct err e = { 0 };
	struct buf basic;
	struct derw w;

	buf_init(&basic, KIB(64));
	derw_init(&w, KIB(64));
	if (s->exts.n > 0) {
		der_put_raw(&w, s->exts);
	} else {
		put_ext(&w, "1.3.6.1.5.5.7.48.1.2", false,
		    s->nonce_empty ? bytes_of(no_nonce, 2) : bytes_of(nonce, 3));
		der_wrap(&w, DER_SEQUENCE, 0);
		der_wrap(&w, DER_CONTEXT_CONSTRUCTED(1), 0);
	}
	size_t mark = der_mark(&w);
	for (int i = 0; i < (s->no_single ? 0 : s->two ? 2 : 1); i++)
		put_single(&w, s);
	der_wrap(&w, DER_SEQUENCE, mark);
	der_put_generalized(&w, NOW);
	put_responder(&w, s);
	der_put_raw(&w, s->version);
	der_wrap(&w, DER_SEQUENCE, 0);
	finish(&w, s->weak ? "1.2.840.10045.4.1" : ECDSA, &basic);
	derw_init(&w, KIB(64));
	if (s->status == 0) {
		der_put_tlv(&w, DER_OCTET_STRING, buf_bytes(&basic));
		der_put_oid(&w, s->other_type ? "1.2.3" : "1.3.6.1.5.5.7.48.1.1");
		der_wrap(&w, DER_SEQUENCE, 0);
		der_wrap(&w, DER_CONTEXT_CONSTRUCTED(0), 0);
	}
	der_put_enum(&w, s->status);
	der_wrap(&w, DER_SEQUENCE, 0);
	buf_clear(ret);
	cr_assert(der_take(&w, "test", ret, &e), "%s", e.detail);
	derw_free(&w);
	buf_free(&basic);
}

/* Found by fuzzing: what no lint judges is read all the same, so that others can read it. */
#define EMPTY_NONCE                                                                    \
	"\x30\x0f\x06\x09\x2b\x06\x01\x05\x05\x07\x30\x01\x02\x04\x02\x04\x00"
Test(lint_lists, an_ocsp_answer_is_read_to_its_last_octet)
{
	static const struct ocsp_shape cases[] = {
		/* clang-format off */
		{ .version = OCTETS("\xa0\x00") },
		{ .version = OCTETS("\xa0\x03\x02\x01\x00") }, /* the default: not written */
		{ .version = OCTETS("\xa0\x03\x04\x01x") },
		{ .exts = OCTETS("\xa1\x00") },
		{ .exts = OCTETS("\xa1\x02\x30\x00") },
		{ .exts = OCTETS("\xa1\x0b\x30\x09\x30\x07\x06\x03\x55\x1d\x80\x04\x00") },
		{ .exts = OCTETS("\xa1\x0e\x30\x0c\x30\x0a\x06\x03\x55\x1d\x14\x01\x01\x01\x04\x00") },
		{ .exts = OCTETS("\xa1\x0d\x30\x0b\x30\x09\x06\x03\x55\x1d\x14\x04\x00\x05\x00") },
		{ .exts = OCTETS("\xa1\x24\x30\x22" EMPTY_NONCE EMPTY_NONCE) },
		/* clang-format on */
	};
	struct buf der;

	buf_init(&der, KIB(64));
	for (size_t i = 0; i < NITEMS(cases); i++) {
		make_ocsp(&cases[i], &der);
		expect(lint_ocsp, buf_bytes(&der), "lint.read", false, false);
	}
	buf_free(&der);
}

Test(lint_lists, each_fault_of_an_ocsp_answer_is_found_by_its_lint)
{
	static const struct {
		struct ocsp_shape shape;
		const char *rule;
		bool pass;
	} cases[] = {
		/* clang-format off */
		{ { .status = 6 },           "lint.ocsp_status",      false },
		{ { .other_type = true },    "lint.ocsp_type",        false },
		{ { .weak = true },          "lint.ocsp_algorithm",   false },
		{ { .by_nothing = true },    "lint.ocsp_responder",   false },
		{ { .by_odd_name = true },   "lint.ocsp_responder",   false },
		{ { .short_hash = true },    "lint.ocsp_responder",   false },
		{ { .no_single = true },     "lint.ocsp_singles",     false },
		{ { .odd_single = true },    "lint.ocsp_singles",     false },
		{ { .odd_id = true },        "lint.ocsp_singles",     false },
		{ { .good_and_more = true }, "lint.ocsp_singles",     false },
		{ { .two = true },           "lint.ocsp_lone",        true },
		{ { .from_late = true },     "lint.ocsp_times",       false },
		{ { .to_early = true },      "lint.ocsp_times",       false },
		{ { .no_next = true },       "lint.ocsp_next_update", true },
		{ { .revoked_late = true },  "lint.ocsp_revoked",     false },
		{ { .reason_7 = true },      "lint.ocsp_revoked",     false },
		{ { .nonce_empty = true },   "lint.ocsp_nonce",       false },
		{ { .exts = OCTETS("\xa1\x13\x30\x11" EMPTY_NONCE) }, "lint.ocsp_nonce", false },
		{ { .single_exts = OCTETS("\xa1\x00") },             "lint.ocsp_singles", false },
		{ { .single_exts = OCTETS("\xa1\x02\x30\x00") },     "lint.ocsp_singles", false },
		{ { .single_exts = OCTETS("\xa1\x04\x30\x02\x05\x00") }, "lint.ocsp_singles", false },
		/* clang-format on */
	};
	struct buf der;

	buf_init(&der, KIB(64));
	make_ocsp(&(struct ocsp_shape){ 0 }, &der);
	expect(lint_ocsp, buf_bytes(&der), NULL, true, true);
	make_ocsp(&(struct ocsp_shape){ .revoked = true }, &der);
	expect(lint_ocsp, buf_bytes(&der), NULL, true, true);
	for (size_t i = 0; i < NITEMS(cases); i++) {
		make_ocsp(&cases[i].shape, &der);
		expect(lint_ocsp, buf_bytes(&der), cases[i].rule, cases[i].pass, false);
	}
	buf_free(&der);
}

/* Whatever comes is judged: cut anywhere it is an error, changed anywhere it ends nothing. */
static void
walk(bool (*lint)(struct bytes, struct verdict *), struct bytes der)
{
	for (size_t n = 0; n <= der.n + 1; n++) {
		uint8_t *copy = mem_zalloc(n + 1);
		struct verdict v = { 0 };

		memcpy(copy, der.p, n < der.n ? n : der.n);
		cr_expect_eq(lint(bytes_of(copy, n), &v), n == der.n, "%zu", n);
		verdict_free(&v);
		free(copy);
	}
	for (size_t i = 0; i < der.n; i++)
		for (unsigned change = 1; change < 256; change *= 2) {
			uint8_t *copy = mem_zalloc(der.n);
			struct verdict v = { 0 };

			memcpy(copy, der.p, der.n);
			copy[i] ^= (uint8_t)change;
			(void)!lint(bytes_of(copy, der.n), &v);
			cr_expect_gt(v.n, 0u);
			verdict_free(&v);
			free(copy);
		}
}

Test(lint_lists, every_cut_and_every_changed_octet_is_judged)
{
	struct buf der;

	buf_init(&der, KIB(64));
	make_crl(&(struct crl_shape){ 0 }, &der);
	walk(lint_crl, buf_bytes(&der));
	make_ocsp(&(struct ocsp_shape){ .revoked = true }, &der);
	walk(lint_ocsp, buf_bytes(&der));
	buf_free(&der);
}
