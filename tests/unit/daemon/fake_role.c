/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stands for any of the three roles in tests/flow/test_parent.py: which one, its
 * name says; how it behaves, the file behave.NAME in the CA directory says.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/mem.h"
#include "daemon/role.h"
#include "forbidden.h"
#include "sys/file.h"

struct fake {
	const char *name;
	struct role *role;
	char behaviour[32];
	unsigned kinds; /* listeners that came, a bit each */
};

static const struct msg_rule no_rules[] = { { 0 } };

static bool
is(const struct fake *f, const char *behaviour)
{
	return strcmp(f->behaviour, behaviour) == 0;
}

static void
note(const struct fake *f, const char *file, const char *what)
{
	char *path = conf_path(role_conf(f->role), file);
	const int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);

	if (fd >= 0) { /* a role of another user may not */
		dprintf(fd, "%s %s\n", f->name, what);
		close(fd);
	}
	free(path);
}

static bool
on_listener(void *ctx, const struct msg_listener *m, int fd, struct err *e)
{
	struct fake *f = ctx;

	(void)e;
	f->kinds |= 1U << m->kind;
	return fd >= 0; /* stays open: clients see that it listens */
}

static void
on_stop(void *ctx, struct role *r)
{
	const struct fake *f = ctx;

	if (!is(f, "hang"))
		loop_stop(role_loop(r));
}

static bool
on_conf(void *ctx, struct role *r, const struct conf *was)
{
	const struct fake *f = ctx;
	char what[64];

	snprintf(what, sizeof(what), "interval %lld was %lld",
	    (long long)role_conf(r)->crl_interval_s, (long long)was->crl_interval_s);
	note(f, "took", what);
	return true;
}

static void
on_reloaded(void *ctx, uint64_t id, struct bytes changed, const struct err *refused)
{
	const struct fake *f = ctx;
	char what[64];

	snprintf(what, sizeof(what), "reload %llu: %zu octets, %s",
	    (unsigned long long)id, changed.n, refused == NULL ? "done" : "refused");
	note(f, "told", what);
}

static void
read_behaviour(struct fake *f)
{
	char *name = mem_printf("behave.%s", f->name);
	char *path = conf_path(role_conf(f->role), name);
	struct buf b;
	struct err e;

	buf_init(&b, sizeof(f->behaviour) - 1);
	if (file_read(AT_FDCWD, path, &b, &e))
		memcpy(f->behaviour, b.p, b.n);
	buf_free(&b);
	free(path);
	free(name);
}

static enum sandbox_role
which(const struct fake *f)
{
	static const struct {
		const char *name;
		enum sandbox_role role;
	} all[] = {
		{ "signer", SANDBOX_SIGNER },
		{ "prober", SANDBOX_PROBER },
		{ "core", SANDBOX_CORE },
		{ "front", SANDBOX_FRONT },
	};

	for (size_t i = 0; i < NITEMS(all); i++)
		if (strcmp(f->name, all[i].name) == 0)
			return all[i].role;
	abort();
}

static void
shut_in(void *arg)
{
	const struct fake *f = arg;

	role_confine(f->role, which(f));
}

static void
try_all(struct fake *f)
{
	char *path = conf_path(role_conf(f->role), "acts");
	FILE *to = fopen(path, "w");

	free(path);
	if (to == NULL)
		abort();
	setlinebuf(to); /* a fork would have its buffer too */
	forbidden_try_all(role_conf(f->role)->dir, shut_in, f, to);
	fclose(to);
}

static bool
is_to_go(const struct fake *f)
{
	char *path = conf_path(role_conf(f->role), "go");
	const bool there = access(path, F_OK) == 0;

	free(path);
	return there;
}

/* Whatever would tell that the parent has ended is undone, once the test knows us. */
static _Noreturn void
cut_loose(const struct fake *f)
{
	while (!is_to_go(f))
		poll(NULL, 0, 10);
	prctl(PR_SET_PDEATHSIG, 0);
	for (int fd = ROLE_FD_PARENT; fd < 1024; fd++) {
		(void)fcntl(fd, F_SETFL, 0);
		close(fd);
	}
	for (;;)
		pause();
}

static void
misbehave(void *arg)
{
	const struct fake *f = arg;
	struct err e;

	if (is(f, "fail")) {
		err_set(&e, ERR_IO, "the disk is full");
		role_fail(&e);
	}
	if (is(f, "crash"))
		abort();
	if (is(f, "cut loose"))
		cut_loose(f);
	if (is(f, "exit"))
		_exit(3);
	if (strncmp(f->behaviour, "do ", 3) == 0) {
		role_confine(f->role, which(f));
		forbidden_do(role_conf(f->role)->dir, f->behaviour + 3);
	}
	while (is(f, "deaf"))
		pause();
	if (is(f, "shout") && write(ROLE_FD_PARENT, "\0\0\0\0\0\24", 6) != 6)
		_exit(4);
}

int
main(int argc, char **argv)
{
	const char *dash = argc > 0 ? strrchr(argv[0], '-') : NULL;
	struct fake f = { .name = dash != NULL ? dash + 1 : "?" };
	char what[64];

	f.role = role_begin(&(struct role_def){ .name = f.name,
	    .on_listener = strcmp(f.name, "front") == 0 ? on_listener : NULL,
	    .on_conf = on_conf,
	    .on_stop = on_stop,
	    .on_reloaded = on_reloaded,
	    .ctx = &f });
	read_behaviour(&f);
	if (strcmp(f.name, "core") == 0) {
		(void)role_link(f.role, ROLE_FD_FRONT, PEER_FRONT, 10, no_rules, &f);
		(void)role_link(f.role, ROLE_FD_SIGNER, PEER_SIGNER, 10, no_rules, &f);
		(void)role_link(f.role, ROLE_FD_PROBER, PEER_PROBER, 10, no_rules, &f);
	} else {
		(void)role_link(f.role, ROLE_FD_CORE, PEER_CORE, 10, no_rules, &f);
	}
	snprintf(what, sizeof(what), "recover %d kinds %u", role_recover(f.role),
	    f.kinds);
	note(&f, "saw", what);
	if (is(&f, "try all"))
		try_all(&f);
	if (is(&f, "ask")) /* somebody wanted it as soon as he could connect */
		role_reload(f.role, 7);
	if (!is(&f, "never"))
		role_ready(f.role);
	(void)loop_after(role_loop(f.role), 50, misbehave, &f);
	loop_run(role_loop(f.role));
	note(&f, "ended", "in order");
	return role_end(f.role);
}
