/* SPDX-License-Identifier: Apache-2.0 */
#include "api/verdict_json.h"

#include <stdlib.h>

#include "base/mem.h"

/* What a refused member said; octets that are no UTF-8 are shown as '?'. */
static json_t *
quote(const char *text)
{
	json_t *v = json_string(text);

	if (v != NULL || text == NULL)
		return v;
	char *copy = mem_strdup(text);
	for (char *c = copy; *c != '\0'; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	v = json_string(copy);
	free(copy);
	return v;
}

json_t *
verdict_json_row(const struct verdict_row *row)
{
	json_t *v = json_object();

	json_object_set_new(v, "rule", json_string(row->rule));
	json_object_set_new(v, "field", quote(row->field));
	json_object_set_new(v, "value", quote(row->value));
	json_object_set_new(v, "allowed", quote(row->allowed));
	return v;
}

json_t *
verdict_json_all(const struct verdict *v)
{
	json_t *list = json_array();

	for (size_t i = 0; i < v->n; i++) {
		json_t *row = verdict_json_row(&v->v[i]);

		json_object_set_new(row, "pass", json_boolean(v->v[i].pass));
		json_array_append_new(list, row);
	}
	return list;
}
