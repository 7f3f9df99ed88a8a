/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/named.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define NAMES_MAX KIB(4) /* as much as a sentence may hold is far less */

static bool
is_text(const json_t *v, const char *member, const char *text)
{
	const char *is = json_text(v, member);

	return is != NULL && strcmp(is, text) == 0;
}

char *
named_all(const json_t *list)
{
	const json_t *v;
	struct buf b;
	size_t i;

	buf_init(&b, NAMES_MAX);
	json_array_foreach(list, i, v)
	{
		const char *name = json_text(v, "name");

		if (name != NULL)
			buf_printf(&b, "%s%s", b.n > 0 ? ", " : "", name);
	}
	char *ret = mem_strdup(buf_str(&b));
	buf_free(&b);
	return ret;
}

const json_t *
named_find(const json_t *list, const char *what, const char *name, struct err *e)
{
	const json_t *v;
	size_t i;

	json_array_foreach(list, i, v)
	{
		if (is_text(v, "name", name))
			return v;
	}
	char *all = named_all(list);
	err_set(e, ERR_NOT_FOUND, "there is no %s \"%.80s\"; there is: %s", what, name,
	    all);
	free(all);
	return NULL;
}

static bool
is_in_use(const json_t *profiles, const char *issuer)
{
	const json_t *p;
	size_t i;

	json_array_foreach(profiles, i, p)
	{
		if (is_text(p, "issuer", issuer))
			return true;
	}
	return false;
}

static bool
choose(const json_t *issuers, const json_t *profiles, char **ret, struct err *e)
{
	const json_t *v;
	size_t i;

	json_array_foreach(issuers, i, v)
	{
		const char *name = json_text(v, "name");

		if (name == NULL || strcmp(name, "root") == 0 ||
		    json_object_get(v, "revoked_at") != NULL ||
		    !is_in_use(profiles, name))
			continue;
		*ret = mem_strdup(name);
		return true;
	}
	char *all = named_all(issuers);
	err_set(e, ERR_NOT_FOUND, "no issuer signs by any profile now; name one of: %s",
	    all);
	free(all);
	return false;
}

bool
named_default_issuer(struct client *c, char **ret, struct err *e)
{
	json_t *issuers = NULL, *profiles = NULL;
	bool ok = client_get_json(c, "/v1/issuers", &issuers, e) &&
		  client_get_json(c, "/v1/profiles", &profiles, e);

	if (ok)
		ok = choose(json_object_get(issuers, "issuers"),
		    json_object_get(profiles, "profiles"), ret, e);
	else if (client_answered_problem(c))
		/* A stranger may have lists, but not know who is there. */
		err_prefix(e, "which issuer's? Name one, such as main");
	json_decref(issuers);
	json_decref(profiles);
	return ok;
}
