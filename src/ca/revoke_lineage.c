/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole family is taken back: all that descends from the first certificate of
 * a lineage and has not ended; by who may not revoke by every profile the renewals alone.
 *
 * In slices, so that a long family does not hold the loop.  While it goes on
 * nothing of the family is renewed (ca/renew), and what was at the signer before
 * that is stored before the signer's answers to the last slice: the next look
 * finds it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "policy/grant.h"
#include "revoke_impl.h"
#include "store/store_lineage.h"

#define SLICE 256 /* certificates at once */

struct revoke_family {
	struct revoke_family *next;
	struct ca *ca;
	struct lineage_query where; /* after_id moves on */
	enum reason reason;
	bool
	    own; /* by the right of him whose certificate it is, of which this is the key: */
	uint8_t key_hash[32];
	char *requester, *request_id;
	int64_t begun_at;
	size_t open; /* asked, not answered */
	struct serial *serials;
	size_t n_serials;
	struct err failed; /* code ERR_NONE: nothing did */
	revoke_done *done;
	void *arg;
};

struct member {
	struct revoke_family *family;
	struct serial serial;
	char *issuer;
};

bool
revoke_lineage_underway(const struct ca *ca, int64_t first_id)
{
	for (const struct revoke_family *f = ca->families; f != NULL; f = f->next)
		if (f->where.first_id == first_id)
			return true;
	return false;
}

static void
family_free(struct revoke_family *f)
{
	struct revoke_family **at = &f->ca->families;

	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	free(f->requester);
	free(f->request_id);
	free(f->serials);
	free(f);
}

/*
 * Of his own key a holder says that it is compromised, and has it refused from then on;
 * of another's he cannot know it.
 */
static enum reason
reason_of(const struct revoke_family *f, const struct lineage_member *m)
{
	const bool same =
	    bytes_eq(m->key_hash, bytes_of(f->key_hash, sizeof(f->key_hash)));

	return f->own && !same && f->reason == REASON_KEY_COMPROMISE ? REASON_SUPERSEDED
								     : f->reason;
}

static void on_member(void *arg, const struct ask_answer *a);

static bool
ask_member(void *arg, const struct lineage_member *m, struct err *e)
{
	struct revoke_family *f = arg;
	struct member *it;
	struct buf der;

	(void)e;
	revoke_read(f->ca, m->id, &der);
	const struct revoke_one one = {
		.issuer = m->issuer,
		.serial = &m->serial,
		.certificate = buf_bytes(&der),
		.revoked_at = m->revoked ? m->revoked_at : 0,
		.reason = reason_of(f, m),
		.requester = f->requester,
		.request_id = f->request_id,
	};

	it = mem_zalloc(sizeof(*it));
	*it = (struct member){ .family = f,
		.serial = m->serial,
		.issuer = mem_strdup(m->issuer) };
	f->where.after_id = m->id;
	f->open++;
	revoke_ask(f->ca, &one, on_member, it);
	buf_free(&der);
	return true;
}

/* Asks for the next slice; f->open is 0 when there is none. */
static bool
next_slice(struct revoke_family *f, struct err *e)
{
	return store_lineage_list(f->ca->store, &f->where, ask_member, f, e);
}

static void
finish(struct revoke_family *f)
{
	struct revoke_result r = revoke_result(f->ca, f->begun_at, f->reason);

	r.serials = f->serials;
	r.n_serials = f->n_serials;
	if (f->failed.code != ERR_NONE)
		f->done(f->arg, NULL, &f->failed);
	else
		f->done(f->arg, &r, NULL);
	family_free(f);
}

static void
on_member(void *arg, const struct ask_answer *a)
{
	struct member *m = arg;
	struct revoke_family *f = m->family;
	struct record_revocation rr;
	struct err e;

	if (revoke_answer(f->ca, a, m->issuer, &m->serial, &rr, &e)) {
		f->serials =
		    mem_grow(f->serials, f->n_serials + 1, sizeof(*f->serials));
		f->serials[f->n_serials++] = m->serial;
	} else if (e.code != ERR_ALREADY_REVOKED) /* by another call meanwhile */
		f->failed = e;
	free(m->issuer);
	free(m);
	if (--f->open > 0)
		return;
	if (f->failed.code == ERR_NONE && !next_slice(f, &e))
		f->failed = e;
	if (f->open == 0)
		finish(f);
}

/* What a holder got may be of other names, profiles and holders. */
static bool
may_revoke_all(const struct ca *ca, const struct identity *who)
{
	for (size_t i = 0; i < ca->conf->n_profiles; i++)
		if (!ca->conf->profiles[i].internal &&
		    !grant_has(ca->conf, who, RIGHT_REVOKE, ca->conf->profiles[i].name))
			return false;
	return true;
}

bool
revoke_lineage_start(struct ca *ca, const struct revoke_request *q,
    const struct certificate_row *row, revoke_done *done, void *arg, struct err *e)
{
	struct revoke_family *f = mem_zalloc(sizeof(*f));

	*f = (struct revoke_family){
		.next = ca->families,
		.ca = ca,
		.where = {
			.first_id = row->first_id,
			.family_id = may_revoke_all(ca, q->who) ? 0 : row->family_id,
			.target_id = row->id,
			.now = clock_now(),
			.raise = q->reason == REASON_KEY_COMPROMISE,
			.limit = SLICE,
		},
		.reason = q->reason,
		.own = !grant_has(ca->conf, q->who, RIGHT_REVOKE, row->profile),
		.requester = mem_strdup(q->who->text),
		.request_id = mem_strdup(q->request_id),
		.begun_at = clock_now(),
		.done = done,
		.arg = arg,
	};
	memcpy(f->key_hash, row->key_hash, sizeof(f->key_hash));
	ca->families = f;
	bool ok = next_slice(f, e);
	if (ok && f->open == 0)
		ok = err_set(e, ERR_ALREADY_REVOKED,
		    "all of its lineage that has not ended is revoked");
	if (!ok && f->open > 0) {
		f->failed = *e; /* told when those that were asked have answered */
		return true;
	}
	if (!ok)
		family_free(f);
	return ok;
}
