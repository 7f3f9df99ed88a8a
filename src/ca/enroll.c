/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/enroll.h"

#include <stdlib.h>
#include <string.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ca/audit.h"
#include "ca/ca_state.h"
#include "ca/note.h"
#include "codec/json.h"

/* ---- whose token is this? ---- */

/* RFC 6750 2.1 */
static bool
read_bearer(struct bytes authorization, struct token *ret, struct err *e)
{
	const size_t n = bytes_index(authorization, ' ');

	if (!bytes_eq_nocase(bytes_of(authorization.p, n), "Bearer"))
		return err_set(e, ERR_TOKEN_UNKNOWN,
		    "send the token as \"Authorization: Bearer hnp1.…\"");
	if (!token_read(bytes_trim(bytes_skip(authorization, n)), ret, e)) {
		e->code = ERR_TOKEN_UNKNOWN;
		return false;
	}
	return true;
}

/* Is the token whole, and of this CA?  Takes the same time whatever differs. */
static bool
is_same(const struct ca *ca, const struct token *t,
    const uint8_t hash[static TOKEN_HASH_LEN],
    const uint8_t kept[static TOKEN_HASH_LEN])
{
	const struct buf *root = &ca->issuers[0].cert->der;
	uint8_t root_hash[TOKEN_ROOT_LEN] = { 0 };

	const int hashed =
	    gnutls_hash_fast(GNUTLS_DIG_SHA256, root->p, root->n, root_hash);
	const int root_differs = gnutls_memcmp(root_hash, t->root, sizeof(t->root));
	const int hash_differs = gnutls_memcmp(hash, kept, TOKEN_HASH_LEN);
	return hashed == 0 && root_differs == 0 && hash_differs == 0;
}

/* The row of a token that is ours; on failure there is nothing in it. */
static bool
look_up(struct ca *ca, const struct token *t, struct store_token *ret, struct err *e)
{
	uint8_t hash[TOKEN_HASH_LEN];
	struct store_token row = { 0 };

	if (!token_hash(t, hash, e))
		return false;
	const bool found = store_token_get(ca->store, hash, &row, e);
	if (!found && e->code != ERR_NOT_FOUND)
		return false;
	if (!is_same(ca, t, hash, row.hash) || !found) {
		store_token_free(&row);
		return err_set(e, ERR_TOKEN_UNKNOWN, "this CA has no such token");
	}
	*ret = row;
	return true;
}

static bool
check_status(const struct store_token *t, struct err *e)
{
	char at[CLOCK_RFC3339_LEN];

	switch (store_token_status(t, clock_now())) {
	case STORE_TOKEN_USED:
		if (t->uses == 1)
			return err_set(e, ERR_TOKEN_USED,
			    "it was good for one use, which was made; ask for a new "
			    "token");
		return err_set(e, ERR_TOKEN_USED,
		    "it was good for %lld uses, which were made; ask for a new token",
		    (long long)t->uses);
	case STORE_TOKEN_WITHDRAWN:
		clock_rfc3339(t->withdrawn_at, at);
		return err_set(e, ERR_TOKEN_WITHDRAWN,
		    "it was withdrawn at %s; ask for a new token", at);
	case STORE_TOKEN_EXPIRED:
		clock_rfc3339(t->expires_at, at);
		return err_set(e, ERR_TOKEN_EXPIRED,
		    "it expired at %s; ask for a new token", at);
	case STORE_TOKEN_ANY:
	case STORE_TOKEN_PENDING:
		break;
	}
	return true;
}

bool
enroll_find(struct ca *ca, struct bytes authorization, struct store_token *ret,
    struct err *e)
{
	struct token t;

	if (!read_bearer(authorization, &t, e))
		return false;
	const bool ok = look_up(ca, &t, ret, e);
	mem_wipe(&t, sizeof(t));
	return ok && check_status(ret, e);
}

/* ---- uses that wait for the signer ---- */

static struct token_in_use *
in_use(struct ca *ca, const char *id)
{
	for (size_t i = 0; i < ca->n_tokens; i++)
		if (strcmp(ca->tokens[i].id, id) == 0)
			return &ca->tokens[i];
	return NULL;
}

static bool
take(struct ca *ca, const char *id, const struct store_token *t, struct err *e)
{
	struct token_in_use *u = in_use(ca, id);

	if (u != NULL && u->n >= t->uses_left)
		return err_set(e, ERR_TOKEN_USED,
		    "its last use is another request's, which came before");
	if (u == NULL) {
		ca->tokens =
		    mem_grow(ca->tokens, ca->n_tokens + 1, sizeof(*ca->tokens));
		u = &ca->tokens[ca->n_tokens++];
		*u = (struct token_in_use){ 0 };
		memcpy(u->id, id, sizeof(u->id));
	}
	u->n++;
	return true;
}

static void
give_back(struct ca *ca, const char *id)
{
	struct token_in_use *u = in_use(ca, id);

	if (u != NULL && --u->n == 0)
		*u = ca->tokens[--ca->n_tokens];
}

/* ---- the certificate ---- */

struct enrolling {
	struct ca *ca;
	char id[TOKEN_ID_LEN];
	char *request_id;
	issue_done *done;
	void *arg;
};

static void
enrolling_free(struct enrolling *it)
{
	free(it->request_id);
	free(it);
}

static void
tell_used(struct enrolling *it, const struct issue_result *r)
{
	char *who = mem_printf("token:%s", it->id);
	char *object = mem_printf("token %s", it->id);

	audit_add(it->ca, &(struct audit_event){ .kind = AUDIT_TOKEN_USED,
			      .request_id = it->request_id,
			      .identity = who,
			      .profile = r->profile,
			      .names = &r->cert->names,
			      .serial = &r->cert->serial,
			      .object = object });
	free(who);
	free(object);
}

/* Issued: the row counts it by now, in the open transaction.  Refused: it is free again. */
static void
on_issued(void *arg, const struct issue_result *r, const struct err *e)
{
	struct enrolling *it = arg;

	give_back(it->ca, it->id);
	if (r != NULL)
		tell_used(it, r);
	it->done(it->arg, r, e);
	enrolling_free(it);
}

static char *
names_text(const struct names *names)
{
	struct buf b;

	buf_init(&b, KIB(8));
	for (size_t i = 0; i < names->n; i++)
		buf_printf(&b, "%s%s", i > 0 ? ", " : "", names->v[i].text);
	char *text = mem_strdup(buf_str(&b));
	buf_free(&b);
	return text;
}

/*
 * A CSR that names nothing gets the token's names; one that does must name
 * exactly them, so that nobody is surprised by what he gets.  An old tool's CN
 * is such a name where there are no others.
 */
static bool
check_names(const struct store_token *t, const struct csr *csr, struct verdict *v)
{
	const bool by_cn = csr->names.n == 0 && csr->cn[0] != '\0';
	const bool pass = by_cn
			      ? names_have(&t->names, NAME_TYPE_DNS, csr->cn) ||
				    names_have(&t->names, NAME_TYPE_IP, csr->cn)
			      : csr->names.n == 0 || names_same(&t->names, &csr->names);
	char *value = by_cn ? mem_strdup(csr->cn) : names_text(&csr->names);
	char *allowed = names_text(&t->names);

	verdict_add(v, pass, ERR_FORBIDDEN, "token.names", "csr.names", value, allowed);
	free(value);
	free(allowed);
	return pass;
}

static bool
write_note(const struct store_token *t, const char *id, struct buf *ret, struct err *e)
{
	struct note note = { 0 };

	memcpy(note.token, id, sizeof(note.token));
	if (t->metadata[0] != '\0' &&
	    !json_read(bytes_str(t->metadata), &note.metadata, e))
		return false;
	const bool ok = note_write(&note, ret, e);
	note_free(&note);
	return ok;
}

static bool
issue(struct ca *ca, const struct enroll_request *q, struct enrolling *it,
    struct verdict *v, struct err *e)
{
	const struct store_token *t = q->token;
	struct buf note;

	buf_init(&note, NOTE_MAX);
	bool ok = write_note(t, it->id, &note, e);
	if (ok) {
		struct identity who = {
			.kind = IDENTITY_TOKEN,
			.text = mem_printf("token:%s", it->id),
			.profile = t->profile,
			.names = &t->names,
		};
		const struct issue_request issue = {
			.who = &who,
			.profile = t->profile,
			.csr = q->csr,
			.names = &t->names,
			.request_id = q->request_id,
			.note = buf_bytes(&note),
			.once = q->once,
		};
		ok = issue_start(ca, &issue, on_issued, it, v, e);
		free(who.text);
	}
	buf_free(&note);
	return ok;
}

bool
enroll_start(struct ca *ca, const struct enroll_request *q, issue_done *done, void *arg,
    struct verdict *v, struct err *e)
{
	struct enrolling *it = mem_zalloc(sizeof(*it));

	*it = (struct enrolling){ .ca = ca,
		.request_id = mem_strdup(q->request_id),
		.done = done,
		.arg = arg };
	token_id(q->token->hash, it->id);
	check_names(q->token, q->csr, v);
	if (!verdict_ok(v, e) || !take(ca, it->id, q->token, e)) {
		enrolling_free(it);
		return false;
	}
	if (!issue(ca, q, it, v, e)) {
		give_back(ca, it->id);
		enrolling_free(it);
		return false;
	}
	return true;
}
