/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "sandbox_impl.h"
#include "sys/proc.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LACKING "it is built with a sanitizer"
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||             \
    __has_feature(memory_sanitizer)
#define LACKING "it is built with a sanitizer"
#endif
#endif
#if !defined(LACKING) && defined(HNP_COVERAGE)
#define LACKING "it is built with coverage counters"
#endif
#ifndef LACKING
#define LACKING NULL
#endif

/* ---- rules: what arguments a call may have ---- */

/* Of open(2)'s flags those with which something is changed; O_TMPFILE has O_DIRECTORY's bit too. */
#define CHANGES   (O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND | (O_TMPFILE & ~O_DIRECTORY))
#define IN_THREAD (CLONE_VM | CLONE_SIGHAND | CLONE_THREAD)
#define TYPE      0xf /* socket(2)'s type, without SOCK_CLOEXEC and SOCK_NONBLOCK */

enum rule {
	ANY,
	HOLDING,
	LOCKING,
	DATA,
	READING,
	OWN,
	NAMING,
	THREAD,
	INTERNET,
	PEER,
	LOCAL,
	WAITING,
	ENDING,
	ABSENT,
	RULES
};

#define HAS(n, mask, value)                                                            \
	{                                                                              \
		(n), SCMP_CMP_MASKED_EQ, (mask), (value)                               \
	}
#define IS(n, value)                                                                   \
	{                                                                              \
		(n), SCMP_CMP_EQ, (value), 0                                           \
	}

/*
 * What fcntl(2) may do, and nothing else: F_SETOWN and F_SETSIG would have the kernel send any
 * signal to any process, and O_ASYNC is when.  What is forbidden cannot be listed instead: the
 * kernel looks at half of the word that is compared here.
 */
#define DESCRIPTORS(rule)                                                              \
	{ (rule), 1, { IS(1, F_DUPFD_CLOEXEC) } }, { (rule), 1, { IS(1, F_GETFD) } },  \
	    { (rule), 1, { IS(1, F_SETFD) } }, { (rule), 1, { IS(1, F_GETFL) } },      \
	{                                                                              \
		(rule), 2,                                                             \
		{                                                                      \
			IS(1, F_SETFL), HAS(2, O_ASYNC, 0)                             \
		}                                                                      \
	}

/* The ways that a rule leaves open, each of up to two conditions; OWN's comes at run time. */
static const struct way {
	enum rule rule;
	unsigned n;
	struct scmp_arg_cmp conditions[2];
} ways[] = {
	{ ANY, 0, { { 0 } } },
	{ ABSENT, 0, { { 0 } } },
	DESCRIPTORS(HOLDING),
	DESCRIPTORS(LOCKING),
	{ LOCKING, 1, { IS(1, F_GETLK) } },
	{ LOCKING, 1, { IS(1, F_SETLK) } },     /* SQLite */
	{ LOCKING, 1, { IS(1, F_OFD_SETLK) } }, /* the journal, the nonces */
	{ DATA, 1, { HAS(2, PROT_EXEC, 0) } },
	{ READING, 1, { HAS(2, CHANGES, 0) } },
	{ NAMING, 1, { IS(0, PR_SET_NAME) } },
	{ THREAD, 1, { HAS(0, IN_THREAD, IN_THREAD) } },
	{ INTERNET, 2, { IS(0, AF_INET), HAS(1, TYPE, SOCK_STREAM) } },
	{ INTERNET, 2, { IS(0, AF_INET), HAS(1, TYPE, SOCK_DGRAM) } },
	{ INTERNET, 2, { IS(0, AF_INET6), HAS(1, TYPE, SOCK_STREAM) } },
	{ INTERNET, 2, { IS(0, AF_INET6), HAS(1, TYPE, SOCK_DGRAM) } },
	{ PEER, 2, { IS(1, SOL_SOCKET), IS(2, SO_PEERCRED) } },
	{ PEER, 2, { IS(1, SOL_SOCKET), IS(2, SO_ACCEPTCONN) } },
	{ LOCAL, 2, { IS(0, AF_UNIX), HAS(1, TYPE, SOCK_DGRAM) } },
	{ WAITING, 2, { IS(1, SOL_SOCKET), IS(2, SO_SNDTIMEO) } },
	{ ENDING, 1, { IS(1, SIGKILL) } },
};

#define S                       SANDBOX_SIGNER
#define P                       SANDBOX_PROBER
#define C                       SANDBOX_CORE
#define F                       SANDBOX_FRONT
#define H                       SANDBOX_PARENT
#define CALL(call, roles, rule) { SCMP_SYS(call), (roles), (rule) },

static const struct call {
	int number;
	unsigned roles;
	enum rule rule;
} calls[] = {
#include "tbl/syscalls.h"
};

static bool
allow(scmp_filter_ctx c, const struct call *call)
{
	const struct scmp_arg_cmp own = IS(0, (scmp_datum_t)getpid());
	const uint32_t action =
	    call->rule == ABSENT ? SCMP_ACT_ERRNO(ENOSYS) : SCMP_ACT_ALLOW;

	if (call->rule == OWN)
		return seccomp_rule_add_array(c, action, call->number, 1, &own) == 0;
	for (size_t i = 0; i < NITEMS(ways); i++)
		if (ways[i].rule == call->rule &&
		    seccomp_rule_add_array(c, action, call->number, ways[i].n,
			ways[i].conditions) < 0)
			return false;
	return true;
}

static bool
allow_calls(scmp_filter_ctx c, enum sandbox_role role, size_t *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < NITEMS(calls); i++) {
		/* Those that this machine never had have numbers below 0. */
		if ((calls[i].roles & role) == 0 || calls[i].number < 0)
			continue;
		if (!allow(c, &calls[i]))
			return false;
		n += calls[i].rule != ABSENT;
	}
	*ret = n;
	return true;
}

static bool
filter_calls(enum sandbox_role role, size_t *ret, struct err *e)
{
	scmp_filter_ctx c = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int rc = -ENOMEM;

	if (c == NULL || !allow_calls(c, role, ret))
		err_set(e, ERR_INTERNAL, "seccomp: the list was not taken");
	else if ((rc = seccomp_attr_set(c, SCMP_FLTATR_ACT_BADARCH,
		      SCMP_ACT_KILL_PROCESS)) < 0 ||
		 (rc = seccomp_attr_set(c, SCMP_FLTATR_CTL_TSYNC, 1)) < 0 ||
		 (rc = seccomp_load(c)) < 0)
		err_set(e, ERR_UNAVAILABLE, "seccomp: %s", strerror(-rc));
	seccomp_release(c);
	return rc >= 0;
}

const char *
sandbox_lacking(void)
{
	return LACKING;
}

bool
sandbox_enter(enum sandbox_role role, const struct sandbox_path *paths, size_t n,
    void (*between)(void *arg), void *arg, struct sandbox *ret, struct err *e)
{
	struct sandbox done;

	tzset(); /* gmtime_r(3) reads /etc/localtime, once */
	/* The parent ends the roles, and tells the service manager. */
	if (!sandbox_files(paths, n, role != SANDBOX_PARENT, &done.landlock, e))
		return false;
	if (between != NULL)
		between(arg);
	/* 'between' may have needed them, to lock memory. */
	if (!proc_drop_capabilities(e) || !filter_calls(role, &done.calls, e))
		return false;
	*ret = done;
	return true;
}
