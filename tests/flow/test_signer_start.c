/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "codec/pem.h"
#include "signer_peer.h"
#include "sys/file.h"

static struct err e;

TestSuite(signer_start, .init = peer_make, .fini = peer_remove, .timeout = 60);

static void
expect_refused(const char *says)
{
	char *why = peer_start_refused();

	cr_expect_not_null(strstr(why, says), "\"%s\" does not say \"%s\"", why, says);
	free(why);
}

static void
set_mode(const char *name, mode_t mode)
{
	char *path = peer_path(name);

	cr_assert_eq(chmod(path, mode), 0);
	free(path);
}

static void
take_away(const char *name)
{
	char *path = peer_path(name);

	cr_assert_eq(unlink(path), 0);
	free(path);
}

static void
write_key(const char *name, const struct key *k, const char *passphrase)
{
	struct buf pem;

	buf_init(&pem, KIB(16));
	cr_assert(key_save(k, passphrase, &pem, &e));
	peer_write(name, buf_bytes(&pem), 0600);
	buf_wipe(&pem);
}

/* S81 */
Test(signer_start, keys_and_journal_that_others_can_read_are_refused)
{
	set_mode("issuers/main.key", 0640);
	expect_refused("issuers/main.key");
	set_mode("issuers/main.key", 0600);
	set_mode("root.key", 0604);
	expect_refused("root.key");
	set_mode("root.key", 0600);
	set_mode("journal/00000001.hj", 0644);
	expect_refused("00000001.hj");
	set_mode("journal/00000001.hj", 0600);
	peer_start();
	peer_stop();
}

/* R26, S84 */
Test(signer_start, keys_and_certificates_that_do_not_belong_together_are_refused)
{
	struct key *other = NULL;
	struct buf pem;

	write_key("issuers/main.key", peer.root_key, NULL);
	expect_refused("does not belong");
	write_key("issuers/main.key", peer.main_key, NULL);
	write_key("root.key", peer.main_key, NULL);
	expect_refused("does not belong");
	write_key("root.key", peer.root_key, NULL);

	/* a root of the same name with another key: the issuer does not chain to it */
	cr_assert(key_generate(KEY_ALG_ECDSA_P256, 0, &other, &e));
	struct cert *root =
	    peer_ca_certificate("Root", other, NULL, other, bytes_of(NULL, 0));
	buf_init(&pem, KIB(16));
	pem_put(&pem, "CERTIFICATE", buf_bytes(&root->der));
	peer_write("root.crt", buf_bytes(&pem), 0644);
	take_away("root.key");
	expect_refused("does not chain");

	/* P61: and one that has the issuer's name */
	buf_clear(&pem);
	pem_put(&pem, "CERTIFICATE", buf_bytes(&peer.main->der));
	peer_write("root.crt", buf_bytes(&pem), 0644);
	expect_refused("main has the subject of issuer root");
	cert_free(root);
	key_free(other);
	buf_free(&pem);
}

/* S85 */
Test(signer_start, an_encrypted_key_is_opened_by_the_passphrase_file)
{
	write_key("issuers/main.key", peer.main_key, "open sesame");
	expect_refused("nothing says its passphrase");
	peer.conf->issuers[0].passphrase_file = mem_strdup("main.pass");
	peer_write("main.pass", bytes_str("not this\n"), 0600);
	expect_refused("passphrase is wrong");
	peer_write("main.pass", bytes_str("open sesame\n"), 0644);
	expect_refused("main.pass");
	peer_write("main.pass", bytes_str("open sesame\n"), 0600);
	peer_start();
	cert_free(peer_issue("web.internal"));
	peer_stop();
}

/* R91, S87 */
Test(signer_start, a_journal_that_is_lost_edited_or_anothers_is_refused)
{
	char *dir = peer_path("journal"), *file = peer_path("journal/00000001.hj");
	struct buf b;

	/* Further batches: the last one alone may be torn anywhere. */
	peer_start();
	cert_free(peer_issue("web.internal"));
	peer_stop();
	buf_init(&b, MIB(1));
	cr_assert(file_read(-100, file, &b, &e)); /* AT_FDCWD */
	b.p[b.n / 2] ^= 1;
	peer_write("journal/00000001.hj", buf_bytes(&b), 0600);
	expect_refused("journal 00000001.hj, record ");
	b.p[b.n / 2] ^= 1;
	peer_write("journal/00000001.hj", bytes_of(b.p, 52), 0600);
	expect_refused("empty");
	take_away("journal/00000001.hj");
	expect_refused("holds no journal");
	peer_write("journal/00000001.hj", bytes_of(b.p, b.n - 5),
	    0600); /* torn: healed */
	peer_start();
	peer_stop();
	cr_expect(journal_verify(dir, NULL, NULL, &e), "%s", e.detail);

	peer_write("journal/00000001.hj", buf_bytes(&b), 0600);
	free(file);
	file = peer_path("root.crt");
	peer_remove();
	peer_make(); /* another CA, with the first one's journal */
	peer_write("journal/00000001.hj", buf_bytes(&b), 0600);
	expect_refused("another CA");
	free(file);
	free(dir);
	buf_free(&b);
}

/* P43: a root key that was moved offline is missed by nobody but the root's own CRL */
Test(signer_start, without_the_root_key_the_issuers_serve)
{
	struct msg_crl_begin m = { .id = 77,
		.stored_seq = 1,
		.issuer = bytes_str("root"),
		.number = 1,
		.this_update = 1800000000,
		.next_update = 1800000000 + DAY_S };
	struct buf b;

	struct msg_journal_end je;

	peer_start();
	(void)peer_replay(UINT64_MAX, &je);
	cr_expect(je.root_key);
	peer_stop();
	take_away("root.key");
	peer_start();
	(void)peer_replay(UINT64_MAX, &je);
	cr_expect_not(je.root_key, "core is told");
	cert_free(peer_issue("web.internal"));
	buf_init(&b, KIB(1));
	msg_crl_begin_put(&b, &m);
	peer_send(MSG_CRL_BEGIN, &b);
	peer.id = 77;
	cr_expect_eq(peer_refused(), ERR_UNAVAILABLE);
	peer_stop();
}

/* S26, design section 7 */
Test(signer_start, the_journal_is_told_whole_and_serial_times_never_come_back)
{
	struct msg_journal_end je;
	struct cert *a, *b;

	peer_start();
	a = peer_issue("web.internal");
	const uint64_t last = peer.seq;
	cr_expect_eq(peer_replay(UINT64_MAX, &je), 0);
	cr_expect_eq(je.last_seq, last);
	cr_expect_leq(je.stored_seq, last);
	cr_expect_eq(peer_replay(1, &je), last);
	cr_expect_eq(peer_replay(last, &je), 1);
	cr_expect_eq(peer_replay(last + 1, &je), 0);
	peer_kill();
	peer_start(); /* within the same second */
	b = peer_issue("web.internal");
	cr_expect_lt(memcmp(a->serial.b, b->serial.b, 4), 0);
	cert_free(a);
	cert_free(b);
	peer_stop();
}
