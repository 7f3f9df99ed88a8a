/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls-alpn-01 (RFC 8737, RFC 8738 6): a TLS server on port 443 that answers to
 * "acme-tls/1" with a certificate made for the purpose.  No octet of application
 * data is sent.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "probe/alpn_certificate.h"
#include "probe/tls_limit.h"
#include "probe_impl.h"

#define PROTOCOL      "acme-tls/1"
/* %COMPAT: no key usage is asked for; lego's certificate has keyEncipherment alone. */
#define PRIORITY      "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%COMPAT"
#define HANDSHAKE_MAX KIB(32) /* octets of one of its messages */
#define REVERSE_LEN   (32 * 2 + sizeof("ip6.arpa"))

struct alpn {
	char *name; /* as in the certificate */
	char sni[256];
	size_t attempt; /* of j->targets */
	bool begun, connected;
	bool unread; /* its certificate: no handshake ends well with it */
	unsigned warnings;
	int fd; /* -1: none */
	struct loop_fd *watch;
	struct loop_timer *connect_late;
	gnutls_session_t session;
	gnutls_certificate_credentials_t credentials;
};

/* What belongs to one address. */
static void
hang_up(struct alpn *t)
{
	loop_cancel(t->connect_late);
	loop_del(t->watch);
	if (t->session != NULL)
		gnutls_deinit(t->session);
	if (t->fd >= 0)
		close(t->fd);
	t->connect_late = NULL;
	t->watch = NULL;
	t->session = NULL;
	t->fd = -1;
	t->connected = false;
}

static void
alpn_free(void *work)
{
	struct alpn *t = work;

	hang_up(t);
	if (t->credentials != NULL)
		gnutls_certificate_free_credentials(t->credentials);
	free(t->name);
	free(t);
}

static void attempt(struct probe_job *j);

static void
fail(struct probe_job *j, enum err_code code, const char *why)
{
	struct err e;

	err_set(&e, code, "%s", why);
	hang_up(j->work);
	probe_failed(j, &e);
}

static void
note(struct probe_job *j, const char *what, const char *error)
{
	transcript_line(&j->log, probe_ms(j), what);
	transcript_text(&j->log, "address", bytes_str(j->address));
	if (error != NULL)
		transcript_text(&j->log, "error", bytes_str(error));
}

static void
connect_failed(struct probe_job *j, const char *why)
{
	struct alpn *t = j->work;
	char text[128];

	note(j, "connect", why);
	hang_up(t);
	probe_leave(j);
	if (++t->attempt < j->n_targets) {
		attempt(j);
		return;
	}
	snprintf(text, sizeof(text), "the TLS server could not be connected to: %s",
	    why);
	fail(j, ERR_PROBE_CONNECTION, text);
}

/* ---- the handshake ---- */

static void
judge(struct probe_job *j)
{
	struct alpn *t = j->work;
	uint8_t digest[ALPN_CERTIFICATE_DIGEST];
	gnutls_datum_t protocol = { 0 };
	unsigned n = 0;
	struct err e;

	/* GnuTLS does not insist on it, whatever it is told (A190). */
	if (gnutls_alpn_get_selected_protocol(t->session, &protocol) < 0 ||
	    !bytes_eq_str(bytes_of(protocol.data, protocol.size), PROTOCOL)) {
		fail(j, ERR_PROBE_PROOF, "the TLS server did not choose " PROTOCOL);
		return;
	}
	const gnutls_datum_t *chain = gnutls_certificate_get_peers(t->session, &n);
	if (chain == NULL || n != 1) {
		fail(j, ERR_PROBE_PROOF, "the TLS server did not show one certificate");
		return;
	}
	const struct bytes der = bytes_of(chain[0].data, chain[0].size);
	bool ok = gnutls_hash_fast(GNUTLS_DIG_SHA256, j->ask.key_authorization.p,
		      j->ask.key_authorization.n, digest) >= 0 ||
		  err_set(&e, ERR_INTERNAL, "GnuTLS did not hash");
	ok = ok && alpn_certificate_proves(der, j->ask.type, t->name, digest, &e);
	(void)gnutls_bye(t->session, GNUTLS_SHUT_WR);
	hang_up(t);
	if (ok)
		probe_proved(j);
	else
		probe_failed(j, &e);
}

static void
handshake(struct probe_job *j)
{
	struct alpn *t = j->work;
	char text[160];
	int rc;

	do
		rc = gnutls_handshake(t->session);
	while (rc < 0 && rc != GNUTLS_E_AGAIN && gnutls_error_is_fatal(rc) == 0 &&
	       ++t->warnings <= TLS_LIMIT_WARNINGS);
	if (rc == GNUTLS_E_AGAIN) {
		loop_want(t->watch,
		    gnutls_record_get_direction(t->session) != 0 ? LOOP_OUT : LOOP_IN);
		return;
	}
	note(j, "tls", rc < 0 ? gnutls_strerror(rc) : NULL);
	if (rc < 0 && t->unread) { /* that is no proof, rather than no TLS (A195) */
		fail(j, ERR_PROBE_PROOF,
		    "the certificate of the challenge cannot be read");
		return;
	}
	if (rc < 0) {
		snprintf(text, sizeof(text), "the TLS handshake failed: %s",
		    gnutls_strerror(rc));
		fail(j, ERR_PROBE_TLS, text);
		return;
	}
	judge(j);
}

static int
on_message(gnutls_session_t s, unsigned type, unsigned when, unsigned incoming,
    const gnutls_datum_t *msg)
{
	struct probe_job *j = gnutls_session_get_ptr(s);
	struct alpn *t = j->work;
	struct tls_limit_seen seen;

	(void)when;
	const int rc = tls_limit_check(s, type, incoming, msg, &seen);
	if (seen.certificate.n > 0) {
		probe_saw(j, seen.certificate);
		t->unread = seen.unread;
	}
	return rc;
}

static bool
new_session(struct probe_job *j, struct err *e)
{
	struct alpn *t = j->work;
	static const gnutls_datum_t protocol = { (unsigned char *)(uintptr_t)PROTOCOL,
		sizeof(PROTOCOL) - 1 };

	if ((t->credentials != NULL ||
		gnutls_certificate_allocate_credentials(&t->credentials) >= 0) &&
	    gnutls_init(&t->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK |
					 GNUTLS_NO_TICKETS | GNUTLS_NO_SIGNAL) >= 0 &&
	    gnutls_priority_set_direct(t->session, PRIORITY, NULL) >= 0 &&
	    gnutls_credentials_set(t->session, GNUTLS_CRD_CERTIFICATE,
		t->credentials) >= 0 &&
	    gnutls_server_name_set(t->session, GNUTLS_NAME_DNS, t->sni,
		strlen(t->sni)) >= 0 &&
	    gnutls_alpn_set_protocols(t->session, &protocol, 1, 0) >= 0) {
		gnutls_handshake_set_max_packet_length(t->session, HANDSHAKE_MAX);
		gnutls_handshake_set_timeout(t->session, GNUTLS_INDEFINITE_TIMEOUT);
		gnutls_transport_set_int(t->session, t->fd);
		gnutls_session_set_ptr(t->session, j);
		gnutls_handshake_set_hook_function(t->session, GNUTLS_HANDSHAKE_ANY,
		    GNUTLS_HOOK_PRE, on_message);
		return true;
	}
	return err_set(e, ERR_INTERNAL, "GnuTLS gave no session");
}

/* ---- the connection ---- */

static void
on_connected(struct probe_job *j)
{
	struct alpn *t = j->work;
	int why = 0;
	socklen_t n = sizeof(why);
	struct err e;

	if (getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &why, &n) < 0)
		why = errno;
	if (why != 0) {
		connect_failed(j, strerror(why));
		return;
	}
	note(j, "connect", NULL);
	loop_cancel(t->connect_late);
	t->connect_late = NULL;
	t->connected = true;
	if (new_session(j, &e))
		handshake(j);
	else
		fail(j, e.code, e.detail);
}

static void
on_socket(void *arg, unsigned events)
{
	struct probe_job *j = arg;
	const struct alpn *t = j->work;

	(void)events;
	if (j->state == PROBE_ENDED)
		return;
	if (t->connected)
		handshake(j);
	else
		on_connected(j);
}

static void
on_connect_late(void *arg)
{
	struct probe_job *j = arg;
	struct alpn *t = j->work;

	t->connect_late = NULL;
	if (j->state != PROBE_ENDED)
		connect_failed(j, "it does not answer");
}

static void
connect_now(struct probe_job *j)
{
	struct alpn *t = j->work;
	const struct sockaddr *a = &j->at.any;
	struct err e;

	if (!t->begun)
		probe_limit(j, PROBE_TALK_MS);
	t->begun = true;
	probe_waits_for(j, ERR_PROBE_CONNECTION,
	    "the TLS server did not answer in time");
	if (!egress_check(&j->networks, a, &e)) { /* the very address (A178) */
		fail(j, e.code, e.detail);
		return;
	}
	t->fd = socket(a->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (t->fd < 0) {
		connect_failed(j, strerror(errno));
		return;
	}
	const socklen_t n =
	    a->sa_family == AF_INET ? sizeof(j->at.v4) : sizeof(j->at.v6);
	if (connect(t->fd, a, n) < 0 && errno != EINPROGRESS) {
		connect_failed(j, strerror(errno));
		return;
	}
	t->watch = loop_add(probe_loop(j->probe), t->fd, LOOP_OUT, on_socket, j);
	t->connect_late =
	    loop_after(probe_loop(j->probe), PROBE_CONNECT_MS, on_connect_late, j);
}

static void
attempt(struct probe_job *j)
{
	const struct alpn *t = j->work;

	probe_enter(j, &j->targets[t->attempt], connect_now);
}

/* RFC 8738 6: the reverse name of an address, without a dot at the end. */
static bool
reverse(const char *name, char *ret, size_t size)
{
	uint8_t ip[16];
	size_t n = 0;

	if (inet_pton(AF_INET, name, ip) == 1)
		return snprintf(ret, size, "%u.%u.%u.%u.in-addr.arpa", ip[3], ip[2],
			   ip[1], ip[0]) > 0;
	if (inet_pton(AF_INET6, name, ip) != 1)
		return false;
	for (size_t i = 16; i-- > 0; n += 4)
		snprintf(ret + n, size - n, "%x.%x.", ip[i] & 15u, ip[i] >> 4);
	snprintf(ret + n, size - n, "ip6.arpa");
	return true;
}

void
probe_tls_alpn_01(struct probe_job *j)
{
	struct alpn *t = mem_zalloc(sizeof(*t));

	_Static_assert(sizeof(t->sni) > REVERSE_LEN, "room for an IPv6 address");
	j->work = t;
	j->work_free = alpn_free;
	t->fd = -1;
	t->name = mem_strndup(j->ask.name);
	const bool ok = j->ask.type == NAME_TYPE_IP
			    ? reverse(t->name, t->sni, sizeof(t->sni))
			    : bytes_to_str(j->ask.name, t->sni, sizeof(t->sni));
	if (!ok) {
		fail(j, ERR_INTERNAL, "the identifier is no address");
		return;
	}
	probe_target(j, t->name, j->tls_port, attempt);
}
