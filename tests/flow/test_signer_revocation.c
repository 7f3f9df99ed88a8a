/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <gnutls/ocsp.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "signer_peer.h"
#include "x509/ocsp.h"

static struct err e;

static void
begin(void)
{
	peer_make();
	peer_start();
}

static void
end(void)
{
	if (peer.pid > 0)
		peer_stop();
	peer_remove();
}

TestSuite(signer_revocation, .init = begin, .fini = end, .timeout = 60);

/* ---- MSG_REVOKE ---- */

/* S43, R28 */
Test(signer_revocation,
    a_second_time_is_refused_unless_the_reason_becomes_key_compromise)
{
	struct cert *c = peer_issue("web.internal");
	struct msg_revoke m;
	int64_t first = 0;

	peer_revoke(c, REASON_SUPERSEDED, &first);
	m = peer_ask_revoke(c, REASON_PRIVILEGE_WITHDRAWN);
	peer_send_revoke(&m);
	cr_expect_eq(peer_refused(), ERR_ALREADY_REVOKED);
	m = peer_ask_revoke(c, REASON_KEY_COMPROMISE);
	m.revoked_at = first + 100;
	peer_send_revoke(&m);
	struct record_revocation rv;
	cr_assert(record_revocation_get(peer_recorded(MSG_REVOKED).body, &rv, &e));
	cr_expect_eq(rv.revoked_at, first, "the first time stays");
	m = peer_ask_revoke(c, REASON_KEY_COMPROMISE);
	peer_send_revoke(&m);
	cr_expect_eq(peer_refused(), ERR_ALREADY_REVOKED);
	peer_kill(); /* and after a restart */
	peer_start();
	m = peer_ask_revoke(c, REASON_KEY_COMPROMISE);
	peer_send_revoke(&m);
	cr_expect_eq(peer_refused(), ERR_ALREADY_REVOKED);
	cert_free(c);
}

/* S27, S84 */
Test(signer_revocation, foreign_issuers_and_other_times_are_refused)
{
	struct cert *c = peer_issue("web.internal");
	struct msg_revoke m = peer_ask_revoke(c, REASON_SUPERSEDED);

	m.issuer = bytes_str("elsewhere");
	peer_send_revoke(&m);
	cr_expect_eq(peer_refused(), ERR_NOT_FOUND);
	m = peer_ask_revoke(c, REASON_SUPERSEDED);
	m.revoked_at += DAY_S;
	peer_send_revoke(&m);
	cr_expect_eq(peer_refused(), ERR_POLICY);
	m = peer_ask_revoke(c, REASON_SUPERSEDED);
	m.revoked_at -= YEAR_S;
	peer_send_revoke(&m);
	cr_expect_eq(peer_refused(), ERR_POLICY);
	cert_free(c);
}

/* ---- OCSP ---- */

static struct buf cert_id; /* of the last asking */

static void
make_cert_id(const struct cert *issuer, struct bytes serial)
{
	struct ocsp_issuer o;
	struct derw w;

	ocsp_issuer_init(&o, issuer->subject_dn, issuer->key.key_bits);
	derw_init(&w, KIB(1));
	der_put_integer(&w, serial);
	der_put_tlv(&w, DER_OCTET_STRING, bytes_of(o.key[OCSP_SHA1], 20));
	der_put_tlv(&w, DER_OCTET_STRING, bytes_of(o.name[OCSP_SHA1], 20));
	const size_t alg = der_mark(&w);
	der_put_null(&w);
	der_put_oid(&w, "1.3.14.3.2.26");
	der_wrap(&w, DER_SEQUENCE, alg);
	der_wrap(&w, DER_SEQUENCE, 0);
	buf_free(&cert_id);
	buf_init(&cert_id, KIB(1));
	cr_assert(der_take(&w, "CertID", &cert_id, &e));
	derw_free(&w);
}

static struct msg_sign_ocsp
ask_ocsp(const struct cert *c, enum cert_status status)
{
	const int64_t now = clock_now();

	make_cert_id(peer.main, serial_bytes(&c->serial));
	return (struct msg_sign_ocsp){
		.id = ++peer.id,
		.issuer = bytes_str("main"),
		.this_update = now,
		.next_update = now + 12 * 3600,
		.n = 1,
		.v[0] = { .cert_id = buf_bytes(&cert_id), .status = status },
	};
}

static void
send_ocsp(const struct msg_sign_ocsp *m)
{
	struct buf b;

	buf_init(&b, KIB(64));
	msg_sign_ocsp_put(&b, m);
	peer_send(MSG_SIGN_OCSP, &b);
}

static enum err_code
refused_ocsp(const struct msg_sign_ocsp *m)
{
	send_ocsp(m);
	return peer_refused();
}

/* A stranger's look at the answer: GnuTLS's. */
static void
expect_answer(const struct msg_sign_ocsp *m, unsigned status, int64_t revoked_at,
    int reason)
{
	struct msg_ocsp_signed out;
	gnutls_ocsp_resp_t resp;
	gnutls_x509_crt_t issuer;
	const gnutls_datum_t main_der = { peer.main->der.p,
		(unsigned)peer.main->der.n };
	unsigned verify = 99, got_status = 99, got_reason = 0;
	time_t at = 0, this_update, next_update;

	send_ocsp(m);
	const struct frame f = peer_receive();
	cr_assert_eq(f.type, MSG_OCSP_SIGNED, "%s", msg_name(f.type));
	cr_assert(msg_ocsp_signed_get(f.body, &out, &e));
	const gnutls_datum_t der = { (unsigned char *)(uintptr_t)out.response.p,
		(unsigned)out.response.n };
	gnutls_ocsp_resp_init(&resp);
	gnutls_x509_crt_init(&issuer);
	cr_assert_eq(gnutls_x509_crt_import(issuer, &main_der, GNUTLS_X509_FMT_DER), 0);
	cr_assert_eq(gnutls_ocsp_resp_import2(resp, &der, GNUTLS_X509_FMT_DER), 0);
	cr_expect_eq(gnutls_ocsp_resp_verify_direct(resp, issuer, &verify, 0), 0);
	cr_expect_eq(verify, 0, "%x", verify);
	cr_assert_eq(gnutls_ocsp_resp_get_single(resp, 0, NULL, NULL, NULL, NULL,
			 &got_status, &this_update, &next_update, &at, &got_reason),
	    0);
	cr_expect_eq(got_status, status);
	cr_expect(llabs(next_update - clock_now() - 12 * 3600) < 5);
	cr_expect_eq(out.next_update, next_update);
	if (status == GNUTLS_OCSP_CERT_REVOKED) {
		cr_expect_eq(at, revoked_at);
		cr_expect_eq((int)got_reason, reason);
	}
	gnutls_ocsp_resp_deinit(resp);
	gnutls_x509_crt_deinit(issuer);
}

/* P85, P86, P92, R29 */
Test(signer_revocation, ocsp_answers_verify_and_tell_what_the_journal_tells)
{
	struct cert *c = peer_issue("web.internal"), *d = peer_issue("b.internal");
	struct msg_sign_ocsp m = ask_ocsp(c, CERT_STATUS_GOOD);
	int64_t at = 0;

	m.nonce = bytes_str("0123456789abcdef");
	expect_answer(&m, GNUTLS_OCSP_CERT_GOOD, 0, 0);
	peer_revoke(c, REASON_KEY_COMPROMISE, &at);
	m = ask_ocsp(c, CERT_STATUS_REVOKED);
	m.v[0].revoked_at = at;
	m.v[0].reason = REASON_KEY_COMPROMISE;
	expect_answer(&m, GNUTLS_OCSP_CERT_REVOKED, at,
	    GNUTLS_X509_CRLREASON_KEYCOMPROMISE);
	m = ask_ocsp(d, CERT_STATUS_GOOD);
	expect_answer(&m, GNUTLS_OCSP_CERT_GOOD, 0, 0);
	m = ask_ocsp(d, CERT_STATUS_UNKNOWN);
	expect_answer(&m, GNUTLS_OCSP_CERT_UNKNOWN, 0, 0);
	cert_free(c);
	cert_free(d);
}

/* S84, R30, R32, R33 */
Test(signer_revocation, no_lie_about_a_certificate_is_signed)
{
	struct cert *c = peer_issue("web.internal"), *other = peer_issue("b.internal");
	struct msg_sign_ocsp m;
	int64_t at = 0;

	m = ask_ocsp(c, CERT_STATUS_REVOKED); /* not revoked at all */
	m.v[0].revoked_at = clock_now();
	cr_expect_eq(refused_ocsp(&m), ERR_INTERNAL);
	peer_revoke(c, REASON_SUPERSEDED, &at);
	m = ask_ocsp(c,
	    CERT_STATUS_GOOD); /* perhaps still on its way: no answer either */
	cr_expect_eq(refused_ocsp(&m), ERR_UNAVAILABLE);
	cert_free(
	    peer_issue("c.internal")); /* tells that core has stored the revocation */
	m = ask_ocsp(c, CERT_STATUS_GOOD);
	cr_expect_eq(refused_ocsp(&m), ERR_INTERNAL);
	m = ask_ocsp(c, CERT_STATUS_UNKNOWN);
	cr_expect_eq(refused_ocsp(&m), ERR_INTERNAL);
	m = ask_ocsp(c, CERT_STATUS_REVOKED);
	m.v[0].revoked_at = at - 1;
	m.v[0].reason = REASON_SUPERSEDED;
	cr_expect_eq(refused_ocsp(&m), ERR_INTERNAL, "another time");
	m.v[0].revoked_at = at;
	m.v[0].reason = REASON_UNSPECIFIED;
	m.id = ++peer.id;
	cr_expect_eq(refused_ocsp(&m), ERR_INTERNAL, "another reason");

	m = ask_ocsp(other, CERT_STATUS_GOOD); /* one lie among truths */
	m.v[1] = m.v[0];
	struct buf kept = cert_id;
	buf_init(&cert_id, 0);
	make_cert_id(peer.main, serial_bytes(&c->serial));
	m.v[1].cert_id = buf_bytes(&cert_id);
	m.n = 2;
	cr_expect_eq(refused_ocsp(&m), ERR_INTERNAL);
	buf_free(&kept);

	m = ask_ocsp(other, CERT_STATUS_GOOD); /* under another CA's hashes */
	make_cert_id(peer.root, serial_bytes(&other->serial));
	m.v[0].cert_id = buf_bytes(&cert_id);
	cr_expect_eq(refused_ocsp(&m), ERR_INTERNAL);
	m.issuer = bytes_str("elsewhere");
	m.id = ++peer.id;
	cr_expect_eq(refused_ocsp(&m), ERR_NOT_FOUND);
	m = ask_ocsp(other, CERT_STATUS_GOOD); /* an old answer */
	m.this_update -= DAY_S;
	cr_expect_eq(refused_ocsp(&m), ERR_INTERNAL);
	cert_free(c);
	cert_free(other);
}
