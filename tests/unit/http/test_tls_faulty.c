/* SPDX-License-Identifier: Apache-2.0 */
/* R44, S67: when GnuTLS fails at any call nobody is believed and no half of a listener serves. */
#include <criterion/criterion.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <string.h>

#include "../faulty.h"
#include "http/tls.h"
#include "http/tls_trust.h"
#include "paper_ca.h"

#define CALL(name, params, ...)                                                        \
	FAULTY_CALL(int, GNUTLS_E_MEMORY_ERROR, name, params, __VA_ARGS__)

/* clang-format off */
CALL(gnutls_certificate_allocate_credentials, (gnutls_certificate_credentials_t *ret), ret)
CALL(gnutls_certificate_set_x509_key, (gnutls_certificate_credentials_t c, gnutls_x509_crt_t *v, int n,
    gnutls_x509_privkey_t k), c, v, n, k)
CALL(gnutls_session_ticket_key_generate, (gnutls_datum_t *ret), ret)
CALL(gnutls_x509_privkey_generate, (gnutls_x509_privkey_t k, gnutls_pk_algorithm_t alg, unsigned bits, unsigned flags),
    k, alg, bits, flags)
CALL(gnutls_x509_crq_init, (gnutls_x509_crq_t *ret), ret)
CALL(gnutls_x509_crq_set_version, (gnutls_x509_crq_t q, unsigned v), q, v)
CALL(gnutls_x509_crq_set_key, (gnutls_x509_crq_t q, gnutls_x509_privkey_t k), q, k)
CALL(gnutls_x509_crq_sign2, (gnutls_x509_crq_t q, gnutls_x509_privkey_t k, gnutls_digest_algorithm_t d, unsigned flags),
    q, k, d, flags)
CALL(gnutls_x509_crq_export2, (gnutls_x509_crq_t q, gnutls_x509_crt_fmt_t format, gnutls_datum_t *ret), q, format, ret)
CALL(gnutls_x509_crt_init, (gnutls_x509_crt_t *ret), ret)
CALL(gnutls_x509_crt_import, (gnutls_x509_crt_t c, const gnutls_datum_t *in, gnutls_x509_crt_fmt_t format), c, in, format)
CALL(gnutls_x509_crt_list_import2, (gnutls_x509_crt_t **ret, unsigned *n, const gnutls_datum_t *in,
    gnutls_x509_crt_fmt_t format, unsigned flags), ret, n, in, format, flags)
CALL(gnutls_x509_trust_list_init, (gnutls_x509_trust_list_t *ret, unsigned size), ret, size)
CALL(gnutls_x509_trust_list_verify_crt2, (gnutls_x509_trust_list_t l, gnutls_x509_crt_t *v, unsigned n,
    gnutls_typed_vdata_st *data, unsigned elements, unsigned flags, unsigned *status, gnutls_verify_output_function f),
    l, v, n, data, elements, flags, status, f)
/* clang-format on */

static struct paper_ca root;
static gnutls_datum_t leaf;
static struct tls_trust *trust;
static struct tls *tls;

static void
begin(void)
{
	const struct paper_leaf l = { "leaf", GNUTLS_KP_TLS_WWW_CLIENT, -60, 3600,
		false, 0, 0 };
	gnutls_x509_privkey_t key = paper_key(GNUTLS_PK_ECDSA, PAPER_P256);

	paper_ca_make(&root, "root");
	gnutls_x509_crt_t crt = paper_sign(&root, &l, key);
	cr_assert_eq(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_DER, &leaf), 0);
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(key);
}

static void
end(void)
{
	gnutls_free(leaf.data);
	paper_ca_free(&root);
}

TestSuite(tls_faulty, .init = begin, .fini = end);

static bool
judge(struct err *e)
{
	const struct bytes pem[] = { buf_bytes(&root.pem) };
	struct tls_trust_verdict v = { .status = ~0u };

	trust = NULL;
	if (!tls_trust_new(pem, 1, &trust, e))
		return false;
	if (tls_trust_judge(trust, (struct tls_trust_chain){ &leaf, 1 }, &v) &&
	    v.status == 0) {
		cr_expect_neq(v.ends_at, 0);
		return true;
	}
	return err_set(e, ERR_UNAUTHENTICATED, "it is not believed");
}

static void
free_trust(bool ok, const struct err *e)
{
	cr_expect(ok || e->code == ERR_INTERNAL || e->code == ERR_MALFORMED ||
		      e->code == ERR_UNAUTHENTICATED,
	    "%s: %s", faulty_which(), e->detail);
	tls_trust_free(trust);
}

Test(tls_faulty, a_client_is_believed_when_every_step_was_done)
{
	const unsigned n = faulty_sweep(1, NULL, judge, free_trust);

	cr_expect_geq(n, 5, "%u", n);
}

static bool
serve(struct err *e)
{
	const struct bytes pem[] = { buf_bytes(&root.pem) };
	struct buf csr, chain;
	bool ok = false;

	tls = NULL;
	buf_init(&csr, KIB(8));
	buf_init(&chain, KIB(32));
	if (!tls_new(pem, 1, &tls, e) || !tls_request(tls, &csr, e))
		goto out;
	const bool armed =
	    faulty_hold(true); /* what the test itself does cannot fail */
	paper_certify(&root, buf_bytes(&csr), "server", &chain);
	(void)faulty_hold(armed);
	ok = tls_certify(tls, buf_bytes(&chain), e);
out:
	buf_free(&csr);
	buf_free(&chain);
	return ok;
}

static void
free_tls(bool ok, const struct err *e)
{
	cr_expect(ok || e->code == ERR_INTERNAL || e->code == ERR_MALFORMED ||
		      e->code == ERR_CONFLICT,
	    "%s: %s", faulty_which(), e->detail);
	tls_free(tls);
}

Test(tls_faulty, a_listener_has_its_certificate_whole_or_says_why_not)
{
	const unsigned n = faulty_sweep(1, NULL, serve, free_tls);

	cr_expect_geq(n, 8, "%u", n);
}
