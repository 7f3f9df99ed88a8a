/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/mem.h"
#include "signer_peer.h"

static struct err e;
static struct key *key; /* a client's */
static struct buf csr, names;
static const char *const web[] = { "dns:web.internal", NULL };

static void
begin(void)
{
	peer_make();
	peer_start();
	buf_init(&csr, KIB(16));
	buf_init(&names, KIB(16));
	cr_assert(key_generate(KEY_ALG_ECDSA_P256, 0, &key, &e));
	peer_csr(key, web, &csr);
	peer_names(web, &names);
}

static void
end(void)
{
	if (peer.pid > 0)
		peer_stop();
	buf_free(&csr);
	buf_free(&names);
	key_free(key);
	peer_remove();
}

TestSuite(signer_certificate, .init = begin, .fini = end, .timeout = 60);

/* P6, P15, P18, P20, P23, P30, P33, R89 */
Test(signer_certificate, a_csr_becomes_a_certificate_that_is_on_disk_when_it_is_told)
{
	const struct msg_sign_cert m =
	    peer_ask_cert(buf_bytes(&csr), buf_bytes(&names));
	const int64_t now = clock_now();
	char *dir = peer_path("journal");
	struct record_certificate rc;
	struct cert *c = NULL;

	peer_send_cert(&m);
	const struct record r = peer_recorded(MSG_CERT_SIGNED);
	cr_assert(record_certificate_get(r.body, &rc, &e));
	cr_expect(
	    bytes_eq_str(rc.issuer, "main") && bytes_eq_str(rc.profile, "server") &&
	    bytes_eq_str(rc.requester, "cert:admin") && bytes_eq_str(rc.note, "{}"));
	cr_assert(cert_parse(rc.der, &c, &e), "%s", e.detail);
	cr_expect(spki_verify(&peer.main->key, c->sig_alg, c->tbs, c->sig, &e), "%s",
	    e.detail);
	cr_expect(bytes_eq(c->issuer_dn, peer.main->subject_dn));
	cr_expect(bytes_eq(c->authority_key_id, peer.main->key_id));
	cr_expect(bytes_eq(c->key.der, key_spki(key)));
	cr_expect_str_eq(c->cn, "web.internal");
	cr_expect(
	    names_have(&c->names, NAME_TYPE_DNS, "web.internal") && c->names.n == 1);
	cr_expect(!c->ca && c->usages == USAGE_SERVER_AUTH &&
		  c->key_usage == CERT_KU_DIGITAL_SIGNATURE);
	cr_expect(llabs(c->not_after - (now + DAY_S - 1)) <= 2, "P8");
	cr_expect(llabs(c->not_before - (now - 300)) <= 2, "P9");
	cr_expect(c->serial.n == SERIAL_LEN);
	cr_expect(memmem(rc.der.p, rc.der.n, "http://ca.internal:8080/crl/main.crl",
		      36) != NULL);
	cr_expect(
	    memmem(rc.der.p, rc.der.n, "http://ca.internal:8080/ocsp", 28) != NULL);
	cr_expect(memmem(rc.der.p, rc.der.n, "http://ca.internal:8080/ca/main.crt",
		      35) != NULL);
	cert_free(c);
	const uint64_t seq = peer.seq;
	peer_kill(); /* -9: what was told is there */
	cr_expect(journal_verify(dir, NULL, NULL, &e), "%s", e.detail);
	peer_start();
	struct msg_journal_end je;
	cr_expect_eq(peer_replay(seq, &je), 3,
	    "it, and the responders of the new start");
	free(dir);
}

/* ---- what a core that was taken over would ask (S84, R1, R6, P36, P43, P54) ---- */

static void
expect_lie(const struct msg_sign_cert *m, enum err_code code, const char *what)
{
	peer_send_cert(m);
	const enum err_code got = peer_refused();
	cr_expect_eq(got, code, "%s: %s", what, err_type(got));
}

static void
csr_of_ca(struct buf *ret)
{
	gnutls_x509_privkey_t k;
	gnutls_x509_crq_t q;
	gnutls_datum_t der = { 0 };

	gnutls_x509_privkey_init(&k);
	gnutls_x509_privkey_generate(k, GNUTLS_PK_ECDSA,
	    GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
	gnutls_x509_crq_init(&q);
	gnutls_x509_crq_set_version(q, 1);
	gnutls_x509_crq_set_key(q, k);
	gnutls_x509_crq_set_subject_alt_name(q, GNUTLS_SAN_DNSNAME, "web.internal", 12,
	    0);
	gnutls_x509_crq_set_basic_constraints(q, 1, -1);
	cr_assert_geq(gnutls_x509_crq_sign2(q, k, GNUTLS_DIG_SHA256, 0), 0);
	cr_assert_geq(gnutls_x509_crq_export2(q, GNUTLS_X509_FMT_DER, &der), 0);
	buf_put(ret, bytes_of(der.data, der.size));
	gnutls_free(der.data);
	gnutls_x509_crq_deinit(q);
	gnutls_x509_privkey_deinit(k);
}

/* R1, R7, R17, P51, P54 */
Test(signer_certificate,
    csrs_that_ask_for_too_much_or_are_not_their_senders_are_refused)
{
	struct msg_sign_cert m;
	struct key *other = NULL;
	struct buf b;

	buf_init(&b, KIB(16));
	csr_of_ca(&b);
	m = peer_ask_cert(buf_bytes(&b), buf_bytes(&names));
	expect_lie(&m, ERR_BAD_CSR, "CA:TRUE");

	buf_clear(&b);
	buf_put(&b, buf_bytes(&csr));
	b.p[b.n - 1] ^= 1;
	m = peer_ask_cert(buf_bytes(&b), buf_bytes(&names));
	expect_lie(&m, ERR_BAD_CSR, "a wrong signature");

	buf_clear(&b);
	peer_csr(peer.main_key, web, &b);
	m = peer_ask_cert(buf_bytes(&b), buf_bytes(&names));
	expect_lie(&m, ERR_BAD_KEY, "the issuer's own key");
	buf_clear(&b);
	peer_csr(peer.root_key, web, &b);
	m = peer_ask_cert(buf_bytes(&b), buf_bytes(&names));
	expect_lie(&m, ERR_BAD_KEY, "the root's key");

	cr_assert(key_generate(KEY_ALG_ECDSA_P384, 0, &other, &e));
	buf_clear(&b);
	peer_csr(other, web, &b);
	m = peer_ask_cert(buf_bytes(&b), buf_bytes(&names));
	expect_lie(&m, ERR_POLICY, "a kind of key that the profile has not");
	key_free(other);
	buf_free(&b);
}

/* R6, R12, P23, P24, P36 */
Test(signer_certificate, names_outside_of_profile_or_constraints_are_refused)
{
	static const struct {
		const char *const names[3];
		enum err_code code;
	} lies[] = {
		{ { "dns:web.example", NULL },
		    ERR_POLICY }, /* the issuer's constraints */
		{ { "dns:" PEER_EXCLUDED, NULL }, ERR_POLICY }, /* the root's */
		{ { "dns:web.elsewhere", NULL }, ERR_POLICY },  /* the profile */
		{ { "dns:web.internal", "dns:web.example", NULL }, ERR_POLICY },
		{ { "dns:web.internal", "ip:10.0.0.1", NULL }, ERR_POLICY },
		{ { "dns:*.a.internal", NULL }, ERR_POLICY },
		{ { "uri:spiffe://internal/x", NULL }, ERR_POLICY },
	};
	struct msg_sign_cert m;
	struct buf b;

	buf_init(&b, KIB(16));
	for (size_t i = 0; i < NITEMS(lies); i++) {
		buf_clear(&b);
		peer_names(lies[i].names, &b);
		m = peer_ask_cert(buf_bytes(&csr), buf_bytes(&b));
		expect_lie(&m, lies[i].code, lies[i].names[0]);
	}
	m = peer_ask_cert(buf_bytes(&csr), bytes_of("\x30\x00", 2));
	peer_send_cert(&m);
	cr_expect_neq(peer_refused(), ERR_NONE, "no name at all");
	m = peer_ask_cert(buf_bytes(&csr), bytes_of("\x30\x05\x82\x03"
						    "a\0b",
					       7));
	peer_send_cert(&m);
	cr_expect_neq(peer_refused(), ERR_NONE, "a NUL in a name");
	buf_free(&b);
}

/* P10, P11, R23, S28, A144 */
Test(signer_certificate, lives_profiles_and_times_that_are_not_granted_are_refused)
{
	struct msg_sign_cert m = peer_ask_cert(buf_bytes(&csr), buf_bytes(&names));

	m.profile = bytes_str("root");
	expect_lie(&m, ERR_NOT_FOUND, "a profile that is none");
	m.id = ++peer.id;
	m.profile = bytes_str("intermediate");
	expect_lie(&m, ERR_NOT_FOUND, "a profile that is none");
	m = peer_ask_cert(buf_bytes(&csr), buf_bytes(&names));
	m.validity_s = 90 * DAY_S + 1;
	expect_lie(&m, ERR_POLICY, "a second too long");
	m = peer_ask_cert(buf_bytes(&csr), buf_bytes(&names));
	m.profile = bytes_str("long");
	m.validity_s = 10 * YEAR_S;
	expect_lie(&m, ERR_POLICY, "past the issuer's end");
	m = peer_ask_cert(buf_bytes(&csr), buf_bytes(&names));
	m.not_before += DAY_S;
	expect_lie(&m, ERR_POLICY, "in the future");
	m = peer_ask_cert(buf_bytes(&csr), buf_bytes(&names));
	m.not_before -= DAY_S;
	expect_lie(&m, ERR_POLICY, "in the past");
	m = peer_ask_cert(buf_bytes(&csr), buf_bytes(&names));
	m.not_before -= 600;
	expect_lie(&m, ERR_UNAVAILABLE, "so long it waited, perhaps");
	m = peer_ask_cert(buf_bytes(&csr), buf_bytes(&names));
	m.exact_not_before = clock_now() - 3 * DAY_S;
	expect_lie(&m, ERR_POLICY, "long past, asked for exactly");
	m = peer_ask_cert(buf_bytes(&csr), buf_bytes(&names));
	m.exact_not_after = clock_now() + 90 * DAY_S + 10;
	expect_lie(&m, ERR_POLICY, "further ahead than the maximum");
	m = peer_ask_cert(buf_bytes(&csr), buf_bytes(&names));
	m.exact_not_before = clock_now() + 60 * DAY_S;
	m.exact_not_after = clock_now() + 100 * DAY_S;
	expect_lie(&m, ERR_POLICY, "further ahead, begun later");
	m = peer_ask_cert(buf_bytes(&csr), buf_bytes(&names));
	m.stored_seq = 1000;
	expect_lie(&m, ERR_INTERNAL, "a record that there is not");

	m = peer_ask_cert(buf_bytes(&csr), buf_bytes(&names));
	m.validity_s = 90 * DAY_S;
	peer_send_cert(&m); /* S28: exactly the maximum */
	peer_recorded(MSG_CERT_SIGNED);
}

Test(signer_certificate, what_was_refused_leaves_no_record)
{
	struct msg_journal_end before, after;
	struct msg_sign_cert m;

	peer_replay(1, &before);
	for (int i = 0; i < 3; i++) {
		m = peer_ask_cert(buf_bytes(&csr), buf_bytes(&names));
		m.validity_s = 91 * DAY_S;
		expect_lie(&m, ERR_POLICY, "too long");
	}
	peer_replay(before.last_seq + 1, &after);
	cr_expect_eq(after.last_seq, before.last_seq);
}

static int
compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct serial));
}

/* P2, P3, R20 */
Test(signer_certificate,
    many_asked_at_once_get_records_in_order_and_serials_of_their_own)
{
	enum {
		MANY = 600
	};
	struct serial *serials = mem_zarray(MANY, sizeof(*serials));
	struct msg_journal_end je;
	struct buf b;

	peer_replay(1, &je);
	buf_init(&b, MIB(1));
	const uint64_t first = peer.id + 1, seq = peer.seq;
	for (int i = 0; i < MANY; i++) {
		const struct msg_sign_cert m =
		    peer_ask_cert(buf_bytes(&csr), buf_bytes(&names));
		msg_sign_cert_put(&b, &m);
		chan_send(peer.core, MSG_SIGN_CERT, buf_bytes(&b));
		buf_clear(&b);
	}
	bool left;
	cr_assert(chan_flush(peer.core, &left, &e));
	for (int i = 0; i < MANY; i++) {
		struct record_certificate rc;
		struct cert *c = NULL;

		peer.id = first + (uint64_t)i;
		const struct record r = peer_recorded(MSG_CERT_SIGNED);
		cr_expect_eq(r.seq, seq + 1 + (uint64_t)i);
		cr_assert(record_certificate_get(r.body, &rc, &e) &&
			  cert_parse(rc.der, &c, &e));
		serials[i] = c->serial;
		cert_free(c);
	}
	qsort(serials, MANY, sizeof(*serials), compare);
	for (int i = 1; i < MANY; i++)
		cr_assert_not(serial_eq(&serials[i - 1], &serials[i]));
	free(serials);
	buf_free(&b);
}

/* R90, S88: the disk is full, then it is not */
Test(signer_certificate, on_a_full_disk_nothing_is_answered_for_and_later_all_is_well)
{
	const struct rlimit full = { 1, RLIM_INFINITY },
			    room = { RLIM_INFINITY, RLIM_INFINITY };
	struct msg_journal_end before, after;
	int64_t at;

	struct cert *c = peer_issue("web.internal");
	peer_replay(1, &before);
	cr_assert_eq(prlimit(peer.pid, RLIMIT_FSIZE, &full, NULL), 0);
	struct msg_sign_cert m = peer_ask_cert(buf_bytes(&csr), buf_bytes(&names));
	expect_lie(&m, ERR_IO, "full");
	const struct msg_revoke mr = peer_ask_revoke(c, REASON_SUPERSEDED);
	peer_send_revoke(&mr);
	cr_expect_eq(peer_refused(), ERR_IO);
	peer_replay(before.last_seq + 1, &after);
	cr_expect_eq(after.last_seq, before.last_seq);

	cr_assert_eq(prlimit(peer.pid, RLIMIT_FSIZE, &room, NULL), 0);
	cert_free(peer_issue("web.internal"));
	peer_revoke(c, REASON_SUPERSEDED,
	    &at); /* it was not revoked by the failed try */
	peer_kill();
	peer_start();
	cert_free(c);
}

/* S83 */
Test(signer_certificate, octets_that_are_no_message_end_it)
{
	struct buf b;
	char *why;

	buf_init(&b, 64);
	buf_puts(&b, "nonsense");
	peer_send(MSG_SIGN_CERT, &b);
	why = peer_ended();
	cr_expect_neq(why[0], '\0');
	free(why);

	peer_start();
	buf_init(&b, 64);
	peer_send(MSG_CERT_SIGNED, &b); /* what only the signer says */
	why = peer_ended();
	cr_expect_neq(why[0], '\0');
	free(why);
	peer_start();
}
