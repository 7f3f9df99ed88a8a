/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sets - the members of tbl/sets.h as enums, with their words.
 */
#ifndef BASE_SETS_H
#define BASE_SETS_H

#include <stdbool.h>

#include "base/bytes.h"

enum key_alg {
#define KEY_ALG(name, n, word, bits) KEY_ALG_##name = (n),
#include "tbl/sets.h"
#undef KEY_ALG
};

enum usage { /* a bit mask: a profile has several */
#define USAGE(name, bit, word, oid) USAGE_##name = 1 << (bit),
#include "tbl/sets.h"
#undef USAGE
};

enum name_type { /* the GeneralName tag is the number */
#define NAME_TYPE(name, n, word) NAME_TYPE_##name = (n),
#include "tbl/sets.h"
#undef NAME_TYPE
};

enum reason { /* the CRLReason is the number */
#define REASON(name, n, word) REASON_##name = (n),
#include "tbl/sets.h"
#undef REASON
};

enum right { /* a bit mask */
#define RIGHT(name, bit, word) RIGHT_##name = 1 << (bit),
#include "tbl/sets.h"
#undef RIGHT
};

enum challenge { /* a bit mask: a profile has several */
#define CHALLENGE(name, bit, word) CHALLENGE_##name = 1 << (bit),
#include "tbl/sets.h"
#undef CHALLENGE
};

/* Somebody else may have the key. */
bool sets_reason_is_compromise(enum reason r);
/*
 * What is revoked for 'from' may be told anew for 'to': only when that says of the key
 * what 'from' did not.  keyCompromise says more than cACompromise: it is for any key.
 */
bool sets_reason_raises(enum reason to, enum reason from);

/* The word of a member, NULL for what is no member. */
const char *sets_key_alg_word(unsigned n);
const char *sets_usage_word(unsigned one_bit);
const char *sets_usage_oid(unsigned one_bit);
const char *sets_name_type_word(unsigned n);
const char *sets_reason_word(unsigned n);
const char *sets_right_word(unsigned one_bit);
const char *sets_challenge_word(unsigned one_bit);

/* The member of a word; false for another word.  Letter case counts. */
MUST_CHECK bool sets_key_alg_from(struct bytes word, enum key_alg *ret);
MUST_CHECK bool sets_usage_from(struct bytes word, enum usage *ret);
MUST_CHECK bool sets_name_type_from(struct bytes word, enum name_type *ret);
MUST_CHECK bool sets_reason_from(struct bytes word, enum reason *ret);
MUST_CHECK bool sets_right_from(struct bytes word, enum right *ret);
MUST_CHECK bool sets_challenge_from(struct bytes word, enum challenge *ret);

#endif
