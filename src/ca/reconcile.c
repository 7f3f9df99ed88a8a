/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/reconcile.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/mem.h"
#include "ca/note.h"
#include "ca/once.h"
#include "store/store_acme_eab.h"
#include "store/store_acme_order.h"
#include "store/store_audit.h"
#include "store/store_certificate.h"
#include "store/store_once.h"
#include "store/store_revocation.h"
#include "store/store_token.h"

#define UNREAD "what was noted with it cannot be read"

/* The first record: which CA this is of.  A database of another CA is refused. */
static bool
apply_genesis(struct store *st, const struct record *r, struct cert **ret,
    struct err *e)
{
	struct record_genesis g;
	uint8_t have[32];
	bool set;

	(void)ret;
	if (!record_genesis_get(r->body, &g, e) || !store_root(st, have, &set, e))
		return false;
	if (!set)
		return store_root_set(st, g.root_hash, e);
	if (!bytes_eq(bytes_of(have, sizeof(have)), g.root_hash))
		return err_set(e, ERR_CONFLICT,
		    "the database and the journal are of two different CAs");
	return true;
}

/* What was noted with a certificate, as far as it concerns other rows. */
struct noted {
	struct note note;
	uint8_t token[TOKEN_KEY_LEN]; /* of note.token, where that is not empty */
	struct err unread; /* why 'note' is empty; ERR_NONE: it is all that was noted */
};

static bool
read_token(const char *id, uint8_t ret[static TOKEN_KEY_LEN], struct err *e)
{
	size_t n;

	return id[0] == '\0' ||
	       (hex_read(bytes_str(id), ret, TOKEN_KEY_LEN, &n) &&
		   n == TOKEN_KEY_LEN) ||
	       err_set(e, ERR_MALFORMED, "note: no token's id");
}

/* One that cannot be read must not keep the rest of the journal out for ever. */
static void
read_noted(struct bytes text, struct noted *ret)
{
	*ret = (struct noted){ 0 };
	if (!note_read(text, &ret->note, &ret->unread)) {
		ret->note = (struct note){ 0 };
	} else if (!read_token(ret->note.token, ret->token, &ret->unread)) {
		note_free(&ret->note);
	} else {
		ret->unread = (struct err){ 0 };
	}
}

/* A renewal is told by its note: it names the certificate that it takes up. */
static bool
audit_certificate(struct store *st, const struct certificate_new *c,
    const struct cert *cert, const struct noted *noted, struct err *e)
{
	const struct note *note = &noted->note;
	struct buf names;
	char hex[SERIAL_HEX_LEN], object[NOTE_TOKEN_LEN + SERIAL_HEX_LEN + 8] = "";

	_Static_assert(NOTE_ORDER_LEN <= NOTE_TOKEN_LEN, "an object has room for both");

	if (note->has_parent) {
		serial_to_hex(&note->parent, hex);
		snprintf(object, sizeof(object), "%s %s", note->by_holder ? "by" : "of",
		    hex);
	} else if (note->token[0] != '\0') {
		snprintf(object, sizeof(object), "token %s", note->token);
	} else if (note->order[0] != '\0') {
		snprintf(object, sizeof(object), "order %s", note->order);
	}
	serial_to_hex(&cert->serial, hex);
	buf_init(&names, RECORD_MAX);
	store_audit_names(&names, &cert->names);
	const struct audit_row row = {
		.at = c->issued_at,
		.kind = note_renews(note) ? AUDIT_RENEWED : AUDIT_ISSUED,
		.seq = c->seq,
		.request_id = c->request_id,
		.identity = c->requester,
		.profile = c->profile,
		.issuer = c->issuer,
		.names = buf_str(&names),
		.serial = hex,
		.object = object,
		.result = AUDIT_DONE,
		.reason = noted->unread.code != ERR_NONE ? UNREAD : NULL,
	};
	const bool ok = store_audit_add(st, &row, e);
	buf_free(&names);
	return ok;
}

/* The certificate used up a token: live or replayed, that is where it is counted (R51, S86). */
static bool
use_token(struct store *st, const struct noted *noted, struct err *e)
{
	if (noted->note.token[0] == '\0')
		return true;
	fault_point("core.token");
	return store_token_use(st, noted->token, e);
}

/* The key that binds the order's account counts its certificates. */
static bool
count_eab(struct store *st, int64_t account_num, struct err *e)
{
	struct acme_account a = { 0 };

	if (!store_acme_account_by_num(st, account_num, &a, e))
		return e->code == ERR_NOT_FOUND;
	const int64_t eab = a.eab_num;
	store_acme_account_free(&a);
	return eab == 0 || store_acme_eab_count(st, eab, e);
}

/*
 * The certificate answers an ACME order: live or replayed, the order's row changes with
 * the certificate's, so there is never a second one (A207, A208).
 */
static bool
end_order(struct store *st, const char *id, int64_t certificate_id, struct err *e)
{
	struct acme_order o = { 0 };

	if (id[0] == '\0')
		return true;
	if (!store_acme_order_by_id(st, id, &o, e))
		return e->code == ERR_NOT_FOUND; /* a database made anew */
	const bool counted = o.certificate_id != 0 || count_eab(st, o.account_num, e);
	store_acme_order_free(&o);
	return counted && store_acme_order_issued(st, id, certificate_id, e);
}

/* Asked for again it is this one: whoever used up a token for it is not left with nothing. */
static bool
remember(struct store *st, const struct note *n, const struct certificate_new *c,
    struct err *e)
{
	struct store_once row = { .serial = c->cert->serial, .at = c->issued_at };

	_Static_assert(NOTE_HASH_LEN == STORE_ONCE_HASH, "both are SHA-256");
	if (!n->has_once)
		return true;
	memcpy(row.key, n->once.key, sizeof(row.key));
	memcpy(row.request, n->once.request, sizeof(row.request));
	return store_once_put(st, &row, row.at - ONCE_S, e);
}

/* Which token it used up nobody knows: none of those that pend may be used a second time. */
static bool
withdraw_tokens(struct store *st, const struct certificate_new *c,
    const struct err *unread, struct err *e)
{
	char hex[SERIAL_HEX_LEN], object[48];
	int64_t n = 0;

	serial_to_hex(&c->cert->serial, hex);
	if (!store_token_withdraw_all(st, c->issued_at, "system", &n, e))
		return false;
	LOG_ERR(LOG_ERROR, "note-unread", unread, LOG_TEXT("serial", hex),
	    LOG_NUM("tokens_withdrawn", n));
	if (n == 0)
		return true;
	snprintf(object, sizeof(object), "%lld pending tokens", (long long)n);
	return store_audit_add(st,
	    &(struct audit_row){ .at = c->issued_at,
		.kind = AUDIT_TOKEN_WITHDRAWN,
		.identity = "system",
		.serial = hex,
		.object = object,
		.result = AUDIT_DONE,
		.reason = UNREAD },
	    e);
}

static bool
apply_noted(struct store *st, const struct certificate_new *c,
    const struct noted *noted, struct err *e)
{
	if (noted->unread.code != ERR_NONE)
		return withdraw_tokens(st, c, &noted->unread, e);
	return use_token(st, noted, e) &&
	       end_order(st, noted->note.order, (int64_t)c->seq, e) &&
	       remember(st, &noted->note, c, e);
}

static bool
audit_revocation(struct store *st, const struct record *r, const struct revocation *rev,
    struct err *e)
{
	char hex[SERIAL_HEX_LEN];

	serial_to_hex(&rev->serial, hex);
	const struct audit_row row = {
		.at = r->at,
		.kind = AUDIT_REVOKED,
		.seq = r->seq,
		.request_id = rev->request_id,
		.identity = rev->requester,
		.issuer = rev->issuer,
		.serial = hex,
		.result = AUDIT_DONE,
		.reason = sets_reason_word(rev->reason),
	};
	return store_audit_add(st, &row, e);
}

/* What the requester said of it, in the form of the store; free() *ret. */
static size_t
read_metadata(const struct note *note, struct certificate_metadata **ret)
{
	struct certificate_metadata *list =
	    mem_zarray(json_object_size(note->metadata) + 1, sizeof(*list));
	const char *key;
	json_t *value;
	size_t n = 0;

	json_object_foreach(note->metadata, key, value)
	{
		if (json_is_string(value))
			list[n++] = (struct certificate_metadata){ key,
				json_string_value(value) };
	}
	*ret = list;
	return n;
}

static bool
apply_certificate(struct store *st, const struct record *r, struct cert **ret,
    struct err *e)
{
	struct record_certificate rc;
	struct cert *cert = NULL;
	struct noted noted;
	struct certificate_metadata *metadata;

	if (!record_certificate_get(r->body, &rc, e) || !cert_parse(rc.der, &cert, e))
		return false;
	read_noted(rc.note, &noted);
	const size_t n_metadata = read_metadata(&noted.note, &metadata);

	char *issuer = mem_strndup(rc.issuer), *profile = mem_strndup(rc.profile);
	char *requester = mem_strndup(rc.requester),
	     *request_id = mem_strndup(rc.request_id);
	const struct certificate_new row = {
		.cert = cert,
		.seq = r->seq,
		.issued_at = r->at,
		.issuer = issuer,
		.profile = profile,
		.requester = requester,
		.request_id = request_id,
		.note = noted.unread.code == ERR_NONE ? rc.note : (struct bytes){ 0 },
		.metadata = metadata,
		.n_metadata = n_metadata,
		.parent = noted.note.has_parent ? &noted.note.parent : NULL,
		.by_holder = noted.note.by_holder,
	};
	const bool ok = store_certificate_add(st, &row, e) &&
			audit_certificate(st, &row, cert, &noted, e) &&
			apply_noted(st, &row, &noted, e);

	free(issuer);
	free(profile);
	free(requester);
	free(request_id);
	free(metadata);
	note_free(&noted.note);
	if (ok)
		*ret = cert;
	else
		cert_free(cert);
	return ok;
}

static bool
apply_revocation(struct store *st, const struct record *r, struct cert **ret,
    struct err *e)
{
	struct record_revocation rr;
	struct revocation row = { .seq = r->seq };

	(void)ret;
	if (!record_revocation_get(r->body, &rr, e) ||
	    !serial_from_bytes(rr.serial, &row.serial, e))
		return false;

	char *issuer = mem_strndup(rr.issuer);
	char *requester = mem_strndup(rr.requester),
	     *request_id = mem_strndup(rr.request_id);
	row.issuer = issuer;
	row.not_after = rr.not_after;
	row.revoked_at = rr.revoked_at;
	row.reason = rr.reason;
	row.requester = requester;
	row.request_id = request_id;
	const bool ok =
	    store_revocation_put(st, &row, e) && audit_revocation(st, r, &row, e);

	free(issuer);
	free(requester);
	free(request_id);
	return ok;
}

static bool
apply_crl(struct store *st, const struct record *r, struct cert **ret, struct err *e)
{
	struct record_crl rc;

	(void)ret;
	if (!record_crl_get(r->body, &rc, e))
		return false;
	char *issuer = mem_strndup(rc.issuer);
	const struct crl_row row = {
		.base = rc.base,
		.seq = r->seq,
		.issuer = issuer,
		.shard = { rc.shards, rc.shard },
		.number = rc.number,
		.this_update = rc.this_update,
		.next_update = rc.next_update,
		.entries = rc.entries,
	};
	const bool ok = store_crl_add(st, &row, e);
	free(issuer);
	return ok;
}

static bool (*const appliers[])(struct store *, const struct record *, struct cert **,
    struct err *) = {
	[RECORD_GENESIS] = apply_genesis,
	[RECORD_CERTIFICATE] = apply_certificate,
	[RECORD_REVOCATION] = apply_revocation,
	[RECORD_CRL] = apply_crl,
};

static bool
apply(struct store *st, const struct record *r, struct cert **ret, struct err *e)
{
	uint64_t seq;

	if (!store_seq(st, &seq, e))
		return false;
	if (r->seq != seq + 1)
		return err_set(e, ERR_CONFLICT,
		    "journal record %" PRIu64 " does not follow %" PRIu64
		    ", the last one that the database holds",
		    r->seq, seq);
	if (r->type >= NITEMS(appliers) || appliers[r->type] == NULL)
		return err_set(e, ERR_UNAVAILABLE,
		    "journal record %" PRIu64
		    " is of a kind that this version does not know",
		    r->seq);
	return store_begin(st, e) && appliers[r->type](st, r, ret, e) &&
	       store_seq_set(st, r->seq, e);
}

bool
reconcile_apply(struct store *st, const struct record *r, struct cert **ret,
    struct err *e)
{
	struct cert *cert = NULL;

	store_replaying(st, true);
	const bool ok = apply(st, r, &cert, e);
	store_replaying(st, false);
	if (ok && ret != NULL)
		*ret = cert;
	else
		cert_free(cert);
	return ok;
}

/* The option by which hanaperd finds the CA; free() it. */
static char *
option(const struct conf *c)
{
	char *usual = conf_path(c, "hanaper.yaml");
	char *ret = strcmp(usual, c->file) == 0 ? mem_printf("--dir %s", c->dir)
						: mem_printf("--config %s", c->file);

	free(usual);
	return ret;
}

bool
reconcile_fits(uint64_t held, uint64_t last, uint64_t stored, const struct conf *c,
    struct err *e)
{
	if (last < held)
		return err_set(e, ERR_CONFLICT,
		    "the journal ends at record %" PRIu64 ", the database at %" PRIu64
		    ": the journal was cut or replaced; put the newest journal/ back",
		    last, held);
	if (held >= stored)
		return true;
	char *named = option(c);
	err_set(e, ERR_UNAVAILABLE,
	    "the database holds %" PRIu64
	    " of the journal's records, it once held %" PRIu64
	    ": an old copy was put back; run \"hanaperd --recover %s\" once, which "
	    "replays the journal into it",
	    held, stored, named);
	free(named);
	return false;
}

bool
reconcile_lacks(const char *path, const struct conf *c, struct err *e)
{
	char *named = option(c);

	err_set(e, ERR_UNAVAILABLE,
	    "there is no database at %s; put it back, or run \"hanaperd --recover "
	    "%s\" once, which makes it anew from the journal",
	    path, named);
	free(named);
	return false;
}
