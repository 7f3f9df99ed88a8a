/* SPDX-License-Identifier: Apache-2.0 */
/* What a validation asks: a resolver that knows each name, a web server that has each token. */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "load_test.h"

#define DNS_MAX    512
#define DNS_HEADER 12
#define HTTP_MAX   4096
#define TOKEN_PATH "GET /.well-known/acme-challenge/"

static const char *the_thumbprint;

static bool
listen_at(int type, unsigned port, int *ret, struct err *e)
{
	const struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int one = 1, fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return err_errno(e, "socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0 ||
	    (type == SOCK_STREAM && listen(fd, 1024) < 0)) {
		close(fd);
		return err_errno(e, "port %u", port);
	}
	*ret = fd;
	return true;
}

/* RFC 1035 4.1: the question again, and for an A record 127.0.0.1. */
static size_t
answer_dns(uint8_t *m, size_t n)
{
	static const uint8_t a[] = { 0xc0, DNS_HEADER, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4,
		127, 0, 0, 1 };
	size_t at = DNS_HEADER;

	while (at < n && m[at] != 0)
		at += m[at] + 1U;
	if (at + 5 > n || at + 5 + sizeof(a) > DNS_MAX)
		return 0;
	const bool is_a = m[at + 1] == 0 && m[at + 2] == 1;

	m[2] = 0x85;
	m[3] = 0x80;
	memset(m + 4, 0, 8);
	m[5] = 1;
	m[7] = is_a;
	at += 5;
	if (!is_a)
		return at;
	memcpy(m + at, a, sizeof(a));
	return at + sizeof(a);
}

static void *
serve_dns(void *arg)
{
	const int fd = (int)(intptr_t)arg;

	for (;;) {
		uint8_t m[DNS_MAX];
		struct sockaddr_storage from;
		socklen_t from_n = sizeof(from);
		const ssize_t n =
		    recvfrom(fd, m, sizeof(m), 0, (struct sockaddr *)&from, &from_n);

		if (n <= DNS_HEADER)
			continue;
		const size_t out = answer_dns(m, (size_t)n);

		if (out > 0)
			sendto(fd, m, out, 0, (struct sockaddr *)&from, from_n);
	}
	return NULL;
}

static void
answer_http(int fd)
{
	const struct timeval patience = { .tv_sec = 2 };
	char in[HTTP_MAX], out[HTTP_MAX];
	ssize_t n;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	n = read(fd, in, sizeof(in) - 1);
	if (n <= 0)
		return;
	in[n] = '\0';
	if (strncmp(in, TOKEN_PATH, strlen(TOKEN_PATH)) != 0)
		return;
	const char *token = in + strlen(TOKEN_PATH);
	const int token_n = (int)strcspn(token, " \r\n");
	const int out_n = snprintf(out, sizeof(out),
	    "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
	    "Content-Length: %d\r\nConnection: close\r\n\r\n%.*s.%s",
	    token_n + 1 + (int)strlen(the_thumbprint), token_n, token, the_thumbprint);

	if (write(fd, out, (size_t)out_n) != out_n)
		fputs("load: an answer did not leave\n", stderr);
}

static void *
serve_http(void *arg)
{
	const int fd = (int)(intptr_t)arg;

	for (;;) {
		const int got = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

		if (got < 0)
			continue;
		answer_http(got);
		close(got);
	}
	return NULL;
}

static bool
start(void *(*serve)(void *), int fd, struct err *e)
{
	pthread_t t;

	if (pthread_create(&t, NULL, serve, (void *)(intptr_t)fd) != 0)
		return err_set(e, ERR_INTERNAL, "no thread");
	pthread_detach(t);
	return true;
}

bool
load_near_dns(unsigned port, struct err *e)
{
	int fd;

	return port == 0 ||
	       (listen_at(SOCK_DGRAM, port, &fd, e) && start(serve_dns, fd, e));
}

bool
load_near_http(unsigned port, const char *thumbprint, struct err *e)
{
	int fd;

	the_thumbprint = thumbprint;
	return port == 0 ||
	       (listen_at(SOCK_STREAM, port, &fd, e) && start(serve_http, fd, e));
}
