/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/live.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/mem.h"

#define WAIT_S   10 /* for each step */
#define PORT_MAX 65535

struct where {
	char host[256];
	char port[8];
};

static bool
split(const char *word, struct where *ret)
{
	const char *colon = strrchr(word, ':');
	struct bytes host;
	long port = 0;

	if (colon == NULL || strchr(word, '/') != NULL)
		return false;
	host = bytes_of(word, (size_t)(colon - word));
	if (host.n >= 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		host = bytes_of(host.p + 1, host.n - 2);
	else if (bytes_index(host, ':') < host.n)
		return false; /* a serial with colons, or IPv6 without brackets */
	for (const char *p = colon + 1; *p != '\0'; p++) {
		if (*p < '0' || *p > '9' || port > PORT_MAX)
			return false;
		port = port * 10 + (*p - '0');
	}
	return host.n > 0 && port >= 1 && port <= PORT_MAX &&
	       bytes_to_str(host, ret->host, sizeof(ret->host)) &&
	       bytes_to_str(bytes_str(colon + 1), ret->port, sizeof(ret->port));
}

bool
live_is_address(const char *word)
{
	struct where w;

	return split(word, &w);
}

static bool
is_ip(const char *host)
{
	struct in6_addr a;

	return inet_pton(AF_INET, host, &a) == 1 || inet_pton(AF_INET6, host, &a) == 1;
}

/* ---- the connection ---- */

/* The first address that answers; the limits hold for connect(2) too. */
static bool
connect_to(const struct where *w, int *ret, struct err *e)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	const struct timeval wait = { .tv_sec = WAIT_S };
	struct addrinfo *list = NULL;
	const int rc = getaddrinfo(w->host, w->port, &hints, &list);

	if (rc != 0)
		return err_set(e, ERR_UNAVAILABLE, "%s: %s", w->host, gai_strerror(rc));
	err_set(e, ERR_UNAVAILABLE, "%s has no address", w->host);
	for (const struct addrinfo *a = list; a != NULL; a = a->ai_next) {
		const int fd =
		    socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);

		if (fd < 0)
			continue;
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
		if (connect(fd, a->ai_addr, a->ai_addrlen) == 0) {
			freeaddrinfo(list);
			*ret = fd;
			return true;
		}
		err_errno(e, "%s port %s", w->host, w->port);
		e->code = ERR_UNAVAILABLE;
		close(fd);
	}
	freeaddrinfo(list);
	return false;
}

static bool
take_chain(gnutls_session_t s, struct live *ret, struct err *e)
{
	unsigned n = 0;
	const gnutls_datum_t *list = gnutls_certificate_get_peers(s, &n);
	gnutls_datum_t staple = { 0 };

	if (list == NULL || n == 0)
		return err_set(e, ERR_UNAVAILABLE, "%s presents no X.509 certificate",
		    ret->host);
	ret->chain = mem_zarray(n, sizeof(*ret->chain));
	for (unsigned i = 0; i < n; i++, ret->n++)
		if (gnutls_x509_crt_init(&ret->chain[i]) < 0 ||
		    gnutls_x509_crt_import(ret->chain[i], &list[i],
			GNUTLS_X509_FMT_DER) < 0)
			return err_set(e, ERR_MALFORMED,
			    "%s: certificate %u of what it presents cannot be read",
			    ret->host, i);
	const char *protocol = gnutls_protocol_get_name(gnutls_protocol_get_version(s));
	snprintf(ret->protocol, sizeof(ret->protocol), "%s",
	    protocol != NULL ? protocol : "?");
	ret->stapled = gnutls_ocsp_status_request_get(s, &staple) >= 0;
	return true;
}

/* A server that wants a client certificate may end it: what it showed counts. */
static bool
shake_hands(gnutls_session_t s, struct live *ret, struct err *e)
{
	int rc;

	do
		rc = gnutls_handshake(s);
	while (rc < 0 && !gnutls_error_is_fatal(rc));
	if (rc < 0 && gnutls_certificate_get_peers(s, NULL) == NULL)
		return err_set(e, ERR_UNAVAILABLE, "%s: no TLS handshake: %s",
		    ret->host, gnutls_strerror(rc));
	return take_chain(s, ret, e);
}

static bool
talk(int fd, const char *name, struct live *ret, struct err *e)
{
	gnutls_session_t s = NULL;
	gnutls_certificate_credentials_t nothing = NULL;
	bool ok = false;

	if (gnutls_certificate_allocate_credentials(&nothing) < 0 ||
	    gnutls_init(&s, GNUTLS_CLIENT) < 0 || gnutls_set_default_priority(s) < 0 ||
	    gnutls_credentials_set(s, GNUTLS_CRD_CERTIFICATE, nothing) < 0) {
		err_set(e, ERR_INTERNAL, "GnuTLS gave no session");
		goto out;
	}
	if (!is_ip(name))
		gnutls_server_name_set(s, GNUTLS_NAME_DNS, name, strlen(name));
	gnutls_handshake_set_timeout(s, WAIT_S * 1000);
	gnutls_transport_set_int(s, fd);
	ok = shake_hands(s, ret, e);
	gnutls_bye(s, GNUTLS_SHUT_WR);
out:
	if (s != NULL)
		gnutls_deinit(s);
	if (nothing != NULL)
		gnutls_certificate_free_credentials(nothing);
	return ok;
}

bool
live_fetch(const char *address, const char *sni, struct live *ret, struct err *e)
{
	struct live l = { 0 };
	struct where w;
	int fd = -1;

	if (!split(address, &w))
		return err_set(e, ERR_MALFORMED, "\"%s\" is not HOST:PORT", address);
	if (!connect_to(&w, &fd, e))
		return false;
	snprintf(l.host, sizeof(l.host), "%s", w.host);
	const bool ok = talk(fd, sni != NULL ? sni : w.host, &l, e);
	close(fd);
	if (!ok) {
		live_free(&l);
		return false;
	}
	*ret = l;
	return true;
}

void
live_free(struct live *l)
{
	for (unsigned i = 0; i < l->n; i++)
		gnutls_x509_crt_deinit(l->chain[i]);
	free(l->chain);
	*l = (struct live){ 0 };
}

/* ---- judging ---- */

/* The first that fits is told: what one can do something about stands first. */
static const struct {
	unsigned status;
	const char *why;
} reasons[] = {
	/* clang-format off */
	{ GNUTLS_CERT_SIGNER_NOT_FOUND,           "it does not lead to our root: of another CA, or the intermediate is not presented" },
	{ GNUTLS_CERT_EXPIRED,                    "it has expired, or one above it" },
	{ GNUTLS_CERT_NOT_ACTIVATED,              "it is not valid yet" },
	{ GNUTLS_CERT_UNEXPECTED_OWNER,           "it is not for this name" },
	{ GNUTLS_CERT_PURPOSE_MISMATCH,           "it is not for servers" },
	{ GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE, "it breaks a constraint of its issuer" },
	{ GNUTLS_CERT_SIGNATURE_FAILURE,          "a signature does not verify" },
	{ GNUTLS_CERT_INSECURE_ALGORITHM,         "an algorithm or key is too weak" },
	{ ~0u,                                    "it does not verify" },
	/* clang-format on */
};

static bool
verify(const struct live *l, const char *name, gnutls_x509_trust_list_t list,
    struct err *e)
{
	uint8_t ip[16];
	gnutls_typed_vdata_st wanted[2] = {
		{ .type = GNUTLS_DT_KEY_PURPOSE_OID,
		    .data = (unsigned char *)GNUTLS_KP_TLS_WWW_SERVER },
		{ .type = GNUTLS_DT_DNS_HOSTNAME,
		    .data = (unsigned char *)(uintptr_t)name },
	};
	unsigned status = 0;

	if (inet_pton(AF_INET, name, ip) == 1)
		wanted[1] = (gnutls_typed_vdata_st){ GNUTLS_DT_IP_ADDRESS, ip, 4 };
	else if (inet_pton(AF_INET6, name, ip) == 1)
		wanted[1] = (gnutls_typed_vdata_st){ GNUTLS_DT_IP_ADDRESS, ip, 16 };
	if (gnutls_x509_trust_list_verify_crt2(list, l->chain, l->n, wanted, 2, 0,
		&status, NULL) < 0)
		return err_set(e, ERR_INTERNAL, "GnuTLS cannot verify the chain");
	for (size_t i = 0; i < NITEMS(reasons); i++)
		if ((status & reasons[i].status) != 0)
			return err_set(e, ERR_POLICY, "%s", reasons[i].why);
	return true;
}

bool
live_verify(const struct live *l, const char *name, struct bytes roots, struct err *e)
{
	const gnutls_datum_t pem = { (unsigned char *)(uintptr_t)roots.p,
		(unsigned)roots.n };
	gnutls_x509_trust_list_t list = NULL;
	bool ok = false;

	if (gnutls_x509_trust_list_init(&list, 0) < 0)
		return err_set(e, ERR_INTERNAL, "GnuTLS gave no handle");
	if (gnutls_x509_trust_list_add_trust_mem(list, &pem, NULL, GNUTLS_X509_FMT_PEM,
		0, 0) < 1)
		err_set(e, ERR_MALFORMED, "the root certificate cannot be read");
	else
		ok = verify(l, name, list, e);
	gnutls_x509_trust_list_deinit(list, 1);
	return ok;
}

bool
live_der(const struct live *l, unsigned at, gnutls_datum_t *ret, struct err *e)
{
	if (gnutls_x509_crt_export2(l->chain[at], GNUTLS_X509_FMT_DER, ret) < 0)
		return err_set(e, ERR_INTERNAL, "GnuTLS cannot write a certificate");
	return true;
}
