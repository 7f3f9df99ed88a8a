/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <gnutls/ocsp.h>
#include <gnutls/x509.h>
#include <signal.h>
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
	cert_free(c);
}

/* S27: one that waited for us counts from now on, and so does one that is backdated. */
Test(signer_revocation, one_that_comes_late_is_revoked_now)
{
	const int64_t late[] = { 600, YEAR_S };

	for (size_t k = 0; k < NITEMS(late); k++) {
		struct cert *c = peer_issue("web.internal");
		struct msg_revoke m = peer_ask_revoke(c, REASON_SUPERSEDED);
		struct record_revocation rv;
		const int64_t now = clock_now();

		m.revoked_at -= late[k];
		peer_send_revoke(&m);
		cr_assert(
		    record_revocation_get(peer_recorded(MSG_REVOKED).body, &rv, &e));
		cr_expect(rv.revoked_at >= now && rv.revoked_at <= now + 5);
		cert_free(c);
	}
}

static int64_t
recorded_end(const struct msg_revoke *m)
{
	struct record_revocation rv;

	peer_send_revoke(m);
	cr_assert(record_revocation_get(peer_recorded(MSG_REVOKED).body, &rv, &e));
	return rv.not_after;
}

/* S84, R27: how long an entry is on lists is not core's to say. */
Test(signer_revocation, a_certificate_says_itself_until_when_it_is_on_lists)
{
	struct cert *c = peer_issue("web.internal"), *d = peer_issue("b.internal");
	struct msg_revoke m = peer_ask_revoke(c, REASON_SUPERSEDED);

	cr_expect_eq(recorded_end(&m), c->not_after);
	m = peer_ask_revoke(d, REASON_SUPERSEDED);
	m.certificate = bytes_of(NULL, 0);
	cr_expect_eq(recorded_end(&m), peer.main->not_after, "none outlives it");
	m = peer_ask_revoke(d, REASON_KEY_COMPROMISE);
	cr_expect_eq(recorded_end(&m), peer.main->not_after, "it is never earlier");
	cert_free(c), cert_free(d);
}

/* S84, R27: and nobody is kept from revoking by a row that is damaged. */
Test(signer_revocation, a_certificate_that_proves_nothing_leaves_it_on_lists_to_the_end)
{
	struct cert *d = peer_issue("b.internal");
	struct cert *stranger = peer_ca_certificate("Main", peer.root_key, NULL,
	    peer.root_key, bytes_of(NULL, 0));
	const struct bytes others[] = { buf_bytes(&d->der), bytes_str("0"),
		buf_bytes(&peer.main->der), buf_bytes(&stranger->der) };

	for (size_t k = 0; k <= NITEMS(others); k++) {
		struct cert *c = peer_issue("web.internal");
		struct msg_revoke m = peer_ask_revoke(c, REASON_SUPERSEDED);

		if (k < NITEMS(others))
			m.certificate = others[k];
		else
			c->der.p[c->der.n - 1] ^= 1; /* its signature */
		cr_expect_eq(recorded_end(&m), peer.main->not_after, "%zu", k);
		cert_free(c);
	}
	cert_free(stranger), cert_free(d);
}

/* What is asked of the root about the intermediate. */
static struct msg_revoke
ask_revoke_main(enum reason reason)
{
	struct msg_revoke m = peer_ask_revoke(peer.main, reason);

	m.issuer = bytes_str("root");
	return m;
}

static enum err_code
refused_cert(const char *profile, struct bytes csr, struct bytes names)
{
	struct msg_sign_cert m = peer_ask_cert(csr, names);

	m.profile = bytes_str(profile);
	peer_send_cert(&m);
	return peer_refused();
}

/* P70, S83, S84: whatever core says, and after a restart. */
Test(signer_revocation, under_a_revoked_issuer_nothing_is_signed)
{
	const char *const web[] = { "dns:web.internal", NULL };
	struct key *k = NULL;
	struct buf csr, names;
	struct msg_revoke m;

	buf_init(&csr, KIB(16));
	buf_init(&names, KIB(16));
	cr_assert(key_generate(KEY_ALG_ECDSA_P256, 0, &k, &e), "%s", e.detail);
	peer_csr(k, web, &csr);
	peer_names(web, &names);
	m = ask_revoke_main(REASON_SUPERSEDED);
	peer_send_revoke(&m);
	(void)peer_recorded(MSG_REVOKED);
	cr_expect_eq(refused_cert("server", buf_bytes(&csr), buf_bytes(&names)),
	    ERR_POLICY);
	m = ask_revoke_main(REASON_PRIVILEGE_WITHDRAWN);
	peer_send_revoke(&m);
	cr_expect_eq(peer_refused(), ERR_ALREADY_REVOKED);
	m = ask_revoke_main(REASON_CA_COMPROMISE); /* S43: worse is told */
	peer_send_revoke(&m);
	(void)peer_recorded(MSG_REVOKED);
	peer_kill();
	peer_start();
	cr_expect_eq(refused_cert("server", buf_bytes(&csr), buf_bytes(&names)),
	    ERR_POLICY);
	buf_free(&csr);
	buf_free(&names);
	key_free(k);
}

/* P70: what nobody could believe is not recorded. */
Test(signer_revocation, the_root_is_not_revoked)
{
	struct msg_revoke m = peer_ask_revoke(peer.root, REASON_CA_COMPROMISE);

	m.issuer = bytes_str("root");
	peer_send_revoke(&m);
	cr_expect_eq(peer_refused(), ERR_POLICY);
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

/* ---- many questions at once, whoever works on them ---- */

#define MANY 24 /* certificates */

static void
send_many(struct buf *csr, struct buf *names, int n)
{
	for (int k = 0; k < n; k++) {
		const struct msg_sign_cert m =
		    peer_ask_cert(buf_bytes(csr), buf_bytes(names));

		peer_send_cert(&m);
	}
}

/* What came, in its order: the id of each answer, and the last record's number. */
struct come {
	uint64_t ids[2 * MANY + 8];
	unsigned types[2 * MANY + 8];
	enum err_code codes[2 * MANY + 8];
	size_t n;
};

static void
receive_one(struct come *c)
{
	const struct frame f = peer_receive();
	struct msg_recorded m;
	struct msg_refused refused;
	struct msg_ocsp_signed out;
	struct record r;

	c->types[c->n] = f.type;
	if (f.type == MSG_REFUSED) {
		cr_assert(msg_refused_get(f.body, &refused, &e));
		c->ids[c->n] = refused.id;
		c->codes[c->n] = refused.code;
	} else if (f.type == MSG_OCSP_SIGNED) {
		cr_assert(msg_ocsp_signed_get(f.body, &out, &e));
		c->ids[c->n] = out.id;
	} else {
		cr_assert(
		    msg_recorded_get(f.body, &m, &e) && record_parse(m.record, &r, &e));
		c->ids[c->n] = m.id;
		cr_assert_eq(r.seq, peer.seq + 1, "records come in their order");
		peer.seq = r.seq;
	}
	c->n++;
}

static size_t
place_of(const struct come *c, uint64_t id)
{
	size_t at = c->n, times = 0;

	for (size_t k = 0; k < c->n; k++)
		if (c->ids[k] == id) {
			at = k;
			times++;
		}
	cr_assert_eq(times, 1, "each question has one answer");
	return at;
}

/* R29, S43: core forgets what it keeps when it hears of a revocation; nothing may come behind. */
Test(signer_revocation, no_good_comes_behind_a_revocation_however_many_are_asked)
{
	static const char *const list[] = { "dns:many.internal", NULL };
	struct cert *c = peer_issue("web.internal");
	struct come come = { 0 };
	struct key *k = NULL;
	struct buf csr, names, bad;

	buf_init(&csr, KIB(16));
	buf_init(&bad, KIB(16));
	buf_init(&names, KIB(16));
	cr_assert(key_generate(KEY_ALG_ECDSA_P256, 0, &k, &e));
	peer_csr(k, list, &csr);
	peer_names(list, &names);
	buf_put(&bad, buf_bytes(&csr));
	bad.p[bad.n - 1] ^= 1;

	kill(peer.pid, SIGSTOP); /* all of it lies ready when it goes on */
	send_many(&csr, &names, MANY);
	struct msg_sign_ocsp before = ask_ocsp(c, CERT_STATUS_GOOD);
	send_ocsp(&before);
	const struct msg_revoke revoke = peer_ask_revoke(c, REASON_SUPERSEDED);
	peer_send_revoke(&revoke);
	struct msg_sign_ocsp behind = ask_ocsp(c, CERT_STATUS_GOOD);
	send_ocsp(&behind);
	const uint64_t spoilt = peer.id + 1;
	send_many(&bad, &names, 1);
	send_many(&csr, &names, MANY);
	kill(peer.pid, SIGCONT);

	while (come.n < 2 * MANY + 4)
		receive_one(&come);
	const size_t first = place_of(&come, before.id),
		     at = place_of(&come, revoke.id),
		     second = place_of(&come, behind.id);
	cr_expect_eq(come.types[first], MSG_OCSP_SIGNED);
	cr_expect_eq(come.types[at], MSG_REVOKED);
	cr_expect_lt(first, at);
	cr_expect_eq(come.types[second], MSG_REFUSED);
	cr_expect_eq(come.codes[second], ERR_UNAVAILABLE);
	cr_expect_eq(come.codes[place_of(&come, spoilt)], ERR_BAD_CSR);
	struct msg_journal_end end;
	const uint64_t last = peer.seq;
	peer_replay(1, &end);
	cr_expect_eq(end.last_seq, last, "what was refused left no record");
	key_free(k);
	buf_free(&csr);
	buf_free(&bad);
	buf_free(&names);
	cert_free(c);
}
