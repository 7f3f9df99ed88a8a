/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What roles receive of each other, the sender taken for hostile (S83): frames of a
 * stream, and the body of every message.  The first octet says which message, 0: a
 * stream.  A body that is let through, put again, is the same octet for octet.
 */
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"
#include "ipc/msg_control.h"
#include "ipc/msg_http.h"
#include "ipc/msg_probe.h"
#include "ipc/msg_sign.h"

#define PAIR(what)                                                                     \
	static bool what##_again(struct bytes body, struct buf *b, struct err *e)      \
	{                                                                              \
		static struct msg_##what m;                                            \
                                                                                       \
		if (!msg_##what##_get(body, &m, e))                                    \
			return false;                                                  \
		msg_##what##_put(b, &m);                                               \
		return true;                                                           \
	}

/* clang-format off */
PAIR(listener) PAIR(start) PAIR(failed) PAIR(reload) PAIR(reload_apply) PAIR(reloaded)
PAIR(reload_ask) PAIR(reload_told) PAIR(http_request) PAIR(http_response) PAIR(publish)
PAIR(tls_cert) PAIR(forget) PAIR(sign_cert) PAIR(recorded) PAIR(revoke) PAIR(crl_begin)
PAIR(crl_part) PAIR(sign_ocsp) PAIR(ocsp_signed) PAIR(journal_read)
PAIR(journal_end) PAIR(refused) PAIR(probe) PAIR(probed)
    /* clang-format on */

    static bool id_again(struct bytes body, struct buf *b, struct err *e)
{
	uint64_t id;

	if (!msg_id_get(body, &id, e))
		return false;
	msg_id_put(b, id);
	return true;
}

/* One row for each message that has a body of its own. */
static const struct {
	enum msg_type type;
	bool (*again)(struct bytes body, struct buf *b, struct err *e);
} messages[] = {
	{ MSG_LISTENER, listener_again },
	{ MSG_START, start_again },
	{ MSG_FAILED, failed_again },
	{ MSG_RELOAD, reload_again },
	{ MSG_RELOAD_APPLY, reload_apply_again },
	{ MSG_RELOADED, reloaded_again },
	{ MSG_RELOAD_ASK, reload_ask_again },
	{ MSG_RELOAD_TOLD, reload_told_again },
	{ MSG_HTTP_REQUEST, http_request_again },
	{ MSG_HTTP_RESPONSE, http_response_again },
	{ MSG_PUBLISH, publish_again },
	{ MSG_TLS_CERT, tls_cert_again },
	{ MSG_FORGET, forget_again },
	{ MSG_SIGN_CERT, sign_cert_again },
	{ MSG_CERT_SIGNED, recorded_again },
	{ MSG_REVOKE, revoke_again },
	{ MSG_REVOKED, recorded_again },
	{ MSG_CRL_BEGIN, crl_begin_again },
	{ MSG_CRL_MORE, id_again },
	{ MSG_CRL_PART, crl_part_again },
	{ MSG_CRL_SIGNED, recorded_again },
	{ MSG_SIGN_OCSP, sign_ocsp_again },
	{ MSG_OCSP_SIGNED, ocsp_signed_again },
	{ MSG_JOURNAL_READ, journal_read_again },
	{ MSG_JOURNAL_RECORD, recorded_again },
	{ MSG_JOURNAL_END, journal_end_again },
	{ MSG_REFUSED, refused_again },
	{ MSG_PROBE, probe_again },
	{ MSG_PROBED, probed_again },
};

static void
body(unsigned type, struct bytes in)
{
	struct buf b;
	struct err e = { 0 };

	buf_init(&b, MIB(20));
	for (size_t i = 0; i < NITEMS(messages); i++) {
		if ((unsigned)messages[i].type != type)
			continue;
		if (messages[i].again(in, &b, &e))
			require(!b.full && bytes_eq(buf_bytes(&b), in));
		else
			told(&e);
	}
	buf_free(&b);
}

/* ---- frames ---- */

#define FRAME_MAX KIB(4)

static bool
on_frame(void *ctx, const struct frame *f, struct err *e)
{
	size_t *frames = ctx;

	(void)e;
	require(f->body.n <= FRAME_MAX && f->fd == -1);
	(*frames)++;
	body(f->type, f->body);
	return true;
}

static const struct msg_rule rules[] = {
	{ MSG_CRL_MORE, PEER_CORE, false, 8, on_frame },
	{ MSG_SIGN_OCSP, PEER_CORE, false, FRAME_MAX, on_frame },
	{ MSG_REVOKE, PEER_CORE, true, KIB(2), on_frame },
	{ MSG_PING, PEER_CORE, false, 0, on_frame },
	{ 0 },
};

static void
stream(struct bytes in)
{
	int fds[2];
	uint64_t seen = 0;
	size_t frames = 0;
	struct err e = { 0 };

	if (in.n > KIB(64))
		return;
	require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
		    fds) == 0);
	require(write(fds[1], in.p, in.n) == (ssize_t)in.n);
	close(fds[1]);
	struct chan *c = chan_new(fds[0], FRAME_MAX);
	for (;;)
		if (!msg_receive(c, PEER_CORE, rules, &seen, &frames, &e)) {
			told(&e);
			break;
		}
	/* A head is six octets. */
	require(frames * 6 <= in.n);
	chan_free(c);
}

FUZZ_TARGET(ipc)
{
	if (n == 0)
		return 0;
	if (p[0] == 0)
		stream(bytes_of(p + 1, n - 1));
	else
		body(p[0], bytes_of(p + 1, n - 1));
	return 0;
}
