/* SPDX-License-Identifier: Apache-2.0 */
#include <gnutls/crypto.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ca/reconcile.h"
#include "cli/out.h"
#include "cli/owners.h"
#include "cli/rotate.h"

#define JOURNAL   "journal" /* in the CA directory */
#define REQUESTER "hanaper rotate"
#define SKEW_S    300 /* how far a clock may be from the one that was before */

struct walk {
	struct rotate *r;
	uint64_t done; /* records that the database lacked */
	int64_t at;    /* when the daemon wrote the last one */
};

static bool
is_of_this_root(const struct rotate *r, const struct record *rec, struct err *e)
{
	const struct bytes der = buf_bytes(&r->root->der);
	uint8_t hash[RECORD_HASH_LEN];
	struct record_genesis g;

	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, der.p, der.n, hash) < 0)
		return err_set(e, ERR_INTERNAL, "GnuTLS cannot hash");
	if (rec->type != RECORD_GENESIS || !record_genesis_get(rec->body, &g, e) ||
	    !bytes_eq(g.root_hash, bytes_of(hash, sizeof(hash))))
		return err_set(e, ERR_CONFLICT, "the journal is of another root");
	return true;
}

/* One of a wrong clock must not forbid the next, which makes up for it. */
static bool
is_rotation(const struct record *rec)
{
	struct record_certificate c;
	struct err why;

	return rec->type == RECORD_CERTIFICATE &&
	       record_certificate_get(rec->body, &c, &why) &&
	       bytes_eq_str(c.requester, REQUESTER);
}

/* As core does at a start: what was signed and not stored is taken in; a database of old is not. */
static bool
each_record(void *arg, const struct record *rec, struct err *e)
{
	struct walk *w = arg;
	struct rotate *r = w->r;

	if (!is_rotation(rec))
		w->at = rec->at;
	if (rec->seq == 1 && !is_of_this_root(r, rec, e))
		return false;
	if (rec->stored > r->stored)
		return err_set(e, ERR_CONFLICT,
		    "the database is older than it once was, a restored copy: start "
		    "the daemon with --recover first, and see hanaperd(8)");
	if (rec->seq <= r->stored)
		return true;
	w->done++;
	return reconcile_apply(r->store, rec, NULL, e);
}

/* Times of a journal go on: a clock that is before them is wrong, or was. */
static bool
check_clock(const struct rotate *r, int64_t last, struct err *e)
{
	char now[CLOCK_RFC3339_LEN], at[CLOCK_RFC3339_LEN];

	if (last <= r->now + SKEW_S)
		return true;
	clock_rfc3339(r->now, now);
	clock_rfc3339(last, at);
	return err_set(e, ERR_CONFLICT,
	    "it is %s by the clock, and the journal's last record was written at %s: "
	    "set the clock",
	    now, at);
}

bool
rotate_record_open(struct rotate *r, struct err *e)
{
	char *journal = conf_path(r->conf, JOURNAL);
	char *database = conf_path(r->conf, r->conf->database);
	struct walk w = { .r = r };
	size_t healed = 0;
	bool ok = owners_act(database, e) && store_open(database, &r->store, e) &&
		  store_seq(r->store, &r->stored, e) && owners_act(journal, e) &&
		  journal_open(journal, each_record, &w, &r->journal, &healed, e);

	owners_act_self();
	if (ok && journal_last_seq(r->journal) < r->stored)
		ok = err_set(e, ERR_CONFLICT,
		    "the database goes to record %" PRIu64
		    ", the journal only to %" PRIu64
		    ": it is not the newest; hanaper restore",
		    r->stored, journal_last_seq(r->journal));
	ok = ok && check_clock(r, w.at, e);
	if (ok && healed > 0)
		strings_printf(&r->told,
		    "the end of a record that was not written whole was cut off from "
		    "the journal: %zu octets",
		    healed);
	if (ok && w.done > 0)
		strings_printf(&r->told,
		    "%" PRIu64 " %s of the journal %s taken into the database", w.done,
		    out_noun(w.done, "record", "records"),
		    out_noun(w.done, "was", "were"));
	free(journal);
	free(database);
	return ok;
}

bool
rotate_record(struct rotate *r, struct err *e)
{
	const struct record_certificate c = {
		.issuer = bytes_str("root"),
		.profile = bytes_str("intermediate"),
		.der = buf_bytes(&r->cert->der),
		.requester = bytes_str(REQUESTER),
		.request_id = bytes_str("rotate"),
	};
	struct record record;
	struct bytes whole;
	struct buf body;
	char *journal = conf_path(r->conf, JOURNAL);
	char *database = conf_path(r->conf, r->conf->database);

	buf_init(&body, RECORD_MAX);
	record_certificate_put(&body, &c);
	bool ok = buf_ok(&body, "a journal record", e) && owners_act(journal, e) &&
		  journal_add(r->journal, RECORD_CERTIFICATE, r->stored,
		      buf_bytes(&body), &whole, e) &&
		  record_parse(whole, &record, e) &&
		  reconcile_apply(r->store, &record, NULL, e) &&
		  journal_sync(r->journal, e);
	r->recorded = ok;
	ok = ok && owners_act(database, e) && store_commit(r->store, e) &&
	     store_settle(r->store, e);
	owners_act_self();
	buf_free(&body);
	free(journal);
	free(database);
	return ok;
}
