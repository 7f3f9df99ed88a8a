/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real hanaper-prober between a parent and a core that this program plays,
 * for tests/flow/test_prober.py.
 *
 *   prober_peer networks=127.0.0.0/8 resolvers=127.0.0.1:53 http_port=80 …
 *
 * A line on standard input is a question, "id=1 challenge=http-01 name=a.test …";
 * each answer is a line of JSON on standard output.  At the end of input the
 * prober is stopped; its exit status is ours.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/mem.h"
#include "conf/conf_wire.h"
#include "ipc/link.h"
#include "ipc/msg_control.h"
#include "ipc/msg_probe.h"
#include "sys/proc.h"
#include "sys/sock.h"

static struct loop *loop;
static struct link *parent, *core;
static struct buf input;

/* ---- words ---- */

/* The value of "key=value" in a line of words; "" when it is not there. */
static struct bytes
word(struct bytes line, const char *key)
{
	while (line.n > 0) {
		const size_t n = bytes_index(line, ' ');
		const struct bytes one = bytes_of(line.p, n);
		const size_t eq = bytes_index(one, '=');

		if (bytes_eq_str(bytes_of(one.p, eq), key))
			return bytes_skip(one, eq + 1);
		line = bytes_skip(line, n + 1);
	}
	return bytes_of("", 0);
}

static long
number(struct bytes line, const char *key, long otherwise)
{
	char text[24];
	const struct bytes v = word(line, key);

	if (v.n == 0 || !bytes_to_str(v, text, sizeof(text)))
		return otherwise;
	return strtol(text, NULL, 10);
}

static void
list(struct bytes line, const char *key, struct strings *ret)
{
	struct bytes v = word(line, key);

	while (v.n > 0) {
		const size_t n = bytes_index(v, ',');
		char *one = mem_strndup(bytes_of(v.p, n));

		strings_add(ret, one);
		free(one);
		v = bytes_skip(v, n + 1);
	}
}

/* ---- what goes to the prober ---- */

static void
send_conf(struct bytes words)
{
	char name[] = "server", issuer[] = "main", certificate[] = "a", key[] = "b",
	     dir[] = "/nowhere", url[] = "https://localhost", database[] = "hanaper.db",
	     level[] = "warn", format[] = "text";
	struct conf_issuer main_issuer = { .name = issuer,
		.certificate = certificate,
		.key = key };
	struct conf_profile p = { .name = name,
		.issuer = issuer,
		.acme = { .on = true,
		    .challenges = 0x1f,
		    .http_port = (uint16_t)number(words, "http_port", 80),
		    .tls_port = (uint16_t)number(words, "tls_port", 443) } };
	struct conf c = { .dir = dir,
		.file = dir,
		.url_api = url,
		.url_public = url,
		.database = database,
		.log_level = level,
		.log_format = format,
		.issuers = &main_issuer,
		.n_issuers = 1,
		.profiles = &p,
		.n_profiles = 1 };
	struct buf b;

	list(words, "networks", &p.acme.networks);
	list(words, "resolvers", &c.acme.resolvers);
	list(words, "identities", &c.acme.caa_identities);
	buf_init(&b, KIB(64));
	conf_put(&b, &c);
	link_send(parent, MSG_CONF, buf_bytes(&b));
	buf_clear(&b);
	msg_start_put(&b, &(struct msg_start){ 0 });
	link_send(parent, MSG_START, buf_bytes(&b));
	buf_free(&b);
	strings_free(&p.acme.networks);
	strings_free(&c.acme.resolvers);
	strings_free(&c.acme.caa_identities);
}

static void
ask(struct bytes line)
{
	enum challenge challenge = CHALLENGE_HTTP_01;
	struct buf b;

	(void)!sets_challenge_from(word(line, "challenge"), &challenge);
	const struct msg_probe m = {
		.id = (uint64_t)number(line, "id", 1),
		.profile = bytes_str("server"),
		.challenge = challenge,
		.prove = number(line, "prove", 1) != 0,
		.caa = number(line, "caa", 0) != 0,
		.type = bytes_eq_str(word(line, "type"), "ip") ? NAME_TYPE_IP
							       : NAME_TYPE_DNS,
		.name = word(line, "name"),
		.wildcard = number(line, "wildcard", 0) != 0,
		.token = word(line, "token"),
		.key_authorization = word(line, "ka"),
		.account = word(line, "account"),
		.deadline_ms = (uint32_t)number(line, "deadline", MSG_PROBE_DEADLINE),
	};
	buf_init(&b, MSG_PROBE_FRAME_MAX);
	msg_probe_put(&b, &m);
	link_send(core, MSG_PROBE, buf_bytes(&b));
	buf_free(&b);
}

static void
on_input(void *arg, unsigned events)
{
	uint8_t octets[4096];
	const ssize_t n = read(STDIN_FILENO, octets, sizeof(octets));
	struct loop_fd **self = arg;
	size_t end;

	(void)events;
	if (n <= 0) {
		loop_del(*self);
		link_send(parent, MSG_STOP, bytes_of(NULL, 0));
		return;
	}
	buf_put(&input, bytes_of(octets, (size_t)n));
	while ((end = bytes_index(buf_bytes(&input), '\n')) < input.n) {
		ask(bytes_of(input.p, end));
		buf_drop(&input, end + 1);
	}
}

/* ---- what comes from it ---- */

static bool
on_ready(void *ctx, const struct frame *f, struct err *e)
{
	static struct loop_fd *in;

	(void)ctx;
	(void)f;
	(void)e;
	in = loop_add(loop, STDIN_FILENO, LOOP_IN, on_input, &in);
	return true;
}

static bool
on_failed(void *ctx, const struct frame *f, struct err *e)
{
	struct msg_failed m;

	(void)ctx;
	if (msg_failed_get(f->body, &m, e))
		fprintf(stderr, "the prober failed: %.*s\n", (int)m.text.n, m.text.p);
	return true;
}

static bool
on_probed(void *ctx, const struct frame *f, struct err *e)
{
	struct msg_probed m;
	char seen[2 * MSG_PROBE_SEEN_MAX + 1];

	(void)ctx;
	if (!msg_probed_get(f->body, &m, e))
		return false;
	hex_write(m.seen, seen);
	printf("{\"id\":%" PRIu64 ",\"code\":\"%s\",\"proved\":%d,\"retry\":%u,"
	       "\"detail\":\"%.*s\",\"seen\":\"%s\",\"address\":\"%.*s\","
	       "\"reuse\":%" PRId64 ",\"took\":%u,\"transcript\":%.*s}\n",
	    m.id, m.code == ERR_NONE ? "" : err_acme_type(m.code), m.proved, m.retry_s,
	    (int)m.detail.n, m.detail.p, seen, (int)m.address.n, m.address.p, m.reuse_s,
	    m.took_ms, (int)m.transcript.n, m.transcript.p);
	fflush(stdout);
	return true;
}

static const struct msg_rule parent_rules[] = {
	{ MSG_READY, PEER_PROBER, true, 0, on_ready },
	{ MSG_FAILED, PEER_PROBER, true, KIB(1), on_failed },
	{ 0 },
};

static const struct msg_rule core_rules[] = {
	{ MSG_PROBED, PEER_PROBER, false, MSG_PROBE_FRAME_MAX, on_probed },
	{ 0 },
};

static void
on_gone(void *arg, struct link *k, const struct err *e)
{
	(void)arg;
	if (!link_closed(k))
		fprintf(stderr, "%s\n", e->detail);
	loop_stop(loop);
}

int
main(int argc, char **argv)
{
	int up[2], probing[2], status = 0;
	struct buf words;
	struct err e;
	pid_t pid;

	buf_init(&words, KIB(4));
	buf_init(&input, MIB(4));
	for (int i = 1; i < argc; i++)
		buf_printf(&words, "%s ", argv[i]);
	if (!sock_pair(up, &e) || !sock_pair(probing, &e) ||
	    !proc_spawn(HNP_PROBER, "hanaper-prober", (int[]){ up[1], probing[1] }, 2,
		NULL, &pid, &e)) {
		fprintf(stderr, "%s\n", e.detail);
		return 2;
	}
	close(up[1]);
	close(probing[1]);
	loop = loop_new();
	parent = link_new(loop, up[0], PEER_PROBER, KIB(4), parent_rules, NULL);
	core = link_new(loop, probing[0], PEER_PROBER, MSG_PROBE_FRAME_MAX, core_rules,
	    NULL);
	link_on_gone(parent, on_gone, NULL);
	send_conf(buf_bytes(&words));
	loop_run(loop);
	waitpid(pid, &status, 0);
	link_free(core);
	link_free(parent);
	loop_free(loop);
	buf_free(&words);
	buf_free(&input);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 3;
}
