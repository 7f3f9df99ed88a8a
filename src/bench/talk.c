/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/talk.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/x509.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

#define READ_SIZE KIB(16)

enum stage {
	CONNECTING,
	SHAKING, /* hands */
	SENDING,
	READING
};

struct talk {
	const struct talk_place *place;
	gnutls_certificate_credentials_t cred;
	int fd;
	enum stage stage;
	gnutls_session_t tls;
	bool resume;
	gnutls_datum_t ticket; /* of the last session; empty: none */
	struct bytes request;  /* what is left to send */
	struct reply reply;
	struct talk_counts counts;
};

bool
talk_credentials(const char *roots, const char *cert, const char *key,
    gnutls_certificate_credentials_t *ret, struct err *e)
{
	gnutls_certificate_credentials_t c = NULL;

	if (gnutls_certificate_allocate_credentials(&c) < 0)
		return err_set(e, ERR_INTERNAL, "GnuTLS gave no handle");
	if (roots != NULL && gnutls_certificate_set_x509_trust_file(c, roots,
				 GNUTLS_X509_FMT_PEM) <= 0) {
		err_set(e, ERR_MALFORMED, "%s: no certificate that could be trusted",
		    roots);
	} else if (cert != NULL && gnutls_certificate_set_x509_key_file(c, cert, key,
				       GNUTLS_X509_FMT_PEM) < 0) {
		err_set(e, ERR_MALFORMED, "%s, %s: no certificate with its key", cert,
		    key);
	} else {
		*ret = c;
		return true;
	}
	gnutls_certificate_free_credentials(c);
	return false;
}

struct talk *
talk_new(const struct talk_place *place, gnutls_certificate_credentials_t cred)
{
	struct talk *t = mem_zalloc(sizeof(*t));

	t->place = place;
	t->cred = cred;
	t->fd = -1;
	reply_init(&t->reply);
	return t;
}

void
talk_free(struct talk *t)
{
	if (t == NULL)
		return;
	talk_close(t);
	gnutls_free(t->ticket.data);
	reply_free(&t->reply);
	free(t);
}

void
talk_resume(struct talk *t)
{
	t->resume = true;
}

int
talk_fd(const struct talk *t)
{
	return t->fd;
}

const struct reply *
talk_reply(const struct talk *t)
{
	return &t->reply;
}

struct talk_counts
talk_counts(const struct talk *t)
{
	return t->counts;
}

/* Without a ticket GnuTLS would wait for one. */
static void
keep_ticket(struct talk *t)
{
	gnutls_datum_t fresh = { 0 };

	if ((gnutls_session_get_flags(t->tls) & GNUTLS_SFLAGS_SESSION_TICKET) == 0 ||
	    gnutls_session_get_data2(t->tls, &fresh) < 0)
		return;
	gnutls_free(t->ticket.data);
	t->ticket = fresh;
}

void
talk_close(struct talk *t)
{
	if (t->tls != NULL) {
		if (t->resume && t->reply.done)
			keep_ticket(t);
		if (t->stage > SHAKING)
			gnutls_bye(t->tls, GNUTLS_SHUT_WR);
		gnutls_deinit(t->tls);
		t->tls = NULL;
	}
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
}

void
talk_ask(struct talk *t, struct bytes request)
{
	t->request = request;
	reply_clear(&t->reply);
	if (t->fd >= 0)
		t->stage = SENDING;
}

static bool
tls_begin(struct talk *t, struct err *e)
{
	const char *host = t->place->host;
	uint8_t unused[16];

	if (gnutls_init(&t->tls, GNUTLS_CLIENT | GNUTLS_NONBLOCK) < 0)
		return err_set(e, ERR_INTERNAL, "GnuTLS gave no handle");
	gnutls_set_default_priority(t->tls);
	gnutls_credentials_set(t->tls, GNUTLS_CRD_CERTIFICATE, t->cred);
	gnutls_session_set_verify_cert(t->tls, host, 0);
	if (inet_pton(AF_INET, host, unused) != 1 &&
	    inet_pton(AF_INET6, host, unused) != 1)
		gnutls_server_name_set(t->tls, GNUTLS_NAME_DNS, host, strlen(host));
	gnutls_transport_set_int(t->tls, t->fd);
	if (t->ticket.data != NULL)
		gnutls_session_set_data(t->tls, t->ticket.data, t->ticket.size);
	return true;
}

static bool
begin(struct talk *t, struct err *e)
{
	const struct sockaddr *addr = (const struct sockaddr *)&t->place->addr;
	const int one = 1;

	t->fd = socket(addr->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (t->fd < 0)
		return err_errno(e, "socket");
	setsockopt(t->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	t->stage = CONNECTING;
	t->counts.connections++;
	if (connect(t->fd, addr, t->place->addr_n) < 0 && errno != EINPROGRESS)
		return err_errno(e, "connect");
	return true;
}

/* The connection stands, or does not: SO_ERROR tells. */
static bool
connected(struct talk *t, struct err *e)
{
	int fault = 0;
	socklen_t n = sizeof(fault);

	if (getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &fault, &n) < 0)
		return err_errno(e, "connect");
	if (fault != 0) {
		errno = fault;
		return err_errno(e, "connect");
	}
	t->stage = t->place->tls ? SHAKING : SENDING;
	return !t->place->tls || tls_begin(t, e);
}

static bool
is_connecting(const struct talk *t)
{
	struct sockaddr_storage peer;
	socklen_t n = sizeof(peer);

	return getpeername(t->fd, (struct sockaddr *)&peer, &n) < 0 &&
	       errno == ENOTCONN;
}

/* < 0: GNUTLS_E_AGAIN or another of GnuTLS's errors, with plain connections too. */
static ssize_t
put(struct talk *t)
{
	if (t->tls != NULL)
		return gnutls_record_send(t->tls, t->request.p, t->request.n);
	const ssize_t n = send(t->fd, t->request.p, t->request.n, MSG_NOSIGNAL);

	if (n >= 0)
		return n;
	return errno == EAGAIN || errno == EINTR ? GNUTLS_E_AGAIN : GNUTLS_E_PUSH_ERROR;
}

static ssize_t
take(struct talk *t, uint8_t *p, size_t size)
{
	if (t->tls != NULL)
		return gnutls_record_recv(t->tls, p, size);
	const ssize_t n = recv(t->fd, p, size, 0);

	if (n >= 0)
		return n;
	return errno == EAGAIN || errno == EINTR ? GNUTLS_E_AGAIN : GNUTLS_E_PULL_ERROR;
}

static bool
is_again(ssize_t rc)
{
	return rc == GNUTLS_E_AGAIN || rc == GNUTLS_E_INTERRUPTED;
}

static enum talk_state
shake(struct talk *t, struct err *e)
{
	int rc;

	do
		rc = gnutls_handshake(t->tls);
	while (rc < 0 && rc != GNUTLS_E_AGAIN && gnutls_error_is_fatal(rc) == 0);
	if (rc == GNUTLS_E_AGAIN)
		return gnutls_record_get_direction(t->tls) == 0 ? TALK_READS
								: TALK_WRITES;
	if (rc < 0) {
		err_set(e, ERR_UNAVAILABLE, "TLS: %s", gnutls_strerror(rc));
		return TALK_FAILED;
	}
	t->counts.handshakes++;
	t->counts.resumed += gnutls_session_is_resumed(t->tls) != 0;
	t->stage = SENDING;
	return TALK_DONE;
}

static enum talk_state
send_all(struct talk *t, struct err *e)
{
	while (t->request.n > 0) {
		const ssize_t n = put(t);

		if (is_again(n))
			return TALK_WRITES;
		if (n < 0) {
			err_set(e, ERR_UNAVAILABLE, "sending: %s",
			    gnutls_strerror((int)n));
			return TALK_FAILED;
		}
		t->request = bytes_skip(t->request, (size_t)n);
	}
	t->stage = READING;
	return TALK_READS;
}

static enum talk_state
read_all(struct talk *t, struct err *e)
{
	uint8_t octets[READ_SIZE];

	while (!t->reply.done) {
		const ssize_t n = take(t, octets, sizeof(octets));

		if (is_again(n))
			return TALK_READS;
		if (n == GNUTLS_E_REHANDSHAKE || n == GNUTLS_E_REAUTH_REQUEST)
			continue;
		if (n <= 0) {
			err_set(e, ERR_UNAVAILABLE, "reading: %s",
			    n == 0 ? "the server closed" : gnutls_strerror((int)n));
			return TALK_FAILED;
		}
		if (!reply_feed(&t->reply, bytes_of(octets, (size_t)n), e))
			return TALK_FAILED;
	}
	return TALK_DONE;
}

static enum talk_state
go(struct talk *t, struct err *e)
{
	enum talk_state s = TALK_READS;

	if (t->fd < 0 && !begin(t, e))
		return TALK_FAILED;
	if (t->stage == CONNECTING) {
		if (is_connecting(t))
			return TALK_WRITES;
		if (!connected(t, e))
			return TALK_FAILED;
	}
	if (t->stage == SHAKING && (s = shake(t, e)) != TALK_DONE)
		return s;
	if (t->stage == SENDING && (s = send_all(t, e)) != TALK_READS)
		return s;
	return read_all(t, e);
}

enum talk_state
talk_go(struct talk *t, struct err *e)
{
	const enum talk_state s = go(t, e);

	if (s == TALK_FAILED)
		talk_close(t);
	return s;
}
