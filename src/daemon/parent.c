/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/parent.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "base/longopt.h"
#include "base/mem.h"
#include "conf/conf_load.h"
#include "conf/conf_where.h"

#define FILES_WANTED 65536 /* descriptors: front's connections (S62) */
#define EXIT_FAULT   1
#define EXIT_USAGE   2

/* ---- options ---- */

static const char usage[] =
    "usage: hanaperd [-f] [--recover] [--no-sandbox] [--user ROLE=USER]...\n"
    "                [--dir DIR] [--config FILE]\n"
    "       hanaperd --check [--dir DIR] [--config FILE]\n"
    "\n"
    "  -f, --foreground  stay in the foreground; log on standard error\n"
    "      --dir DIR     where hanaper.yaml is (else $HANAPER_DIR, ./hanaper, .,\n"
    "                    /etc/hanaper)\n"
    "      --config FILE the configuration, DIR/hanaper.yaml otherwise\n"
    "      --check       say what is wrong with the configuration, and end\n"
    "      --recover     bring a restored, older database up to the journal\n"
    "      --no-sandbox  leave the processes unconfined, for a debugger\n"
    "      --user ROLE=USER  started as root: whom a role runs as, instead of the\n"
    "                    directory's owner\n"
    "      --help        this text\n"
    "      --version     the version\n"
    "\n"
    "\"hanaper up\" makes a CA directory and runs hanaperd on it.  See hanaperd(8).\n";

/* Kept as it is: which users there are is looked up when they are taken. */
static void
add_user(struct parent_options *o, const char *option)
{
	enum parent_role role;
	const char *user;
	struct err e;

	if (!parent_users_option(option, &role, &user, &e)) {
		fprintf(stderr, "hanaperd: %s\n", e.detail);
		exit(EXIT_USAGE);
	}
	o->users[o->n_users++] = option;
}

static void
parse_options(int argc, char **argv, struct parent_options *o)
{
	static const struct option longs[] = {
		{ "foreground", no_argument, NULL, 'f' },
		{ "dir", required_argument, NULL, 'd' },
		{ "config", required_argument, NULL, 'c' },
		{ "check", no_argument, NULL, 'k' },
		{ "recover", no_argument, NULL, 'r' },
		{ "no-sandbox", no_argument, NULL, 'n' },
		{ "user", required_argument, NULL, 'u' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	struct err e;
	int c, at;

	while ((c = longopt_next(argc, argv, "f", longs, &at, &e)) != LONGOPT_END) {
		if (c == 'f')
			o->foreground = true;
		else if (c == 'd')
			o->dir = optarg;
		else if (c == 'c')
			o->config = optarg;
		else if (c == 'k')
			o->check = true;
		else if (c == 'r')
			o->recover = true;
		else if (c == 'n')
			o->no_sandbox = true;
		else if (c == 'u' && o->n_users < PARENT__ROLES)
			add_user(o, optarg);
		else if (c == 'h' || c == 'v') {
			fputs(c == 'h' ? usage : "hanaperd " PACKAGE_VERSION "\n",
			    stdout);
			exit(0);
		} else {
			fprintf(stderr, "hanaperd: %s; run: hanaperd --help\n",
			    c == LONGOPT_WRONG ? e.detail
					       : "--user is there too often");
			exit(EXIT_USAGE);
		}
	}
	if (optind < argc) {
		fprintf(stderr, "hanaperd: \"%s\" is no option; run: hanaperd --help\n",
		    argv[optind]);
		exit(EXIT_USAGE);
	}
}

/* Where hanaper.yaml is when no option says. */
static bool
default_dir(const char **ret, struct err *e)
{
	const char *env = getenv("HANAPER_DIR");

	*ret = CONF_WHERE_ETC;
	if (env != NULL && env[0] != '\0')
		*ret = env;
	else if (conf_where_meant(CONF_WHERE_DIR))
		*ret = CONF_WHERE_DIR;
	else if (conf_where_meant("."))
		*ret = ".";
	else
		return conf_where_ours(e);
	return true;
}

static char *
conf_file(const struct parent_options *o)
{
	return o->config != NULL ? mem_strdup(o->config)
				 : mem_printf("%s/hanaper.yaml", o->dir);
}

bool
parent_load(const struct parent_options *o, struct conf **ret, struct err *e)
{
	char *path = conf_file(o);
	struct conf *c = NULL;
	bool ok = conf_load(path, &c, e);

	free(path);
	if (ok && o->config != NULL && o->dir != NULL) {
		char *dir = realpath(o->dir, NULL);

		if (dir == NULL) {
			conf_free(c);
			return err_errno(e, "%s", o->dir);
		}
		free(c->dir);
		c->dir = dir;
	}
	if (ok)
		*ret = c;
	return ok;
}

/* What to do, at a start: a reload is of a file that was there. */
static bool
load_first(struct parent_options *o, struct conf **ret, struct err *e)
{
	/* Once: a reload is of the same file, and may not look around any more. */
	if (o->config == NULL && o->dir == NULL && !default_dir(&o->dir, e))
		return false;
	if (parent_load(o, ret, e))
		return true;
	char *path = conf_file(o);
	if (e->code == ERR_NOT_FOUND &&
	    (o->config != NULL || conf_where_check(o->dir, e)))
		err_set(e, ERR_NOT_FOUND,
		    "%s: no such file: name the directory that has it by --dir, or "
		    "make a CA: hanaper init",
		    path);
	else if (access(path, R_OK) < 0 && errno == EACCES)
		err_set(e, ERR_FORBIDDEN,
		    "%s: Permission denied; run it as root or as the daemon's user",
		    path);
	free(path);
	return false;
}

/* ---- telling ---- */

/* One line for who waits: a person, a script, or the process that detached us. */
static void
tell(int fd, const char *word, const char *text)
{
	char *line = mem_printf("%s%s\n", word, text);
	const struct bytes b = bytes_str(line);

	(void)!write(fd, b.p, b.n);
	free(line);
}

void
parent_tell_resolvers(const struct conf *c)
{
	if (!conf_wants_resolvers(c) ||
	    (c->acme.resolvers.n > 0 && !c->acme.resolvers_found))
		return;
	struct buf list;
	buf_init(&list, LOG_VALUE_MAX);
	for (size_t i = 0; i < c->acme.resolvers.n; i++)
		buf_printf(&list, "%s%s", i > 0 ? " " : "", c->acme.resolvers.v[i]);
	if (list.n > 0)
		LOG(LOG_INFO, "acme-resolvers", LOG_TEXT("list", buf_str(&list)),
		    LOG_TEXT("from", "/etc/resolv.conf"));
	else
		LOG(LOG_WARN, "acme-resolvers", LOG_TEXT("list", ""),
		    LOG_TEXT("error",
			"no name server in /etc/resolv.conf; set acme.resolvers, or no "
			"DNS name but localhost can be validated"));
	buf_free(&list);
}

static void
on_all_ready(struct parent *p)
{
	char *api = parent_listen_addresses(p, LISTENER_API);
	char *http = parent_listen_addresses(p, LISTENER_HTTP);
	char *metrics = parent_listen_addresses(p, LISTENER_METRICS);
	char *text = mem_printf("api=%s http=%s metrics=%s pid=%ld", api, http, metrics,
	    (long)getpid());

	if (parent_dir_addresses(p, &p->why) && parent_confine(p, &p->why)) {
		LOG(LOG_INFO, "ready", LOG_TEXT("api", api), LOG_TEXT("http", http),
		    LOG_TEXT("metrics", metrics), LOG_TEXT("dir", p->conf->dir),
		    LOG_NUM("pid", getpid()));
		parent_watch_ready("serves");
		tell(p->foreground ? STDOUT_FILENO : p->waiter, "ready ", text);
		if (p->waiter >= 0)
			close(p->waiter);
		p->waiter = -1;
		parent_watch_start(p);
		if (p->reload.again || p->reload.n_waiting > 0)
			parent_reload(p); /* asked for meanwhile */
	} else {
		p->status = EXIT_FAULT;
		loop_stop(p->loop);
	}
	free(api);
	free(http);
	free(metrics);
	free(text);
}

/* ---- running ---- */

static void
on_signal(void *arg, int number)
{
	struct parent *p = arg;

	if (number == SIGCHLD) {
		parent_roles_reap(p);
	} else if (number == SIGHUP && !p->on_terminal) {
		parent_reload(p);
	} else {
		LOG(LOG_INFO, "stopping", LOG_NUM("signal", number));
		parent_roles_stop(p);
	}
}

static void
raise_file_limit(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) < 0 || l.rlim_cur >= FILES_WANTED)
		return;
	l.rlim_cur = l.rlim_max < FILES_WANTED ? l.rlim_max : FILES_WANTED;
	(void)setrlimit(RLIMIT_NOFILE, &l); /* fewer connections, else all the same */
}

static bool
begin(struct parent *p, struct err *e)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGCHLD };

	if (!parent_users_take(p, e) || !parent_dir_check(p, p->conf, e) ||
	    !parent_dir_claim(p, e) || !parent_listen_all(p, e))
		return false;
	if (!p->foreground && !parent_dir_detach(p, e))
		return false;
	if (!parent_dir_whole(p, e))
		return false;
	raise_file_limit();
	return loop_signals(p->loop, signals, NITEMS(signals), on_signal, p, e) &&
	       parent_roles_start(p, e) && parent_users_leave(p, e);
}

/* One that comes early waits until the loop takes signals. */
static void
hold_hangups(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static int
run(struct parent *p)
{
	struct err unlikely; /* it was loaded, so its words were known */

	if (!conf_log(p->conf, "parent", &unlikely))
		LOG_ERR(LOG_WARN, "log", &unlikely);
	parent_tell_resolvers(p->conf);
	/* Asked now: one that has hung up says that it is none. */
	p->on_terminal = p->foreground && isatty(STDERR_FILENO);
	signal(SIGPIPE, SIG_IGN);
	hold_hangups();
	p->loop = loop_new();
	p->on_ready = on_all_ready;
	if (begin(p, &p->why))
		loop_run(p->loop);
	else
		p->status = EXIT_FAULT;
	parent_roles_free(p);
	parent_reload_free(p);
	if (p->status != 0) {
		LOG_ERR(LOG_ERROR, "ended", &p->why);
		if (p->waiter >= 0)
			tell(p->waiter, "", p->why.detail);
	} else {
		LOG(LOG_INFO, "ended", LOG_NUM("status", 0));
	}
	parent_dir_release(p);
	parent_listen_close(p);
	loop_free(p->loop);
	return p->status;
}

/* ---- detaching ---- */

/* The process that was started waits until the daemon serves, and says what it said. */
static int
wait_for_daemon(int fd)
{
	char said[ERR_DETAIL_LEN + 64];
	size_t n = 0;
	ssize_t got;

	while (n < sizeof(said) && (got = read(fd, said + n, sizeof(said) - n)) > 0)
		n += (size_t)got;
	if (bytes_starts(bytes_of(said, n), "ready ")) {
		fwrite(said, 1, n, stdout);
		return 0;
	}
	fprintf(stderr, "hanaperd: %.*s", (int)n, said);
	if (n == 0)
		fputs("ended without a word; see run/hanaperd.log\n", stderr);
	return EXIT_FAULT;
}

static int
detach_and_run(struct parent *p)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0) {
		perror("hanaperd: pipe");
		return EXIT_FAULT;
	}
	const pid_t pid = fork();
	if (pid < 0) {
		perror("hanaperd: fork");
		return EXIT_FAULT;
	}
	if (pid > 0) {
		close(fds[1]);
		return wait_for_daemon(fds[0]);
	}
	close(fds[0]);
	p->waiter = fds[1];
	setsid();
	return run(p);
}

int
main(int argc, char **argv)
{
	struct parent_options o = { 0 };
	struct parent p = { .waiter = -1, .pid_fd = -1 };
	struct err e = { 0 };
	int status;

	proc_begin();
	parse_options(argc, argv, &o);
	if (!load_first(&o, &p.conf, &e)) {
		fprintf(stderr, "hanaperd: %s\n", e.detail);
		return EXIT_FAULT;
	}
	if (o.check) {
		printf("%s: good\n", p.conf->file);
		conf_free(p.conf);
		return 0;
	}
	p.options = &o;
	p.foreground = o.foreground;
	p.recover = o.recover;
	p.no_sandbox = o.no_sandbox;
	status = p.foreground ? run(&p) : detach_and_run(&p);
	conf_free(p.conf);
	return status;
}
