/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "policy/lint.h"

#include "base/hex.h"
#include "made.h"
#include "x509/dn.h"

static void
expect_lint(const struct made *m, const char *id, bool pass)
{
	struct verdict v = { 0 };
	struct err e = { 0 };

	cr_expect_eq(lint_certificate(m->cert, LINT_NORMAL, &v), pass, "%s", id);
	if (!verdict_ok(&v, &e))
		cr_expect(!pass, "%s", e.detail);
	if (id != NULL)
		cr_expect_eq(row_of(&v, id), pass, "%s", id);
	verdict_free(&v);
}

/* R24, R25, P47 */
Test(lint, what_we_build_passes_and_is_the_same)
{
	static const enum key_alg algs[] = { KEY_ALG_ECDSA_P256, KEY_ALG_ECDSA_P384,
		KEY_ALG_ED25519, KEY_ALG_RSA };

	for (size_t i = 0; i < NITEMS(algs); i++) {
		struct verdict v = { 0 }, terse = { .terse = true };
		struct made m;

		made_spec(&m, algs[i]);
		if (algs[i] == KEY_ALG_RSA)
			m.spec.key_usage |= CERT_KU_KEY_ENCIPHERMENT;
		made_build(&m);
		expect_lint(&m, NULL, true);
		cr_expect(lint_built(m.cert, &m.spec, LINT_STRICT, &v));
		cr_expect_str_eq(v.v[v.n - 1].rule, "lint.same");
		cr_expect(lint_built(m.cert, &m.spec, LINT_STRICT, &terse));
		cr_expect_eq(terse.n, 0);
		verdict_free(&v);
		made_free(&m);
	}
}

Test(lint, an_empty_subject_a_far_end_and_a_short_life_pass_too)
{
	struct made m;

	made_spec(&m, KEY_ALG_ECDSA_P256);
	m.subject.n = 0;
	struct err e;
	cr_assert(dn_build(NULL, NULL, &m.subject, &e));
	m.spec.subject_dn = buf_bytes(&m.subject);
	made_build(&m);
	expect_lint(&m, NULL, true);
	m.spec.not_after = NOW + 40 * 365 * DAY; /* 2050 and later */
	m.spec.usages = USAGE_CLIENT_AUTH;
	made_build(&m);
	expect_lint(&m, NULL, true);
	made_patch(&m, "180f32303637",
	    "180f32303337"); /* P7: 2037 in GeneralizedTime */
	expect_lint(&m, "lint.time_form", false);
	m.spec.no_rev_avail = true;
	m.spec.crl_url = m.spec.ocsp_url = NULL;
	made_build(&m);
	expect_lint(&m, NULL, true);
	made_free(&m);
}

/* P19, P44, P86 */
Test(lint, root_intermediate_and_responder_pass)
{
	struct made m;

	made_spec(&m, KEY_ALG_ECDSA_P256);
	made_responder(&m);
	made_build(&m);
	expect_lint(&m, NULL, true);

	made_ca(&m, 0);
	m.spec.issuer_url = "http://ca.example/ca/root.crt";
	made_build(&m);
	expect_lint(&m, NULL, true);

	m.spec.subject_dn = m.spec.issuer_dn;
	m.spec.authority_key_id = bytes_of(NULL, 0);
	m.spec.issuer_url = NULL;
	made_build(&m);
	expect_lint(&m, NULL, true);
	m.spec.issuer_url = "http://ca.example/ca/root.crt";
	made_build(&m);
	expect_lint(&m, "lint.root", false);
	made_free(&m);
}

/* S31: what cert_build_tbs() would never make, in the octets. */
Test(lint, wrong_octets_are_found)
{
	static const struct {
		const char *id, *from, *to;
	} all[] = {
		/* clang-format off */
		{ "lint.ext_flag",         "0603551d0f0101ff", "0603551d0f010100" },
		{ "lint.ext_critical",     "0603551d130101ff", "0603551d13010100" },
		{ "lint.ext_known",        "0603551d23",       "0603551d20" }, /* AKI: policies */
		{ "lint.authority_key",    "0603551d23",       "0603551d20" },
		{ "lint.key_usage",        "0603551d0f",       "0603551d20" },
		{ "lint.basic_constraints","0603551d13",       "0603551d0e" },
		{ "lint.ext_once",         "0603551d13",       "0603551d0e" },
		{ "lint.ext_key_usage",    "0603551d25",       "0603551d20" },
		{ "lint.san",              "0603551d11",       "0603551d20" },
		{ "lint.constraints",      "0603551d11",       "0603551d1e" },
		{ "lint.authority_info",   "06082b060105050730018616687474703a", "06082b060105050730018616687474703b" },
		{ "lint.authority_info",   "06082b06010505073001", "06082b06010505073003" },
		{ "lint.crl_point",        "861e687474703a", "861e68747470f3" },
		{ "lint.crl_point",        "861e687474703a", "821e687474703a" },
		/* clang-format on */
	};

	for (size_t i = 0; i < NITEMS(all); i++) {
		struct made m;

		made_spec(&m, KEY_ALG_ECDSA_P256);
		made_build(&m);
		made_patch(&m, all[i].from, all[i].to);
		expect_lint(&m, all[i].id, false);
		made_free(&m);
	}
}

Test(lint, two_that_nobody_knows_are_not_one_twice)
{
	struct verdict v = { 0 };
	struct made m;

	made_spec(&m, KEY_ALG_ECDSA_P256);
	made_build(&m);
	made_patch(&m, "0603551d23", "0603551d20"); /* AKI: policies */
	made_patch(&m, "0603551d25", "0603551d12"); /* EKU: issuerAltName */
	cr_expect_not(lint_certificate(m.cert, LINT_NORMAL, &v));
	cr_expect(row_of(&v, "lint.ext_once"));
	cr_expect_not(row_of(&v, "lint.ext_known"));
	verdict_free(&v);
	made_free(&m);
}

/* S31: fields, as a faulty reader or builder could leave them. */
Test(lint, wrong_fields_are_found)
{
	struct made m;
	struct cert good;

	made_spec(&m, KEY_ALG_ECDSA_P256);
	made_build(&m);
	good = *m.cert;
#define WRONG(id, change)                                                              \
	do {                                                                           \
		change;                                                                \
		expect_lint(&m, id, false);                                            \
		*m.cert = good;                                                        \
	} while (0)

	WRONG("lint.serial_random", m.cert->serial.n = 7);
	WRONG("lint.serial", m.cert->serial.b[0] = 0x80);
	WRONG("lint.validity_order", m.cert->not_after = NOW - 1);
	WRONG("lint.issuer", m.cert->issuer_dn.n = 2);
	WRONG("lint.cn", strcpy(m.cert->cn, "b.internal"));
	WRONG("lint.cn", strcpy(m.cert->cn, "A.internal")); /* R9 */
	WRONG("lint.key", m.cert->key.alg = (enum key_alg)0);
	WRONG("lint.key_id", m.cert->key_id.n = 19);
	WRONG("lint.key_usage", m.cert->key_usage |= CERT_KU_KEY_CERT_SIGN); /* R2 */
	WRONG("lint.key_usage", m.cert->key_usage |= CERT_KU_KEY_ENCIPHERMENT);
	WRONG("lint.key_usage", m.cert->key_usage = 0x0001);
	WRONG("lint.key_usage", m.cert->ca = true);            /* R1 */
	WRONG("lint.ext_key_usage", m.cert->any_usage = true); /* R3 */
	WRONG("lint.ext_key_usage", m.cert->usages |= USAGE_OCSP_SIGNING);
	WRONG("lint.no_check", m.cert->usages = USAGE_OCSP_SIGNING);
	WRONG("lint.ext_critical", m.cert->subject_dn.n = 2);
	WRONG("lint.san", m.cert->names.n = 0);
	WRONG("lint.revocation", m.cert->no_rev_avail = true);
	WRONG("lint.root", m.cert->subject_dn = m.cert->issuer_dn);
	WRONG("lint.signature_algorithm", m.cert->sig_alg = bytes_str("nonsense"));
	WRONG("lint.read", m.cert->tbs.n--);
#undef WRONG
	made_free(&m);
}

/* P4, P5: sha1WithRSA; SHA-256 with RSA but without its NULL; ECDSA with one. */
Test(lint, weak_or_misbuilt_signature_algorithms_are_found)
{
	static const char *const bad[] = { "300d06092a864886f70d0101050500",
		"300b06092a864886f70d01010b", "300c06082a8648ce3d0403020500",
		"300906072a8648ce3d0401" };
	struct made m;

	made_spec(&m, KEY_ALG_ECDSA_P256);
	made_build(&m);
	for (size_t i = 0; i < NITEMS(bad); i++) {
		uint8_t alg[32];
		size_t n;

		cr_assert(hex_read(bytes_str(bad[i]), alg, sizeof(alg), &n));
		m.cert->sig_alg = bytes_of(alg, n);
		expect_lint(&m, "lint.signature_algorithm", false);
	}
	made_free(&m);
}

/* P24, R10, R12 */
Test(lint, names_that_no_profile_should_let_in_are_found)
{
	static const struct {
		const char *id, *name;
	} all[] = {
		{ "lint.wildcards", "*.internal" },
		{ "lint.names", "A.internal" },
		{ "lint.names", "10.0.0.1" },
		{ "lint.names", "a b" },
		{ "lint.names", "a." },
	};
	struct made m;

	made_spec(&m, KEY_ALG_ECDSA_P256);
	made_build(&m);
	for (size_t i = 0; i < NITEMS(all); i++) {
		free(m.cert->names.v[1].text);
		m.cert->names.v[1] = one_name(NAME_TYPE_DNS, all[i].name);
		expect_lint(&m, all[i].id, false);
	}
	made_free(&m);
}

/* P32, P33, P37 */
Test(lint, a_leaf_without_any_word_on_revocation_is_found)
{
	struct made m;

	made_spec(&m, KEY_ALG_ECDSA_P256);
	m.spec.crl_url = m.spec.ocsp_url = NULL;
	made_build(&m);
	expect_lint(&m, "lint.revocation", false);
	made_free(&m);
}

Test(lint, a_warning_passes_and_says_why)
{
	struct verdict v = { 0 };
	struct made m;

	made_spec(&m, KEY_ALG_ECDSA_P256);
	m.spec.not_after = NOW + 400 * DAY;
	made_build(&m);
	cr_expect(lint_certificate(m.cert, LINT_NORMAL, &v));
	for (size_t i = 0; i < v.n; i++)
		if (strcmp(v.v[i].rule, "lint.validity_long") == 0)
			cr_expect_neq(v.v[i].value[0], '\0');
	cr_expect_eq(v.refused, 0);
	verdict_free(&v);

	/* Unless the profile is strict: S31. */
	cr_expect_not(lint_certificate(m.cert, LINT_STRICT, &v));
	cr_expect_eq(v.refused, 1);
	verdict_free(&v);
	made_free(&m);
}

/* P47, R24: each field, once different. */
Test(lint, a_field_that_is_not_as_asked_is_found)
{
	struct made m;
	struct cert_spec asked;
	struct names other = { 0 };

	made_spec(&m, KEY_ALG_ECDSA_P256);
	made_build(&m);
	add_name(&other, NAME_TYPE_IP, "10.0.0.1");
	add_name(&other, NAME_TYPE_DNS, "a.internal");
	asked = m.spec;
#define DIFFERS(member, change)                                                        \
	do {                                                                           \
		struct verdict v = { .terse = true };                                  \
		change;                                                                \
		cr_expect_not(lint_built(m.cert, &asked, LINT_NORMAL, &v));            \
		cr_expect_eq(v.n, 1);                                                  \
		cr_expect_eq(v.code, ERR_INTERNAL);                                    \
		cr_expect_str_eq(v.v[0].field, member);                                \
		verdict_free(&v);                                                      \
		asked = m.spec;                                                        \
	} while (0)

	DIFFERS("serial", asked.serial.b[5] ^= 1);
	DIFFERS("signature", asked.sig_alg.n--);
	DIFFERS("issuer", asked.issuer_dn = asked.subject_dn);
	DIFFERS("subject", asked.subject_dn = asked.issuer_dn);
	DIFFERS("not_before", asked.not_before++);
	DIFFERS("not_after", asked.not_after++);
	DIFFERS("key", asked.spki.n--);
	DIFFERS("key_id", asked.key_id = asked.authority_key_id);
	DIFFERS("authority_key_id", asked.authority_key_id = asked.key_id);
	DIFFERS("names", asked.names = &other); /* another order */
	DIFFERS("names", asked.names = NULL);
	DIFFERS("key_usage", asked.key_usage |= CERT_KU_KEY_ENCIPHERMENT);
	DIFFERS("usages", asked.usages = USAGE_SERVER_AUTH);
	DIFFERS("ca", asked.ca = true);
	DIFFERS("path_len", asked.path_len = 0);
	DIFFERS("constraints", asked.constraints = asked.key_id);
	DIFFERS("crl_url", asked.crl_url = "http://ca.example/crl/main.crm");
	DIFFERS("ocsp_url", asked.ocsp_url = NULL);
	DIFFERS("issuer_url", asked.issuer_url = "http://x");
	DIFFERS("ocsp_no_check", asked.ocsp_no_check = true);
	DIFFERS("no_rev_avail", asked.no_rev_avail = true);
#undef DIFFERS
	names_free(&other);
	made_free(&m);
}
