/* SPDX-License-Identifier: Apache-2.0 */
#include "signer_peer.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "conf/conf_wire.h"
#include "ipc/msg_control.h"

static struct err e;

/* As the parent starts it: 3 is the parent, 4 is core. */
static void
spawn(void)
{
	int up[2], core[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, up), 0);
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, core), 0);
	peer.pid = fork();
	cr_assert_geq(peer.pid, 0);
	if (peer.pid == 0) {
		const int a = fcntl(up[1], F_DUPFD, 10),
			  b = fcntl(core[1], F_DUPFD, 10);

		if (dup2(a, 3) == 3 && dup2(b, 4) == 4 && close_range(5, ~0U, 0) == 0)
			execl(HNP_BUILD "/hanaper-signer", "hanaper-signer",
			    (char *)NULL);
		_exit(99);
	}
	close(up[1]);
	close(core[1]);
	peer.parent = chan_new(up[0], MIB(1));
	peer.core = chan_new(core[0], MSG_SIGN_FRAME_MAX);
}

static void
flush(struct chan *c)
{
	bool left;

	cr_assert(chan_flush(c, &left, &e), "%s", e.detail);
}

static struct frame
receive(struct chan *c)
{
	struct frame f = { 0 };
	bool got = false;

	while (!got)
		cr_assert(chan_recv(c, &f, &got, &e), "%s", e.detail);
	return f;
}

static struct frame
begin(void)
{
	struct buf b;

	spawn();
	buf_init(&b, MIB(1));
	conf_put(&b, peer.conf);
	chan_send(peer.parent, MSG_CONF, buf_bytes(&b));
	buf_clear(&b);
	msg_start_put(&b, &(struct msg_start){ .recover = false });
	chan_send(peer.parent, MSG_START, buf_bytes(&b));
	buf_free(&b);
	flush(peer.parent);
	return receive(peer.parent);
}

static void
forget(void)
{
	chan_free(peer.parent);
	chan_free(peer.core);
	peer.parent = peer.core = NULL;
	peer.pid = 0;
}

static char *
failure(const struct frame *f)
{
	struct msg_failed m;
	int status;

	cr_assert_eq(f->type, MSG_FAILED, "%s", msg_name(f->type));
	cr_assert(msg_failed_get(f->body, &m, &e));
	char *text = mem_strndup(m.text);
	cr_assert_eq(waitpid(peer.pid, &status, 0), peer.pid);
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	forget();
	return text;
}

void
peer_start(void)
{
	const struct frame f = begin();
	struct msg_journal_end ignored;

	cr_assert_eq(f.type, MSG_READY, "%s", f.type == MSG_FAILED ? failure(&f) : "?");
	peer_replay(1, &ignored);
	peer_replay(UINT64_MAX, &ignored); /* before its end the responders are told */
}

char *
peer_start_refused(void)
{
	const struct frame f = begin();

	return failure(&f);
}

char *
peer_ended(void)
{
	const struct frame f = receive(peer.parent);

	return failure(&f);
}

void
peer_stop(void)
{
	int status;

	chan_send(peer.parent, MSG_STOP, bytes_of(NULL, 0));
	flush(peer.parent);
	cr_assert_eq(waitpid(peer.pid, &status, 0), peer.pid);
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", status);
	forget();
}

void
peer_kill(void)
{
	int status;

	kill(peer.pid, SIGKILL);
	waitpid(peer.pid, &status, 0);
	forget();
}

void
peer_send(unsigned type, struct buf *body)
{
	chan_send(peer.core, type, buf_bytes(body));
	buf_free(body);
	flush(peer.core);
}

struct frame
peer_receive(void)
{
	return receive(peer.core);
}

enum err_code
peer_refused(void)
{
	const struct frame f = peer_receive();
	struct msg_refused m;

	cr_assert_eq(f.type, MSG_REFUSED, "%s", msg_name(f.type));
	cr_assert(msg_refused_get(f.body, &m, &e), "%s", e.detail);
	cr_expect_eq(m.id, peer.id);
	cr_expect_gt(m.detail.n, 0);
	return m.code;
}

struct record
peer_recorded(unsigned type)
{
	const struct frame f = peer_receive();
	struct record r = { 0 };
	struct msg_recorded m;

	if (f.type == MSG_REFUSED) {
		struct msg_refused why;
		cr_assert(msg_refused_get(f.body, &why, &e));
		cr_assert_fail("refused: %.*s", (int)why.detail.n, why.detail.p);
	}
	cr_assert_eq(f.type, type, "%s", msg_name(f.type));
	cr_assert(msg_recorded_get(f.body, &m, &e) && record_parse(m.record, &r, &e),
	    "%s", e.detail);
	cr_expect_eq(m.id, type == MSG_JOURNAL_RECORD ? 0 : peer.id);
	peer.seq = r.seq;
	return r;
}

size_t
peer_replay(uint64_t from, struct msg_journal_end *ret)
{
	const struct msg_journal_read m = { from };
	struct buf b;
	size_t n = 0;

	buf_init(&b, 64);
	msg_journal_read_put(&b, &m);
	peer_send(MSG_JOURNAL_READ, &b);
	for (;;) {
		const struct frame f = peer_receive();
		struct msg_recorded recorded;
		struct record r = { 0 };

		if (f.type == MSG_JOURNAL_END) {
			cr_assert(msg_journal_end_get(f.body, ret, &e));
			return n;
		}
		cr_assert_eq(f.type, MSG_JOURNAL_RECORD);
		cr_assert(msg_recorded_get(f.body, &recorded, &e) &&
			  record_parse(recorded.record, &r, &e));
		if (from == UINT64_MAX) { /* news, not an answer */
			cr_assert_eq(r.seq, peer.seq + 1);
		} else
			cr_assert_eq(r.seq, from + n++);
		peer.seq = r.seq;
	}
}

struct msg_sign_cert
peer_ask_cert(struct bytes csr, struct bytes names)
{
	return (struct msg_sign_cert){
		.id = ++peer.id,
		.stored_seq = peer.seq,
		.profile = bytes_str("server"),
		.csr = csr,
		.names = names,
		.not_before = clock_now(),
		.requester = bytes_str("cert:admin"),
		.request_id = bytes_str("r1"),
		.note = bytes_str("{}"),
	};
}

void
peer_send_cert(const struct msg_sign_cert *m)
{
	struct buf b;

	buf_init(&b, MIB(1));
	msg_sign_cert_put(&b, m);
	peer_send(MSG_SIGN_CERT, &b);
}

struct cert *
peer_issue(const char *dns)
{
	char *name = mem_printf("dns:%s", dns);
	const char *const list[] = { name, NULL };
	struct record_certificate rc;
	struct cert *c = NULL;
	struct key *k = NULL;
	struct buf csr, names;

	buf_init(&csr, KIB(16));
	buf_init(&names, KIB(16));
	cr_assert(key_generate(KEY_ALG_ECDSA_P256, 0, &k, &e));
	peer_csr(k, list, &csr);
	peer_names(list, &names);
	const struct msg_sign_cert m =
	    peer_ask_cert(buf_bytes(&csr), buf_bytes(&names));
	peer_send_cert(&m);
	const struct record r = peer_recorded(MSG_CERT_SIGNED);
	cr_assert_eq(r.type, RECORD_CERTIFICATE);
	cr_assert(record_certificate_get(r.body, &rc, &e) && cert_parse(rc.der, &c, &e),
	    "%s", e.detail);
	buf_free(&csr);
	buf_free(&names);
	key_free(k);
	free(name);
	return c;
}

struct msg_revoke
peer_ask_revoke(const struct cert *c, enum reason reason)
{
	return (struct msg_revoke){
		.id = ++peer.id,
		.stored_seq = peer.seq,
		.issuer = bytes_str("main"),
		.serial = serial_bytes(&c->serial),
		.certificate = buf_bytes(&c->der),
		.revoked_at = clock_now(),
		.reason = reason,
		.requester = bytes_str("cert:admin"),
		.request_id = bytes_str("r2"),
	};
}

void
peer_send_revoke(const struct msg_revoke *m)
{
	struct buf b;

	buf_init(&b, KIB(80));
	msg_revoke_put(&b, m);
	peer_send(MSG_REVOKE, &b);
}

void
peer_revoke(const struct cert *c, enum reason reason, int64_t *ret_at)
{
	const struct msg_revoke m = peer_ask_revoke(c, reason);
	struct record_revocation rv;

	peer_send_revoke(&m);
	const struct record r = peer_recorded(MSG_REVOKED);
	cr_assert(record_revocation_get(r.body, &rv, &e), "%s", e.detail);
	cr_expect(bytes_eq(rv.serial, serial_bytes(&c->serial)));
	cr_expect_eq(rv.reason, reason);
	*ret_at = rv.revoked_at;
}

void
peer_lied(const struct cert *c, int64_t not_after)
{
	char *dir = peer_path("journal");
	const struct record_revocation v = { .issuer = bytes_str("main"),
		.serial = serial_bytes(&c->serial),
		.not_after = not_after,
		.revoked_at = clock_now(),
		.reason = REASON_KEY_COMPROMISE,
		.requester = bytes_str("cert:admin"),
		.request_id = bytes_str("r2") };
	struct journal *j = NULL;
	struct bytes record;
	struct buf body;
	size_t healed;

	peer_stop();
	buf_init(&body, KIB(4));
	record_revocation_put(&body, &v);
	cr_assert(journal_open(dir, NULL, NULL, &j, &healed, &e) &&
		      journal_add(j, RECORD_REVOCATION, peer.seq, buf_bytes(&body),
			  &record, &e) &&
		      journal_sync(j, &e),
	    "%s", e.detail);
	peer.seq = journal_last_seq(j);
	journal_close(j);
	buf_free(&body);
	free(dir);
	peer_start();
}
