/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prober - the role that calls out to validate ACME's challenges (design section
 * 6).  It has the outbound network and nothing else: no key, no database, no file.
 */
#include "base/log.h"
#include "daemon/role.h"
#include "ipc/msg_probe.h"
#include "probe/probe.h"

struct prober {
	struct role *role;
	struct link *core;
	struct probe *probe;
};

static void
on_answer(void *arg, const struct msg_probed *m)
{
	const struct prober *p = arg;
	struct buf b;

	buf_init(&b, MSG_PROBE_FRAME_MAX);
	msg_probed_put(&b, m);
	link_send(p->core, MSG_PROBED, buf_bytes(&b));
	buf_free(&b);
}

static bool
on_probe(void *ctx, const struct frame *f, struct err *e)
{
	struct prober *p = ctx;
	struct msg_probe m;

	if (!msg_probe_get(f->body, &m, e))
		return false;
	probe_ask(p->probe, &m);
	return true;
}

/* All that the prober will ever do. */
static const struct msg_rule rules[] = {
	/* clang-format off */
	/* message     from       once   octets               handler */
	{ MSG_PROBE,   PEER_CORE, false, MSG_PROBE_FRAME_MAX, on_probe },
	{ 0 }
	/* clang-format on */
};

static bool
on_conf(void *ctx, struct role *r, const struct conf *was)
{
	struct prober *p = ctx;

	(void)was;
	probe_conf(p->probe, role_conf(r));
	return true;
}

int
main(void)
{
	static struct prober p;
	struct err e = { 0 };

	p.role = role_begin(
	    &(struct role_def){ .name = "prober", .on_conf = on_conf, .ctx = &p });
	if (!probe_new(role_loop(p.role), role_conf(p.role), on_answer, &p, &p.probe,
		&e))
		role_fail(&e);
	p.core =
	    role_link(p.role, ROLE_FD_CORE, PEER_CORE, MSG_PROBE_FRAME_MAX, rules, &p);
	role_confine(p.role, SANDBOX_PROBER);
	role_ready(p.role);
	loop_run(role_loop(p.role));
	probe_free(p.probe);
	return role_end(p.role);
}
