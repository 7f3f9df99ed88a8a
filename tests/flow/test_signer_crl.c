/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <gnutls/x509.h>
#include <stdio.h>

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
ask_crl(const struct msg_crl_entries *m)
{
	const int64_t now = clock_now();
	struct msg_crl_begin b = { .id = ++peer.id,
		.stored_seq = peer.seq,
		.issuer = bytes_str("main"),
		.number = next_number,
		.this_update = now,
		.next_update = now + DAY_S,
		.entries = m->n };

	for (size_t i = 0; i < m->n; i++) {
		struct serial s;

		cr_assert(serial_from_bytes(m->v[i].serial, &s, &e));
		b.serial_octets += serial_der_len(&s);
		b.with_reason += m->v[i].reason != REASON_UNSPECIFIED;
	}
	return b;
}

static void
send_crl(const struct msg_crl_begin *begin_m, struct msg_crl_entries *m)
{
	struct buf b;

	buf_init(&b, KIB(1));
	msg_crl_begin_put(&b, begin_m);
	peer_send(MSG_CRL_BEGIN, &b);
	if (m->n > 0) {
		m->id = begin_m->id;
		buf_init(&b, MIB(1));
		msg_crl_entries_put(&b, m);
		peer_send(MSG_CRL_ENTRIES, &b);
	}
	buf_init(&b, 64);
	msg_id_put(&b, begin_m->id);
	peer_send(MSG_CRL_END, &b);
}

/* Takes the parts up to MSG_CRL_SIGNED or a refusal, whose code it gives. */
static enum err_code
take_crl(struct buf *ret, struct record_crl *ret_record)
{
	size_t parts = 0;

	for (;;) {
		const struct frame f = peer_receive();
		struct msg_crl_part part;
		struct msg_recorded m;
		struct msg_refused why;
		struct record r;

		if (f.type == MSG_REFUSED) {
			cr_assert(msg_refused_get(f.body, &why, &e));
			cr_expect_eq(why.id, peer.id);
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
		cr_expect_eq(part.id, peer.id);
		buf_put(ret, part.octets);
		parts++;
	}
}

/* A CRL that must be made, and be good to a stranger. */
static void
expect_crl(struct msg_crl_entries *m)
{
	const struct msg_crl_begin b = ask_crl(m);
	struct record_crl rc;
	struct buf content, file;
	gnutls_x509_crl_t crl;
	gnutls_x509_crt_t issuer;
	unsigned verify = 99;
	const gnutls_datum_t main_der = { peer.main->der.p,
		(unsigned)peer.main->der.n };

	buf_init(&content, MIB(1));
	buf_init(&file, MIB(1));
	send_crl(&b, m);
	cr_assert_eq(take_crl(&content, &rc), ERR_NONE);
	cr_expect(rc.number == next_number && rc.entries == m->n);
	next_number++;
	crl_outer(content.n, &file);
	buf_put(&file, buf_bytes(&content));
	const gnutls_datum_t der = { file.p, (unsigned)file.n };
	gnutls_x509_crl_init(&crl);
	gnutls_x509_crt_init(&issuer);
	cr_assert_eq(gnutls_x509_crt_import(issuer, &main_der, GNUTLS_X509_FMT_DER), 0);
	cr_assert_eq(gnutls_x509_crl_import(crl, &der, GNUTLS_X509_FMT_DER), 0);
	cr_expect_eq(gnutls_x509_crl_verify(crl, &issuer, 1, 0, &verify), 0);
	cr_expect_eq(verify, 0, "%x", verify);
	cr_expect_eq(gnutls_x509_crl_get_crt_count(crl), (int)m->n);
	gnutls_x509_crl_deinit(crl);
	gnutls_x509_crt_deinit(issuer);
	buf_free(&content);
	buf_free(&file);
}

static enum err_code
refused_crl(const struct msg_crl_begin *b, struct msg_crl_entries *m)
{
	struct record_crl rc;
	struct buf content;

	buf_init(&content, MIB(1));
	send_crl(b, m);
	const enum err_code code = take_crl(&content, &rc);
	buf_free(&content);
	return code;
}

static struct cert *revoked[3];
static struct msg_crl_entries entries;

static void
revoke_three(void)
{
	static const enum reason reasons[] = { REASON_SUPERSEDED, REASON_UNSPECIFIED,
		REASON_KEY_COMPROMISE };
	char name[32];

	entries.n = NITEMS(revoked);
	for (size_t i = 0; i < entries.n; i++) {
		snprintf(name, sizeof(name), "n%zu.internal", i);
		revoked[i] = peer_issue(name);
		entries.v[i].serial = serial_bytes(&revoked[i]->serial);
		entries.v[i].reason = reasons[i];
		peer_revoke(revoked[i], reasons[i], &entries.v[i].revoked_at);
	}
}

static void
free_three(void)
{
	for (size_t i = 0; i < NITEMS(revoked); i++)
		cert_free(revoked[i]);
}

/* P60, P62 to P64, P72 */
Test(signer_crl, crls_empty_and_full_verify)
{
	struct msg_crl_entries none = { 0 };

	expect_crl(&none);
	revoke_three();
	expect_crl(&entries);
	expect_crl(&entries);
	free_three();
}

/* S84, R34, P61: over a restart too */
Test(signer_crl, a_crl_number_never_comes_back)
{
	struct msg_crl_entries none = { 0 };
	struct msg_crl_begin b;

	next_number = 7;
	expect_crl(&none);
	for (int restart = 0; restart < 2; restart++) {
		for (uint64_t n = 0; n <= 7; n += 7) {
			b = ask_crl(&none);
			b.number = n;
			cr_expect_eq(refused_crl(&b, &none), ERR_CONFLICT);
		}
		b = ask_crl(&none);
		b.number = UINT64_MAX;
		cr_expect_eq(refused_crl(&b, &none), ERR_CONFLICT,
		    "the space is not burnt");
		peer_kill();
		peer_start();
	}
	expect_crl(&none);
}

/* S84, R27, R28, P74 */
Test(signer_crl, a_crl_that_omits_or_changes_a_revocation_is_refused)
{
	struct msg_crl_entries lie;
	struct msg_crl_begin b;
	struct cert *alive = peer_issue("alive.internal");

	revoke_three();
#define REFUSED(what)                                                                  \
	do {                                                                           \
		b = ask_crl(&lie);                                                     \
		cr_expect_eq(refused_crl(&b, &lie), ERR_POLICY, what);                 \
	} while (0)
	lie = entries;
	lie.n = 2;
	REFUSED("omits the last");
	lie = entries;
	lie.v[0] = lie.v[1];
	REFUSED("one twice, one not");
	lie = entries;
	lie.v[2].reason = REASON_UNSPECIFIED;
	REFUSED("another reason");
	lie = entries;
	lie.v[1].revoked_at++;
	REFUSED("another time");
	lie = entries;
	lie.v[1].serial = serial_bytes(&alive->serial);
	REFUSED("one that is not revoked");
	lie.n = 0;
	REFUSED("omits all");
	expect_crl(&entries);
	cert_free(alive);
	free_three();
}

/* P73, P61, R23 */
Test(signer_crl, a_crl_of_wrong_times_counts_or_issuer_is_refused)
{
	struct msg_crl_begin b;

	revoke_three();
#define CHANGED(member, value, code)                                                   \
	do {                                                                           \
		b = ask_crl(&entries);                                                 \
		b.member = (value);                                                    \
		cr_expect_eq(refused_crl(&b, &entries), (code), #member);              \
	} while (0)
	CHANGED(this_update, clock_now() + 600, ERR_POLICY);
	CHANGED(next_update, clock_now() + 12 * DAY_S, ERR_POLICY);
	CHANGED(entries, 4, ERR_POLICY);
	b = ask_crl(&entries);
	b.entries = 2;
	b.serial_octets -= 20;
	cr_expect_eq(refused_crl(&b, &entries), ERR_POLICY, "more than announced");
	CHANGED(serial_octets, b.serial_octets + 1, ERR_POLICY);
	CHANGED(with_reason, 1, ERR_POLICY);
	CHANGED(stored_seq, 1000, ERR_INTERNAL);
	CHANGED(issuer, bytes_str("elsewhere"), ERR_NOT_FOUND);
	CHANGED(issuer, bytes_str("root"), ERR_POLICY);
	expect_crl(&entries);
	free_three();
}

Test(signer_crl, what_is_revoked_while_a_crl_is_built_waits_for_the_next)
{
	struct msg_crl_begin b;
	struct cert *late;
	int64_t at = 0;

	revoke_three();
	b = ask_crl(&entries);
	late = peer_issue("late.internal");
	peer_revoke(late, REASON_SUPERSEDED, &at);
	b.id = ++peer.id;
	cr_expect_eq(refused_crl(&b, &entries), ERR_NONE);
	b = ask_crl(&entries); /* core knows of it by now */
	b.number = 2;
	cr_expect_eq(refused_crl(&b, &entries), ERR_POLICY);
	cert_free(late);
	free_three();
}

/* Of a shard, from those three that are revoked. */
static struct msg_crl_begin
ask_shard(struct crl_shard shard, struct msg_crl_entries *ret)
{
	struct msg_crl_begin b;

	ret->n = 0;
	for (size_t i = 0; i < entries.n; i++)
		if (crl_shard_has(shard, &revoked[i]->serial))
			ret->v[ret->n++] = entries.v[i];
	b = ask_crl(ret);
	b.shards = shard.of;
	b.shard = shard.at;
	return b;
}

/* P68, S84, R27: what belongs on a shard is on it, and nothing else. */
Test(signer_crl, a_shard_that_omits_or_adds_a_revocation_is_refused)
{
	static struct msg_crl_entries m;
	struct msg_crl_begin b;
	struct record_crl rc;
	struct buf content;
	size_t seen = 0;

	revoke_three();
	const struct crl_shard mine = crl_shard_of(&revoked[0]->serial, 256);
	const struct crl_shard other = { 256, mine.at == 0 ? 1 : mine.at - 1 };

	b = ask_shard(mine, &m);
	b.entries = b.serial_octets = b.with_reason = m.n = 0;
	cr_expect_eq(refused_crl(&b, &m), ERR_POLICY, "omits");
	b = ask_shard(mine, &m);
	b.id = ++peer.id;
	b.shard = other.at;
	cr_expect_eq(refused_crl(&b, &m), ERR_POLICY, "is of another");
	b = ask_shard((struct crl_shard){ 16, 0 }, &m);
	b.shards = 257;
	cr_expect_eq(refused_crl(&b, &m), ERR_POLICY, "there is no such set");
	b = ask_shard((struct crl_shard){ 16, 0 }, &m);
	b.issuer = bytes_str("root");
	cr_expect_eq(refused_crl(&b, &m), ERR_POLICY, "the root has none");
	for (uint32_t at = 0; at < 16; at++) {
		b = ask_shard((struct crl_shard){ 16, at }, &m);
		seen += m.n;
		buf_init(&content, MIB(1));
		send_crl(&b, &m);
		cr_assert_eq(take_crl(&content, &rc), ERR_NONE);
		cr_expect(rc.shards == 16 && rc.shard == at && rc.number == b.number);
		buf_free(&content);
		b.id = ++peer.id; /* the number is another shard's now */
		cr_expect_eq(refused_crl(&b, &m), ERR_CONFLICT);
		next_number++;
	}
	cr_expect_eq(seen, entries.n);
	expect_crl(&entries);
	free_three();
}
