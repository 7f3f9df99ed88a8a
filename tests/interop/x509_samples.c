/* SPDX-License-Identifier: Apache-2.0 */
/*
 * x509_samples DIR KEY-TYPE ENTRIES    a small CA's certificates and a CRL of
 *                                      so many entries, as DER, into DIR
 * x509_samples DIR answer              DIR/req.der answered in DIR/resp.der
 *
 * tests/interop/x509 shows them to strangers.
 */
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "key/key.h"
#include "x509/cert.h"
#include "x509/crl.h"
#include "x509/dn.h"
#include "x509/ocsp.h"

#define DAY_S     86400
#define YEAR_2050 INT64_C(2524608000)
#define CRL_BLOCK MIB(1)

static struct err e;

static void
must(bool ok)
{
	if (ok)
		return;
	fprintf(stderr, "x509_samples: %s\n", e.detail);
	exit(1);
}

static FILE *
open_in(const char *dir, const char *name, const char *mode)
{
	char *path = mem_printf("%s/%s", dir, name);
	FILE *f = fopen(path, mode);

	if (f == NULL) {
		perror(path);
		exit(1);
	}
	free(path);
	return f;
}

static void
put_file(FILE *f, struct bytes b)
{
	if (b.n > 0 && fwrite(b.p, b.n, 1, f) != 1) {
		perror("x509_samples");
		exit(1);
	}
}

static void
save(const char *dir, const char *name, struct bytes b)
{
	FILE *f = open_in(dir, name, "w");

	put_file(f, b);
	fclose(f);
}

static struct buf
load(const char *dir, const char *name)
{
	FILE *f = open_in(dir, name, "r");
	struct buf b;

	buf_init(&b, MIB(1));
	for (int c = getc(f); c != EOF; c = getc(f))
		buf_putc(&b, (uint8_t)c);
	fclose(f);
	return b;
}

struct party {
	struct key *key;
	struct buf dn;
	uint8_t key_id[20];
	struct cert *cert;
};

static void
party_init(struct party *p, const char *cn, const char *type)
{
	enum key_alg alg = KEY_ALG_ECDSA_P256;
	unsigned bits = 0;
	struct spki k;

	must(key_type_from(bytes_str(type), &alg, &bits, &e));
	must(key_generate(alg, bits, &p->key, &e));
	must(spki_parse(key_spki(p->key), &k, &e));
	spki_key_id(&k, p->key_id);
	buf_init(&p->dn, KIB(1));
	must(dn_build(cn == NULL ? NULL : "Samples", cn, &p->dn, &e) || cn == NULL);
}

static struct cert_spec
spec_of(const struct party *p, const struct party *issuer, uint8_t serial)
{
	return (struct cert_spec){ .serial = { 20, { serial } },
		.sig_alg = key_sig_alg(issuer->key),
		.issuer_dn = buf_bytes(&issuer->dn),
		.authority_key_id = bytes_of(issuer->key_id, 20),
		.subject_dn = buf_bytes(&p->dn),
		.spki = key_spki(p->key),
		.key_id = bytes_of(p->key_id, 20),
		.not_before = clock_now() - 300,
		.not_after = clock_now() + 30 * DAY_S,
		.key_usage = CERT_KU_DIGITAL_SIGNATURE,
		.path_len = -1,
		.crl_url = "http://127.0.0.1:8080/crl/main.crl",
		.ocsp_url = "http://127.0.0.1:8080/ocsp",
		.issuer_url = "http://127.0.0.1:8080/ca/main.crt" };
}

static void
certify(const char *dir, const char *name, struct party *p, const struct party *issuer,
    const struct cert_spec *s)
{
	struct buf tbs, sig, der;

	buf_init(&tbs, KIB(64));
	buf_init(&sig, KIB(4));
	buf_init(&der, KIB(64));
	must(cert_build_tbs(s, &tbs, &e));
	must(key_sign(issuer->key, buf_bytes(&tbs), &sig, &e));
	must(cert_assemble(buf_bytes(&tbs), s->sig_alg, buf_bytes(&sig), &der, &e));
	cert_free(p->cert);
	must(cert_parse(buf_bytes(&der), &p->cert, &e));
	save(dir, name, buf_bytes(&der));
	buf_free(&tbs);
	buf_free(&sig);
	buf_free(&der);
}

static void
make_authorities(const char *dir, struct party *root, struct party *sub)
{
	static const char *const domains[] = { "internal", "localhost", "10.0.0.0/8",
		"fd00::/8" };
	struct buf constraints, pem;
	struct cert_spec s;

	buf_init(&constraints, KIB(4));
	must(constraints_build(domains, NITEMS(domains), false, &constraints, &e));
	s = spec_of(root, root, 1);
	s.ca = true;
	s.key_usage = CERT_KU_KEY_CERT_SIGN | CERT_KU_CRL_SIGN;
	s.authority_key_id.n = 0;
	s.crl_url = s.ocsp_url = s.issuer_url = NULL;
	s.not_after = YEAR_2050 + DAY_S;
	certify(dir, "root.der", root, root, &s);

	s = spec_of(sub, root, 2);
	s.ca = true;
	s.path_len = 0;
	s.key_usage = CERT_KU_KEY_CERT_SIGN | CERT_KU_CRL_SIGN;
	s.constraints = buf_bytes(&constraints);
	s.not_after = YEAR_2050 - 1;
	certify(dir, "sub.der", sub, root, &s);

	buf_init(&pem, KIB(16));
	must(key_save(sub->key, NULL, &pem, &e));
	save(dir, "sub.key", buf_bytes(&pem));
	buf_wipe(&pem);
	buf_free(&constraints);
}

static void
make_leaves(const char *dir, const struct party *sub, const char *type)
{
	struct party leaf = { 0 }, empty = { 0 };
	struct names names = { 0 };

	party_init(&leaf, "web.internal", type);
	party_init(&empty, NULL, type);
	must(names_add(&names, NAME_TYPE_DNS, bytes_str("web.internal"), &e));
	must(names_add(&names, NAME_TYPE_DNS, bytes_str("*.svc.internal"), &e));
	must(names_add(&names, NAME_TYPE_IP, bytes_str("10.1.2.3"), &e));
	must(names_add(&names, NAME_TYPE_IP, bytes_str("fd00::1"), &e));

	struct cert_spec s = spec_of(&leaf, sub, 0x80);
	s.serial.n = 19; /* the top bit is set: 20 octets of DER */
	s.names = &names;
	s.usages = USAGE_SERVER_AUTH | USAGE_CLIENT_AUTH;
	certify(dir, "leaf.der", &leaf, sub, &s);

	if (empty.dn.n == 0)
		must(dn_build(NULL, NULL, &empty.dn, &e));
	s = spec_of(&empty, sub, 0x05);
	s.serial.n = 1;
	s.names = &names;
	s.usages = USAGE_SERVER_AUTH;
	certify(dir, "empty.der", &empty, sub, &s);

	s.serial.b[0] = 0x06;
	s.crl_url = s.ocsp_url = NULL;
	s.no_rev_avail = true;
	certify(dir, "short.der", &empty, sub, &s);

	struct buf info, sig, csr;
	buf_init(&info, KIB(16));
	buf_init(&sig, KIB(4));
	buf_init(&csr, KIB(16));
	must(cert_build_csr_info(buf_bytes(&leaf.dn), key_spki(leaf.key), &names, &info,
	    &e));
	must(key_sign(leaf.key, buf_bytes(&info), &sig, &e));
	must(cert_assemble(buf_bytes(&info), key_sig_alg(leaf.key), buf_bytes(&sig),
	    &csr, &e));
	save(dir, "csr.der", buf_bytes(&csr));
}

static void
make_crl(const char *dir, const struct party *sub, uint64_t entries)
{
	struct crl_spec s = { .sig_alg = key_sig_alg(sub->key),
		.issuer_dn = buf_bytes(&sub->dn),
		.authority_key_id = bytes_of(sub->key_id, 20),
		.this_update = clock_now(),
		.next_update = clock_now() + DAY_S,
		.number = 77,
		.entries = entries,
		.serial_octets = entries * SERIAL_LEN,
		.with_reason = entries / 2 };
	struct serial serial = { .n = SERIAL_LEN, .b = { 0x11 } };
	struct key_stream *stream;
	struct buf block, sig;
	FILE *f = open_in(dir, "crl.der", "w");
	uint64_t n = 0;

	buf_init(&block, CRL_BLOCK + KIB(16));
	buf_init(&sig, KIB(4));
	must(key_stream_begin(sub->key, &stream, &e));
	fseek(f, 16, SEEK_SET); /* the outer header comes last */
	must(crl_head(&s, &block, &e));
	for (uint64_t i = 0; i <= entries; i++) {
		if (i < entries) {
			for (int k = 0; k < 4; k++)
				serial.b[4 + k] = (uint8_t)(i >> (24 - 8 * k));
			crl_entry(&block, &serial, s.this_update - (int64_t)i % 1000,
			    i % 2 ? REASON_KEY_COMPROMISE : REASON_UNSPECIFIED);
		} else {
			must(crl_tail(&s, &block, &e));
		}
		if (block.n > CRL_BLOCK || i == entries) {
			must(buf_ok(&block, "CRL", &e));
			key_stream_add(stream, buf_bytes(&block));
			put_file(f, buf_bytes(&block));
			n += block.n;
			buf_clear(&block);
		}
	}
	if (n != crl_tbs_len(&s)) {
		fprintf(stderr, "x509_samples: the CRL is of another length\n");
		exit(1);
	}
	must(key_stream_end(stream, &sig, &e));
	must(crl_close(s.sig_alg, buf_bytes(&sig), &block, &e));
	put_file(f, buf_bytes(&block));

	struct buf outer;
	buf_init(&outer, 16);
	crl_outer(n + block.n, &outer);
	fseek(f, 16 - (long)outer.n, SEEK_SET);
	put_file(f, buf_bytes(&outer));
	fclose(f);
	printf("%zu\n", 16 - outer.n); /* octets in front to be dropped */
}

static void
make(const char *dir, const char *type, uint64_t entries)
{
	struct party root = { 0 }, sub = { 0 };

	party_init(&root, "Samples Root", type);
	party_init(&sub, "Samples Intermediate", type);
	make_authorities(dir, &root, &sub);
	make_leaves(dir, &sub, type);
	make_crl(dir, &sub, entries);
}

/* Serial 5 is revoked, 0x80… is good, another is unknown; signed by the CA's delegate. */
static void
answer(const char *dir)
{
	struct buf in = load(dir, "req.der"), pem = load(dir, "sub.key"),
		   sub_der = load(dir, "sub.der");
	struct party sub = { 0 }, responder = { 0 };
	struct ocsp_single v[OCSP_SINGLES_MAX];
	struct ocsp_request r;
	struct ocsp_issuer issuer;
	struct buf data, sig, resp;
	uint8_t sha1[20];

	must(cert_parse(buf_bytes(&sub_der), &sub.cert, &e));
	must(key_load(buf_bytes(&pem), NULL, &sub.key, &e));
	buf_init(&sub.dn, KIB(4));
	buf_put(&sub.dn, sub.cert->subject_dn);
	spki_key_id(&sub.cert->key, sub.key_id);
	party_init(&responder, "Samples OCSP", "ecdsa-p256");
	struct cert_spec c = spec_of(&responder, &sub, 9);
	c.usages = USAGE_OCSP_SIGNING;
	c.ocsp_no_check = true;
	c.crl_url = c.ocsp_url = c.issuer_url = NULL;
	certify(dir, "responder.der", &responder, &sub, &c);

	must(ocsp_request_parse(buf_bytes(&in), &r, &e));
	ocsp_issuer_init(&issuer, sub.cert->subject_dn, sub.cert->key.key_bits);
	for (size_t i = 0; i < r.n; i++) {
		const struct bytes serial = r.v[i].serial;
		v[i] = (struct ocsp_single){ .cert_id = r.v[i].whole,
			.status = !ocsp_issuer_is(&issuer, &r.v[i])   ? 2u
				  : serial.n == 1 && serial.p[0] == 5 ? 1u
				  : serial.n == 20                    ? 0u
								      : 2u,
			.revoked_at = clock_now() - 60,
			.reason = REASON_KEY_COMPROMISE };
	}
	gnutls_hash_fast(GNUTLS_DIG_SHA1, responder.cert->key.key_bits.p,
	    responder.cert->key.key_bits.n, sha1);
	const struct ocsp_spec s = { .key_id_sha1 = bytes_of(sha1, 20),
		.produced_at = clock_now(),
		.this_update = clock_now(),
		.next_update = clock_now() + DAY_S,
		.nonce = r.nonce,
		.v = v,
		.n = r.n };
	buf_init(&data, KIB(64));
	buf_init(&sig, KIB(4));
	buf_init(&resp, KIB(64));
	must(ocsp_build_data(&s, &data, &e));
	must(key_sign(responder.key, buf_bytes(&data), &sig, &e));
	must(ocsp_assemble(buf_bytes(&data), key_sig_alg(responder.key),
	    buf_bytes(&sig), buf_bytes(&responder.cert->der), &resp, &e));
	save(dir, "resp.der", buf_bytes(&resp));
}

int
main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[2], "answer") == 0) {
		answer(argv[1]);
		return 0;
	}
	if (argc != 4) {
		fprintf(stderr,
		    "usage: x509_samples DIR KEY-TYPE ENTRIES | DIR answer\n");
		return 2;
	}
	make(argv[1], argv[2], strtoull(argv[3], NULL, 10));
	return 0;
}
