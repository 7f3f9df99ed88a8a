/* SPDX-License-Identifier: Apache-2.0 */
/* How long each stage of a connection may take, by a clock that is put ahead. */
#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "paper_ca.h"
#include "small_server.h"

#define LONG   MIB(16) /* of an answer: no socket takes it in at once */
#define MARGIN 3000    /* ms that the machine may take for what is done in no time */

static _Atomic int64_t ahead; /* ms, of the monotonic clock */

/* The linker gives calls of clock_mono_ms() to the first of them. */
int64_t __wrap_clock_mono_ms(void);
int64_t __real_clock_mono_ms(void);

int64_t
__wrap_clock_mono_ms(void)
{
	return __real_clock_mono_ms() + atomic_load(&ahead);
}

static _Atomic int64_t left; /* ms, as conns_deadline() was told last; 0: not yet */

void __wrap_conns_deadline(struct conns_entry *n, int64_t ms);
void __real_conns_deadline(struct conns_entry *n, int64_t ms);

void
__wrap_conns_deadline(struct conns_entry *n, int64_t ms)
{
	__real_conns_deadline(n, ms);
	atomic_store(&left, ms);
}

static const struct stage {
	const char *what;
	bool tls;
	const char *sent, *drip; /* the second later, octet by octet */
	bool answered;           /* something of an answer comes before the drip */
	int64_t ms;              /* so long from the first to the last of it */
} stages[] = {
	{ "a handshake", true, "\x16\x03\x01\x02", "\x10\x01\x02", false, 10000 },
	{ "no request", false, "", "", false, 30000 },
	{ "a head", false, "GET / HTTP/1.1\r\nHost: a\r\nX-A: ", "aaaaa", false,
	    30000 },
	{ "a body", false, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n",
	    "abcde", false, 30000 },
	{ "an answer", false, "GET /content HTTP/1.1\r\nHost: a\r\n\r\n", "", true,
	    30000 + LONG / 32 },
	{ "the next request", false, "GET /a HTTP/1.1\r\nHost: a\r\n\r\n", "GET /b",
	    true, 60000 },
};

static struct content *
long_content(void)
{
	struct buf b;

	buf_init(&b, LONG);
	memset(buf_reserve(&b, LONG), 'x', LONG);
	struct content *c = content_new(buf_bytes(&b));
	buf_free(&b);
	return c;
}

static void
wait_for_connections(const struct small_server *s, size_t n)
{
	for (int i = 0; conns_count(s->conns) != n; i++) {
		cr_assert_lt(i, 5000, "not %zu connections", n);
		usleep(1000);
	}
}

/* The server's thread has come so far: a clock that is put ahead before counts for nothing. */
static void
wait_for_stage(const struct stage *g)
{
	for (int i = 0; g->sent[0] != '\0' && !g->tls && atomic_load(&left) != g->ms;
	     i++) {
		cr_assert_lt(i, 5000, "%s does not begin", g->what);
		usleep(1000);
	}
}

/* Goes into the stage, stays in it until shortly before its end, and beyond. */
static void
overstay(struct small_server *s, const struct stage *g)
{
	const size_t drips = strlen(g->drip);
	const int fd = small_connect(s);
	char reply[2];
	bool closed;

	atomic_store(&left, 0);
	small_send(fd, g->sent, strlen(g->sent));
	wait_for_connections(s, 1);
	if (g->answered)
		small_read(fd, reply, sizeof(reply), 5000,
		    &closed); /* its first octet */
	wait_for_stage(g);
	for (size_t k = 0; k <= drips; k++) {
		atomic_store(&ahead,
		    (g->ms - MARGIN) * (int64_t)(k + 1) / (int64_t)(drips + 1));
		cr_expect_eq(conns_sweep(s->conns), 0, "%s, drip %zu", g->what, k);
		small_send(fd, g->drip + k, k < drips);
		usleep(10000);
	}
	atomic_store(&ahead, g->ms + MARGIN);
	cr_expect_eq(conns_sweep(s->conns), 1, "%s has no end", g->what);
	wait_for_connections(s, 0);
	close(fd);
	atomic_store(&ahead, 0);
}

/* S61: an octet now and then is activity to the library; to us each stage has its end. */
Test(deadlines, who_drips_octets_is_cut_off_at_the_deadline_of_each_stage)
{
	struct paper_ca ca;

	paper_ca_make(&ca, "ca");
	struct tls *t = small_tls(&ca, "server");
	for (size_t i = 0; i < NITEMS(stages); i++) {
		struct small_server s;

		small_server_start(&s, stages[i].tls ? t : NULL, 1);
		s.content = long_content();
		overstay(&s, &stages[i]);
		small_server_stop(&s);
	}
	tls_free(t);
	paper_ca_free(&ca);
}
