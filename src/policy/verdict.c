/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/verdict.h"

#include <stdlib.h>

#include "base/mem.h"

void
verdict_free(struct verdict *v)
{
	for (size_t i = 0; i < v->n; i++) {
		free(v->v[i].field);
		free(v->v[i].value);
		free(v->v[i].allowed);
	}
	free(v->v);
	*v = (struct verdict){ .terse = v->terse };
}

bool
verdict_keeps(const struct verdict *v, bool pass)
{
	return !pass || !v->terse;
}

static struct verdict_row *
add_row(struct verdict *v, const char *rule, const char *field, const char *value,
    const char *allowed)
{
	v->v = mem_grow(v->v, v->n + 1, sizeof(*v->v));
	struct verdict_row *row = &v->v[v->n++];
	*row = (struct verdict_row){
		.rule = rule,
		.field = mem_strdup(field),
		.value = mem_strdup(value),
		.allowed = mem_strdup(allowed),
	};
	return row;
}

bool
verdict_add(struct verdict *v, bool pass, enum err_code code, const char *rule,
    const char *field, const char *value, const char *allowed)
{
	if (!verdict_keeps(v, pass))
		return pass;
	struct verdict_row *row = add_row(v, rule, field, value, allowed);
	row->pass = pass;
	row->code = code;
	if (!pass && v->refused++ == 0)
		v->code = code;
	return pass;
}

void
verdict_cut(struct verdict *v, const char *rule, const char *field, const char *value,
    const char *allowed)
{
	struct verdict_row *row = add_row(v, rule, field, value, allowed);

	row->pass = true;
	row->cut = true;
}

void
verdict_notes(const struct verdict *v, struct strings *ret)
{
	for (size_t i = 0; i < v->n; i++) {
		const struct verdict_row *row = &v->v[i];

		if (row->cut)
			strings_printf(ret, "%s: %s \"%s\" is too much; allowed: %s",
			    row->rule, row->field, row->value, row->allowed);
	}
}

bool
verdict_ok(const struct verdict *v, struct err *e)
{
	const struct verdict_row *first = v->v;
	char *more;

	if (v->refused == 0)
		return true;
	while (first->pass)
		first++;
	more = v->refused > 1 ? mem_printf("; and %zu more violation%s", v->refused - 1,
				    v->refused == 2 ? "" : "s")
			      : mem_strdup("");
	err_set(e, v->code, "%s: %s \"%.150s\" is refused; allowed: %.180s%s",
	    first->rule, first->field, first->value, first->allowed, more);
	free(more);
	return false;
}
