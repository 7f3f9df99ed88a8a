/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_certificate.h"

#include "store_certificate_impl.h"
#include "store_impl.h"
#include "store_search.h"

static const struct stmt_def add_def = {
	"INSERT INTO certificate (id, issuer_id, serial, profile, cn, not_before,"
	" not_after, issued_at, requester, request_id, key_hash, note)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
	" ON CONFLICT DO NOTHING",
	"add a certificate"
};
static const struct stmt_def add_name_def = {
	"INSERT INTO certificate_name (certificate_id, position, type, value)"
	" VALUES ($1, $2, $3, $4)",
	"add a certificate's name"
};
static const struct stmt_def add_der_def = {
	"INSERT INTO certificate_der (certificate_id, der) VALUES ($1, $2)",
	"add a certificate's octets"
};
static const struct stmt_def compromised_def = {
	"SELECT 1 FROM compromised_key WHERE key_hash = $1",
	"look for a compromised key"
};
static const struct stmt_def has_key_def = {
	"SELECT 1 FROM certificate WHERE substr(key_hash, 1, 8) = substr($1, 1, 8)"
	" AND key_hash = $1 LIMIT 1",
	"look whether a key is a certificate's"
};

static bool
add_row(struct store *st, const struct certificate_new *c, int64_t id,
    int64_t issuer_id, struct bytes key_hash, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &add_def);
	char hex[SERIAL_HEX_LEN];

	stmt_int(q, 1, id);
	stmt_int(q, 2, issuer_id);
	stmt_bytes(q, 3, serial_bytes(&c->cert->serial));
	stmt_text(q, 4, STORE_TEXT(c->profile));
	stmt_text(q, 5, c->cert->cn);
	stmt_int(q, 6, c->cert->not_before);
	stmt_int(q, 7, c->cert->not_after);
	stmt_int(q, 8, c->issued_at);
	stmt_text(q, 9, STORE_TEXT(c->requester));
	stmt_text(q, 10, STORE_TEXT(c->request_id));
	stmt_bytes(q, 11, key_hash);
	stmt_bytes(q, 12, c->note);
	if (stmt_finish_one(q, e))
		return true;
	serial_to_hex(&c->cert->serial, hex);
	if (e->code == ERR_CONFLICT)
		err_set(e, ERR_CONFLICT, "certificate %s of %s is stored already", hex,
		    c->issuer);
	return false;
}

static bool
add_name(struct store *st, int64_t id, size_t position, int type, const char *value,
    struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &add_name_def);

	stmt_int(q, 1, id);
	stmt_int(q, 2, (int64_t)position);
	stmt_int(q, 3, type);
	stmt_text(q, 4, value);
	return stmt_finish_one(q, e);
}

static bool
add_names(struct store *st, int64_t id, const struct cert *c, struct err *e)
{
	if (c->cn[0] != '\0' && !add_name(st, id, 0, NAME_TYPE_CN, c->cn, e))
		return false;
	for (size_t i = 0; i < c->names.n; i++)
		if (!add_name(st, id, i + 1, (int)c->names.v[i].type,
			c->names.v[i].text, e))
			return false;
	return true;
}

static bool
add_der(struct store *st, int64_t id, const struct cert *c, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &add_der_def);

	stmt_int(q, 1, id);
	stmt_bytes(q, 2, buf_bytes(&c->der));
	return stmt_finish_one(q, e);
}

static bool
add(struct store *st, const struct certificate_new *c, struct err *e)
{
	uint8_t hash[32];
	const struct bytes key_hash = { hash, sizeof(hash) };
	int64_t id, issuer_id;

	spki_hash(c->cert->key.der, hash);
	return store_int(c->seq, &id, e) &&
	       store_issuer(st, c->issuer, &issuer_id, e) &&
	       add_row(st, c, id, issuer_id, key_hash, e) &&
	       add_names(st, id, c->cert, e) && add_der(st, id, c->cert, e) &&
	       store_search_add(st, id, c, e) &&
	       (c->parent == NULL || store_lineage_add(st, id, c, e)) &&
	       store_crl_shard_named(st, issuer_id, c->issuer, c->cert, e) &&
	       store_revocation_tie(st, issuer_id, &c->cert->serial, id, key_hash, e);
}

bool
store_certificate_add(struct store *st, const struct certificate_new *c, struct err *e)
{
	bool own;

	return store_own_begin(st, &own, e) && store_own_end(st, own, add(st, c, e), e);
}

/* Is there a row? */
static bool
any_of_key(struct store *st, const struct stmt_def *def,
    const uint8_t key_hash[static 32], bool *ret, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), def);

	stmt_bytes(q, 1, bytes_of(key_hash, 32));
	const bool found = stmt_step(q);
	if (!stmt_finish(q, e))
		return false;
	*ret = found;
	return true;
}

bool
store_key_compromised(struct store *st, const uint8_t key_hash[static 32], bool *ret,
    struct err *e)
{
	return any_of_key(st, &compromised_def, key_hash, ret, e);
}

bool
store_certificate_has_key(struct store *st, const uint8_t key_hash[static 32],
    bool *ret, struct err *e)
{
	return any_of_key(st, &has_key_def, key_hash, ret, e);
}
