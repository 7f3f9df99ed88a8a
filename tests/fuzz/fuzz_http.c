/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP answers to the prober (R72 to R75, S51): what a server says comes through libcurl
 * as in a validation, redirects are judged and followed.  Answers of one validation
 * are set apart by a NUL.  No packet leaves: connect() gives a socket pair.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fuzz.h"
#include "probe/fetch.h"

static struct bytes answer; /* for the next connection */
static bool answering;
static int far_end = -1;

int connect(int fd, const struct sockaddr *to, socklen_t n);

int
connect(int fd, const struct sockaddr *to, socklen_t n)
{
	int pair[2];

	if (!answering)
		return (int)syscall(SYS_connect, fd, to, n);
	require(to->sa_family == AF_INET && far_end < 0);
	require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
		    pair) == 0);
	if (answer.n > 0)
		require(write(pair[1], answer.p, answer.n) == (ssize_t)answer.n);
	require(shutdown(pair[1], SHUT_WR) == 0);
	require(dup3(pair[0], fd, O_CLOEXEC) == fd);
	close(pair[0]);
	far_end = pair[1];
	return 0;
}

struct validation {
	struct loop *loop;
	struct redirect_path path;
	struct redirect_target at;
	bool again; /* at another URL */
};

static void
on_told(void *arg, const struct fetch_result *r)
{
	struct validation *t = arg;
	struct err e = { 0 };

	require(r->body.n <= FETCH_BODY_MAX && r->status >= 0 && r->status <= 999);
	require(r->code == ERR_NONE || r->why != NULL);
	if (r->location != NULL) {
		t->again = redirect_to(&t->path, t->at.url, r->location, &t->at, &e);
		require(t->again || e.code == ERR_PROBE_CONNECTION);
	}
	/* No scheme, port or credentials but those that may be. */
	require(strncmp(t->at.url, "http://", 7) == 0 ||
		strncmp(t->at.url, "https://", 8) == 0);
	require(t->at.port == 80 || t->at.port == 443);
	loop_stop(t->loop);
}

static bool
fetch(struct fetch_multi *m, struct validation *t, const struct strings *any)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(80) };
	const struct fetch_request q = { .url = t->at.url,
		.address = (const struct sockaddr *)&to,
		.networks = any,
		.connect_ms = 500,
		.total_ms = 500 };
	struct fetch *f = NULL;
	struct err e = { 0 };

	to.sin_addr.s_addr = htonl(0xc0000201);
	t->again = false;
	require(fetch_start(m, &q, on_told, t, &f, &e));
	loop_run(t->loop);
	fetch_free(f);
	if (far_end >= 0)
		close(far_end);
	far_end = -1;
	return t->again;
}

FUZZ_TARGET(http)
{
	static char network[] = "192.0.2.0/24";
	static char *list[] = { network };
	static const struct strings any = { list, 1 };
	static struct loop *loop;
	static struct fetch_multi *multi;
	struct validation t = { .path = { .http_port = 80, .tls_port = 443 } };
	struct bytes rest = bytes_of(p, n);
	struct err e = { 0 };

	if (n > KIB(64))
		return 0;
	if (loop == NULL) {
		loop = loop_new();
		require(fetch_multi_new(loop, &multi, &e));
	}
	t.loop = loop;
	require(redirect_to(&t.path, NULL, "http://a.test/.well-known/x", &t.at, &e));
	answering = true;
	do {
		const size_t end = bytes_index(rest, 0);

		answer = bytes_of(rest.p, end);
		rest = bytes_skip(rest, end + 1);
	} while (fetch(multi, &t, &any));
	answering = false;
	return 0;
}
