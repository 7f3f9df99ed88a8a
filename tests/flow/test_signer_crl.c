/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "signer_peer.h"
#include "x509/crl.h"
#include "x509/crl_shard.h"

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

TestSuite(signer_crl, .init = begin, .fini = end, .timeout = 60);

static uint64_t next_number = 1;

static struct msg_crl_begin
ask_crl(void)
{
	const int64_t now = clock_now();

	return (struct msg_crl_begin){ .id = ++peer.id,
		.stored_seq = peer.seq,
		.issuer = bytes_str("main"),
		.number = next_number,
		.this_update = now,
		.next_update = now + DAY_S,
		.since = now - DAY_S };
}

static void
send_begin(const struct msg_crl_begin *m)
{
	struct buf b;

	buf_init(&b, KIB(16));
	msg_crl_begin_put(&b, m);
	peer_send(MSG_CRL_BEGIN, &b);
}

static void
send_more(uint64_t id)
{
	struct buf b;

	buf_init(&b, 64);
	msg_id_put(&b, id);
	peer_send(MSG_CRL_MORE, &b);
}

/* Asks for the parts up to MSG_CRL_SIGNED or a refusal, whose code it gives. */
static enum err_code
take_crl(uint64_t id, struct buf *ret, struct record_crl *ret_record)
{
	size_t parts = 0;

	send_more(id);
	send_more(id); /* what is too much is passed over */
	for (;;) {
		const struct frame f = peer_receive();
		struct msg_crl_part part;
		struct msg_recorded m;
		struct msg_refused why;
		struct record r;

		if (f.type == MSG_REFUSED) {
			cr_assert(msg_refused_get(f.body, &why, &e));
			cr_expect_eq(why.id, id);
			return why.code;
		}
		if (f.type == MSG_CRL_SIGNED) {
			cr_expect_geq(parts, 2);
			cr_assert(msg_recorded_get(f.body, &m, &e) &&
				  record_parse(m.record, &r, &e) &&
				  record_crl_get(r.body, ret_record, &e));
			peer.seq = r.seq;
			return ERR_NONE;
		}
		cr_assert_eq(f.type, MSG_CRL_PART, "%s", msg_name(f.type));
		cr_assert(msg_crl_part_get(f.body, &part, &e));
		cr_expect_eq(part.id, id);
		buf_put(ret, part.octets);
		parts++;
		send_more(id);
	}
}

/* What a stranger reads on a list: of each of these, the reason's number; -1: it is not there. */
struct read {
	size_t n;
	int reason[4];
};

static struct cert *revoked[4]; /* those that there are */

static int
reason_of(gnutls_x509_crl_t crl, const struct cert *c)
{
	unsigned char serial[SERIAL_LEN + 1];
	size_t n;
	time_t at;

	for (int i = 0; i < gnutls_x509_crl_get_crt_count(crl); i++) {
		n = sizeof(serial);
		cr_assert_eq(gnutls_x509_crl_get_crt_serial(crl, (unsigned)i, serial,
				 &n, &at),
		    0);
		if (!bytes_eq(bytes_of(serial, n), serial_bytes(&c->serial)))
			continue;
		return (int)i;
	}
	return -1;
}

/* GnuTLS reads no entry's extensions: the last octet of the reasonCode, by its octets. */
static int
code_behind(struct bytes file, const struct cert *c)
{
	static const uint8_t ext[] = { 0x30, 0x0c, 0x30, 0x0a, 0x06, 0x03, 0x55, 0x1d,
		0x15, 0x04, 0x03, 0x0a, 0x01 };
	const struct bytes s = serial_bytes(&c->serial);

	for (size_t i = 0; i + s.n + 15 + sizeof(ext) < file.n; i++) {
		const struct bytes rest = bytes_skip(file, i);

		if (bytes_eq(bytes_of(rest.p, s.n), s))
			return bytes_eq(bytes_of(rest.p + s.n + 15, sizeof(ext)),
				   bytes_of(ext, sizeof(ext)))
				   ? rest.p[s.n + 15 + sizeof(ext)]
				   : REASON_UNSPECIFIED;
	}
	return -1;
}

static struct read
judge(struct bytes content, const struct record_crl *rc)
{
	const gnutls_datum_t main_der = { peer.main->der.p,
		(unsigned)peer.main->der.n };
	struct read read = { .reason = { -1, -1, -1, -1 } };
	gnutls_x509_crl_t crl;
	gnutls_x509_crt_t issuer;
	unsigned verify = 99;
	struct buf file;

	buf_init(&file, MIB(1));
	crl_outer(content.n, &file);
	buf_put(&file, content);
	const gnutls_datum_t der = { file.p, (unsigned)file.n };
	gnutls_x509_crl_init(&crl);
	gnutls_x509_crt_init(&issuer);
	cr_assert_eq(gnutls_x509_crt_import(issuer, &main_der, GNUTLS_X509_FMT_DER), 0);
	cr_assert_eq(gnutls_x509_crl_import(crl, &der, GNUTLS_X509_FMT_DER), 0);
	cr_expect_eq(gnutls_x509_crl_verify(crl, &issuer, 1, 0, &verify), 0);
	cr_expect_eq(verify, 0, "%x", verify);
	read.n = (size_t)gnutls_x509_crl_get_crt_count(crl);
	cr_expect_eq(read.n, rc->entries);
	for (size_t i = 0; i < NITEMS(revoked); i++)
		if (revoked[i] != NULL && reason_of(crl, revoked[i]) >= 0)
			read.reason[i] = code_behind(buf_bytes(&file), revoked[i]);
	gnutls_x509_crl_deinit(crl);
	gnutls_x509_crt_deinit(issuer);
	buf_free(&file);
	return read;
}

/* The rest of a list that was begun; it must be made, and be good to a stranger. */
static struct read
take_good(const struct msg_crl_begin *b, struct record_crl *ret_record)
{
	struct buf content;

	buf_init(&content, MIB(1));
	cr_assert_eq(take_crl(b->id, &content, ret_record), ERR_NONE);
	cr_expect_eq(ret_record->number, next_number);
	next_number++;
	const struct read read = judge(buf_bytes(&content), ret_record);
	buf_free(&content);
	return read;
}

static struct read
make_crl(const struct msg_crl_begin *b, struct record_crl *ret_record)
{
	send_begin(b);
	return take_good(b, ret_record);
}

static size_t
entries_of_new(void)
{
	const struct msg_crl_begin b = ask_crl();
	struct record_crl rc;

	return make_crl(&b, &rc).n;
}

static enum err_code
refused_crl(const struct msg_crl_begin *b)
{
	struct record_crl rc;
	struct buf content;

	buf_init(&content, MIB(1));
	send_begin(b);
	const enum err_code code = take_crl(b->id, &content, &rc);
	buf_free(&content);
	return code;
}

static const enum reason reasons[] = { REASON_SUPERSEDED, REASON_UNSPECIFIED,
	REASON_KEY_COMPROMISE, REASON_SUPERSEDED };

static void
revoke_one(size_t i)
{
	char name[32];
	int64_t at;

	snprintf(name, sizeof(name), "n%zu.internal", i);
	revoked[i] = peer_issue(name);
	peer_revoke(revoked[i], reasons[i], &at);
}

static void
revoke_three(void)
{
	for (size_t i = 0; i < 3; i++)
		revoke_one(i);
}

static void
free_revoked(void)
{
	for (size_t i = 0; i < NITEMS(revoked); i++)
		cert_free(revoked[i]);
}

/* P60, P62 to P64, P72 */
Test(signer_crl, crls_empty_and_full_verify)
{
	cr_expect_eq(entries_of_new(), 0);
	revoke_three();
	cr_expect_eq(entries_of_new(), 3);
	cr_expect_eq(entries_of_new(), 3);
	free_revoked();
}

/* S84, R34, P61: over a restart too */
Test(signer_crl, a_crl_number_never_comes_back)
{
	struct msg_crl_begin b;

	next_number = 7;
	cr_expect_eq(entries_of_new(), 0);
	for (int restart = 0; restart < 2; restart++) {
		for (uint64_t n = 0; n <= 7; n += 7) {
			b = ask_crl();
			b.number = n;
			cr_expect_eq(refused_crl(&b), ERR_CONFLICT);
		}
		b = ask_crl();
		b.number = UINT64_MAX;
		cr_expect_eq(refused_crl(&b), ERR_CONFLICT, "the space is not burnt");
		peer_kill();
		peer_start();
	}
	cr_expect_eq(entries_of_new(), 0);
}

/* S84, R27, R28, P74: core has no say in what is on it, over a restart too. */
Test(signer_crl, whatever_core_asks_all_that_is_revoked_is_on_it)
{
	struct record_crl rc;
	struct msg_crl_begin b;

	revoke_three();
	for (int restart = 0; restart < 2; restart++) {
		b = ask_crl();
		b.since = b.this_update; /* the latest that there is */
		const struct read read = make_crl(&b, &rc);
		cr_expect_eq(read.n, 3);
		for (size_t i = 0; i < 3; i++)
			cr_expect_eq(read.reason[i], (int)reasons[i], "%zu", i);
		b = ask_crl();
		b.since = b.this_update + 1;
		cr_expect_eq(refused_crl(&b), ERR_POLICY, "omits what has not ended");
		peer_kill();
		peer_start();
	}
	free_revoked();
}

/* P73, P61, R23 */
Test(signer_crl, a_crl_of_wrong_times_or_issuer_is_refused)
{
	struct msg_crl_begin b;

	revoke_three();
#define CHANGED(member, value, code)                                                   \
	do {                                                                           \
		b = ask_crl();                                                         \
		b.member = (value);                                                    \
		cr_expect_eq(refused_crl(&b), (code), #member);                        \
	} while (0)
	CHANGED(this_update, clock_now() + 600, ERR_POLICY);
	CHANGED(next_update, clock_now() + 2 * DAY_S, ERR_POLICY);
	CHANGED(stored_seq, 1000, ERR_INTERNAL);
	CHANGED(issuer, bytes_str("elsewhere"), ERR_NOT_FOUND);
	b = ask_crl();
	b.issuer = bytes_str("root");
	b.delta = true;
	cr_expect_eq(refused_crl(&b), ERR_POLICY, "the root has no delta");
	b.delta = false;
	b.id = ++peer.id;
	b.next_update = b.this_update + 181 * DAY_S;
	cr_expect_eq(refused_crl(&b), ERR_POLICY, "the root's lives for 180 days");
	send_more(++peer.id);
	cr_expect_eq(peer_refused(), ERR_CONFLICT, "more of what was not begun");
	cr_expect_eq(entries_of_new(), 3);
	free_revoked();
}

/* P74: a list is of one moment. */
Test(signer_crl, what_changes_while_a_crl_is_built_waits_for_the_next)
{
	struct record_crl rc;
	struct msg_crl_begin b;
	struct msg_revoke raise;

	revoke_three();
	b = ask_crl();
	send_begin(&b);
	revoke_one(3);
	raise = peer_ask_revoke(revoked[1], REASON_KEY_COMPROMISE);
	peer_send_revoke(&raise);
	peer.seq = peer_recorded(MSG_REVOKED).seq;
	struct read read = take_good(&b, &rc);
	cr_expect(read.n == 3 && read.reason[3] == -1);
	cr_expect_eq(read.reason[1], REASON_UNSPECIFIED);
	b = ask_crl();
	read = make_crl(&b, &rc);
	cr_expect(read.n == 4 && read.reason[3] == REASON_SUPERSEDED);
	cr_expect_eq(read.reason[1], REASON_KEY_COMPROMISE);
	free_revoked();
}

/* S84, R27: what was kept off all lists comes back to them, of that moment or the next. */
Test(signer_crl, who_revokes_again_what_is_on_no_list_puts_it_there)
{
	struct msg_revoke again;
	struct msg_crl_begin b;
	struct record_crl rc;
	struct buf begun;

	buf_init(&begun, MIB(1));
	revoked[0] = peer_issue("lied.internal");
	peer_lied(revoked[0], 1);
	cr_expect_eq(entries_of_new(), 0);
	again = peer_ask_revoke(revoked[0], REASON_SUPERSEDED);
	again.certificate = bytes_of(NULL, 0);
	peer_send_revoke(&again);
	cr_expect_eq(peer_refused(), ERR_ALREADY_REVOKED, "nothing is proven");
	b = ask_crl();
	send_begin(&b);
	again = peer_ask_revoke(revoked[0], REASON_SUPERSEDED);
	peer_send_revoke(&again);
	peer.seq = peer_recorded(MSG_REVOKED).seq;
	cr_expect_eq(take_crl(b.id, &begun, &rc), ERR_CONFLICT);
	buf_free(&begun);
	for (int restart = 0; restart < 2; restart++) {
		b = ask_crl();
		const struct read read = make_crl(&b, &rc);
		cr_expect_eq(read.reason[0], REASON_KEY_COMPROMISE, "as it was");
		peer_kill();
		peer_start();
	}
	free_revoked();
}

/* P68, S84, R27: what belongs on a shard is on it, and nothing else. */
Test(signer_crl, each_revocation_is_on_one_shard_of_a_set)
{
	struct msg_crl_begin b;
	struct record_crl rc;
	size_t seen = 0;

	revoke_three();
	b = ask_crl();
	b.shards = 257;
	cr_expect_eq(refused_crl(&b), ERR_POLICY, "there is no such set");
	b = ask_crl();
	b.shards = 16;
	b.issuer = bytes_str("root");
	cr_expect_eq(refused_crl(&b), ERR_POLICY, "the root has none");
	for (uint32_t at = 0; at < 16; at++) {
		b = ask_crl();
		b.shards = 16;
		b.shard = at;
		const struct read read = make_crl(&b, &rc);
		cr_expect(rc.shards == 16 && rc.shard == at && rc.base == 0);
		for (size_t i = 0; i < 3; i++)
			cr_expect_eq(read.reason[i] >= 0,
			    crl_shard_of(&revoked[i]->serial, 16).at == at);
		seen += read.n;
		b.id = ++peer.id; /* the number is another shard's now */
		cr_expect_eq(refused_crl(&b), ERR_CONFLICT);
	}
	cr_expect_eq(seen, 3);
	cr_expect_eq(entries_of_new(), 3);
	free_revoked();
}

static struct read
make_delta(uint64_t want_base)
{
	struct msg_crl_begin b = ask_crl();
	struct record_crl rc;

	b.delta = true;
	b.next_update = b.this_update + 2 * 3600 + 1;
	cr_expect_eq(refused_crl(&b), ERR_POLICY, "twice the time between two");
	b.id = ++peer.id;
	b.next_update--;
	const struct read read = make_crl(&b, &rc);
	cr_expect_eq(rc.base, want_base);
	return read;
}

/* P69, S84, R27: what core asks is a delta; what is on it the signer knows. */
Test(signer_crl, a_delta_has_all_that_its_base_has_not)
{
	struct msg_crl_begin b = ask_crl();
	struct msg_revoke raise;
	struct read read;

	b.delta = true;
	b.next_update = b.this_update + 3600;
	cr_expect_eq(refused_crl(&b), ERR_CONFLICT, "to nothing");
	revoke_one(0);
	revoke_one(1);
	cr_expect_eq(entries_of_new(), 2);
	cr_expect_eq(make_delta(1).n, 2,
	    "as it may be that they came during the first");
	raise = peer_ask_revoke(revoked[1], REASON_KEY_COMPROMISE);
	peer_send_revoke(&raise);
	peer.seq = peer_recorded(MSG_REVOKED).seq;
	revoke_one(2);
	for (int restart = 0; restart < 2; restart++) {
		read = make_delta(1);
		cr_expect_eq(read.n, 3);
		cr_expect_eq(read.reason[1], REASON_KEY_COMPROMISE);
		cr_expect_eq(read.reason[2], REASON_KEY_COMPROMISE);
		peer_kill();
		peer_start();
	}
	free_revoked();
}

/* P69: the base is one that no client can hold any more, so it grows no further back. */
Test(signer_crl, the_base_of_a_delta_is_the_newest_that_has_ended)
{
	struct msg_crl_begin b;
	struct record_crl rc;

	revoke_three();
	for (int i = 0; i < 3; i++) { /* numbers 1 to 3, each of a second */
		b = ask_crl();
		b.next_update = b.this_update + 1;
		cr_expect_eq(make_crl(&b, &rc).n, 3);
		sleep(1);
	}
	revoke_one(3);
	const struct read read = make_delta(3);
	cr_expect_eq(read.n, 1);
	cr_expect_eq(read.reason[3], REASON_SUPERSEDED);
	peer_kill();
	peer_start();
	cr_expect_eq(make_delta(3).n, 1);
	cr_expect_eq(entries_of_new(), 4); /* number 6: in force */
	cr_expect_eq(make_delta(3).n, 1,
	    "clients may still hold what was made before 6");
	free_revoked();
}
