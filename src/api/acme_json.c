/* SPDX-License-Identifier: Apache-2.0 */
#include "api/acme_json.h"

#include <stdlib.h>
#include <string.h>

#include "codec/json.h"

/* Which statuses an object can have: where its moves begin and end. */
static const struct {
	enum acme_object object;
	enum acme_status from, to;
} moves[] = {
#define ACME_MOVE(object, from, event, to) { ACME_##object, ACME_##from, ACME_##to },
#include "tbl/acme_states.h"
#undef ACME_MOVE
};

static const enum acme_status all[] = {
#define ACME_STATUS(name, n, word) ACME_##name,
#include "tbl/acme_states.h"
#undef ACME_STATUS
};

static bool
can_be(enum acme_object o, enum acme_status s)
{
	for (size_t i = 0; i < NITEMS(moves); i++)
		if (moves[i].object == o && (moves[i].from == s || moves[i].to == s))
			return true;
	return false;
}

static bool
find_status(enum acme_object o, const char *word, enum acme_status *ret, struct err *e)
{
	struct buf known;

	buf_init(&known, KIB(1));
	for (size_t i = 0; i < NITEMS(all); i++) {
		if (!can_be(o, all[i]))
			continue;
		if (strcmp(word, acme_state_word(all[i])) == 0) {
			*ret = all[i];
			buf_free(&known);
			return true;
		}
		buf_printf(&known, "%s%s", known.n > 0 ? ", " : "",
		    acme_state_word(all[i]));
	}
	err_set(e, ERR_MALFORMED, "status: must be one of %s", buf_str(&known));
	buf_free(&known);
	return false;
}

bool
acme_json_status(const struct request *r, enum acme_object o, enum acme_status *ret,
    struct err *e)
{
	char *word = NULL;

	if (!request_query(r, "status", &word, e))
		return false;
	if (word == NULL) {
		*ret = 0;
		return true;
	}
	const bool ok = find_status(o, word, ret, e);
	free(word);
	return ok;
}

bool
acme_json_name(const struct request *r, char **ret, struct err *e)
{
	char *name = NULL;

	if (!request_query(r, "name", &name, e))
		return false;
	for (char *c = name; c != NULL && *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	*ret = name;
	return true;
}

json_t *
acme_json_account(struct ca *ca, int64_t account_num)
{
	struct acme_account a;
	struct err ignored;

	if (!store_acme_account_by_num(ca_store(ca), account_num, &a, &ignored))
		return json_string("");
	json_t *v = json_string(a.id);
	store_acme_account_free(&a);
	return v;
}

json_t *
acme_json_parsed(const char *text)
{
	json_t *v = NULL;
	struct err ignored;

	return text[0] != '\0' && json_read(bytes_str(text), &v, &ignored) ? v : NULL;
}
