/* SPDX-License-Identifier: Apache-2.0 */
#include "api/acme_identifiers.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define DOUBLES_MAX 4 /* so often as many may come, for they may be there twice */

void
acme_identifiers_free(struct acme_identifiers *i)
{
	for (size_t k = 0; i->ancestors != NULL && k < i->names.n; k++)
		free(i->ancestors[k]);
	free(i->ancestors);
	names_free(&i->names);
	*i = (struct acme_identifiers){ 0 };
}

/* The kinds that can be validated; others have no challenge. */
static bool
read_type(const json_t *object, enum name_type *ret, struct err *e)
{
	const char *word = json_string_value(json_object_get(object, "type"));

	if (word == NULL)
		return err_set(e, ERR_MALFORMED,
		    "an identifier is an object with the strings type and value");
	if (!sets_name_type_from(bytes_str(word), ret) ||
	    (*ret != NAME_TYPE_DNS && *ret != NAME_TYPE_IP))
		return err_set(e, ERR_IDENTIFIER_TYPE,
		    "identifiers of type \"%.40s\" are not supported: dns and ip are",
		    word);
	return true;
}

static void
append(struct acme_identifiers *to, enum name_type type, char *text, char *ancestor)
{
	struct names *n = &to->names;

	n->v = mem_grow(n->v, n->n + 1, sizeof(*n->v));
	to->ancestors = mem_grow(to->ancestors, n->n + 1, sizeof(*to->ancestors));
	n->v[n->n] = (struct name){ type, text };
	to->ancestors[n->n++] = ancestor;
}

/* RFC 9444 4.1 */
static bool
read_ancestor(const json_t *object, char **ret, struct err *e)
{
	const json_t *v = json_object_get(object, "ancestorDomain");

	*ret = NULL;
	if (v == NULL || json_is_null(v))
		return true;
	const char *text = json_string_value(v);
	if (text == NULL || bytes_starts(bytes_str(text), "*."))
		return err_set(e, ERR_MALFORMED, "ancestorDomain is no DNS name");
	if (!name_normal(NAME_TYPE_DNS, bytes_str(text), ret, e)) {
		e->code = ERR_MALFORMED;
		return err_prefix(e, "ancestorDomain");
	}
	return true;
}

static bool
read_identifier(const json_t *object, bool ancestors, struct acme_identifiers *to,
    struct verdict *v, struct err *e)
{
	const char *value = json_string_value(json_object_get(object, "value"));
	enum name_type type;
	char *text, *ancestor = NULL;
	struct err why;

	if (!read_type(object, &type, e))
		return false;
	if (value == NULL)
		return err_set(e, ERR_MALFORMED, "an identifier's value is no string");
	if (!name_normal(type, bytes_str(value), &text, &why)) {
		char *field = mem_printf("names[%zu]", to->names.n);

		verdict_add(v, false, ERR_MALFORMED, "identifier", field, why.detail,
		    "");
		free(field);
		append(to, type, mem_strdup(value), NULL);
		return true;
	}
	if (names_have(&to->names, type, text)) { /* some clients say it twice */
		free(text);
		return true;
	}
	if (ancestors && !read_ancestor(object, &ancestor, e)) {
		free(text);
		return false;
	}
	append(to, type, text, ancestor);
	return true;
}

/* The first in words; the rows tell of all. */
static bool
told(const struct verdict *v, struct err *e)
{
	if (v->refused == 0)
		return true;
	char *more = v->refused > 1 ? mem_printf(" (and %zu more)", v->refused - 1)
				    : mem_strdup("");
	for (size_t i = 0; i < v->n; i++)
		if (!v->v[i].pass) {
			err_set(e, ERR_MALFORMED, "identifier: %.300s%s", v->v[i].value,
			    more);
			break;
		}
	free(more);
	return false;
}

bool
acme_identifiers_read(const json_t *list, size_t max, bool ancestors,
    struct acme_identifiers *ret, struct verdict *v, struct err *e)
{
	const json_t *object;
	size_t i;

	if (!json_is_array(list) || json_array_size(list) == 0)
		return err_set(e, ERR_MALFORMED,
		    "identifiers must be a list of at least one");
	if (json_array_size(list) > DOUBLES_MAX * max)
		return err_set(e, ERR_MALFORMED,
		    "an order may have %zu identifiers; this one has %zu", max,
		    json_array_size(list));
	json_array_foreach(list, i, object)
	{
		if (!read_identifier(object, ancestors, ret, v, e))
			return false;
	}
	return told(v, e);
}

bool
acme_identifiers_read_one(const json_t *object, struct acme_identifiers *ret,
    struct verdict *v, struct err *e)
{
	return read_identifier(object, false, ret, v, e) && told(v, e);
}
