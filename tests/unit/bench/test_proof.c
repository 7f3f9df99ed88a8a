/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "../der_walk.h"
#include "base/clock.h"
#include "bench/ceiling.h"
#include "bench/proof.h"
#include "codec/pem.h"
#include "x509/dn.h"
#include "x509/ocsp.h"

static struct key *ca_key;
static struct buf ca_dn, root_pem;
static struct stock stock;
static struct err e;

/* Signs what 's' says with the CA's key; PEM is appended. */
static void
sign(struct cert_spec *s, struct buf *ret_pem)
{
	struct buf tbs, sig, der;

	buf_init(&tbs, CERT_MAX);
	buf_init(&sig, KIB(1));
	buf_init(&der, CERT_MAX);
	s->sig_alg = key_sig_alg(ca_key);
	s->issuer_dn = buf_bytes(&ca_dn);
	cr_assert(cert_build_tbs(s, &tbs, &e), "%s", e.detail);
	cr_assert(key_sign(ca_key, buf_bytes(&tbs), &sig, &e));
	cr_assert(
	    cert_assemble(buf_bytes(&tbs), s->sig_alg, buf_bytes(&sig), &der, &e));
	pem_put(ret_pem, "CERTIFICATE", buf_bytes(&der));
	buf_free(&tbs);
	buf_free(&sig);
	buf_free(&der);
}

static void
make_root(void)
{
	static const uint8_t id[20] = { 1 };
	struct cert_spec s = { .not_before = clock_now() - 10,
		.not_after = clock_now() + 1000,
		.key_usage = CERT_KU_KEY_CERT_SIGN | CERT_KU_CRL_SIGN,
		.ca = true,
		.path_len = -1 };

	buf_init(&ca_dn, KIB(1));
	buf_init(&root_pem, KIB(8));
	cr_assert(key_generate(KEY_ALG_ECDSA_P256, 0, &ca_key, &e));
	cr_assert(dn_build(NULL, "Root", &ca_dn, &e));
	cr_assert(serial_new(clock_now(), &s.serial, &e));
	s.subject_dn = buf_bytes(&ca_dn);
	s.spki = key_spki(ca_key);
	s.key_id = bytes_of(id, sizeof(id));
	sign(&s, &root_pem);
	cr_assert(stock_make(2, "example.test", false, &stock, &e), "%s", e.detail);
}

/* A leaf for the key of one item and the names of another, as PEM. */
static void
leaf(size_t key, size_t names, const struct serial *serial, int64_t ends_at,
    struct buf *ret)
{
	static const uint8_t id[20] = { 2 };
	static const uint8_t empty[] = { 0x30, 0 };
	struct cert_spec s = { .serial = *serial,
		.not_before = clock_now() - 10,
		.not_after = ends_at,
		.subject_dn = bytes_of(empty, sizeof(empty)),
		.spki = key_spki(stock.v[key].key),
		.key_id = bytes_of(id, sizeof(id)),
		.authority_key_id = bytes_of(id, sizeof(id)),
		.names = &stock.v[names].names,
		.key_usage = CERT_KU_DIGITAL_SIGNATURE,
		.usages = USAGE_SERVER_AUTH,
		.path_len = -1 };

	buf_init(ret, KIB(8));
	sign(&s, ret);
}

Test(proof, only_the_certificate_that_was_asked_for_counts_and_only_once)
{
	struct serial one, two;
	struct proof *p = NULL;
	struct buf pem;

	make_root();
	cr_assert(proof_new(buf_bytes(&root_pem), &p, &e), "%s", e.detail);
	cr_assert(
	    serial_new(clock_now(), &one, &e) && serial_new(clock_now(), &two, &e));
	leaf(0, 0, &one, clock_now() + 500, &pem);
	cr_expect_not(proof_certificate(p, buf_bytes(&pem), &stock.v[0], NULL, &e),
	    "its issuer is not known");
	cr_assert(proof_add_issuer(p, buf_bytes(&root_pem), &e), "%s", e.detail);
	cr_expect(proof_certificate(p, buf_bytes(&pem), &stock.v[0], NULL, &e), "%s",
	    e.detail);
	cr_expect_not(proof_certificate(p, buf_bytes(&pem), &stock.v[0], NULL, &e));
	cr_expect_str_eq(e.detail, "this serial number came twice");
	buf_free(&pem);

	leaf(1, 0, &two, clock_now() + 500, &pem);
	cr_expect_not(proof_certificate(p, buf_bytes(&pem), &stock.v[0], NULL, &e));
	cr_expect_str_eq(e.detail, "the certificate is for another key");
	cr_expect_not(proof_certificate(p, buf_bytes(&pem), &stock.v[1], NULL, &e));
	cr_expect_str_eq(e.detail, "the certificate has other names");
	buf_free(&pem);

	leaf(0, 0, &two, clock_now() - 5, &pem);
	cr_expect_not(proof_certificate(p, buf_bytes(&pem), &stock.v[0], NULL, &e),
	    "it has ended");
	buf_free(&pem);

	leaf(0, 0, &two, clock_now() + 500, &pem);
	pem.p[pem.n / 2] = pem.p[pem.n / 2] == 'A' ? 'B' : 'A';
	cr_expect_not(proof_certificate(p, buf_bytes(&pem), &stock.v[0], NULL, &e),
	    "an octet of it was changed");
	buf_free(&pem);
	proof_free(p);
	key_free(ca_key);
	stock_free(&stock);
	buf_free(&ca_dn);
	buf_free(&root_pem);
}

Test(proof, what_is_no_ocsp_answer_or_crl_is_none_at_any_length)
{
	static const uint8_t junk[] = { 0x30, 0x0a, 0x0a, 1, 0, 0xa0, 5, 0x30, 3, 6, 1,
		0 };
	static const uint8_t later[] = { 0x30, 3, 0x0a, 1, 3 };
	struct serial s;
	struct proof *p = NULL;

	make_root();
	cr_assert(proof_new(buf_bytes(&root_pem), &p, &e));
	cr_assert(proof_add_issuer(p, buf_bytes(&root_pem), &e));
	cr_assert(serial_new(clock_now(), &s, &e));
	for (size_t n = 0; n <= sizeof(junk); n++) {
		cr_expect_not(
		    proof_ocsp(p, bytes_of(junk, n), &s, bytes_str(NULL), &e));
		cr_expect_not(proof_crl(p, bytes_of(junk, n), &e));
	}
	cr_expect_not(
	    proof_ocsp(p, bytes_of(later, sizeof(later)), &s, bytes_str(NULL), &e));
	cr_expect_eq(e.code, ERR_UNAVAILABLE);
	proof_free(p);
	key_free(ca_key);
	stock_free(&stock);
	buf_free(&ca_dn);
	buf_free(&root_pem);
}

struct asked {
	struct proof *p;
	struct serial serial;
	struct bytes good, data;
	size_t n;
};

static void
is_no_proof(void *arg, struct bytes der)
{
	struct asked *a = arg;
	struct err why = { 0 };

	const bool ok = proof_ocsp(a->p, der, &a->serial, bytes_str("nonce"), &why);

	cr_expect(ok || why.detail[0] != '\0');
	/* What is not signed may be another. */
	if (der.n == 0 || memmem(der.p, der.n, a->data.p, a->data.n) == NULL) {
		cr_expect_not(ok);
		a->n++;
	}
}

/* What a benchmark counts as an answer is signed, of this serial, and to this nonce. */
Test(proof, an_answer_counts_only_as_the_issuer_signed_it)
{
	static const uint8_t id[20] = { 1 };
	static const char cert_id[] = "\x30\x3a\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05"
				      "\x00\x04\x14nnnnnnnnnnnnnnnnnnnn"
				      "\x04\x14kkkkkkkkkkkkkkkkkkkk\x02\x01\x05";
	const struct ocsp_single single = { .cert_id = bytes_of(cert_id,
						sizeof(cert_id) - 1) };
	struct asked a = { 0 };
	struct serial other;
	struct buf data, sig, der;

	make_root();
	buf_init(&data, KIB(4));
	buf_init(&sig, KIB(1));
	buf_init(&der, KIB(8));
	cr_assert(proof_new(buf_bytes(&root_pem), &a.p, &e));
	cr_assert(serial_from_der(bytes_of("\x05", 1), &a.serial, &e), "%s", e.detail);
	const struct ocsp_spec spec = { .key_id_sha1 = bytes_of(id, sizeof(id)),
		.produced_at = clock_now(),
		.this_update = clock_now() - 1,
		.next_update = clock_now() + 60,
		.nonce = bytes_str("nonce"),
		.v = &single,
		.n = 1 };
	cr_assert(ocsp_build_data(&spec, &data, &e), "%s", e.detail);
	cr_assert(key_sign(ca_key, buf_bytes(&data), &sig, &e));
	cr_assert(ocsp_assemble(buf_bytes(&data), key_sig_alg(ca_key), buf_bytes(&sig),
		      bytes_of(NULL, 0), &der, &e),
	    "%s", e.detail);
	a.good = buf_bytes(&der);
	a.data = buf_bytes(&data);
	cr_expect_not(proof_ocsp(a.p, a.good, &a.serial, bytes_str("nonce"), &e),
	    "no issuer is known");
	cr_assert(proof_add_issuer(a.p, buf_bytes(&root_pem), &e));
	cr_expect(proof_ocsp(a.p, a.good, &a.serial, bytes_str("nonce"), &e), "%s",
	    e.detail);
	cr_expect_not(proof_ocsp(a.p, a.good, &a.serial, bytes_str("another"), &e));
	cr_assert(serial_from_der(bytes_of("\x77", 1), &other, &e));
	cr_expect_not(proof_ocsp(a.p, a.good, &other, bytes_str("nonce"), &e));
	der_walk(a.good, is_no_proof, &a);
	cr_expect_gt(a.n, 100);
	proof_free(a.p);
	key_free(ca_key);
	stock_free(&stock);
	buf_free(&ca_dn);
	buf_free(&root_pem);
	buf_free(&data);
	buf_free(&sig);
	buf_free(&der);
}

Test(ceiling, what_a_core_signs_and_verifies_is_counted)
{
	struct ceiling c = { 0 };

	cr_assert(ceiling_take(KEY_ALG_ECDSA_P256, 2000, &c, &e), "%s", e.detail);
	cr_expect(c.signs > 10 && c.verifies > 10, "%f, %f", c.signs, c.verifies);
}
