/* SPDX-License-Identifier: Apache-2.0 */
/* Answers wait for the flush of their batch; and core is told the journal. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "daemon/signer.h"

#define REPLAY_SLICE  256    /* records at once */
#define REPLAY_QUEUED MIB(4) /* octets that may wait in the channel */
#define REPLAY_MS     2      /* pause while the channel is full */
#define REPLAY_ANSWERS                                                                 \
	65536 /* that may wait behind it: core has 4096 clients at most (S83) */

void
signer_answer(struct signer *s, unsigned type, uint64_t id, bool unsynced,
    struct buf *body)
{
	s->answers = mem_grow(s->answers, s->n_answers + 1, sizeof(*s->answers));
	s->answers[s->n_answers++] =
	    (struct signer_answer){ type, id, unsynced, *body };
	s->answer_octets += body->n;
	buf_init(body, 0);
}

bool
signer_answer_record(struct signer *s, unsigned type, uint64_t id,
    enum record_type record, struct bytes body, uint64_t *ret_seq, struct err *e)
{
	struct msg_recorded m = { .id = id };
	struct record r;
	struct buf b;

	if (!journal_add(s->journal, record, s->stored, body, &m.record, e) ||
	    !record_parse(m.record, &r, e))
		return false;
	buf_init(&b, MSG_SIGN_FRAME_MAX);
	msg_recorded_put(&b, &m);
	signer_answer(s, type, id, true, &b);
	*ret_seq = r.seq;
	return true;
}

static void
put_refused(struct buf *b, uint64_t id, const struct err *e)
{
	const struct msg_refused m = { id, e->code, bytes_str(e->detail) };

	buf_init(b, KIB(4));
	msg_refused_put(b, &m);
}

void
signer_refuse(struct signer *s, uint64_t id, const struct err *e)
{
	struct buf b;

	put_refused(&b, id, e);
	signer_answer(s, MSG_REFUSED, id, false, &b);
}

void
signer_refuse_oracle(struct signer *s, uint64_t id, const char *what,
    const struct err *e)
{
	s->refused++;
	LOG_ERR(LOG_WARN, "oracle-refused", e, LOG_TEXT("message", what),
	    LOG_NUM("count", s->refused));
	signer_refuse(s, id, e);
}

/* ---- the batch ---- */

/* What told of records that are not on disk becomes a refusal: one for each question. */
static void
take_back_answers(struct signer *s, const struct err *e)
{
	for (size_t k = 0; k < s->n_answers; k++) {
		struct signer_answer *a = &s->answers[k];
		const bool refuse = a->id != 0 && a->type != MSG_CRL_PART;

		if (!a->unsynced)
			continue;
		s->answer_octets -= a->body.n;
		buf_free(&a->body);
		a->unsynced = false;
		a->type = refuse ? MSG_REFUSED : 0; /* 0: is not sent */
		if (refuse)
			put_refused(&a->body, a->id, e);
		s->answer_octets += a->body.n;
	}
}

static void
send_answers(struct signer *s)
{
	for (size_t k = 0; k < s->n_answers; k++) {
		struct signer_answer *a = &s->answers[k];

		fault_point("signer.answer");
		if (a->type != 0)
			link_send(s->core, a->type, buf_bytes(&a->body));
		buf_free(&a->body);
	}
	s->n_answers = 0;
	s->answer_octets = 0;
}

/* As many octets as may wait in the channel may wait for it. */
static void
check_waiting(const struct signer *s)
{
	struct err e;

	if (s->n_answers <= REPLAY_ANSWERS && s->answer_octets <= LINK_QUEUED_MAX)
		return;
	err_set(&e, ERR_MALFORMED,
	    "core: it asks and does not read the journal that it asked for");
	role_fail(&e);
}

bool
signer_commit(struct signer *s)
{
	struct err e;
	const bool ok = journal_sync(s->journal, &e);

	if (ok) {
		s->n_undo = 0;
		for (size_t k = 0; k < s->n_answers; k++)
			s->answers[k].unsynced = false;
	} else {
		LOG_ERR(LOG_ERROR, "journal-failed", &e);
		signer_crl_fail(s, &e);
		signer_state_undo(s);
		take_back_answers(s, &e);
	}
	/* Records reach core in their order: live ones wait behind those replayed. */
	if (s->replaying)
		check_waiting(s);
	else
		send_answers(s);
	return ok;
}

void
signer_answer_free(struct signer *s)
{
	for (size_t k = 0; k < s->n_answers; k++)
		buf_free(&s->answers[k].body);
	free(s->answers);
	free(s->undo);
}

/* ---- MSG_JOURNAL_READ ---- */

static bool
send_record(void *arg, const struct record *r, struct err *e)
{
	struct signer *s = arg;
	const struct msg_recorded m = { .id = 0, .record = r->whole };
	struct buf b;

	(void)e;
	buf_init(&b, MSG_SIGN_FRAME_MAX);
	msg_recorded_put(&b, &m);
	link_send(s->core, MSG_JOURNAL_RECORD, buf_bytes(&b));
	buf_free(&b);
	return true;
}

static void
send_end(struct signer *s)
{
	const struct msg_journal_end m = { s->replay_to, s->stored,
		s->issuers[0].key != NULL };
	struct buf b;

	buf_init(&b, 64);
	msg_journal_end_put(&b, &m);
	link_send(s->core, MSG_JOURNAL_END, buf_bytes(&b));
	buf_free(&b);
}

/* Tells the next records; between slices other work goes on. */
static void
replay(void *arg)
{
	struct signer *s = arg;
	struct err e;

	if (!s->replaying)
		return;
	const bool room = link_queued(s->core) < REPLAY_QUEUED;
	if (room && s->replay_at <= s->replay_to) {
		const uint64_t left = s->replay_to - s->replay_at + 1;
		const size_t n = left < REPLAY_SLICE ? (size_t)left : REPLAY_SLICE;

		if (!journal_read(s->journal, s->replay_at, n, send_record, s, &e))
			role_fail(&e);
		s->replay_at += n;
	}
	if (s->replay_at <= s->replay_to) {
		loop_after(s->loop, room ? 0 : REPLAY_MS, replay, s);
		return;
	}
	send_end(s);
	s->replaying = false;
	signer_commit(s);
	if (s->told && !s->watching) {
		s->watching = true;
		signer_responder_watch(s);
	}
}

bool
signer_on_journal_read(void *ctx, const struct frame *f, struct err *e)
{
	struct signer *s = ctx;
	struct msg_journal_read m;

	if (!msg_journal_read_get(f->body, &m, e))
		return false;
	if (m.from_seq < 1)
		return err_set(e, ERR_MALFORMED, "journal records are counted from 1");
	signer_settle(s); /* what was asked before is answered before */
	signer_commit(s);
	s->replay_at = m.from_seq;
	s->replay_to = journal_last_seq(s->journal);
	/* A question beyond the end only probes: core does not take records in yet. */
	if (m.from_seq <= s->replay_to + 1)
		s->told = true;
	if (!s->replaying)
		loop_after(s->loop, 0, replay, s);
	s->replaying = true;
	return true;
}
