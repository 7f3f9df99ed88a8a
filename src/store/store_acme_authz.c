/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_acme_authz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store_impl.h"

#define COLUMNS                                                                        \
	"SELECT num, id, account_num, type, value, wildcard, subdomains, status,"      \
	" created_at, expires_at, loose FROM acme_authz"
#define CHALLENGE_COLUMNS                                                              \
	"SELECT num, id, authz_num, type, token, status, validated_at, error"          \
	" FROM acme_challenge"

static const struct stmt_def add_def = {
	"INSERT INTO acme_authz (id, account_num, type, value, wildcard, subdomains,"
	" status, created_at, expires_at, loose)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
	"add an authorization"
};
static const struct stmt_def add_challenge_def = {
	"INSERT INTO acme_challenge (id, authz_num, type, token, status, validated_at,"
	" error) VALUES ($1, $2, $3, $4, $5, $6, $7)",
	"add a challenge"
};
static const struct stmt_def challenges_def = { CHALLENGE_COLUMNS
	" WHERE authz_num = $1 ORDER BY type",
	"read an authorization's challenges" };
static const struct stmt_def by_id_def = { COLUMNS " WHERE id = $1",
	"find an authorization" };
static const struct stmt_def by_num_def = { COLUMNS " WHERE num = $1",
	"find an authorization" };
static const struct stmt_def status_def = {
	"SELECT status FROM acme_authz WHERE num = $1", "find an authorization"
};
static const struct stmt_def by_challenge_def = { COLUMNS
	" WHERE num = (SELECT authz_num FROM acme_challenge WHERE id = $1)",
	"find a challenge's authorization" };
/* A valid one before one that pends: for just what is wanted, as its challenges are. */
static const struct stmt_def usable_def = { COLUMNS
	" WHERE account_num = $1 AND type = $2 AND value = $3 AND wildcard = $4"
	" AND ((status = $6 AND subdomains >= $5) OR (status = $7 AND subdomains = $5))"
	" AND expires_at > $8"
	" ORDER BY status DESC, expires_at DESC LIMIT 1",
	"find an authorization to use again" };
/* A proof is as good as an order's naming it: from then on it is not held in vain. */
_Static_assert(ACME_VALID == 4, "the number here and in sql/");
static const struct stmt_def move_def = {
	"UPDATE acme_authz SET status = $3, expires_at = COALESCE($4, expires_at),"
	" loose = CASE WHEN $3 = 4 THEN 0 ELSE loose END"
	" WHERE num = $1 AND status = $2",
	"move an authorization"
};
static const struct stmt_def move_challenge_def = {
	"UPDATE acme_challenge SET status = $3,"
	" validated_at = COALESCE($4, validated_at), error = COALESCE($5, error)"
	" WHERE num = $1 AND status = $2",
	"move a challenge"
};
_Static_assert(ACME_PROCESSING == 2, "the number here and in sql/");
static const struct stmt_def processing_def = { CHALLENGE_COLUMNS
	" WHERE status = 2 AND num > $1 ORDER BY num LIMIT $2",
	"list the challenges under way" };
static const struct stmt_def of_order_def = {
	"SELECT a.status, a.expires_at FROM acme_order_name n"
	" JOIN acme_authz a ON a.num = n.authz_num WHERE n.order_num = $1",
	"look at an order's authorizations"
};
static const struct stmt_def end_account_def = {
	"UPDATE acme_authz SET status = $4 WHERE account_num = $1 AND status IN ($2, "
	"$3)",
	"end an account's authorizations"
};
static void
challenge_free(struct acme_challenge *c)
{
	free(c->error);
	*c = (struct acme_challenge){ 0 };
}

void
store_acme_authz_free_challenge(struct acme_challenge *c)
{
	challenge_free(c);
}

void
store_acme_authz_free(struct acme_authz *a)
{
	free(a->value);
	for (size_t i = 0; i < a->n_challenges; i++)
		challenge_free(&a->challenges[i]);
	free(a->challenges);
	*a = (struct acme_authz){ 0 };
}

/* ---- making one ---- */

static void
bind_time(struct stmt *q, int index, int64_t at)
{
	if (at == 0)
		stmt_null(q, index);
	else
		stmt_int(q, index, at);
}

static bool
add_challenge(struct store *st, int64_t authz_num, const struct acme_challenge *c,
    struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &add_challenge_def);

	stmt_text(q, 1, c->id[0] != '\0' ? c->id : NULL);
	stmt_int(q, 2, authz_num);
	stmt_int(q, 3, c->type);
	stmt_text(q, 4, c->token);
	stmt_int(q, 5, c->status);
	bind_time(q, 6, c->validated_at);
	stmt_text(q, 7, STORE_TEXT(c->error));
	return stmt_finish_one(q, e);
}

static bool
add(struct store *st, const struct acme_authz *a, int64_t *ret_num, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &add_def);

	stmt_text(q, 1, a->id);
	stmt_int(q, 2, a->account_num);
	stmt_int(q, 3, a->type);
	stmt_text(q, 4, a->value);
	stmt_int(q, 5, a->wildcard);
	stmt_int(q, 6, a->subdomains);
	stmt_int(q, 7, a->status);
	stmt_int(q, 8, a->created_at);
	stmt_int(q, 9, a->expires_at);
	stmt_int(q, 10, a->loose);
	if (!stmt_finish_one(q, e))
		return false;
	const int64_t num = db_last_id(store_db(st));
	for (size_t i = 0; i < a->n_challenges; i++)
		if (!add_challenge(st, num, &a->challenges[i], e))
			return false;
	*ret_num = num;
	return true;
}

bool
store_acme_authz_add(struct store *st, const struct acme_authz *a, int64_t *ret_num,
    struct err *e)
{
	bool own;

	return store_own_begin(st, &own, e) &&
	       store_own_end(st, own, add(st, a, ret_num, e), e);
}

/* ---- reading ---- */

static bool
read_challenge(struct stmt *q, struct acme_challenge *ret, struct err *e)
{
	const struct acme_challenge c = {
		.num = stmt_col_int(q, 0),
		.authz_num = stmt_col_int(q, 2),
		.type = (enum challenge)stmt_col_int(q, 3),
		.status = (enum acme_status)stmt_col_int(q, 5),
		.validated_at = stmt_col_int(q, 6),
	};

	if (c.status < ACME_PENDING || c.status > ACME_REVOKED ||
	    sets_challenge_word(c.type) == NULL)
		return store_damaged(e, "a challenge's type or status");
	*ret = c;
	snprintf(ret->id, sizeof(ret->id), "%s", stmt_col_text(q, 1));
	snprintf(ret->token, sizeof(ret->token), "%s", stmt_col_text(q, 4));
	ret->error = mem_strdup(stmt_col_text(q, 7));
	return true;
}

void
store_acme_authz_challenge_id(const struct acme_authz *a, struct acme_challenge *c)
{
	snprintf(c->id, sizeof(c->id), "%s.%u", a->id, (unsigned)c->type);
}

static bool
read_challenges(struct store *st, struct acme_authz *a, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &challenges_def);
	struct err unused; /* 'e' has the cause */
	bool ok = true;

	stmt_int(q, 1, a->num);
	while (ok && stmt_step(q)) {
		struct acme_challenge c;

		ok = read_challenge(q, &c, e);
		if (ok && c.id[0] == '\0')
			store_acme_authz_challenge_id(a, &c);
		if (ok) {
			a->challenges = mem_grow(a->challenges, a->n_challenges + 1,
			    sizeof(*a->challenges));
			a->challenges[a->n_challenges++] = c;
		}
	}
	return stmt_finish(q, ok ? e : &unused) && ok;
}

static bool
read_row(struct store *st, struct stmt *q, struct acme_authz *ret, struct err *e)
{
	struct acme_authz a = {
		.num = stmt_col_int(q, 0),
		.account_num = stmt_col_int(q, 2),
		.type = (enum name_type)stmt_col_int(q, 3),
		.wildcard = stmt_col_int(q, 5) != 0,
		.subdomains = stmt_col_int(q, 6) != 0,
		.status = (enum acme_status)stmt_col_int(q, 7),
		.created_at = stmt_col_int(q, 8),
		.expires_at = stmt_col_int(q, 9),
		.loose = stmt_col_int(q, 10) != 0,
	};

	if (a.status < ACME_PENDING || a.status > ACME_REVOKED)
		return store_damaged(e, "an authorization's status");
	snprintf(a.id, sizeof(a.id), "%s", stmt_col_text(q, 1));
	a.value = mem_strdup(stmt_col_text(q, 4));
	if (!read_challenges(st, &a, e)) {
		store_acme_authz_free(&a);
		return false;
	}
	*ret = a;
	return true;
}

static bool
read_one(struct store *st, struct stmt *q, struct acme_authz *ret, struct err *e)
{
	struct acme_authz a = { 0 };
	struct err late;

	if (!stmt_row(q, e)) {
		if (e->code == ERR_NOT_FOUND)
			err_set(e, ERR_NOT_FOUND, "there is no such authorization");
		return false;
	}
	const bool ok = read_row(st, q, &a, e);
	if (!stmt_finish(q, ok ? e : &late)) {
		store_acme_authz_free(&a);
		return false;
	}
	if (ok)
		*ret = a;
	return ok;
}

bool
store_acme_authz_by_id(struct store *st, const char *id, struct acme_authz *ret,
    struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &by_id_def);

	stmt_text(q, 1, id);
	return read_one(st, q, ret, e);
}

bool
store_acme_authz_by_num(struct store *st, int64_t num, struct acme_authz *ret,
    struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &by_num_def);

	stmt_int(q, 1, num);
	return read_one(st, q, ret, e);
}

bool
store_acme_authz_status(struct store *st, int64_t num, enum acme_status *ret,
    struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &status_def);

	stmt_int(q, 1, num);
	if (!stmt_row(q, e))
		return false;
	const int64_t status = stmt_col_int(q, 0);
	if (!stmt_finish(q, e))
		return false;
	if (status < ACME_PENDING || status > ACME_REVOKED)
		return store_damaged(e, "an authorization's status");
	*ret = (enum acme_status)status;
	return true;
}

static bool
has_challenge(const struct acme_authz *a, const char *id)
{
	for (size_t i = 0; i < a->n_challenges; i++)
		if (strcmp(a->challenges[i].id, id) == 0)
			return true;
	return false;
}

/* By the authorization's id that stands before the dot, or, of an old one, by its own. */
bool
store_acme_authz_by_challenge(struct store *st, const char *challenge_id,
    struct acme_authz *ret, struct err *e)
{
	const char *dot = strrchr(challenge_id, '.');
	const struct bytes id = bytes_of(challenge_id,
	    dot != NULL ? (size_t)(dot - challenge_id) : strlen(challenge_id));
	char *text = mem_strndup(id);
	struct acme_authz a = { 0 };

	struct stmt *q =
	    stmt_begin(store_db(st), dot != NULL ? &by_id_def : &by_challenge_def);
	stmt_text(q, 1, text);
	const bool found = read_one(st, q, &a, e);
	free(text);
	if (!found)
		return false;
	if (!has_challenge(&a, challenge_id)) {
		store_acme_authz_free(&a);
		return err_set(e, ERR_NOT_FOUND, "there is no such challenge");
	}
	*ret = a;
	return true;
}

static bool
usable(struct store *st, int64_t account_num, const struct acme_authz *like,
    bool pending, int64_t now, struct acme_authz *ret, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &usable_def);

	stmt_int(q, 1, account_num);
	stmt_int(q, 2, like->type);
	stmt_text(q, 3, like->value);
	stmt_int(q, 4, like->wildcard);
	stmt_int(q, 5, like->subdomains);
	stmt_int(q, 6, ACME_VALID);
	stmt_int(q, 7, pending ? ACME_PENDING : ACME_VALID);
	stmt_int(q, 8, now);
	return read_one(st, q, ret, e);
}

bool
store_acme_authz_usable(struct store *st, int64_t account_num, enum name_type type,
    const char *value, bool wildcard, bool pending, int64_t now, struct acme_authz *ret,
    struct err *e)
{
	const struct acme_authz like = {
		.type = type,
		.value = (char *)value,
		.wildcard = wildcard,
	};

	return usable(st, account_num, &like, pending, now, ret, e);
}

bool
store_acme_authz_usable_above(struct store *st, int64_t account_num,
    const char *ancestor, bool pending, int64_t now, struct acme_authz *ret,
    struct err *e)
{
	const struct acme_authz like = {
		.type = NAME_TYPE_DNS,
		.value = (char *)ancestor,
		.subdomains = true,
	};

	return usable(st, account_num, &like, pending, now, ret, e);
}

bool
store_acme_authz_processing(struct store *st, int64_t after, size_t limit,
    store_acme_authz_each *each, void *arg, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &processing_def);
	struct err unused; /* 'e' has the cause */
	bool ok = true;

	stmt_int(q, 1, after);
	stmt_int(q, 2, (int64_t)limit);
	while (ok && stmt_step(q)) {
		struct acme_challenge c;

		ok = read_challenge(q, &c, e);
		if (ok) {
			ok = each(arg, &c, e);
			challenge_free(&c);
		}
	}
	return stmt_finish(q, ok ? e : &unused) && ok;
}

bool
store_acme_authz_of_order(struct store *st, int64_t order_num, int64_t now,
    int64_t ended_by, bool *ret_all_valid, bool *ret_one_lost, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &of_order_def);
	size_t n = 0, valid = 0, lost = 0;

	stmt_int(q, 1, order_num);
	for (; stmt_step(q); n++) {
		const int64_t status = stmt_col_int(q, 0);
		const int64_t ends = stmt_col_int(q, 1);

		if (status == ACME_VALID && ends > now)
			valid++;
		else if ((status != ACME_PENDING && status != ACME_VALID) ||
			 ends <= ended_by)
			lost++;
	}
	if (!stmt_finish(q, e))
		return false;
	*ret_all_valid = n > 0 && valid == n;
	*ret_one_lost = lost > 0;
	return true;
}

/* ---- what becomes of it ---- */

bool
store_acme_authz_move(struct store *st, int64_t num, enum acme_status from,
    enum acme_status to, int64_t expires_at, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &move_def);

	stmt_int(q, 1, num);
	stmt_int(q, 2, from);
	stmt_int(q, 3, to);
	bind_time(q, 4, expires_at);
	return stmt_finish_one(q, e);
}

bool
store_acme_authz_move_challenge(struct store *st, int64_t challenge_num,
    enum acme_status from, enum acme_status to, int64_t validated_at, const char *error,
    struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &move_challenge_def);

	stmt_int(q, 1, challenge_num);
	stmt_int(q, 2, from);
	stmt_int(q, 3, to);
	bind_time(q, 4, validated_at);
	stmt_text(q, 5, error);
	return stmt_finish_one(q, e);
}

bool
store_acme_authz_end_account(struct store *st, int64_t account_num, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &end_account_def);

	stmt_int(q, 1, account_num);
	stmt_int(q, 2, ACME_PENDING);
	stmt_int(q, 3, ACME_VALID);
	stmt_int(q, 4, ACME_DEACTIVATED);
	return stmt_finish(q, e);
}
