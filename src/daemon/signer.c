/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/signer.h"

#include <malloc.h>
#include <signal.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "daemon/signer_kept.h"
#include "sys/memlock.h"

#define TELL_MS 200 /* a start that takes longer says why */

/* All that the signer will ever do. */
static const struct msg_rule rules[] = {
	/* clang-format off */
	/* message           from       once   octets   handler */
	{ MSG_SIGN_CERT,     PEER_CORE, false, KIB(40), signer_on_cert },
	{ MSG_REVOKE,        PEER_CORE, false, KIB(66), signer_on_revoke },
	{ MSG_CRL_BEGIN,     PEER_CORE, false, KIB(16), signer_on_crl_begin },
	{ MSG_CRL_MORE,      PEER_CORE, false, 64,      signer_on_crl_more },
	{ MSG_SIGN_OCSP,     PEER_CORE, false, KIB(40), signer_on_ocsp },
	{ MSG_JOURNAL_READ,  PEER_CORE, false, 64,      signer_on_journal_read },
	{ 0 }
	/* clang-format on */
};

static bool
open_journal(struct signer *s, struct err *e)
{
	char *dir = conf_path(s->conf, "journal");
	size_t healed = 0;
	struct err why;

	const int64_t began = clock_mono_ms();
	const bool kept = signer_kept_open(s, dir, &healed, &why);
	if (!kept && why.code != ERR_NOT_FOUND)
		LOG_ERR(LOG_WARN, "state-not-used", &why);
	bool ok =
	    kept || journal_open(dir, signer_state_take, s, &s->journal, &healed, e);
	const int64_t took = clock_mono_ms() - began;
	if (ok && took >= TELL_MS)
		LOG(LOG_INFO, "journal-read", LOG_NUM("kept", kept),
		    LOG_NUM("last_seq", journal_last_seq(s->journal)),
		    LOG_NUM("ms", took));
	if (ok && healed > 0)
		LOG(LOG_WARN, "journal-healed", LOG_NUM("octets", healed),
		    LOG_NUM("last_seq", journal_last_seq(s->journal)));
	if (ok && journal_last_seq(s->journal) == 0)
		ok = err_set(e, ERR_CONFLICT,
		    "the journal %s is empty: it was replaced; put the newest one back",
		    dir);
	free(dir);
	return ok;
}

/* Keys stay out of swap where the limits let us (S80). */
static void
lock_memory(int maps)
{
	if (memlock(maps) == MEMLOCK_PART)
		LOG(LOG_WARN, "memory-not-locked",
		    LOG_TEXT("do", "raise RLIMIT_MEMLOCK, or encrypt the swap"));
}

/*
 * The threads that sign, and then the lock, so that their stacks are in it.  One
 * arena: each further one reserves 64 MiB of the limit.
 */
static void
on_threads(void *ctx)
{
	struct signer *s = ctx;
	struct err e;

	mallopt(M_ARENA_MAX, 1);
	if (!pool_new(s->loop, pool_cores(), &s->pool, &e))
		role_fail(&e);
	lock_memory(s->maps);
}

void
signer_settle(struct signer *s)
{
	pool_settle(s->pool);
}

static void
on_batch(void *arg)
{
	struct signer *s = arg;

	pool_turn(s->pool);
	signer_commit(s);
	signer_crl_turn(s);
	signer_kept_tick(s);
}

/* Whatever is handled is handled in one go: nothing borrows from the one before. */
static bool
on_conf(void *ctx, struct role *r, const struct conf *was)
{
	struct signer *s = ctx;

	(void)was;
	signer_settle(s); /* by the one before */
	s->conf = role_conf(r);
	s->conf_ms = clock_mono_ms();
	signer_load_urls(s);
	return true;
}

static void
on_stop(void *ctx, struct role *r)
{
	struct signer *s = ctx;

	signer_settle(s);
	signer_commit(s);
	loop_stop(role_loop(r));
}

int
main(void)
{
	static struct signer s;
	struct err e = { 0 };

	s.role = role_begin(&(struct role_def){ .name = "signer",
	    .on_conf = on_conf,
	    .on_threads = on_threads,
	    .on_stop = on_stop,
	    .ctx = &s });
	s.conf = role_conf(s.role);
	s.loop = role_loop(s.role);
	signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is a full disk, no more */
	if (!signer_load(&s, &e) || !open_journal(&s, &e))
		role_fail(&e);
	s.core =
	    role_link(s.role, ROLE_FD_CORE, PEER_CORE, MSG_SIGN_FRAME_MAX, rules, &s);
	s.maps = memlock_open();
	role_confine(s.role, SANDBOX_SIGNER);
	loop_on_batch(s.loop, on_batch, &s);
	role_ready(s.role);
	loop_run(s.loop);

	signer_settle(&s);
	pool_free(s.pool);
	signer_kept_drop(&s);
	signer_crl_drop(&s);
	signer_answer_free(&s);
	journal_close(s.journal);
	signer_unload(&s);
	return role_end(s.role);
}
