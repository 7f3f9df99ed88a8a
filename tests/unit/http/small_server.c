/* SPDX-License-Identifier: Apache-2.0 */
#include "small_server.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static bool
on_head(void *ctx, struct exchange *x, size_t *ret_body_max, struct err *e)
{
	(void)ctx;
	if (bytes_eq_str(exchange_path(x), "/none"))
		return err_set(e, ERR_NOT_FOUND, "nothing here");
	if (bytes_eq_str(exchange_path(x), "/allow")) {
		exchange_add_header(x, "Allow", "GET, HEAD");
		return err_set(e, ERR_METHOD, "not so");
	}
	*ret_body_max = SMALL_BODY_MAX;
	return true;
}

static void
on_request(void *ctx, struct exchange *x)
{
	struct small_server *s = ctx;

	atomic_fetch_add(&s->handed, 1);
	cr_expect(bytes_to_str(exchange_path(x), s->seen, sizeof(s->seen)));
	buf_free(&s->client.cert);
	s->client = *exchange_client(x);
	buf_init(&s->client.cert, CLIENT_CERT_MAX);
	buf_put(&s->client.cert, buf_bytes(&exchange_client(x)->cert));
	if (atomic_load(&s->keep)) {
		exchange_hold(x);
		atomic_store(&s->held, x);
		return;
	}
	if (bytes_eq_str(exchange_path(x), "/content")) {
		exchange_answer(x,
		    &(struct answer){ .status = 200,
			.content_type = bytes_str("application/octet-stream"),
			.headers = bytes_str("Cache-Control: public, max-age=5\n"),
			.content = s->content });
		return;
	}
	exchange_answer(x, &(struct answer){ .status = 200,
			       .content_type = bytes_str("text/plain"),
			       .body = exchange_body(x).n > 0 ? exchange_body(x)
							      : bytes_str("hello") });
}

static void
on_done(void *ctx, struct exchange *x)
{
	struct small_server *s = ctx;

	(void)x;
	atomic_fetch_add(&s->done, 1);
}

static void
start(struct small_server *s, struct tls *tls, unsigned threads, int fd)
{
	struct err e;

	s->app = (struct server_app){ on_head, on_request, NULL, on_done, s };
	s->conns = conns_new(100);
	const struct server_def def = { .app = &s->app,
		.conns = s->conns,
		.tls = tls,
		.kind = 1,
		.threads = threads,
		.limit = 100 };
	cr_assert(server_start(&def, fd, &s->server, &e), "%s", e.detail);
}

void
small_server_start(struct small_server *s, struct tls *tls, unsigned threads)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(a);
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	*s = (struct small_server){ 0 };
	cr_assert_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	cr_assert_eq(listen(fd, 64), 0);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	s->port = ntohs(a.sin_port);
	start(s, tls, threads, fd);
}

void
small_server_start_unix(struct small_server *s)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	*s = (struct small_server){ 0 };
	snprintf(s->path, sizeof(s->path), "/tmp/hanaper-test.%d", (int)getpid());
	snprintf(a.sun_path, sizeof(a.sun_path), "%s", s->path);
	unlink(s->path);
	cr_assert_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	cr_assert_eq(listen(fd, 64), 0);
	start(s, NULL, 1, fd);
}

void
small_server_stop(struct small_server *s)
{
	server_stop(s->server);
	conns_free(s->conns); /* asserts that none is left */
	buf_free(&s->client.cert);
	content_unref(s->content);
	if (s->path[0] != '\0')
		unlink(s->path);
}

void
small_tls_certify(struct tls *t, const struct paper_ca *ca, const char *cn)
{
	struct buf csr, pem;
	struct err e;

	buf_init(&csr, KIB(4));
	buf_init(&pem, KIB(8));
	cr_assert(tls_request(t, &csr, &e), "%s", e.detail);
	paper_certify(ca, buf_bytes(&csr), cn, &pem);
	cr_assert(tls_certify(t, buf_bytes(&pem), &e), "%s", e.detail);
	buf_free(&csr);
	buf_free(&pem);
}

struct tls *
small_tls(const struct paper_ca *ca, const char *cn)
{
	const struct bytes trust = buf_bytes(&ca->pem);
	struct tls *t;
	struct err e;

	cr_assert(tls_new(&trust, 1, &t, &e), "%s", e.detail);
	small_tls_certify(t, ca, cn);
	return t;
}

struct exchange *
small_server_held(struct small_server *s)
{
	struct exchange *x;

	for (int i = 0; (x = atomic_load(&s->held)) == NULL; i++) {
		cr_assert_lt(i, 5000, "no request came");
		usleep(1000);
	}
	return x;
}

int
small_connect(const struct small_server *s)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(s->port) };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	const bool local = s->path[0] != '\0';
	const int fd = socket(local ? AF_UNIX : AF_INET, SOCK_STREAM, 0);

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", s->path);
	cr_assert_eq(connect(fd,
			 local ? (struct sockaddr *)&un : (struct sockaddr *)&in,
			 local ? sizeof(un) : sizeof(in)),
	    0);
	return fd;
}

void
small_send(int fd, const char *octets, size_t n)
{
	while (n > 0) {
		const ssize_t sent = send(fd, octets, n, MSG_NOSIGNAL);

		if (sent <= 0)
			return; /* a peer that has heard enough */
		octets += sent;
		n -= (size_t)sent;
	}
}

size_t
small_read(int fd, char *ret, size_t size, int ms, bool *ret_closed)
{
	size_t n = 0;

	*ret_closed = false;
	while (n < size - 1) {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		if (poll(&p, 1, ms) <= 0)
			break;
		const ssize_t got = recv(fd, ret + n, size - 1 - n, 0);
		if (got <= 0) {
			*ret_closed = true;
			break;
		}
		n += (size_t)got;
	}
	ret[n] = '\0';
	return n;
}

size_t
small_talk(const struct small_server *s, const char *octets, size_t n, char *ret,
    size_t size, bool *ret_closed)
{
	const int fd = small_connect(s);

	small_send(fd, octets, n);
	const size_t got = small_read(fd, ret, size, 150, ret_closed);
	close(fd);
	return got;
}

size_t
small_count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)) != NULL; text += strlen(what))
		n++;
	return n;
}
