/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/load.h"

static int listener;

/* Answers each connection's requests until it closes: the body is "good" or, each fourth time, "evil". */
static void *
answer(void *arg)
{
	static unsigned n;
	char in[4096];
	const int fd = (int)(intptr_t)arg;
	ssize_t got;

	while ((got = read(fd, in, sizeof(in))) > 0) {
		const unsigned i = __atomic_add_fetch(&n, 1, __ATOMIC_RELAXED);
		char out[128];
		const int len = snprintf(out, sizeof(out),
		    "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n%s",
		    i % 4 == 0 ? "evil" : "good");

		if (write(fd, out, (size_t)len) != len)
			break;
	}
	close(fd);
	return NULL;
}

static void *
serve(void *arg)
{
	(void)arg;
	for (;;) {
		pthread_t t;
		const int fd = accept(listener, NULL, NULL);

		if (fd < 0)
			return NULL;
		pthread_create(&t, NULL, answer, (void *)(intptr_t)fd);
		pthread_detach(t);
	}
}

static bool
begin(struct load_conn *c, struct err *e)
{
	load_put(&c->request, "localhost", "GET", "/", "", NULL, bytes_str(NULL));
	return buf_ok(&c->request, "the request", e);
}

static enum load_next
answered(struct load_conn *c, const struct reply *r, struct err *e)
{
	(void)e;
	if (c->step++ == 0 && c->item % 2 == 0) { /* two requests make this one */
		c->wait_us = 100;
		return LOAD_MORE;
	}
	load_keep_slot(c, 0, r->body);
	return LOAD_ENDED;
}

static bool
prove(void *world, const struct load_kept *k, struct err *e)
{
	(void)world;
	return bytes_eq_str(k->octets, "good") ||
	       err_set(e, ERR_MALFORMED, "it is evil");
}

static const struct load_mode mode = { .name = "test",
	.help = "",
	.begin = begin,
	.answer = answered,
	.proof = prove };

static struct talk_place
start(pthread_t *ret)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct talk_place p = { .host = (char *)(uintptr_t) "localhost" };

	p.addr_n = sizeof(a);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	cr_assert_eq(bind(listener, (struct sockaddr *)&a, sizeof(a)), 0);
	cr_assert_eq(getsockname(listener, (struct sockaddr *)&p.addr, &p.addr_n), 0);
	cr_assert_eq(listen(listener, 16), 0);
	pthread_create(ret, NULL, serve, NULL);
	return p;
}

Test(load, a_count_is_kept_and_only_what_is_proven_counts)
{
	pthread_t t;
	const struct talk_place place = start(&t);
	struct load_plan plan = { .mode = &mode,
		.place = &place,
		.connections = 4,
		.us = 20000000,
		.count = 400 };
	struct load_result r;
	struct err e = { 0 };

	for (unsigned fresh = 0; fresh < 2; fresh++) {
		plan.fresh = fresh == 1;
		cr_assert(load_run(&plan, &r, &e), "%s", e.detail);
		/* Four more were the warming; which of those were evil is not known. */
		cr_expect_eq(r.next, 404);
		cr_expect_eq(r.hist.n, 400);
		cr_expect(r.done + r.wrong >= 400 && r.done + r.wrong <= 404);
		cr_expect_gt(r.wrong, 50);
		cr_expect_gt(r.done, 200);
		cr_expect_eq(r.failed, 0);
		cr_expect_str_eq(r.first.detail, "it is evil");
		cr_expect_eq(r.counts.connections, fresh == 1 ? 400 : 0);
	}
}

Test(load, time_is_a_bound_too_and_nobody_there_is_said)
{
	pthread_t t;
	struct talk_place place = start(&t);
	const struct load_plan plan = { .mode = &mode,
		.place = &place,
		.connections = 2,
		.us = 50000 };
	struct load_result r;
	struct err e = { 0 };

	cr_assert(load_run(&plan, &r, &e), "%s", e.detail);
	cr_expect(r.us >= 49000 && r.us < 5000000);
	cr_expect_gt(r.done, 0);
	((struct sockaddr_in *)&place.addr)->sin_port = htons(1);
	cr_expect_not(load_run(&plan, &r, &e));
	cr_expect_eq(r.done, 0);
	cr_expect_gt(r.failed, 0);
}
