/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ca/reconcile.h"
#include "cli/out.h"
#include "cli/owners.h"
#include "cli/restore.h"
#include "store/store_acme_recovered.h"
#include "store/store_audit.h"
#include "store/store_certificate.h"
#include "store/store_crl_shard.h"
#include "store/store_revocation.h"
#include "store/store_token.h"

#define BATCH        65536 /* records in one commit: see ca/replay.h */
#define WHO          "hanaper restore"
#define LIST_AT_ONCE 1000

/*
 * How far CRL numbers jump, so that none is given out twice (P61, R34): more than
 * CRLs can have been made since the backup, were it one every tenth of a second.
 */
#define JUMP_LEAST    65536
#define JUMP_A_SECOND 10

/* ---- the journal into the database ---- */

struct replay {
	struct store *st;
	uint64_t have;
	uint64_t done;
};

static bool
replay_one(void *arg, const struct record *rec, struct err *e)
{
	struct replay *p = arg;

	if (rec->seq <= p->have)
		return true;
	p->done++;
	return reconcile_apply(p->st, rec, NULL, e) &&
	       (p->done % BATCH != 0 || store_commit(p->st, e));
}

static bool
replay(struct restore *r, struct err *e)
{
	char *dir =
	    mem_printf("%s/" BACKUP_JOURNAL, r->keep_journal ? r->state : r->work);
	struct replay p = { .st = r->store };
	struct journal_extent x;

	bool ok = store_bulk(r->store, true, e) && store_seq(r->store, &p.have, e) &&
		  owners_act(dir, e) && journal_extent(dir, replay_one, &p, &x, e);
	owners_act_self();
	ok = ok && store_commit(r->store, e);
	if (ok && p.done > 0)
		strings_printf(&r->told,
		    "%" PRIu64 " %s of the journal %s replayed into the database",
		    p.done, out_noun(p.done, "record", "records"),
		    out_noun(p.done, "was", "were"));
	free(dir);
	return ok;
}

/* ---- what comes on top ---- */

/* By the daemon's own way: into the journal, and from there into the database. */
static bool
add(struct restore *r, enum record_type type, struct bytes body, struct err *e)
{
	struct record record;
	struct bytes whole;
	uint64_t seq;

	return store_seq(r->store, &seq, e) &&
	       journal_add(r->journal, type, seq, body, &whole, e) &&
	       record_parse(whole, &record, e) &&
	       reconcile_apply(r->store, &record, NULL, e);
}

bool
restore_history_revoke(struct restore *r, const struct restore_issuer *i,
    const struct serial *serial, int64_t not_after, int64_t at, enum reason reason,
    struct err *e)
{
	struct certificate_brief have = { 0 };

	if (!store_certificate_brief(r->store, i->name, serial, &have, e) &&
	    e->code != ERR_NOT_FOUND)
		return false;
	/* A key that leaked since has to be known for that (S43). */
	if (have.revoked && !sets_reason_raises(reason, (enum reason)have.reason))
		return true;
	if (have.not_after > not_after)
		not_after = have.not_after;
	const struct record_revocation v = {
		.issuer = bytes_str(i->name),
		.serial = serial_bytes(serial),
		.not_after = not_after != 0 ? not_after : i->cert->not_after,
		.revoked_at = have.revoked ? have.revoked_at : at,
		.reason = reason,
		.requester = bytes_str(WHO),
		.request_id = bytes_str("restore"),
	};
	struct buf body;
	buf_init(&body, RECORD_MAX);
	record_revocation_put(&body, &v);
	const bool ok = add(r, RECORD_REVOCATION, buf_bytes(&body), e);
	buf_free(&body);
	r->revoked += ok;
	return ok;
}

struct harvest {
	struct restore *r;
	const struct restore_issuer *issuer;
	int64_t last_id;
	size_t n;
};

static bool
harvest_one(void *arg, const struct revocation *v, struct err *e)
{
	struct harvest *h = arg;

	h->last_id = v->id;
	h->n++;
	return restore_history_revoke(h->r, h->issuer, &v->serial, v->not_after,
	    v->revoked_at, (enum reason)v->reason, e);
}

/* A database that outlived its journal knows what was revoked. */
static bool
ask_survivor(struct restore *r, struct restore_issuer *i, struct err *e)
{
	struct harvest h = { .r = r, .issuer = i };
	uint64_t number;

	if (!store_crl_shard_number(r->survivor, i->name, &number, e))
		return false;
	if (number > i->number)
		i->number = number;
	do {
		h.n = 0;
		if (!store_revocation_list(r->survivor, i->name, 0, h.last_id,
			INT64_MAX, LIST_AT_ONCE, harvest_one, &h, e))
			return false;
	} while (h.n == LIST_AT_ONCE);
	return true;
}

/*
 * Of the last CRL that is known, for since when entries count (P65).  None is, if the
 * backup is older than the first: the next one says all that is revoked now.
 */
static bool
find_last(const struct restore *r, const struct restore_issuer *i, struct crl_row *ret,
    struct err *e)
{
	if (store_crl_last(r->store, i->name, ret, e) ||
	    (e->code == ERR_NOT_FOUND && r->survivor != NULL &&
		store_crl_last(r->survivor, i->name, ret, e)))
		return true;
	if (e->code != ERR_NOT_FOUND)
		return false;
	*ret = (struct crl_row){
		.this_update = i->told ? i->this_update : r->facts.made_at,
		.next_update = i->told ? i->next_update : r->facts.made_at,
	};
	return true;
}

/*
 * An entry of the journal that says: a CRL of this number was made, somewhere.  Of each
 * issuer, for what was published since the backup nobody may have told us.
 */
static bool
jump(struct restore *r, const struct restore_issuer *i, int64_t last_at, struct err *e)
{
	static const uint8_t no_hash[RECORD_HASH_LEN];
	const int64_t past = clock_now() - last_at;
	struct crl_row last;
	uint64_t from;
	struct buf body;

	if (!find_last(r, i, &last, e) ||
	    !store_crl_shard_number(r->store, i->name, &from, e))
		return false;
	if (i->number > from)
		from = i->number;
	const struct record_crl v = {
		.issuer = bytes_str(i->name),
		.number =
		    from + JUMP_LEAST + (past > 0 ? (uint64_t)past * JUMP_A_SECOND : 0),
		.this_update = last.this_update,
		.next_update = last.next_update,
		.tbs_hash = bytes_of(no_hash, sizeof(no_hash)),
	};
	buf_init(&body, RECORD_MAX);
	record_crl_put(&body, &v);
	const bool ok = add(r, RECORD_CRL, buf_bytes(&body), e);
	buf_free(&body);
	return ok;
}

/* ---- the end of the history that is known ---- */

static bool
take_crls(struct restore *r, struct err *e)
{
	for (size_t i = 0; i < r->crls->n; i++)
		if (!restore_crl(r, r->crls->v[i], e))
			return false;
	if (r->survivor != NULL || r->nothing_since || r->go_on_here)
		return true;
	/* The root's tells of issuers: what they signed goes with them. */
	for (size_t i = 0; i < r->n_issuers; i++)
		if (!r->issuers[i].told)
			return err_set(e, ERR_CONFLICT,
			    "no CRL of %s%s was given: --crl FILE, as it was "
			    "published at %s/crl/%s.crl",
			    i == 0 ? "the " : "issuer ", r->issuers[i].name,
			    r->conf->url_public, r->issuers[i].name);
	return true;
}

static bool
go_on(struct restore *r, struct err *e)
{
	char *dir = mem_printf("%s/" BACKUP_JOURNAL, r->work);
	size_t healed;
	bool ok = restore_issuers_load(r, e) &&
		  journal_open(dir, NULL, NULL, &r->journal, &healed, e) &&
		  take_crls(r, e);

	for (size_t i = 0; ok && r->survivor != NULL && i < r->n_issuers; i++)
		ok = ask_survivor(r, &r->issuers[i], e);
	for (size_t i = 0; ok && i < r->n_issuers; i++)
		ok = jump(r, &r->issuers[i], r->facts.made_at, e);
	ok = ok && journal_sync(r->journal, e) && store_commit(r->store, e);
	journal_close(r->journal);
	r->journal = NULL;
	free(dir);
	if (ok)
		strings_printf(&r->told, "%" PRIu64 " %s that the %s lacked %s added",
		    r->revoked, out_noun(r->revoked, "revocation", "revocations"),
		    r->go_on_here ? "journal" : "backup",
		    out_noun(r->revoked, "was", "were"));
	return ok;
}

/* Tokens are in the database alone: which were withdrawn since, nobody knows. */
static bool
withdraw_tokens(struct restore *r, struct err *e)
{
	int64_t n = 0;

	if (!store_token_withdraw_all(r->store, clock_now(), WHO, &n, e))
		return false;
	if (n > 0)
		strings_printf(&r->told, "%" PRId64 " pending %s; make new ones", n,
		    out_noun((uint64_t)n, "token was withdrawn",
			"tokens were withdrawn"));
	return true;
}

/* So are the ends of ACME's accounts, keys and authorizations. */
static bool
end_acme(struct restore *r, struct err *e)
{
	struct store_acme_recovered a;

	if (!store_acme_recovered(r->store, clock_now(), &a, e))
		return false;
	if (a.accounts > 0)
		strings_printf(&r->told,
		    "%" PRId64 " ACME %s as in the backup: revoke what was ended since "
		    "(\"account-ended\" in the log; hanaper acme accounts revoke)",
		    a.accounts,
		    out_noun((uint64_t)a.accounts, "account is valid",
			"accounts are valid"));
	return true;
}

static bool
tell_auditor(struct restore *r, struct err *e)
{
	char at[CLOCK_RFC3339_LEN];

	clock_rfc3339(r->facts.made_at, at);
	char *reason = mem_printf("backup of %s; journal %s, database %s", at,
	    r->keep_journal ? "kept"
	    : r->go_on_here ? "gone on"
			    : "of the backup",
	    r->keep_database ? "kept" : "of the backup");
	const struct audit_row row = {
		.at = clock_now(),
		.kind = AUDIT_RESTORED,
		.identity = WHO,
		.object = r->file,
		.result = AUDIT_DONE,
		.reason = reason,
	};
	const bool ok = store_audit_add(r->store, &row, e);
	free(reason);
	return ok;
}

bool
restore_history(struct restore *r, struct err *e)
{
	if (!replay(r, e) || (!r->keep_journal && !go_on(r, e)) ||
	    (r->old_copy && (!withdraw_tokens(r, e) || !end_acme(r, e))) ||
	    !tell_auditor(r, e) || !restore_issuers_unnamed(r, e) ||
	    !store_commit(r->store, e) || !store_settle(r->store, e) ||
	    /* Nothing of it may be in a file beside it, from which it is parted. */
	    (r->survivor != NULL && !store_settle(r->survivor, e)))
		return false;
	/* Closed, so that it is one file again. */
	store_close(r->store);
	r->store = NULL;
	store_close(r->survivor);
	r->survivor = NULL;
	return true;
}
