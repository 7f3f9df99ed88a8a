/* SPDX-License-Identifier: Apache-2.0 */
/* hanaper up - a CA where there is none, and the daemon in the foreground. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/client.h"
#include "cli/owners.h"
#include "cli/setup.h"
#include "sys/file.h"
#include "sys/proc.h"
#include "sys/sock.h"

#define READY_POLL_NS 5000000L /* how often the daemon is asked whether it is ready */
#define READY_TRIES   6000     /* then it is left to itself */

struct up {
	char *dir;
	bool named;      /* by somebody */
	char *temporary; /* --ephemeral: removed at the end */
	char *program;
	bool json; /* standard output is for JSON alone */
};

static const struct opt up_opts[] = {
	OPT_IS_FLAG("ephemeral", struct setup_args, ephemeral,
	    "in a temporary directory that is removed at the end"),
	{ 0 },
};

static const struct opt_usage usage = {
	.operands = "",
	.about =
	    "Makes the CA as \"hanaper init\" does when DIR holds none, then runs\n"
	    "hanaperd until it is stopped.  The options below count only when a CA\n"
	    "is made; later hanaper.yaml is what counts.",
	.opts = up_opts,
	.shared = setup_opts,
};

/* ---- the directory ---- */

static bool
choose_dir(const struct setup_args *a, struct up *u, struct err *e)
{
	const char *tmp = getenv("TMPDIR");

	if (!a->ephemeral) {
		u->dir = mem_strdup(setup_dir_at_hand(a->common.dir));
		u->named = options_named_dir(a->common.dir) != NULL;
		return u->named || conf_where_free(e);
	}
	u->named = true;
	char *template = mem_printf("%s/hanaper-XXXXXX",
	    tmp != NULL && tmp[0] == '/' ? tmp : "/tmp");

	const bool made =
	    owners_act_in(template, e) &&
	    (mkdtemp(template) != NULL || err_errno(e, "cannot make %s", template));
	owners_act_self();
	if (!made) {
		free(template);
		return false;
	}
	u->temporary = template;
	u->dir = mem_printf("%s/" SETUP_DIR, template);
	return true;
}

static bool
says_anything(const struct setup_args *a)
{
	return a->name != NULL || a->key_type != NULL || a->root_validity != NULL ||
	       a->issuer_validity != NULL || a->api != NULL || a->http != NULL ||
	       a->metrics != NULL || a->url_api != NULL || a->url_public != NULL ||
	       a->passphrase_file != NULL || a->dns.n > 0 || a->ip.n > 0 ||
	       a->domains.n > 0;
}

/*
 * Before anything is made: the addresses go into the configuration and into every
 * certificate, so a port that is taken is to be known now.
 */
static bool
check_ports(const struct setup *s, struct err *e)
{
	const struct {
		const char *option, *address;
	} all[] = { { "api", s->api }, { "http", s->http }, { "metrics", s->metrics } };

	for (size_t i = 0; i < NITEMS(all); i++) {
		char bound[SOCK_BOUND_LEN];
		int fd;

		if (!sock_listen_tcp(all[i].address, &fd, bound, sizeof(bound), e))
			return e->code == ERR_CONFLICT
				   ? err_set(e, ERR_CONFLICT,
					 "another program listens on %s; stop it, or "
					 "choose another port: hanaper up --%s "
					 "HOST:PORT",
					 all[i].address, all[i].option)
				   : err_prefix(e, all[i].option);
		close(fd);
	}
	return true;
}

/* The first half: *ret_status is set when it fails. */
static bool
ensure_ca(const struct command *self, const struct setup_args *a, const struct up *u,
    int *ret_status)
{
	struct setup s = { .workfd = -1 };
	struct err e = { 0 };
	bool ok = false;

	if (conf_where_has(u->dir, CONF_WHERE_FILE)) {
		/* Again: what is ours nobody exchanges any more. */
		if (!u->named && !conf_where_mine(u->dir)) {
			err_set(&e, ERR_CONFLICT,
			    "%s is another user's; name a directory: --dir DIR",
			    u->dir);
			*ret_status = out_fail(&e);
			return false;
		}
		if (says_anything(a))
			out_note("%s holds a CA already: the options that make one do "
				 "not count; edit hanaper.yaml",
			    u->dir);
		return true;
	}
	if (!setup_plan(a, u->dir, &s, &e)) {
		*ret_status = e.code == ERR_IO ? out_fail(&e)
					       : out_usage(self->name, "%s", e.detail);
	} else if (!check_ports(&s, &e) || !setup_make(&s, &e)) {
		*ret_status = out_fail(&e);
	} else {
		ok = true;
		setup_plan_warn(&s);
		if (a->ephemeral)
			setup_plan_warn_open(&s);
		if (a->common.json)
			out_json(setup_json(&s));
		else
			setup_print(&s);
		fflush(stdout);
	}
	setup_free(&s);
	return ok;
}

/* ---- the daemon ---- */

static const int watched[] = { SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGQUIT };

static _Noreturn void
become_daemon(const struct up *u, const sigset_t *mask, pid_t parent)
{
	char *const argv[] = { (char[]){ "hanaperd" }, (char[]){ "-f" },
		(char[]){ "--dir" }, u->dir, NULL };

	/* A daemon that nobody watches any more is to end. */
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != parent)
		_exit(OUT_FAILED);
	if (u->json && dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		_exit(OUT_FAILED);
	sigprocmask(SIG_SETMASK, mask, NULL);
	execv(u->program, argv);
	out_note("%s: %s", u->program, strerror(errno));
	_exit(OUT_FAILED);
}

static void
tell_ready(const struct up *u)
{
	struct err ignored;
	const bool plain =
	    strcmp(u->dir, setup_dir_at_hand(NULL)) == 0 && conf_where_ours(&ignored);
	char *word = out_word(u->dir);

	/* That it is ready, and where, the daemon has said itself. */
	out_next("hanaper issue localhost%s%s (in another terminal)",
	    plain ? "" : " --dir ", plain ? "" : word);
	free(word);
}

/* As whose it was: what has its name now he may have chosen. */
static void
remove_temporary(const struct up *u)
{
	struct err ignored;

	if (u->temporary != NULL && owners_act_in(u->temporary, &ignored))
		file_remove_tree(u->temporary);
	owners_act_self();
}

/* The terminal's own Ctrl-C reaches the daemon by itself; what others send is passed on. */
static void
pass_on(pid_t daemon, const siginfo_t *si)
{
	if (si->si_signo != SIGCHLD && si->si_code != SI_KERNEL)
		kill(daemon, si->si_signo);
}

static int
exit_status(int wait_status)
{
	if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0)
		return OUT_DONE;
	if (WIFEXITED(wait_status))
		out_note("hanaperd ended with status %d; its last lines say why",
		    WEXITSTATUS(wait_status));
	else
		out_note("hanaperd was ended by signal %d", WTERMSIG(wait_status));
	return OUT_FAILED;
}

/* Until the daemon ends.  Meanwhile: is it ready? */
static int
watch(const struct up *u, pid_t daemon, const sigset_t *set)
{
	const struct options_common where = { .dir = u->dir };
	const struct timespec pause = { .tv_nsec = READY_POLL_NS };
	struct client *client = NULL;
	struct err e;
	int tries = 0, status = 0;

	if (!client_open(&where, &client, &e))
		tries = READY_TRIES;
	for (;;) {
		siginfo_t si = { 0 };
		const int got = tries < READY_TRIES ? sigtimedwait(set, &si, &pause)
						    : sigwaitinfo(set, &si);

		if (waitpid(daemon, &status, WNOHANG) == daemon)
			break;
		if (got > 0)
			pass_on(daemon, &si);
		else if (tries < READY_TRIES && client_ready(client)) {
			tell_ready(u);
			tries = READY_TRIES;
		} else {
			tries++;
		}
	}
	client_free(client);
	return exit_status(status);
}

static int
run(const struct up *u)
{
	const pid_t self = getpid();
	sigset_t set, old;
	struct err e = { 0 };
	pid_t daemon;
	int status;

	sigemptyset(&set);
	for (size_t i = 0; i < NITEMS(watched); i++)
		sigaddset(&set, watched[i]);
	sigprocmask(SIG_BLOCK, &set, &old);
	daemon = fork();
	if (daemon == 0)
		become_daemon(u, &old, self);
	if (daemon < 0) {
		err_errno(&e, "cannot start hanaperd");
		status = out_fail(&e);
	} else {
		status = watch(u, daemon, &set);
	}
	remove_temporary(u); /* before a signal that waits may end us */
	sigprocmask(SIG_SETMASK, &old, NULL);
	return status;
}

int
cmd_up(const struct command *self, int argc, char **argv)
{
	struct setup_args a = { 0 };
	struct up u = { 0 };
	struct err e = { 0 };
	int status = OUT_DONE;

	if (!options_read(self, &usage, argc, argv, &a, &status))
		goto out;
	if (a.ephemeral && a.common.dir != NULL) {
		status = out_usage(self->name, "--ephemeral chooses its own directory");
		goto out;
	}
	if (!proc_find("hanaperd", HNP_SBINDIR, &u.program, &e) ||
	    !choose_dir(&a, &u, &e)) {
		status = out_fail(&e);
		goto out;
	}
	u.json = a.common.json;
	if (ensure_ca(self, &a, &u, &status))
		status = run(&u);
out:
	remove_temporary(&u);
	free(u.program);
	free(u.dir);
	free(u.temporary);
	setup_args_free(&a);
	return status;
}
