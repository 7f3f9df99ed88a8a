/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sets.h"

#include "base/attr.h"

struct member {
	unsigned n;
	const char *word;
};

static const struct member key_algs[] = {
#define KEY_ALG(name, n, word, bits) { n, word },
#include "tbl/sets.h"
#undef KEY_ALG
};

static const struct member usages[] = {
#define USAGE(name, bit, word, oid) { 1 << (bit), word },
#include "tbl/sets.h"
#undef USAGE
};

static const struct member usage_oids[] = {
#define USAGE(name, bit, word, oid) { 1 << (bit), oid },
#include "tbl/sets.h"
#undef USAGE
};

static const struct member name_types[] = {
#define NAME_TYPE(name, n, word) { n, word },
#include "tbl/sets.h"
#undef NAME_TYPE
};

static const struct member reasons[] = {
#define REASON(name, n, word) { n, word },
#include "tbl/sets.h"
#undef REASON
};

static const struct member rights[] = {
#define RIGHT(name, bit, word) { 1 << (bit), word },
#include "tbl/sets.h"
#undef RIGHT
};

static const struct member challenges[] = {
#define CHALLENGE(name, bit, word) { 1 << (bit), word },
#include "tbl/sets.h"
#undef CHALLENGE
};

/* How much a reason says of the key: 0 nothing. */
static int
weight(enum reason r)
{
	return r == REASON_KEY_COMPROMISE ? 2 : r == REASON_CA_COMPROMISE ? 1 : 0;
}

bool
sets_reason_is_compromise(enum reason r)
{
	return weight(r) > 0;
}

bool
sets_reason_raises(enum reason to, enum reason from)
{
	return weight(to) > weight(from);
}

static const char *
word_of(const struct member *m, size_t count, unsigned n)
{
	for (size_t i = 0; i < count; i++)
		if (m[i].n == n)
			return m[i].word;
	return NULL;
}

static bool
find_word(const struct member *m, size_t count, struct bytes word, unsigned *ret)
{
	for (size_t i = 0; i < count; i++)
		if (bytes_eq_str(word, m[i].word)) {
			*ret = m[i].n;
			return true;
		}
	return false;
}

const char *
sets_usage_oid(unsigned one_bit)
{
	return word_of(usage_oids, NITEMS(usage_oids), one_bit);
}

/* The two functions of a set: word of a member, member of a word. */
#define SET(set, table, type)                                                          \
	const char *sets_##set##_word(unsigned n)                                      \
	{                                                                              \
		return word_of(table, NITEMS(table), n);                               \
	}                                                                              \
	bool sets_##set##_from(struct bytes word, type *ret)                           \
	{                                                                              \
		unsigned n;                                                            \
		if (!find_word(table, NITEMS(table), word, &n))                        \
			return false;                                                  \
		*ret = (type)n;                                                        \
		return true;                                                           \
	}

SET(key_alg, key_algs, enum key_alg)
SET(usage, usages, enum usage)
SET(name_type, name_types, enum name_type)
SET(reason, reasons, enum reason)
SET(right, rights, enum right)
SET(challenge, challenges, enum challenge)
