/* SPDX-License-Identifier: Apache-2.0 */
/* policy_data - what the tests of this folder are made of. */
#ifndef POLICY_DATA_H
#define POLICY_DATA_H

#include "policy/profile.h"

#include "base/mem.h"

/* One name, in a type's normal form; free() its text. */
static inline struct name
one_name(enum name_type type, const char *text)
{
	return (struct name){ type, mem_strdup(text) };
}

static inline void
add_name(struct names *n, enum name_type type, const char *text)
{
	n->v = mem_grow(n->v, n->n + 1, sizeof(*n->v));
	n->v[n->n++] = one_name(type, text);
}

/* Did a row of this rule pass (1), fail (0), or is there none (-1)?  The last one counts. */
static inline int
row_of(const struct verdict *v, const char *rule)
{
	for (size_t i = v->n; i > 0; i--)
		if (bytes_eq_str(bytes_str(v->v[i - 1].rule), rule))
			return v->v[i - 1].pass ? 1 : 0;
	return -1;
}

/* As struct bytes, in a table; "\x30\x00". */
#define OCTETS(text)                                                                   \
	{                                                                              \
		(const uint8_t *)(text), sizeof(text) - 1                              \
	}

#endif
