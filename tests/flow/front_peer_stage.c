/* SPDX-License-Identifier: Apache-2.0 */
#include "front_peer_stage.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "conf/conf_wire.h"
#include "sys/file.h"
#include "sys/proc.h"
#include "sys/sock.h"

/* ---- messages ---- */

static struct frame
next_frame(struct chan *c, unsigned type)
{
	struct frame f = { 0 };
	bool got = false;
	struct err e = { 0 };

	while (!got)
		cr_assert(chan_recv(c, &f, &got, &e), "instead of %s: %s",
		    msg_name(type), e.detail);
	if (f.type == MSG_FAILED) {
		struct msg_failed m;

		cr_assert(msg_failed_get(f.body, &m, &e));
		cr_assert_eq(f.type, type, "front failed: %.*s", (int)m.text.n,
		    m.text.p);
	}
	return f;
}

struct frame
stage_expect(struct chan *c, unsigned type)
{
	const struct frame f = next_frame(c, type);

	cr_assert_eq(f.type, type, "%s instead of %s", msg_name(f.type),
	    msg_name(type));
	return f;
}

static void
say(struct chan *c, unsigned type, const struct buf *b)
{
	struct err e;
	bool left;

	chan_send(c, type, buf_bytes(b));
	cr_assert(chan_flush(c, &left, &e), "%s", e.detail);
}

void
stage_certify(struct stage *s, const char *cn)
{
	const struct frame f = stage_expect(s->core, MSG_TLS_CSR);
	struct buf pem, b;

	buf_init(&pem, KIB(16));
	buf_init(&b, KIB(32));
	paper_certify(&s->ca, f.body, cn, &pem);
	msg_tls_cert_put(&b, &(struct msg_tls_cert){ .chain_pem = buf_bytes(&pem),
				 .renew_at = time(NULL) + 1000 });
	say(s->core, MSG_TLS_CERT, &b);
	buf_free(&pem);
	buf_free(&b);
}

void
stage_request(struct stage *s, struct msg_http_request *ret)
{
	const struct frame f = next_frame(s->core, MSG_HTTP_REQUEST);
	struct err e;
	bool there = false;

	cr_assert(msg_http_request_get(f.body, ret, &e), "%s", e.detail);
	if (ret->peer != PEER_KIND_UNIX) {
		cr_assert_eq(f.type, MSG_HTTP_REQUEST);
		return;
	}
	/* As core does. */
	cr_assert_eq(f.type, MSG_HTTP_LOCAL);
	cr_assert(sock_client(f.fd, s->sock, &ret->uid, &there, &e), "%s", e.detail);
	(void)there; /* some tests leave before */
	close(f.fd);
}

void
stage_respond(struct stage *s, const struct msg_http_response *m)
{
	struct buf b;

	buf_init(&b, MIB(1));
	msg_http_response_put(&b, m);
	say(s->core, MSG_HTTP_RESPONSE, &b);
	buf_free(&b);
}

void
stage_publish(struct stage *s, const char *url_path, const char *file,
    struct bytes content, const char *etag, bool on_api)
{
	struct err e;
	char path[160];

	snprintf(path, sizeof(path), "%s/pub/%s", s->dir, file);
	cr_assert(file_replace(AT_FDCWD, path, 0600, content, &e), "%s", e.detail);
	stage_announce(s, url_path, file, etag, on_api);
}

void
stage_announce(struct stage *s, const char *url_path, const char *file,
    const char *etag, bool on_api)
{
	struct buf b;

	buf_init(&b, KIB(4));
	msg_publish_put(&b, &(struct msg_publish){ .url_path = bytes_str(url_path),
				.file = bytes_str(file),
				.content_type = bytes_str("application/pkix-crl"),
				.etag = bytes_str(etag),
				.modified_at = 784111777,
				.expires_at = time(NULL) + 600,
				.on_api = on_api });
	say(s->core, MSG_PUBLISH, &b);
	buf_free(&b);
}

void
stage_forget(struct stage *s, struct bytes tag)
{
	struct buf b;

	buf_init(&b, KIB(1));
	msg_forget_put(&b, &(struct msg_forget){ .tag = tag });
	say(s->core, MSG_FORGET, &b);
	buf_free(&b);
}

/* ---- start and end ---- */

static void
make_dir(struct stage *s)
{
	static const char *const dirs[] = { "issuers", "pub", "pub/crl", "pub/ca" };
	static const char *const files[] = { "root.crt", "issuers/main.crt" };
	char path[128];
	struct err e;

	snprintf(s->dir, sizeof(s->dir), "/tmp/hanaper-front.XXXXXX");
	cr_assert_not_null(mkdtemp(s->dir));
	for (size_t i = 0; i < NITEMS(dirs); i++) {
		snprintf(path, sizeof(path), "%s/%s", s->dir, dirs[i]);
		cr_assert_eq(mkdir(path, 0700), 0);
	}
	paper_ca_make(&s->ca, "paper CA");
	for (size_t i = 0; i < NITEMS(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", s->dir, files[i]);
		cr_assert(file_create(AT_FDCWD, path, 0600, buf_bytes(&s->ca.pem), &e),
		    "%s", e.detail);
	}
	snprintf(s->sock, sizeof(s->sock), "%s/front.sock", s->dir);
}

static void
send_conf(struct stage *s)
{
	char dir[64], file[] = "hanaper.yaml", name[] = "main";
	char certificate[] = "issuers/main.crt", key[] = "issuers/main.key";
	char url[] = "https://localhost", database[] = "hanaper.db";
	char level[] = "warn", format[] = "text";
	struct conf_issuer issuer = { .name = name,
		.certificate = certificate,
		.key = key };
	struct conf c = { .dir = dir,
		.file = file,
		.url_api = url,
		.url_public = url,
		.database = database,
		.log_level = level,
		.log_format = format,
		.issuers = &issuer,
		.n_issuers = 1,
		.body_max = KIB(64) };
	struct buf b;

	snprintf(dir, sizeof(dir), "%s", s->dir);
	buf_init(&b, KIB(64));
	conf_put(&b, &c);
	say(s->parent, MSG_CONF, &b);
	buf_free(&b);
}

static void
send_listener(struct stage *s, enum listener_kind kind, const char *address, int fd)
{
	struct err e;
	struct buf b;

	buf_init(&b, KIB(1));
	msg_listener_put(&b,
	    &(struct msg_listener){ .kind = kind, .address = bytes_str(address) });
	cr_assert(chan_send_fd(s->parent, MSG_LISTENER, buf_bytes(&b), fd, &e), "%s",
	    e.detail);
	close(fd);
	buf_free(&b);
}

static void
send_listeners(struct stage *s)
{
	const struct {
		enum listener_kind kind;
		char *address;
		size_t size;
		uint16_t *port;
	} tcp[] = {
		{ LISTENER_API, s->api.address, sizeof(s->api.address), &s->api.port },
		{ LISTENER_HTTP, s->http.address, sizeof(s->http.address),
		    &s->http.port },
		{ LISTENER_METRICS, s->metrics.address, sizeof(s->metrics.address),
		    &s->metrics.port },
	};
	struct err e;
	int fd;

	for (size_t i = 0; i < NITEMS(tcp); i++) {
		cr_assert(sock_listen_tcp("127.0.0.1:0", &fd, tcp[i].address,
			      tcp[i].size, &e),
		    "%s", e.detail);
		*tcp[i].port =
		    (uint16_t)strtoul(strrchr(tcp[i].address, ':') + 1, NULL, 10);
		send_listener(s, tcp[i].kind, tcp[i].address, fd);
	}
	cr_assert(sock_listen_unix(s->sock, 0600, &fd, &e), "%s", e.detail);
	send_listener(s, LISTENER_UNIX, s->sock, fd);
}

void
stage_open(struct stage *s)
{
	int parent[2], core[2];
	struct err e;
	struct buf b;
	pid_t pid;

	*s = (struct stage){ 0 };
	make_dir(s);
	cr_assert(sock_pair(parent, &e) && sock_pair(core, &e));
	const int fds[] = { parent[1], core[1] };
	cr_assert(proc_spawn(HNP_FRONT, "hanaper-front", fds, 2, NULL, &pid, &e), "%s",
	    e.detail);
	s->pid = pid;
	close(parent[1]);
	close(core[1]);
	s->parent = chan_new(parent[0], MIB(1));
	s->core = chan_new(core[0], MIB(1));
	send_conf(s);
	send_listeners(s);
	buf_init(&b, KIB(1));
	msg_start_put(&b, &(struct msg_start){ 0 });
	say(s->parent, MSG_START, &b);
	buf_free(&b);
	stage_certify(s, "first");
	(void)stage_expect(s->parent, MSG_READY);
}

void
stage_stop(struct stage *s)
{
	say(s->parent, MSG_STOP, &(struct buf){ 0 });
}

int
stage_wait(struct stage *s)
{
	int status = 0;

	cr_assert_eq(waitpid(s->pid, &status, 0), s->pid);
	s->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void
stage_close(struct stage *s)
{
	if (s->pid != 0) {
		stage_stop(s);
		cr_expect_eq(stage_wait(s), 0, "an orderly end");
	}
	chan_free(s->parent);
	chan_free(s->core);
	paper_ca_free(&s->ca);
	file_remove_tree(s->dir);
}

/* ---- clients ---- */

void
talker_open(struct talker *t, const struct stage *s, uint16_t port)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(port) };
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	*t = (struct talker){ .fd = socket(port == 0 ? AF_UNIX : AF_INET, SOCK_STREAM,
				  0) };
	snprintf(un.sun_path, sizeof(un.sun_path), "%s", s->sock);
	cr_assert_eq(connect(t->fd,
			 port == 0 ? (struct sockaddr *)&un : (struct sockaddr *)&in,
			 port == 0 ? sizeof(un) : sizeof(in)),
	    0);
}

void
talker_open_tls(struct talker *t, const struct stage *s, const struct paper_leaf *leaf,
    const struct paper_ca *by)
{
	const gnutls_datum_t trust = { s->ca.pem.p, (unsigned)s->ca.pem.n };
	int rc;

	talker_open(t, s, s->api.port);
	gnutls_init(&t->tls, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL);
	gnutls_set_default_priority(t->tls);
	gnutls_certificate_allocate_credentials(&t->cred);
	cr_assert_gt(gnutls_certificate_set_x509_trust_mem(t->cred, &trust,
			 GNUTLS_X509_FMT_PEM),
	    0);
	if (leaf != NULL) {
		gnutls_x509_privkey_t key = paper_key(GNUTLS_PK_ECDSA, PAPER_P256);
		gnutls_x509_crt_t crt = paper_sign(by, leaf, key);

		gnutls_certificate_set_x509_key(t->cred, &crt, 1, key);
		gnutls_x509_crt_deinit(crt);
		gnutls_x509_privkey_deinit(key);
	}
	gnutls_credentials_set(t->tls, GNUTLS_CRD_CERTIFICATE, t->cred);
	gnutls_session_set_verify_cert(t->tls, "localhost", 0);
	gnutls_transport_set_int(t->tls, t->fd);
	do
		rc = gnutls_handshake(t->tls);
	while (rc < 0 && gnutls_error_is_fatal(rc) == 0);
	cr_assert_eq(rc, 0, "%s", gnutls_strerror(rc));
}

void
talker_say(struct talker *t, const char *request)
{
	const size_t n = strlen(request);

	t->n = 0;
	t->reply[0] = '\0';
	if (t->tls != NULL)
		cr_assert_eq(gnutls_record_send(t->tls, request, n), (ssize_t)n);
	else
		cr_assert_eq(send(t->fd, request, n, MSG_NOSIGNAL), (ssize_t)n);
}

static ssize_t
receive(struct talker *t)
{
	char *at = t->reply + t->n;
	const size_t room = sizeof(t->reply) - 1 - t->n;
	ssize_t got;

	if (t->tls == NULL)
		return recv(t->fd, at, room, 0);
	do
		got = gnutls_record_recv(t->tls, at, room);
	while (got == GNUTLS_E_AGAIN || got == GNUTLS_E_INTERRUPTED);
	return got;
}

static bool
is_whole(const struct talker *t, bool head_only)
{
	const char *end = strstr(t->reply, "\r\n\r\n");
	const char *length = strcasestr(t->reply, "\r\nContent-Length: ");

	if (end == NULL)
		return false;
	/* A 304 tells the length that it does not send (RFC 9110 8.6). */
	if (strncmp(t->reply, "HTTP/1.1 304 ", 13) == 0)
		return true;
	if (head_only || length == NULL || length > end)
		return true;
	return t->n - (size_t)(end + 4 - t->reply) >= strtoul(length + 18, NULL, 10);
}

bool
talker_hear(struct talker *t, bool head_only)
{
	while (!is_whole(t, head_only)) {
		const ssize_t got = receive(t);

		if (got <= 0)
			return false;
		t->n += (size_t)got;
		t->reply[t->n] = '\0';
	}
	return true;
}

void
talker_close(struct talker *t)
{
	if (t->tls != NULL)
		gnutls_deinit(t->tls);
	if (t->cred != NULL)
		gnutls_certificate_free_credentials(t->cred);
	close(t->fd);
}
