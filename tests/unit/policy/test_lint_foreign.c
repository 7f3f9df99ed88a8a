/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates that others made: what our builder would never write, and the reader lets pass. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "made.h"
#include "policy/lint.h"
#include "x509/dn.h"

#define OCSP   "\x06\x08\x2b\x06\x01\x05\x05\x07\x30\x01"
#define ISSUER "\x06\x08\x2b\x06\x01\x05\x05\x07\x30\x02"

enum kind {
	LEAF,
	CA,
	ROOT,
	RESPONDER
};

/* One extension instead of that of the same identifier, or behind the others. */
struct change {
	const char *oid;    /* NULL: none */
	struct bytes value; /* p NULL: it is left out */
	bool critical, flag_false;
};

static void
put_extension(struct derw *w, const struct change *c)
{
	const size_t mark = der_mark(w);

	der_put_tlv(w, DER_OCTET_STRING, c->value);
	if (c->critical || c->flag_false)
		der_put_bool(w, c->critical);
	der_put_oid(w, c->oid);
	der_wrap(w, DER_SEQUENCE, mark);
}

/* The extensions of 'list' from the last to the first; false: 'c' is none of them. */
static bool
put_list(struct derw *w, struct bytes list, const struct change *c)
{
	struct der ext, oid;
	char text[64];
	struct err e;

	if (list.n == 0)
		return false;
	cr_assert(der_expect(&list, DER_SEQUENCE, &ext, &e));
	bool found = put_list(w, list, c);
	cr_assert(der_expect(&ext.body, DER_OID, &oid, &e));
	cr_assert(der_get_oid(oid.body, text, sizeof(text), &e));
	if (c->oid == NULL || strcmp(text, c->oid) != 0) {
		der_put_raw(w, ext.whole);
		return found;
	}
	if (c->value.p != NULL)
		put_extension(w, c);
	return true;
}

static void
remake(struct made *m, const struct change *c)
{
	struct der all, part = { 0 };
	struct derw w;
	struct err e = { 0 };
	struct buf tbs;

	cr_assert(der_whole(m->cert->tbs, DER_SEQUENCE, &all, &e));
	struct bytes head = all.body;
	do {
		head.n = (size_t)(all.body.p - head.p);
		cr_assert(der_next(&all.body, &part, &e));
	} while (part.tag != DER_CONTEXT_CONSTRUCTED(3));
	cr_assert(der_whole(part.body, DER_SEQUENCE, &all, &e));
	derw_init(&w, KIB(64));
	const bool found = put_list(&w, all.body, c);
	if (!found && c->value.p != NULL) { /* behind the others is first here */
		derw_free(&w);
		put_extension(&w, c);
		(void)put_list(&w, all.body, &(struct change){ 0 });
	}
	der_wrap(&w, DER_SEQUENCE, 0);
	der_wrap(&w, DER_CONTEXT_CONSTRUCTED(3), 0);
	der_put_raw(&w, head);
	der_wrap(&w, DER_SEQUENCE, 0);
	buf_init(&tbs, KIB(64));
	cr_assert(der_take(&w, "test", &tbs, &e), "%s", e.detail);
	derw_free(&w);
	made_wrap(m, buf_bytes(&tbs));
	buf_free(&tbs);
	cert_free(m->cert);
	m->cert = NULL;
	cr_assert(cert_parse(buf_bytes(&m->der), &m->cert, &e), "%s: %s", c->oid,
	    e.detail);
}

static void
make(struct made *m, enum kind kind)
{
	made_spec(m, KEY_ALG_ECDSA_P256);
	if (kind == RESPONDER)
		made_responder(m);
	else if (kind != LEAF)
		made_ca(m, 1);
	if (kind == ROOT) {
		m->spec.subject_dn = m->spec.issuer_dn;
		m->spec.authority_key_id = bytes_of(NULL, 0);
		m->spec.crl_url = m->spec.ocsp_url = m->spec.issuer_url = NULL;
	}
	made_build(m);
}

static const char *
words_of(const struct verdict *v, const char *rule)
{
	for (size_t i = 0; i < v->n; i++)
		if (strcmp(v->v[i].rule, rule) == 0)
			return v->v[i].value;
	return "no such lint";
}

static void
expect_words(const struct made *m, const char *rule, const char *words)
{
	struct verdict v = { 0 };

	cr_expect_eq(lint_certificate(m->cert, LINT_NORMAL, &v), words[0] == '\0',
	    "%s: %s", rule, words);
	cr_expect_str_eq(words_of(&v, rule), words, "%s", rule);
	verdict_free(&v);
}

static const struct {
	enum kind kind;
	struct change change;
	const char *rule, *words; /* "": passes */
} forms[] = {
	/* clang-format off */
	{ LEAF, { .oid = "2.5.29.31", .value = OCTETS("\x30\x01\x30") }, "lint.crl_point", "not one point with one URL" },
	{ LEAF, { .oid = "2.5.29.31", .value = OCTETS("\x30\x10\x30\x0e\xa0\x0c\xa0\x0a\x86\x08http://a") }, "lint.crl_point", "" },
	{ LEAF, { .oid = "2.5.29.31", .value = OCTETS("\x30\x0f\x30\x0d\xa0\x0b\xa0\x09\x86\x07http://") }, "lint.crl_point",
	    "a URL not of http" },
	{ LEAF, { .oid = "2.5.29.31", .value = OCTETS("\x30\x10\x30\x0e\xa0\x0c\xa0\x0a\x86\x08ldap://a") }, "lint.crl_point",
	    "a URL not of http" },
	{ LEAF, { .oid = "2.5.29.31", .value = OCTETS("\x30\x11\x30\x0f\xa0\x0d\xa0\x0b\x86\x09http://\0a") }, "lint.crl_point",
	    "a URL not of http" },
	{ LEAF, { .oid = "2.5.29.31", .value = OCTETS("\x30\x18\x30\x0a\xa0\x08\xa0\x06\x86\x04http\x30\x0a\xa0\x08\xa0\x06\x86\x04http") },
	    "lint.crl_point", "not one point with one URL" },
	{ LEAF, { .oid = "2.5.29.31", .value = OCTETS("\x30\x05\x30\x03\x81\x01\x06") }, "lint.crl_point", "not one point with one URL" },
	{ LEAF, { .oid = "2.5.29.31", .value = OCTETS("\x31\x00") }, "lint.crl_point", "not one point with one URL" },
	{ LEAF, { .oid = "2.5.29.31", .value = OCTETS("\x30\x04\x30\x02\xa0\x00") }, "lint.crl_point", "not one point with one URL" },
	{ LEAF, { .oid = "2.5.29.31", .value = OCTETS("\x30\x06\x30\x04\xa0\x02\xa0\x00") }, "lint.crl_point", "not one point with one URL" },
	{ LEAF, { .oid = "2.5.29.46", .value = OCTETS("\x30\x10\x30\x0e\xa0\x0c\xa0\x0a\x86\x08http://b") }, "lint.crl_point", "" },
	{ LEAF, { .oid = "2.5.29.46", .value = OCTETS("\x30\x10\x30\x0e\xa0\x0c\xa0\x0a\x86\x08ldap://b") }, "lint.crl_point",
	    "a URL not of http" },
	{ LEAF, { .oid = "2.5.29.46", .value = OCTETS("\x30\x02\x30\x00") }, "lint.crl_point", "not one point with one URL" },
	{ ROOT, { .oid = "2.5.29.46", .value = OCTETS("\x30\x10\x30\x0e\xa0\x0c\xa0\x0a\x86\x08http://b") }, "lint.crl_point",
	    "where the delta of a CRL is, and not where the CRL" },

	{ LEAF, { .oid = "1.3.6.1.5.5.7.1.1", .value = OCTETS("\x30\x16\x30\x14" OCSP "\x86\x08http://o") }, "lint.authority_info", "" },
	{ LEAF, { .oid = "1.3.6.1.5.5.7.1.1", .value = OCTETS("\x30\x16\x30\x14" OCSP "\x86\x08ldap://o") }, "lint.authority_info",
	    "a URL not of http" },
	{ LEAF, { .oid = "1.3.6.1.5.5.7.1.1", .value = OCTETS("\x30\x16\x30\x14" ISSUER "\x86\x08ldap://o") }, "lint.authority_info",
	    "a URL not of http" },
	{ LEAF, { .oid = "1.3.6.1.5.5.7.1.1", .value = OCTETS("\x30\x00") }, "lint.authority_info",
	    "not at most one URL each of ocsp and caIssuers" },
	{ LEAF, { .oid = "1.3.6.1.5.5.7.1.1", .value = OCTETS("\x31\x00") }, "lint.authority_info",
	    "not at most one URL each of ocsp and caIssuers" },
	{ LEAF, { .oid = "1.3.6.1.5.5.7.1.1", .value = OCTETS("\x30\x02\x31\x00") }, "lint.authority_info",
	    "not at most one URL each of ocsp and caIssuers" },
	{ LEAF, { .oid = "1.3.6.1.5.5.7.1.1", .value = OCTETS("\x30\x04\x30\x02\x86\x00") }, "lint.authority_info",
	    "not at most one URL each of ocsp and caIssuers" },
	{ LEAF, { .oid = "1.3.6.1.5.5.7.1.1", .value = OCTETS("\x30\x05\x30\x03\x06\x01\x80") }, "lint.authority_info",
	    "not at most one URL each of ocsp and caIssuers" },
	{ LEAF, { .oid = "1.3.6.1.5.5.7.1.1", .value = OCTETS("\x30\x0e\x30\x0c" OCSP "\x82\x00") }, "lint.authority_info",
	    "not at most one URL each of ocsp and caIssuers" },
	{ LEAF, { .oid = "1.3.6.1.5.5.7.1.1", .value = OCTETS("\x30\x2c\x30\x14" OCSP "\x86\x08http://o\x30\x14" OCSP "\x86\x08http://p") },
	    "lint.authority_info", "not at most one URL each of ocsp and caIssuers" },

	{ LEAF, { .oid = "2.5.29.35", .value = OCTETS("\x30\x00") }, "lint.authority_key", "more than a key identifier" },
	{ LEAF, { .oid = "2.5.29.35", .value = OCTETS("\x30\x02\x80\x00") }, "lint.authority_key", "more than a key identifier" },
	{ LEAF, { .oid = "2.5.29.35", .value = OCTETS("\x30\x06\x80\x01\x07\x82\x01\x01") }, "lint.authority_key",
	    "more than a key identifier" },
	{ LEAF, { .oid = "2.5.29.35" }, "lint.authority_key", "absent" },
	{ CA,   { .oid = "2.5.29.35" }, "lint.authority_key", "absent" },
	{ ROOT, { 0 }, "lint.authority_key", "" },
	{ ROOT, { .oid = "2.5.29.35", .value = OCTETS("\x30\x03\x80\x01\x07") }, "lint.authority_key", "a root's is not its own" },

	{ LEAF, { .oid = "2.5.29.14" }, "lint.key_id", "absent" },
	{ LEAF, { .oid = "2.5.29.14", .value = OCTETS("\x04\x01\x07") }, "lint.key_id",
	    "not of this key, by RFC 7093 or RFC 5280 method 1" },
	{ LEAF, { .oid = "2.5.29.17" }, "lint.san", "absent" },
	{ CA,   { .oid = "2.5.29.17" }, "lint.san", "" },
	{ RESPONDER, { .oid = "2.5.29.17" }, "lint.san", "" },
	{ LEAF, { .oid = "2.5.29.19" }, "lint.basic_constraints", "absent" },
	{ LEAF, { .oid = "2.5.29.19", .value = OCTETS("\x30\x03\x01\x01\x00"), .critical = true }, "lint.basic_constraints",
	    "a leaf's is not empty" },
	{ LEAF, { .oid = "2.5.29.15", .value = OCTETS("\x03\x02\x06\xc0"), .critical = true }, "lint.key_usage",
	    "a bit that is not a leaf's, or not of this kind of key" },
	{ LEAF, { .oid = "2.5.29.15", .value = OCTETS("\x03\x02\x06\x80"), .critical = true }, "lint.key_usage",
	    "its trailing zero bits are not cut" },
	{ LEAF, { .oid = "2.5.29.15", .value = OCTETS("\x03\x03\x07\x80\x00"), .critical = true }, "lint.key_usage",
	    "its trailing zero bits are not cut" },
	{ LEAF, { .oid = "2.5.29.15", .value = OCTETS("\x03\x02\x06\x40"), .critical = true }, "lint.key_usage",
	    "lacks digitalSignature" },
	{ CA,   { .oid = "2.5.29.15", .value = OCTETS("\x03\x02\x01\x06"), .critical = true }, "lint.key_usage", "" },
	{ CA,   { .oid = "2.5.29.15", .value = OCTETS("\x03\x02\x01\x86"), .critical = true }, "lint.key_usage", "" },
	{ CA,   { .oid = "2.5.29.15", .value = OCTETS("\x03\x02\x02\x04"), .critical = true }, "lint.key_usage",
	    "of a CA: keyCertSign and cRLSign, nothing but digitalSignature beside them" },
	{ CA,   { .oid = "2.5.29.15", .value = OCTETS("\x03\x02\x01\x26"), .critical = true }, "lint.key_usage",
	    "of a CA: keyCertSign and cRLSign, nothing but digitalSignature beside them" },
	{ LEAF, { .oid = "2.5.29.37", .value = OCTETS("\x30\x06\x06\x04\x55\x1d\x25\x00") }, "lint.ext_key_usage", "absent" },
	{ LEAF, { .oid = "2.5.29.37", .value = OCTETS("\x30\x10\x06\x04\x55\x1d\x25\x00\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01") },
	    "lint.ext_key_usage", "anyExtendedKeyUsage" },
	{ LEAF, { .oid = "2.5.29.37", .value = OCTETS("\x30\x05\x06\x03\x2a\x03\x04") }, "lint.ext_key_usage", "absent" },
	{ LEAF, { .oid = "2.5.29.37" }, "lint.ext_key_usage", "absent" },

	{ LEAF, { .oid = "1.3.6.1.5.5.7.48.1.5", .value = OCTETS("\x05\x00") }, "lint.no_check",
	    "id-pkix-ocsp-nocheck outside an OCSP responder's" },
	{ RESPONDER, { .oid = "1.3.6.1.5.5.7.48.1.5" }, "lint.no_check",
	    "absent from an OCSP responder's" },
	{ ROOT, { .oid = "2.5.29.37", .value = OCTETS("\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01") }, "lint.root",
	    "a root with URLs or extKeyUsage" },
	{ ROOT, { .oid = "2.5.29.31", .value = OCTETS("\x30\x10\x30\x0e\xa0\x0c\xa0\x0a\x86\x08http://a") }, "lint.root",
	    "a root with URLs or extKeyUsage" },
	{ ROOT, { .oid = "1.3.6.1.5.5.7.1.1", .value = OCTETS("\x30\x16\x30\x14" OCSP "\x86\x08http://o") }, "lint.root",
	    "a root with URLs or extKeyUsage" },

	{ LEAF, { .oid = "2.5.29.32", .value = OCTETS("\x30\x00") }, "lint.ext_known", "one that nobody asked for" },
	{ LEAF, { .oid = "2.5.29.32", .value = OCTETS("\x30\x00") }, "lint.ext_empty", "one without content" },
	{ LEAF, { .oid = "2.5.29.32", .value = { (const uint8_t *)"", 0 } }, "lint.ext_empty", "one without content" },
	{ LEAF, { .oid = "2.5.29.37", .value = OCTETS("\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01"), .flag_false = true },
	    "lint.ext_flag", "critical FALSE is written" },
	{ LEAF, { .oid = "2.5.29.37", .value = OCTETS("\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01"), .critical = true },
	    "lint.ext_critical", "one that must not be critical is" },
	/* clang-format on */
};

/* P32, P33, P35, P36, S31 */
Test(lint_foreign, each_form_of_an_extension_is_judged_in_its_own_words)
{
	for (size_t i = 0; i < NITEMS(forms); i++) {
		struct made m;

		make(&m, forms[i].kind);
		remake(&m, &forms[i].change);
		expect_words(&m, forms[i].rule, forms[i].words);
		made_free(&m);
	}
}

/* P31: either way to make it is the key's own. */
Test(lint_foreign, a_key_identifier_by_sha1_is_this_keys_too)
{
	uint8_t value[22] = { DER_OCTET_STRING, 20 };
	struct made m;

	make(&m, LEAF);
	cr_assert(spki_key_id_sha1(&m.spki, value + 2));
	remake(&m, &(struct change){ .oid = "2.5.29.14",
		       .value = bytes_of(value, sizeof(value)) });
	expect_words(&m, "lint.key_id", "");
	made_free(&m);
}

Test(lint_foreign, an_identifier_that_no_text_here_holds_is_one_that_nobody_asked_for)
{
	char oid[200] = "1.2";
	struct made m;

	for (int i = 0; i < 62; i++)
		strncat(oid, ".99", 4);
	make(&m, LEAF);
	remake(&m, &(struct change){ .oid = oid, .value = OCTETS("\x05\x00") });
	expect_words(&m, "lint.ext_known", "one that nobody asked for");
	made_free(&m);
}

/* P23, R24: the reader gives either in small letters; what is signed is in the octets. */
Test(lint_foreign, a_name_of_another_letter_case_is_not_what_was_asked)
{
	struct verdict v = { .terse = true };
	struct made m;

	make(&m, LEAF);
	remake(&m, &(struct change){ .oid = "2.5.29.17",
		       .value = OCTETS("\x30\x12\x82\x0a"
				       "a.interNal\x87\x04\x0a\x00\x00\x01") });
	cr_expect_str_eq(m.cert->names.v[0].text, "a.internal");
	cr_expect_not(lint_built(m.cert, &m.spec, LINT_NORMAL, &v));
	cr_expect_str_eq(v.v[0].field, "names");
	verdict_free(&v);
	made_free(&m);
}

/* P32: the delta's place is of the certificate as the CRL's is. */
Test(lint_foreign, where_the_delta_is_was_asked_for_or_not)
{
	struct verdict v = { .terse = true };
	struct made m;

	make(&m, LEAF);
	m.spec.freshest_url = "http://ca.example/crl/main/delta.crl";
	cr_expect_not(lint_built(m.cert, &m.spec, LINT_NORMAL, &v));
	cr_expect_str_eq(v.v[0].field, "freshest_url");
	verdict_free(&v);
	v = (struct verdict){ .terse = true };
	made_build(&m);
	cr_expect(lint_built(m.cert, &m.spec, LINT_NORMAL, &v));
	verdict_free(&v);
	made_free(&m);
}

/*
 * R24, S31: what is signed is what was asked for, octet for octet.  Whichever bit of it
 * is another, either it is no certificate any more or a field differs.
 */
Test(lint_foreign, no_changed_bit_is_taken_for_what_was_asked)
{
	size_t read = 0;
	struct made m;

	make(&m, LEAF);
	m.spec.freshest_url = "http://ca.example/crl/main/delta.crl";
	made_build(&m);
	const size_t tbs_at = (size_t)(m.cert->tbs.p - m.cert->der.p);
	for (size_t i = tbs_at; i < tbs_at + m.cert->tbs.n; i++)
		for (unsigned change = 1; change < 256; change *= 2) {
			struct verdict v = { .terse = true };
			struct cert *c = NULL;
			struct err e;

			m.der.p[i] ^= (uint8_t)change;
			if (cert_parse(buf_bytes(&m.der), &c, &e)) {
				read++;
				cr_expect_not(lint_built(c, &m.spec, LINT_NORMAL, &v),
				    "octet %zu, bit %02x", i - tbs_at, change);
				cr_expect_gt(v.n, 0u);
			}
			cert_free(c);
			verdict_free(&v);
			m.der.p[i] ^= (uint8_t)change;
		}
	cr_expect_gt(read, 1000u, "%zu of them can be read", read);
	made_free(&m);
}

/* S31: a fault of the reader blocks too: octets that are not those it has read. */
Test(lint_foreign, octets_that_changed_under_the_reader_never_end_the_lints)
{
	size_t unread = 0, refused = 0;
	struct made m;

	make(&m, LEAF);
	m.spec.freshest_url = "http://ca.example/crl/main/delta.crl";
	made_build(&m);
	uint8_t *tbs = m.cert->der.p + (m.cert->tbs.p - m.cert->der.p);
	for (size_t i = 0; i < m.cert->tbs.n; i++)
		for (unsigned change = 1; change < 256; change *= 2) {
			struct verdict v = { .terse = true };

			tbs[i] ^= (uint8_t)change;
			if (!lint_built(m.cert, &m.spec, LINT_NORMAL, &v)) {
				cr_expect_gt(v.n, 0u, "octet %zu", i);
				cr_expect_neq(v.v[0].value[0], '\0');
				refused++;
				unread += row_of(&v, "lint.read") == 0;
			}
			verdict_free(&v);
			tbs[i] ^= (uint8_t)change;
		}
	cr_expect_gt(unread, 100u, "%zu", unread);
	cr_expect_gt(refused, 1000u, "%zu", refused);
	made_free(&m);
}
