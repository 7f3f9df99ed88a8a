/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "store_certificate_impl.h"
#include "store_certificate_query.h"
#include "store_search.h"

bool
store_certificate_newest(struct store *st, int64_t *ret, struct err *e)
{
	static const struct stmt_def newest_def = {
		"SELECT coalesce(max(id), 0) FROM certificate",
		"find the newest certificate"
	};
	struct stmt *q = stmt_begin(store_db(st), &newest_def);
	int64_t id = 0;

	if (stmt_step(q))
		id = stmt_col_int(q, 0);
	if (!stmt_finish(q, e))
		return false;
	*ret = id;
	return true;
}

/* Fewer characters than the index has are a walk through everything. */
static bool
check_words(const char *q, struct err *e)
{
	size_t n = 0;

	if (q == NULL)
		return true;
	if (strlen(q) > CERTIFICATE_Q_MAX)
		return err_set(e, ERR_MALFORMED, "q: at most %d octets",
		    CERTIFICATE_Q_MAX);
	for (const char *p = q; *p != '\0'; p++)
		n += ((unsigned char)*p & 0xc0) != 0x80; /* characters of UTF-8 */
	if (n < STORE_SEARCH_LEAST)
		return err_set(e, ERR_MALFORMED,
		    "q: at least %d characters; a whole name is found by dns, ip, uri, "
		    "email or cn",
		    STORE_SEARCH_LEAST);
	return true;
}

/* What came in lately has to be found too: it is little. */
static bool
catch_up(struct store *st, const char *q, struct err *e)
{
	int64_t waiting = 0;

	if (q == NULL)
		return true;
	return store_unsearched(st, &waiting, e) &&
	       (waiting == 0 || store_search_catch_up(st, waiting, e));
}

bool
store_certificate_list(struct store *st, const struct certificate_query *q,
    certificate_each *each, void *arg, struct err *e)
{
	bool ok = true;

	if (q->limit < 1 || q->limit > CERTIFICATE_LIST_MAX)
		return err_set(e, ERR_MALFORMED, "limit: 1 to %d",
		    CERTIFICATE_LIST_MAX);
	if (!check_words(q->q, e))
		return false;
	if (q->n_metadata > CERTIFICATE_METADATA_MAX)
		return err_set(e, ERR_MALFORMED, "metadata: at most %d of them",
		    CERTIFICATE_METADATA_MAX);
	struct stmt *s;
	if (!catch_up(st, q->q, e) || !store_certificate_query(st, q, &s, e))
		return false;
	while (ok && stmt_step(s)) {
		struct certificate_row r;

		ok = store_certificate_read(st, s, &r, e);
		if (ok) {
			ok = each(arg, &r, e);
			certificate_row_free(&r);
		}
	}
	if (!ok) {
		struct err unused; /* 'e' has the cause */
		(void)!stmt_finish(s, &unused);
		return false;
	}
	return stmt_finish(s, e);
}
