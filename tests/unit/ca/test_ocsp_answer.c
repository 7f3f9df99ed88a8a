/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What front is told it may keep, where signer's answers and revocations come in
 * every order: the test is the signer, and front.
 */
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <sys/socket.h>

#include "../store/fail_step.h"
#include "../store/tmp_certificate.h"
#include "base/clock.h"
#include "ca/ca_state.h"
#include "ca/ocsp_answer.h"

static struct ca ca;
static struct conf conf = { .ocsp_validity_s = 3600 };
static struct cert certificate;
static struct ca_issuer issuer = { .name = "main", .cert = &certificate };
static const struct msg_rule nothing[] = { { 0 } };
static struct chan *signer;               /* its end */
static struct buf signed_[8];             /* its answers, by the question's number */
static uint8_t forgotten[8][MSG_TAG_LEN]; /* tags of MSG_FORGET */
static size_t n_forgotten;
static bool forgot_all;
static int64_t produced_at;

struct told { /* of one answer */
	bool there, cacheable, keep, dated;
	int status; /* of an answer that is nothing else; OCSP_SUCCESSFUL */
	uint8_t tag[MSG_TAG_LEN];
};

static void
on_forget(void *arg, const struct msg_forget *m)
{
	(void)arg;
	if (m->tag.n == 0)
		forgot_all = true;
	else
		memcpy(forgotten[n_forgotten++ % 8], m->tag.p, MSG_TAG_LEN);
}

static void
on_answer(void *arg, const struct ocsp_answer *a)
{
	struct told *t = arg;

	cr_assert_not(t->there, "answered twice");
	*t = (struct told){ .there = true,
		.cacheable = a->cacheable,
		.keep = a->tag.n > 0,
		.dated = a->modified_at != 0,
		.status = a->response.n == 5 ? a->response.p[4] : OCSP_SUCCESSFUL };
	if (a->tag.n > 0)
		memcpy(t->tag, a->tag.p, MSG_TAG_LEN);
}

static void
begin(void)
{
	tmp_begin();
	produced_at = clock_now() + 10;
	MUST(store_begin(st, &e));
	for (unsigned n = 1; n <= 3; n++)
		tmp_add(n);
	int fds[2];
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	signer = chan_new(fds[1], MIB(1));
	certificate.not_after = INT64_MAX;
	ocsp_issuer_init(&issuer.ocsp, bytes_str("name"), bytes_str("key"));
	ca = (struct ca){
		.conf = &conf,
		.store = st,
		.loop = loop_new(),
		.phase = CA_RUNNING,
		.issuers = &issuer,
		.n_issuers = 1,
		.hooks.forget = on_forget,
	};
	ca.signer = link_new(ca.loop, fds[0], PEER_SIGNER, MIB(1), nothing, &ca);
}

static void
end(void)
{
	link_free(ca.signer);
	chan_free(signer);
	for (size_t i = 0; i < NITEMS(signed_); i++)
		buf_free(&signed_[i]);
	loop_free(ca.loop);
	free(ca.asks);
	tally_free(&ca.tally);
	tmp_end();
}

TestSuite(ocsp_answer, .init = begin, .fini = end);

static void
wrap(struct buf *b, uint8_t tag)
{
	struct buf inner = *b;

	cr_assert_lt(inner.n, 0x80);
	buf_init(b, KIB(1));
	buf_putc(b, tag);
	buf_putc(b, (uint8_t)inner.n);
	buf_put(b, buf_bytes(&inner));
	buf_free(&inner);
}

static void
put_hash(struct buf *b, const char *of)
{
	uint8_t hash[20];

	cr_assert_eq(gnutls_hash_fast(GNUTLS_DIG_SHA1, of, strlen(of), hash), 0);
	buf_puts(b, "\x04\x14");
	buf_put(b, bytes_of(hash, sizeof(hash)));
}

/* Asks for the n-th certificate; 'more': with an empty extension of its own, as no plain one has. */
static void
ask(unsigned n, bool more, struct told *ret)
{
	static const uint8_t sha1[] = { 0x30, 0x07, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02,
		0x1a };
	static const uint8_t extension[] = { 0xa2, 0x09, 0x30, 0x07, 0x30, 0x05, 0x06,
		0x01, 0x2a, 0x04, 0x00 };
	const struct serial s = tmp_serial(n);
	struct buf b;

	*ret = (struct told){ 0 };
	buf_init(&b, KIB(1));
	buf_put(&b, bytes_of(sha1, sizeof(sha1)));
	put_hash(&b, "name");
	put_hash(&b, "key");
	buf_putc(&b, 0x02);
	buf_putc(&b, (uint8_t)serial_der_len(&s));
	if (serial_der_len(&s) > s.n)
		buf_putc(&b, 0);
	buf_put(&b, serial_bytes(&s));
	for (int i = 0; i < 3; i++) /* CertID, Request, requestList */
		wrap(&b, 0x30);
	if (more)
		buf_put(&b, bytes_of(extension, sizeof(extension)));
	wrap(&b, 0x30);
	wrap(&b, 0x30);
	ocsp_answer_start(&ca, buf_bytes(&b), on_answer, ret);
	buf_free(&b);
}

/* Takes the next question, and makes the answer to it. */
static void
take_question(void)
{
	static const uint8_t alg[] = { 0x30, 0x03, 0x06, 0x01, 0x2a };
	static const uint8_t key_id[20];
	struct msg_sign_ocsp q = { 0 };
	struct ocsp_single single = { 0 };
	struct frame f = { 0 };
	struct buf data;
	bool got = false;

	MUST(link_drain(ca.signer, &e));
	MUST(chan_recv(signer, &f, &got, &e));
	MUST(msg_sign_ocsp_get(f.body, &q, &e));
	cr_assert_lt(q.id, NITEMS(signed_));
	single = (struct ocsp_single){ q.v[0].cert_id, q.v[0].status, q.v[0].revoked_at,
		q.v[0].reason };
	const struct ocsp_spec spec = { .key_id_sha1 = bytes_of(key_id, 20),
		.produced_at = q.this_update,
		.this_update = q.this_update,
		.next_update = q.next_update,
		.v = &single,
		.n = 1 };
	buf_init(&data, KIB(4));
	buf_init(&signed_[q.id], KIB(4));
	MUST(ocsp_build_data(&spec, &data, &e));
	MUST(ocsp_assemble(buf_bytes(&data), bytes_of(alg, sizeof(alg)),
	    bytes_str("signature"), bytes_str(""), &signed_[q.id], &e));
	buf_free(&data);
}

/* The signer's answer to the i-th question, from 1; or its refusal. */
static void
sign(uint64_t i, bool refuse)
{
	while (signed_[i].n == 0)
		take_question();
	const struct msg_ocsp_signed m = { i, buf_bytes(&signed_[i]), produced_at,
		INT64_MAX / 2 };
	const struct err why = { .code = ERR_UNAVAILABLE };
	struct ask question;

	cr_assert(ask_take(&ca, i, &question), "question %d", (int)i);
	question.cb(question.arg, refuse ? &(struct ask_answer){ .refused = &why }
					 : &(struct ask_answer){ .ocsp = &m });
}

static void
take_back(unsigned n)
{
	const struct serial s = tmp_serial(n);

	ocsp_answer_forget(&ca, bytes_str("main"), &s);
	tmp_revoke(100 + n, n, 4);
}

/* P92 */
Test(ocsp_answer, what_a_revocation_overtakes_is_not_kept)
{
	struct told before, during, other, after;

	ask(1, false, &before);
	ask(1, false, &during);
	ask(2, false, &other);
	sign(1, false);
	cr_expect(before.there && before.keep);
	cr_expect_eq(n_forgotten, 0);
	take_back(1);
	cr_expect_eq(n_forgotten, 1);
	cr_expect_eq(memcmp(forgotten[0], before.tag, MSG_TAG_LEN), 0,
	    "what was kept before goes by the tag under which it was kept");
	ask(1, false, &after);
	sign(4, false); /* signers may answer in any order */
	sign(3, false);
	sign(2, false);
	cr_expect(during.there && !during.keep && !during.cacheable);
	cr_expect(other.there && other.keep && other.cacheable);
	cr_expect(after.there && after.keep && after.cacheable);
	cr_expect_eq(memcmp(after.tag, before.tag, MSG_TAG_LEN), 0);
	cr_expect_neq(memcmp(after.tag, other.tag, MSG_TAG_LEN), 0);
	cr_expect_null(ca.ocsp_asked);
}

/* P92, R29: the signer knew first, and refused to say good; then core knows, too. */
Test(ocsp_answer, a_question_that_is_asked_again_is_judged_again)
{
	struct told t;

	ask(1, false, &t);
	take_back(1);
	sign(1, true);
	cr_expect_not(t.there);
	sign(2, false);
	cr_expect(t.there && t.keep && t.cacheable, "by now it says revoked");
}

/* P92: nothing that is under way outlives a new configuration or responder. */
Test(ocsp_answer, all_is_forgotten_at_once)
{
	struct told one, two, three;

	ask(1, false, &one);
	ask(2, false, &two);
	ocsp_answer_forget_all(&ca);
	cr_expect(forgot_all);
	ask(3, false, &three);
	sign(1, false);
	sign(2, false);
	sign(3, false);
	cr_expect(one.there && !one.keep && two.there && !two.keep);
	cr_expect(three.there && three.keep);
}

/* S32: strangers can neither fill front with spellings nor with serials of their own. */
Test(ocsp_answer, only_plain_questions_for_what_was_issued_are_kept)
{
	struct told more, never, first;

	ask(1, true, &more);
	ask(77, false, &never);
	ask(2, false, &first);
	sign(1, false);
	sign(2, false);
	sign(3, true);
	sign(4, true); /* and the signer would not say it at all */
	cr_expect(more.there && more.cacheable && !more.keep);
	cr_expect(never.there && never.cacheable && !never.keep);
	cr_expect(first.there && !first.cacheable && !first.keep);
	cr_expect_eq(first.status, OCSP_TRY_LATER, "who has it signed twice in vain");
	cr_expect_null(ca.ocsp_asked);
}

/* R42, P81: the signer is not asked while the database does not know all that it does. */
Test(ocsp_answer, who_is_behind_says_to_try_later)
{
	struct told t;

	ca.phase = CA_BEHIND;
	ask(1, false, &t);
	cr_expect(t.there && !t.cacheable && !t.keep);
	cr_expect_eq(t.status, OCSP_TRY_LATER);
}

/* R31, P84: what could not be looked up is neither good nor unknown. */
Test(ocsp_answer, a_database_that_fails_is_an_internal_error)
{
	struct told t;

	fail_step = 1;
	ask(1, false, &t);
	fail_step = 0;
	cr_expect(t.there && !t.cacheable && !t.keep);
	cr_expect_eq(t.status, OCSP_INTERNAL);
}

/* P92: of answers of one second, the one before and the one after, a date tells nothing. */
Test(ocsp_answer, one_of_the_second_of_the_revocation_bears_no_date_and_is_not_kept)
{
	struct told before, same, later;

	ask(1, false, &before);
	sign(1, false);
	cr_expect(before.dated && before.keep);
	take_back(1);
	/* By tmp_revoke() it is of 777; and where the clock was put back. */
	for (produced_at = 776; produced_at <= 777; produced_at++) {
		ask(1, false, &same);
		sign((uint64_t)produced_at - 774, false);
		cr_expect(same.there && same.cacheable && !same.dated && !same.keep);
	}
	ask(1, false, &later);
	sign(4, false);
	cr_expect(later.dated && later.keep);
}

/* RFC 5019 2.2.3: the signer is not asked for what it could only refuse, each time anew. */
Test(ocsp_answer, of_an_issuer_that_has_ended_nobody_answers)
{
	struct told before, after;

	ask(1, false, &before);
	certificate.not_after = clock_now();
	ask(1, false, &after);
	cr_expect(after.there && after.status == OCSP_UNAUTHORIZED);
	cr_expect(!after.keep && !after.cacheable);
	sign(1, false);
	cr_expect(before.there && before.status == OCSP_SUCCESSFUL,
	    "it was asked in time");
}
