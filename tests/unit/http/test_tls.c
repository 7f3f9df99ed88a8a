/* SPDX-License-Identifier: Apache-2.0 */
/* Handshakes through a real listener; the clients and their CA are made by GnuTLS. */
#include <criterion/criterion.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/tls.h"
#include "paper_ca.h"
#include "small_server.h"

struct visit {                  /* one connection of a client */
	const char *priorities; /* NULL: all that GnuTLS would */
	gnutls_certificate_credentials_t cred;
	const gnutls_datum_t *resume; /* or NULL */
	bool ok;                      /* handshake and one request went well */
	bool resumed;
	char shown_cn[64]; /* of the server's certificate */
	gnutls_datum_t session;
};

static void
look_at_server(gnutls_session_t s, struct visit *v)
{
	unsigned n = 0;
	const gnutls_datum_t *chain = gnutls_certificate_get_peers(s, &n);
	size_t size = sizeof(v->shown_cn);
	gnutls_x509_crt_t crt;

	if (chain == NULL || n == 0)
		return;
	gnutls_x509_crt_init(&crt);
	cr_assert_eq(gnutls_x509_crt_import(crt, &chain[0], GNUTLS_X509_FMT_DER), 0);
	gnutls_x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, 0,
	    v->shown_cn, &size);
	gnutls_x509_crt_deinit(crt);
}

static void
visit(const struct small_server *s, struct visit *v)
{
	static const char get[] = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
	gnutls_certificate_credentials_t none = NULL;
	gnutls_session_t tls;
	char reply[1024] = "";
	const int fd = small_connect(s);
	int rc;

	gnutls_init(&tls, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL);
	cr_assert_eq(gnutls_priority_set_direct(tls,
			 v->priorities == NULL
			     ? "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"
			     : v->priorities,
			 NULL),
	    0);
	if (v->cred == NULL)
		gnutls_certificate_allocate_credentials(&none);
	gnutls_credentials_set(tls, GNUTLS_CRD_CERTIFICATE,
	    v->cred == NULL ? none : v->cred);
	if (v->resume != NULL)
		gnutls_session_set_data(tls, v->resume->data, v->resume->size);
	gnutls_transport_set_int(tls, fd);
	gnutls_handshake_set_timeout(tls, 5000);
	do
		rc = gnutls_handshake(tls);
	while (rc < 0 && gnutls_error_is_fatal(rc) == 0);
	v->ok = false;
	if (rc == 0) {
		look_at_server(tls, v);
		gnutls_record_send(tls, get, sizeof(get) - 1);
		do
			rc = (int)gnutls_record_recv(tls, reply, sizeof(reply) - 1);
		while (rc == GNUTLS_E_AGAIN || rc == GNUTLS_E_INTERRUPTED);
		v->ok = rc > 0 && strncmp(reply, "HTTP/1.1 200 ", 13) == 0;
		v->resumed = gnutls_session_is_resumed(tls) != 0;
		if (v->ok)
			gnutls_session_get_data2(tls, &v->session);
	}
	gnutls_deinit(tls);
	if (none != NULL)
		gnutls_certificate_free_credentials(none);
	close(fd);
}

static void
present(struct visit *v, gnutls_x509_crt_t *chain, int n, gnutls_x509_privkey_t key)
{
	gnutls_certificate_allocate_credentials(&v->cred);
	/* Also to a server that names other CAs: the server has to be the judge. */
	gnutls_certificate_set_flags(v->cred, GNUTLS_CERTIFICATE_SKIP_KEY_CERT_MATCH);
	cr_assert_geq(gnutls_certificate_set_x509_key(v->cred, chain, n, key), 0);
}

static void
start(struct small_server *s, struct tls **t, const struct paper_ca *ca)
{
	*t = small_tls(ca, "first");
	small_server_start(s, *t, 2);
}

/* S66 */
Test(tls, only_modern_TLS_is_spoken)
{
	static const struct {
		const char *priorities;
		bool ok;
	} cases[] = {
		{ "NORMAL:-VERS-ALL:+VERS-TLS1.3", true },
		{ "NORMAL:-VERS-ALL:+VERS-TLS1.2", true },
		{ "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+ECDHE-ECDSA:-CIPHER-ALL:"
		  "+AES-128-GCM",
		    true },
		{ "NORMAL:-VERS-ALL:+VERS-TLS1.1", false },
		{ "NORMAL:-VERS-ALL:+VERS-TLS1.0", false },
		{ "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-CBC", false },
		{ "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+RSA", false },
	};
	struct small_server s;
	struct tls *t;
	struct paper_ca ca;

	paper_ca_make(&ca, "ca");
	start(&s, &t, &ca);
	for (size_t i = 0; i < NITEMS(cases); i++) {
		struct visit v = { .priorities = cases[i].priorities };

		visit(&s, &v);
		cr_expect_eq(v.ok, cases[i].ok, "%s", cases[i].priorities);
		gnutls_free(v.session.data);
	}
	small_server_stop(&s);
	tls_free(t);
	paper_ca_free(&ca);
}

static const struct {
	struct paper_leaf leaf;
	bool foreign;    /* signed by another CA of the same name */
	const char *why; /* part of it; NULL: accepted */
} judged[] = {
	{ { "good", GNUTLS_KP_TLS_WWW_CLIENT, -60, PAPER_DAY, false, 0, 0 }, false,
	    NULL },
	{ { "p384", GNUTLS_KP_TLS_WWW_CLIENT, -60, PAPER_DAY, false, GNUTLS_PK_ECDSA,
	      GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP384R1) },
	    false, NULL },
	{ { "p521", GNUTLS_KP_TLS_WWW_CLIENT, -60, PAPER_DAY, false, GNUTLS_PK_ECDSA,
	      GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP521R1) },
	    false, NULL },
	{ { "ed25519", GNUTLS_KP_TLS_WWW_CLIENT, -60, PAPER_DAY, false,
	      GNUTLS_PK_EDDSA_ED25519, 256 },
	    false, NULL },
	{ { "rsa", GNUTLS_KP_TLS_WWW_CLIENT, -60, PAPER_DAY, false, GNUTLS_PK_RSA,
	      2048 },
	    false, NULL },
	/* It may renew itself: core knows, and refuses it everything else. */
	{ { "server", GNUTLS_KP_TLS_WWW_SERVER, -60, PAPER_DAY, false, 0, 0 }, false,
	    NULL },
	{ { "ocsp", GNUTLS_KP_OCSP_SIGNING, -60, PAPER_DAY, false, 0, 0 }, false,
	    "not for client authentication" },
	{ { "old", GNUTLS_KP_TLS_WWW_CLIENT, -PAPER_DAY, -60, false, 0, 0 }, false,
	    "has expired" },
	{ { "early", GNUTLS_KP_TLS_WWW_CLIENT, 3600, PAPER_DAY, false, 0, 0 }, false,
	    "not valid yet" },
	{ { "foreign", GNUTLS_KP_TLS_WWW_CLIENT, -60, PAPER_DAY, false, 0, 0 }, true,
	    "was not signed by it" },
	{ { "ca", NULL, -60, PAPER_DAY, true, 0, 0 }, false, "is a CA's own" },
	{ { "weak", GNUTLS_KP_TLS_WWW_CLIENT, -60, PAPER_DAY, false, GNUTLS_PK_RSA,
	      1024 },
	    false, "too weak" },
};

/* R44: the handshake goes through, what the certificate is worth is told. */
Test(tls, client_certificates_are_judged_with_a_reason)
{
	static const char *const versions[] = { "NORMAL:-VERS-ALL:+VERS-TLS1.3",
		"NORMAL:-VERS-ALL:+VERS-TLS1.2" };
	struct small_server s;
	struct tls *t;
	struct paper_ca ca, other;

	paper_ca_make(&ca, "ca");
	paper_ca_make(&other, "ca");
	start(&s, &t, &ca);
	for (size_t i = 0; i < NITEMS(judged) * NITEMS(versions); i++) {
		const struct paper_leaf *l = &judged[i / 2].leaf;
		const char *why = judged[i / 2].why;

		/* With TLS 1.2 GnuTLS's client sends no certificate of that kind. */
		if (l->alg == GNUTLS_PK_EDDSA_ED25519 && i % 2 == 1)
			continue;
		struct visit v = { .priorities = versions[i % 2] };
		gnutls_x509_privkey_t key =
		    paper_key(l->alg == 0 ? GNUTLS_PK_ECDSA : l->alg,
			l->alg == 0 ? PAPER_P256 : l->bits);
		gnutls_x509_crt_t crt =
		    paper_sign(judged[i / 2].foreign ? &other : &ca, l, key);

		present(&v, &crt, 1, key);
		s.client.refused = (struct err){ 0 };
		visit(&s, &v);
		cr_expect(v.ok, "%s, %s", l->cn, v.priorities);
		cr_expect_eq(s.client.cert.n > 0, why == NULL, "%s, %s: %s", l->cn,
		    v.priorities, s.client.refused.detail);
		if (why != NULL)
			cr_expect_not_null(strstr(s.client.refused.detail, why),
			    "%s: %s", l->cn, s.client.refused.detail);
		gnutls_certificate_free_credentials(v.cred);
		gnutls_free(v.session.data);
		gnutls_x509_crt_deinit(crt);
		gnutls_x509_privkey_deinit(key);
	}
	small_server_stop(&s);
	tls_free(t);
	paper_ca_free(&ca);
	paper_ca_free(&other);
}

/* Signed again, with an extension of so many octets. */
static void
lengthen(gnutls_x509_crt_t crt, const struct paper_ca *ca, size_t n)
{
	static unsigned char octets[KIB(40)];
	unsigned char *head = octets;

	*head++ = 0x04; /* an OCTET STRING */
	*head++ = 0x82;
	*head++ = (unsigned char)(n >> 8);
	*head++ = (unsigned char)n;
	cr_assert_eq(gnutls_x509_crt_set_extension_by_oid(crt, "1.2.3.4", octets, n + 4,
			 0),
	    0);
	cr_assert_eq(gnutls_x509_crt_sign2(crt, ca->crt, ca->key, GNUTLS_DIG_SHA256, 0),
	    0);
}

/* S67, R86: a chain of twenty, or one of more than 32 KiB, costs its sender the connection. */
Test(tls, a_long_chain_ends_the_handshake)
{
	static const struct {
		int n;
		size_t octets;
		bool ok;
	} cases[] = { { 1, KIB(30), true }, { 1, KIB(33), false }, { 20, 0, false } };
	struct small_server s;
	struct tls *t;
	struct paper_ca ca;
	gnutls_x509_crt_t chain[20];

	paper_ca_make(&ca, "ca");
	start(&s, &t, &ca);
	gnutls_x509_privkey_t key = paper_key(GNUTLS_PK_ECDSA, PAPER_P256);
	const struct paper_leaf leaf = { "long", GNUTLS_KP_TLS_WWW_CLIENT, -60,
		PAPER_DAY, false, 0, 0 };
	for (size_t i = 0; i < NITEMS(chain); i++)
		chain[i] = paper_sign(&ca, &leaf, key);
	for (size_t i = 0; i < NITEMS(cases); i++) {
		const unsigned handed = atomic_load(&s.handed);
		struct visit v = { 0 };

		lengthen(chain[0], &ca, cases[i].octets);
		present(&v, chain, cases[i].n, key);
		visit(&s, &v);
		cr_expect_eq(v.ok, cases[i].ok, "case %zu", i);
		cr_expect_eq(atomic_load(&s.handed), handed + cases[i].ok);
		gnutls_certificate_free_credentials(v.cred);
		gnutls_free(v.session.data);
	}
	for (size_t i = 0; i < NITEMS(chain); i++)
		gnutls_x509_crt_deinit(chain[i]);
	gnutls_x509_privkey_deinit(key);
	small_server_stop(&s);
	tls_free(t);
	paper_ca_free(&ca);
}

/* S66: a ticket works, and dies with the certificate that it was given under. */
Test(tls, sessions_resume_with_their_certificate_until_the_key_changes)
{
	static const char *const versions[] = { "NORMAL:-VERS-ALL:+VERS-TLS1.3",
		"NORMAL:-VERS-ALL:+VERS-TLS1.2" };
	struct small_server s;
	struct tls *t;
	struct paper_ca ca;

	paper_ca_make(&ca, "ca");
	start(&s, &t, &ca);
	gnutls_x509_privkey_t key = paper_key(GNUTLS_PK_ECDSA, PAPER_P256);
	const struct paper_leaf leaf = { "again", GNUTLS_KP_TLS_WWW_CLIENT, -60,
		PAPER_DAY, false, 0, 0 };
	gnutls_x509_crt_t crt = paper_sign(&ca, &leaf, key);
	for (size_t i = 0; i < NITEMS(versions); i++) {
		struct visit first = { .priorities = versions[i] };

		present(&first, &crt, 1, key);
		visit(&s, &first);
		struct visit second = { .priorities = versions[i],
			.cred = first.cred,
			.resume = &first.session };
		visit(&s, &second);
		cr_expect(second.ok && second.resumed, "%s", versions[i]);
		cr_expect_gt(s.client.cert.n, 0, "%s: %s", versions[i],
		    s.client.refused.detail);
		small_tls_certify(t, &ca, "second");
		struct visit third = { .priorities = versions[i],
			.cred = first.cred,
			.resume = &second.session };
		visit(&s, &third);
		cr_expect(third.ok && !third.resumed, "%s", versions[i]);
		cr_expect_str_eq(third.shown_cn, "second");
		gnutls_certificate_free_credentials(first.cred);
		gnutls_free(first.session.data);
		gnutls_free(second.session.data);
		gnutls_free(third.session.data);
	}
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(key);
	small_server_stop(&s);
	tls_free(t);
	paper_ca_free(&ca);
}

static int64_t ahead; /* of GnuTLS's clock */

static time_t
gnutls_clock(time_t *t)
{
	const time_t now = time(NULL) + ahead;

	if (t != NULL)
		*t = now;
	return now;
}

struct regular { /* a client that comes again and again */
	struct small_server *s;
	const char *priorities;
	gnutls_certificate_credentials_t cred;
	gnutls_datum_t session;
};

/* Comes with the ticket that it has; was it taken?  With 'keep' it keeps the new one. */
static bool
comes_again(struct regular *r, bool keep)
{
	struct visit v = { .priorities = r->priorities,
		.cred = r->cred,
		.resume = r->session.data == NULL ? NULL : &r->session };

	visit(r->s, &v);
	cr_expect(v.ok, "%s", r->priorities);
	if (keep) {
		gnutls_free(r->session.data);
		r->session = v.session;
	} else {
		gnutls_free(v.session.data);
	}
	return v.resumed;
}

/* S66: over one change of the keys that GnuTLS makes, not over two, nor over one of ours. */
Test(tls, tickets_outlive_one_change_of_their_keys)
{
	static const char *const versions[] = { "NORMAL:-VERS-ALL:+VERS-TLS1.3",
		"NORMAL:-VERS-ALL:+VERS-TLS1.2" };
	const int64_t period = 3 * TLS_TICKET_S;
	struct small_server s;
	struct tls *t;
	struct paper_ca ca;

	gnutls_global_set_time_function(gnutls_clock);
	paper_ca_make(&ca, "ca");
	start(&s, &t, &ca);
	for (size_t i = 0; i < NITEMS(versions); i++) {
		struct regular r = { .s = &s, .priorities = versions[i] };
		const int64_t into = time(NULL) % period;

		ahead = period - into - 600; /* ten minutes before a change */
		cr_expect_not(comes_again(&r, true));
		cr_expect(comes_again(&r, false), "%s: the same period", versions[i]);
		ahead += 1200;
		cr_expect(comes_again(&r, false), "%s: the next one", versions[i]);
		ahead += period;
		cr_expect_not(comes_again(&r, false), "%s: two later", versions[i]);

		ahead = 0;
		comes_again(&r, true);
		cr_expect(comes_again(&r, false), "%s", versions[i]);
		tls_tick(t, clock_mono_ms() + TLS_TICKET_KEY_S * 1000 - 5000);
		cr_expect(comes_again(&r, false), "%s: not due", versions[i]);
		tls_tick(t, clock_mono_ms() + TLS_TICKET_KEY_S * 1000);
		cr_expect_not(comes_again(&r, false), "%s: another key", versions[i]);
		gnutls_free(r.session.data);
	}
	small_server_stop(&s);
	tls_free(t);
	paper_ca_free(&ca);
}

/* R43, R44: a ticket bears the client's certificate, which is judged by its dates again. */
Test(tls, a_ticket_does_not_outlive_the_clients_certificate)
{
	static const char *const versions[] = { "NORMAL:-VERS-ALL:+VERS-TLS1.3",
		"NORMAL:-VERS-ALL:+VERS-TLS1.2" };
	const struct paper_leaf leaf = { "brief", GNUTLS_KP_TLS_WWW_CLIENT, -60, 600,
		false, 0, 0 };
	struct small_server s;
	struct tls *t;
	struct paper_ca ca;

	gnutls_global_set_time_function(gnutls_clock);
	paper_ca_make(&ca, "ca");
	start(&s, &t, &ca);
	gnutls_x509_privkey_t key = paper_key(GNUTLS_PK_ECDSA, PAPER_P256);
	gnutls_x509_crt_t crt = paper_sign(&ca, &leaf, key);
	for (size_t i = 0; i < NITEMS(versions); i++) {
		struct visit shown = { 0 };
		present(&shown, &crt, 1, key);
		struct regular r = { .s = &s,
			.priorities = versions[i],
			.cred = shown.cred };

		comes_again(&r, true);
		cr_expect_gt(s.client.cert.n, 0);
		ahead = leaf.to + 1;
		clock_hold(time(NULL) + leaf.to + 1);
		cr_expect(comes_again(&r, false), "%s", versions[i]);
		cr_expect_eq(s.client.cert.n, 0, "%s", versions[i]);
		cr_expect_not_null(strstr(s.client.refused.detail, "has expired"));
		ahead = 0;
		clock_hold(0);
		s.client.refused = (struct err){ 0 };
		gnutls_certificate_free_credentials(r.cred);
		gnutls_free(r.session.data);
	}
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(key);
	small_server_stop(&s);
	tls_free(t);
	paper_ca_free(&ca);
}

Test(tls, a_certificate_that_does_not_fit_changes_nothing)
{
	struct small_server s;
	struct tls *t;
	struct paper_ca ca;
	struct buf csr;
	struct err e = { 0 };
	struct visit v = { 0 };

	paper_ca_make(&ca, "ca");
	start(&s, &t, &ca);
	cr_expect_not(tls_certify(t, buf_bytes(&ca.pem), &e), "nothing was asked for");
	cr_expect_eq(e.code, ERR_CONFLICT);
	buf_init(&csr, KIB(4));
	cr_assert(tls_request(t, &csr, &e));
	cr_expect_not(tls_certify(t, buf_bytes(&ca.pem), &e), "another key's");
	cr_expect_eq(e.code, ERR_CONFLICT);
	cr_expect_not(tls_certify(t, bytes_str("no PEM"), &e));
	cr_expect_eq(e.code, ERR_MALFORMED);
	buf_free(&csr);
	visit(&s, &v);
	cr_expect(v.ok);
	cr_expect_str_eq(v.shown_cn, "first");
	gnutls_free(v.session.data);
	small_server_stop(&s);
	tls_free(t);
	paper_ca_free(&ca);
}
