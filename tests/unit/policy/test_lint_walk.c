/* SPDX-License-Identifier: Apache-2.0 */
/* S31: the lints, with each element of what is right wrong in turn: they judge, and in words. */
#include <criterion/criterion.h>
#include <string.h>

#include "../der_walk.h"
#include "made.h"
#include "policy/lint.h"
#include "x509/ocsp.h"

struct tally {
	size_t passed, failed, unread;
	const struct made *made;
};

static void
count(struct tally *t, bool pass, const struct verdict *v)
{
	bool fault = false;

	cr_expect_gt(v->n, 0u);
	for (size_t i = 0; i < v->n; i++)
		fault = fault || (!v->v[i].pass && v->v[i].value[0] != '\0');
	cr_expect(pass || fault, "a refusal without a word");
	t->passed += pass;
	t->failed += !pass;
}

static void
try_certificate(void *arg, struct bytes der)
{
	struct tally *t = arg;
	struct cert *c = NULL;
	struct verdict v = { 0 };
	struct err e;

	if (!cert_parse(der, &c, &e)) {
		t->unread++;
		return;
	}
	const bool same = bytes_eq(c->tbs, t->made->cert->tbs);
	count(t, lint_certificate(c, LINT_NORMAL, &v), &v);
	verdict_free(&v);
	/* R24: and what was not asked for is never taken for it. */
	v = (struct verdict){ .terse = true };
	cr_expect_eq(lint_built(c, &t->made->spec, LINT_NORMAL, &v), same);
	verdict_free(&v);
	cert_free(c);
}

static void
walk_certificate(struct made *m, struct tally *t)
{
	made_build(m);
	t->made = m;
	der_walk(buf_bytes(&m->der), try_certificate, t);
}

Test(lint_walk, a_leaf_a_ca_and_a_responder)
{
	struct tally t = { 0 };
	struct made m;

	made_spec(&m, KEY_ALG_ECDSA_P256);
	m.spec.freshest_url = "http://ca.example/crl/main/delta.crl";
	walk_certificate(&m, &t);
	cr_expect_gt(t.failed, 100);
	m.spec.crl_url = m.spec.ocsp_url = m.spec.freshest_url = NULL;
	m.spec.no_rev_avail = true;
	walk_certificate(&m, &t);
	m.spec.no_rev_avail = false;
	made_responder(&m);
	walk_certificate(&m, &t);
	made_ca(&m, 2);
	m.spec.crl_url = "http://ca.example/root.crl";
	walk_certificate(&m, &t);
	cr_expect_gt(t.unread, 500);
	made_free(&m);
}

static void
try_answer(void *arg, struct bytes der)
{
	struct verdict v = { 0 };

	count(arg, lint_ocsp(der, &v), &v);
	verdict_free(&v);
}

#define ID                                                                             \
	"\x30\x3a\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14nnnnnnnnnnnnnnnn" \
	"nnnn"                                                                         \
	"\x04\x14kkkkkkkkkkkkkkkkkkkk\x02\x01\x05"

/* An answer about two, one of them revoked, with a nonce and the responder's certificate. */
Test(lint_walk, an_ocsp_answer_with_its_responder)
{
	const struct bytes id = { (const uint8_t *)ID, sizeof(ID) - 1 };
	const struct ocsp_single singles[] = {
		{ .cert_id = id,
		    .status = 1,
		    .revoked_at = NOW - 5,
		    .reason = REASON_KEY_COMPROMISE },
		{ .cert_id = id, .status = 0 },
	};
	struct tally t = { 0 };
	struct buf data, der;
	struct made m;
	struct err e = { 0 };

	made_spec(&m, KEY_ALG_ECDSA_P256);
	made_responder(&m);
	made_build(&m);
	const struct ocsp_spec spec = { .key_id_sha1 = bytes_of(m.issuer_key_id, 20),
		.produced_at = NOW,
		.this_update = NOW,
		.next_update = NOW + 60,
		.nonce = bytes_str("nonce"),
		.v = singles,
		.n = NITEMS(singles) };
	buf_init(&data, KIB(4));
	buf_init(&der, KIB(8));
	cr_assert(ocsp_build_data(&spec, &data, &e), "%s", e.detail);
	cr_assert(ocsp_assemble(buf_bytes(&data), key_sig_alg(m.key),
		      bytes_str("signature"), buf_bytes(&m.der), &der, &e),
	    "%s", e.detail);
	struct verdict v = { 0 };
	cr_expect(lint_ocsp(buf_bytes(&der), &v));
	verdict_free(&v);
	der_walk(buf_bytes(&der), try_answer, &t);
	cr_expect_gt(t.passed, 5);
	cr_expect_gt(t.failed, 200);
	buf_free(&data);
	buf_free(&der);
	made_free(&m);
}
