/* SPDX-License-Identifier: Apache-2.0 */
/* The journal's first records, and a database that knows them. */
#include "cli/setup.h"

#include <gnutls/crypto.h>
#include <stdlib.h>

#include "base/mem.h"
#include "ca/reconcile.h"
#include "journal/journal.h"
#include "store/store.h"

#define SETUP_REQUESTER "hanaper init"

struct recording {
	struct journal *journal;
	struct store *store;
};

static bool
nothing_there(void *arg, const struct record *r, struct err *e)
{
	(void)arg;
	return err_set(e, ERR_CONFLICT, "a new journal has record %llu already",
	    (unsigned long long)r->seq);
}

/* One record: into the journal, then by the daemon's own way into the database. */
static bool
add(struct recording *r, enum record_type type, const struct buf *body, struct err *e)
{
	struct record record;
	struct bytes whole;

	/* Stored is nothing yet: journal and database are flushed once, at the end. */
	return buf_ok(body, "a journal record", e) &&
	       journal_add(r->journal, type, 0, buf_bytes(body), &whole, e) &&
	       record_parse(whole, &record, e) &&
	       reconcile_apply(r->store, &record, NULL, e);
}

static bool
add_genesis(struct recording *r, const struct cert *root, struct err *e)
{
	uint8_t hash[RECORD_HASH_LEN];
	const struct record_genesis g = { .root_hash = bytes_of(hash, sizeof(hash)) };
	const struct bytes der = buf_bytes(&root->der);
	struct buf body;
	bool ok;

	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, der.p, der.n, hash) < 0)
		return err_set(e, ERR_INTERNAL, "GnuTLS cannot hash");
	buf_init(&body, RECORD_MAX);
	record_genesis_put(&body, &g);
	ok = add(r, RECORD_GENESIS, &body, e);
	buf_free(&body);
	return ok;
}

static bool
add_certificate(struct recording *r, const char *issuer, const char *profile,
    const struct cert *cert, struct err *e)
{
	const struct record_certificate c = {
		.issuer = bytes_str(issuer),
		.profile = bytes_str(profile),
		.der = buf_bytes(&cert->der),
		.requester = bytes_str(SETUP_REQUESTER),
		.request_id = bytes_str("init"),
	};
	struct buf body;
	bool ok;

	buf_init(&body, RECORD_MAX);
	record_certificate_put(&body, &c);
	ok = add(r, RECORD_CERTIFICATE, &body, e);
	buf_free(&body);
	return ok;
}

bool
setup_record(const struct setup *s, struct err *e)
{
	char *journal = mem_printf("%s/journal", s->work);
	char *database = mem_printf("%s/hanaper.db", s->work);
	struct recording r = { 0 };
	size_t healed = 0;
	bool ok = false;

	if (!journal_create(journal, e) ||
	    !journal_open(journal, nothing_there, NULL, &r.journal, &healed, e) ||
	    !store_create(database, &r.store, e))
		goto out;
	ok = add_genesis(&r, s->root.cert, e) &&
	     add_certificate(&r, "root", "root", s->root.cert, e) &&
	     add_certificate(&r, "root", "intermediate", s->issuer.cert, e) &&
	     add_certificate(&r, SETUP_ISSUER, "admin", s->admin_cert.cert, e) &&
	     journal_sync(r.journal, e) && store_commit(r.store, e);
out:
	store_close(r.store);
	journal_close(r.journal);
	free(database);
	free(journal);
	return ok;
}
