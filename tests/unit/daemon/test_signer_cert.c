/* SPDX-License-Identifier: Apache-2.0 */
/* What was built is looked at before the issuer's key is used, and again behind that. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "../../flow/signer_peer.h"
#include "base/clock.h"
#include "base/mem.h"
#include "daemon/signer.h"

static struct signer s;
static struct key *key; /* a client's */
static struct buf csr, names, built;
static void (*spoil)(
    struct cert_spec *); /* what is built otherwise than asked; NULL: nothing */
static bool loaded;      /* a start tries the key */
static size_t damaged;   /* the octet of what is signed that becomes another; 0: none */
static unsigned signatures;
static struct err e;

/* clang-format off */
bool __real_cert_build_tbs(const struct cert_spec *spec, struct buf *ret, struct err *why);
bool __wrap_cert_build_tbs(const struct cert_spec *spec, struct buf *ret, struct err *why);
bool __real_cert_assemble(struct bytes tbs, struct bytes sig_alg, struct bytes sig, struct buf *ret, struct err *why);
bool __wrap_cert_assemble(struct bytes tbs, struct bytes sig_alg, struct bytes sig, struct buf *ret, struct err *why);
bool __real_key_sign(const struct key *k, struct bytes in, struct buf *ret, struct err *why);
bool __wrap_key_sign(const struct key *k, struct bytes in, struct buf *ret, struct err *why);
/* clang-format on */

bool
__wrap_cert_build_tbs(const struct cert_spec *spec, struct buf *ret, struct err *why)
{
	struct cert_spec other = *spec;

	if (spoil != NULL)
		spoil(&other);
	const bool ok = __real_cert_build_tbs(&other, ret, why);
	buf_clear(&built);
	buf_put(&built, buf_bytes(ret));
	return ok;
}

bool
__wrap_key_sign(const struct key *k, struct bytes in, struct buf *ret, struct err *why)
{
	if (loaded && k == s.issuers[1].key) {
		signatures++;
		cr_expect(bytes_eq(in, buf_bytes(&built)), "R24: the very octets");
	}
	return __real_key_sign(k, in, ret, why);
}

/* The draft that is linted has zeros for a signature. */
bool
__wrap_cert_assemble(struct bytes tbs, struct bytes sig_alg, struct bytes sig,
    struct buf *ret, struct err *why)
{
	const size_t before = ret->n;
	const bool ok = __real_cert_assemble(tbs, sig_alg, sig, ret, why);

	if (ok && damaged != 0 && sig.p[0] != 0)
		ret->p[before + damaged] ^= 1;
	return ok;
}

/* The signer is in this process. */
void
peer_kill(void)
{
	cr_assert_fail("there is no other");
}

static void
begin(void)
{
	static const char *const web[] = { "dns:web.internal", NULL };
	size_t healed;

	buf_init(&built, KIB(48));
	peer_make();
	s = (struct signer){ .conf = peer.conf, .loop = loop_new() };
	char *dir = peer_path("journal");
	cr_assert(signer_load(&s, &e), "%s", e.detail);
	cr_assert(journal_open(dir, signer_state_take, &s, &s.journal, &healed, &e));
	cr_assert(pool_new(s.loop, 0, &s.pool, &e), "%s", e.detail);
	free(dir);
	buf_init(&csr, KIB(16));
	buf_init(&names, KIB(16));
	cr_assert(key_generate(KEY_ALG_ECDSA_P256, 0, &key, &e));
	peer_csr(key, web, &csr);
	peer_names(web, &names);
	loaded = true;
}

static void
end(void)
{
	pool_free(s.pool);
	signer_answer_free(&s);
	journal_close(s.journal);
	signer_unload(&s);
	loop_free(s.loop);
	key_free(key);
	buf_free(&csr);
	buf_free(&names);
	buf_free(&built);
	peer_remove();
}

TestSuite(signer_cert, .init = begin, .fini = end, .timeout = 60);

/* What an honest core asks; gives the type of the answer. */
static unsigned
ask(void)
{
	const struct msg_sign_cert m = {
		.id = 1,
		.stored_seq = peer.seq,
		.profile = bytes_str("server"),
		.csr = buf_bytes(&csr),
		.names = buf_bytes(&names),
		.not_before = clock_now(),
		.requester = bytes_str("cert:admin"),
		.request_id = bytes_str("r1"),
	};
	struct frame f = { .type = MSG_SIGN_CERT, .fd = -1 };
	struct buf b;

	buf_init(&b, KIB(40));
	msg_sign_cert_put(&b, &m);
	f.body = buf_bytes(&b);
	cr_assert(signer_on_cert(&s, &f, &e), "%s", e.detail);
	buf_free(&b);
	cr_assert_gt(s.n_answers, 0);
	return s.answers[s.n_answers - 1].type;
}

static void
longer(struct cert_spec *spec)
{
	spec->not_after++;
}

static void
other_serial(struct cert_spec *spec)
{
	spec->serial.b[SERIAL_LEN - 1] ^= 1;
}

static void
other_subject(struct cert_spec *spec)
{
	spec->subject_dn = peer.main->subject_dn;
}

static void
other_usage(struct cert_spec *spec)
{
	spec->usages = USAGE_CLIENT_AUTH;
}

static void
other_key(struct cert_spec *spec)
{
	spec->spki = key_spki(peer.root_key);
}

static void
no_ocsp(struct cert_spec *spec)
{
	spec->ocsp_url = NULL;
}

/* R24, R25 */
Test(signer_cert, what_was_built_otherwise_than_asked_is_refused_and_no_key_was_used)
{
	static void (*const ways[])(struct cert_spec *) = { longer, other_serial,
		other_subject, other_usage, other_key, no_ocsp };

	for (size_t strict = 0; strict < 2; strict++) {
		peer.conf->profiles[0].strict_lint = strict == 1;
		for (size_t i = 0; i < NITEMS(ways); i++) {
			spoil = ways[i];
			cr_expect_eq(ask(), MSG_REFUSED, "way %zu", i);
		}
		cr_expect_eq(signatures, strict);

		spoil = NULL;
		cr_expect_eq(ask(), MSG_CERT_SIGNED);
		cr_expect_eq(signatures, strict + 1, "it is this key that is counted");
	}
}

/* As the signer makes its responders'. */
static bool
make(struct buf *ret)
{
	uint8_t key_id[20];
	struct spki spki;

	cr_assert(spki_parse(key_spki(key), &spki, &e), "%s", e.detail);
	spki_key_id(&spki, key_id);
	struct cert_spec spec = {
		.spki = spki.der,
		.key_id = bytes_of(key_id, sizeof(key_id)),
		.subject_dn = peer.root->subject_dn,
		.not_before = clock_now(),
		.not_after = clock_now() + DAY_S,
		.path_len = -1,
		.key_usage = CERT_KU_DIGITAL_SIGNATURE,
		.usages = USAGE_OCSP_SIGNING,
		.ocsp_no_check = true,
	};
	buf_clear(ret);
	return signer_cert_make(&s, &s.issuers[1], &spec, ret, &e);
}

/* How many records there are. */
static uint64_t
records(void)
{
	cr_assert(journal_sync(s.journal, &e), "%s", e.detail);
	return journal_last_seq(s.journal);
}

/* P47: a certificate is SEQUENCE { TBSCertificate … }, each of four octets before its content. */
Test(signer_cert, what_is_not_what_was_to_be_signed_is_neither_recorded_nor_told)
{
	static const size_t octets[] = { 1, 3, 4, 7, 20, 100, 300 };
	const uint64_t seq = records();
	struct msg_refused m;
	struct buf der;

	for (size_t i = 0; i < NITEMS(octets); i++) {
		damaged = octets[i];
		cr_assert_eq(ask(), MSG_REFUSED, "octet %zu", damaged);
		cr_assert(msg_refused_get(buf_bytes(&s.answers[s.n_answers - 1].body),
		    &m, &e));
		cr_expect_eq(m.code, ERR_INTERNAL);
		cr_expect_eq(records(), seq);
	}
	cr_expect_eq(signatures, NITEMS(octets));
	buf_init(&der, CERT_MAX);
	cr_expect_not(make(&der));
	cr_expect_eq(e.code, ERR_INTERNAL, "%s", e.detail);
	damaged = 0;
	cr_expect(make(&der), "%s", e.detail);
	cr_expect_eq(ask(), MSG_CERT_SIGNED);
	cr_expect_eq(records(), seq + 1);
	buf_free(&der);
}
