/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens are made and withdrawn. */
#include <stdlib.h>
#include <string.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/mem.h"
#include "ca/audit.h"
#include "ca/ca_state.h"
#include "ca/enroll.h"
#include "ca/note.h"

static void
check_bounds(const struct enroll_make *q, struct verdict *v)
{
	char ttl[CLOCK_DURATION_LEN], max[CLOCK_DURATION_LEN];

	clock_duration(q->ttl_s, ttl);
	clock_duration(ENROLL_TTL_MAX_S, max);
	char *allowed = mem_printf("at most %s", max);
	verdict_add(v, q->ttl_s <= ENROLL_TTL_MAX_S, ERR_POLICY, "token.ttl", "ttl",
	    ttl, allowed);
	free(allowed);

	char *uses = mem_printf("%lld", (long long)q->uses);
	allowed = mem_printf("1 to %d", ENROLL_USES_MAX);
	verdict_add(v, q->uses >= 1 && q->uses <= ENROLL_USES_MAX, ERR_POLICY,
	    "token.uses", "uses", uses, allowed);
	free(uses);
	free(allowed);
}

/* What issuing would say of profile and names, so that no token is made in vain. */
static void
check_purpose(struct ca *ca, const struct enroll_make *q, struct verdict *v)
{
	const struct conf_profile *p =
	    conf_profile_find(ca->conf, bytes_str(q->profile));
	const bool there = p != NULL && !p->internal;
	char cn[65];

	verdict_add(v, there, ERR_POLICY, "profile", "profile", q->profile,
	    "a profile of the configuration");
	if (!there)
		return;
	profile_check_names(p, q->names, ca->conf->names_max, v);
	profile_cn(p, q->names, cn);
	profile_check_constraints(&ca_issuer_find(ca, p->issuer)->policy, q->names, cn,
	    v);
}

/* The words that go with the certificates. */
static bool
check_metadata(const struct enroll_make *q, struct buf *ret, struct err *e)
{
	if (q->metadata == NULL)
		return true;
	if (!note_check_metadata(q->metadata, e))
		return false;
	char *text = json_dumps(q->metadata, JSON_COMPACT);
	buf_puts(ret, text);
	free(text);
	return buf_ok(ret, "metadata", e);
}

static bool
new_token(struct ca *ca, char ret_text[static TOKEN_TEXT_LEN],
    uint8_t ret_hash[static TOKEN_HASH_LEN], struct err *e)
{
	const struct buf *root = &ca->issuers[0].cert->der;
	uint8_t root_hash[TOKEN_ROOT_LEN];
	struct token t;

	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, root->p, root->n, root_hash) < 0)
		return err_set(e, ERR_INTERNAL, "SHA-256 failed");
	if (!token_new(root_hash, &t, e))
		return false;
	const bool ok = token_hash(&t, ret_hash, e);
	if (ok)
		token_write(&t, ret_text);
	mem_wipe(&t, sizeof(t));
	return ok;
}

static void
tell(struct ca *ca, enum audit_kind kind, const struct store_token *t,
    const struct identity *who, const char *request_id)
{
	char id[TOKEN_ID_LEN];

	token_id(t->hash, id);
	char *object = mem_printf("token %s", id);
	audit_add(ca, &(struct audit_event){ .kind = kind,
			  .request_id = request_id,
			  .identity = who->text,
			  .profile = t->profile,
			  .names = &t->names,
			  .object = object });
	free(object);
}

static bool
store(struct ca *ca, const struct enroll_make *q, const char *metadata,
    const uint8_t hash[static TOKEN_HASH_LEN], struct store_token *ret, struct err *e)
{
	const int64_t now = clock_now();
	/* Borrowed for the call; what is handed back is read from the row. */
	struct store_token t = {
		.profile = mem_strdup(q->profile),
		.names = *q->names,
		.uses = q->uses,
		.expires_at = now + q->ttl_s,
		.created_at = now,
		.created_by = mem_strdup(q->who->text),
		.request_id = mem_strdup(q->request_id),
		.metadata = mem_strdup(metadata),
	};

	memcpy(t.hash, hash, sizeof(t.hash));
	const bool ok = store_begin(ca->store, e) &&
			store_token_add(ca->store, &t, e) &&
			store_token_get(ca->store, hash, ret, e);
	t.names = (struct names){ 0 };
	store_token_free(&t);
	return ok;
}

bool
enroll_token_make(struct ca *ca, const struct enroll_make *q,
    char ret_text[static TOKEN_TEXT_LEN], struct store_token *ret, struct verdict *v,
    struct err *e)
{
	struct enroll_make full = *q;
	uint8_t hash[TOKEN_HASH_LEN];
	char text[TOKEN_TEXT_LEN];
	struct buf metadata;

	if (full.ttl_s == 0)
		full.ttl_s = ENROLL_TTL_DEFAULT_S;
	check_bounds(&full, v);
	check_purpose(ca, &full, v);
	buf_init(&metadata, NOTE_MAX);
	const bool ok = ca_writable(ca, e) && verdict_ok(v, e) &&
			check_metadata(&full, &metadata, e) &&
			new_token(ca, text, hash, e) &&
			store(ca, &full, buf_str(&metadata), hash, ret, e);
	if (ok) {
		memcpy(ret_text, text, sizeof(text));
		tell(ca, AUDIT_TOKEN_MADE, ret, q->who, q->request_id);
	}
	mem_wipe(text, sizeof(text));
	buf_free(&metadata);
	return ok;
}

static bool
withdraw(struct ca *ca, const uint8_t key[static TOKEN_KEY_LEN],
    const struct identity *who, const char *request_id, struct store_token *t,
    struct err *e)
{
	if (store_token_status(t, clock_now()) == STORE_TOKEN_USED)
		return err_set(e, ERR_TOKEN_USED,
		    "there is nothing left to withdraw; to take its certificates back, "
		    "revoke them");
	if (t->withdrawn_at != 0)
		return true;
	store_token_free(t);
	if (!store_begin(ca->store, e) ||
	    !store_token_withdraw(ca->store, key, clock_now(), who->text, e) ||
	    !store_token_get(ca->store, key, t, e))
		return false;
	tell(ca, AUDIT_TOKEN_WITHDRAWN, t, who, request_id);
	return true;
}

bool
enroll_token_withdraw(struct ca *ca, struct bytes id, const struct identity *who,
    const char *request_id, struct store_token *ret, struct err *e)
{
	uint8_t key[TOKEN_KEY_LEN];
	struct store_token t;
	size_t n;

	if (!hex_read(id, key, sizeof(key), &n) || n != sizeof(key))
		return err_set(e, ERR_MALFORMED,
		    "a token's id is %d hexadecimal digits", 2 * TOKEN_KEY_LEN);
	if (!ca_writable(ca, e) || !store_token_get(ca->store, key, &t, e))
		return false;
	if (!withdraw(ca, key, who, request_id, &t, e)) {
		store_token_free(&t);
		return false;
	}
	*ret = t;
	return true;
}

bool
enroll_recovered(struct ca *ca, struct err *e)
{
	int64_t n = 0;

	if (!store_begin(ca->store, e) ||
	    !store_token_withdraw_all(ca->store, clock_now(), "system", &n, e))
		return false;
	if (n == 0)
		return true;
	char *object = mem_printf("%lld pending tokens", (long long)n);
	audit_add(ca, &(struct audit_event){ .kind = AUDIT_TOKEN_WITHDRAWN,
			  .identity = "system",
			  .object = object,
			  .reason = "an old copy of the database was put back" });
	free(object);
	return true;
}
