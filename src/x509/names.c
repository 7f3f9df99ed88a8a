/* SPDX-License-Identifier: Apache-2.0 */
#include "x509/names.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "x509/names_text.h"

void
names_free(struct names *n)
{
	for (size_t i = 0; i < n->n; i++)
		free(n->v[i].text);
	free(n->v);
	*n = (struct names){ 0 };
}

void
names_quote(struct bytes text, char ret[static NAMES_QUOTE_LEN])
{
	static const char digits[] = "0123456789abcdef";
	size_t at = 0;

	for (size_t i = 0; i < text.n; i++) {
		const uint8_t c = text.p[i];

		if (at + sizeof("\\xNN...") > NAMES_QUOTE_LEN) {
			memcpy(ret + at, "...", 3);
			at += 3;
			break;
		}
		if (c >= 0x20 && c < 0x7f) {
			ret[at++] = (char)c;
			continue;
		}
		ret[at++] = '\\';
		ret[at++] = 'x';
		ret[at++] = digits[c >> 4];
		ret[at++] = digits[c & 15];
	}
	ret[at] = '\0';
}

bool
name_normal(enum name_type type, struct bytes text, char **ret, struct err *e)
{
	static bool (*const checks[])(struct bytes, char **, struct err *) = {
		[NAME_TYPE_EMAIL] = names_email_normal,
		[NAME_TYPE_DNS] = names_dns_normal,
		[NAME_TYPE_URI] = names_uri_normal,
		[NAME_TYPE_IP] = names_ip_normal,
	};

	if (type >= NITEMS(checks) || checks[type] == NULL)
		return err_set(e, ERR_POLICY, "%d is no kind of name", (int)type);
	return checks[type](text, ret, e);
}

bool
names_add(struct names *n, enum name_type type, struct bytes text, struct err *e)
{
	char *normal = NULL;

	if (!name_normal(type, text, &normal, e))
		return false;
	if (names_have(n, type, normal)) {
		char quoted[NAMES_QUOTE_LEN];

		names_quote(bytes_str(normal), quoted);
		free(normal);
		return err_set(e, ERR_POLICY, "%s name \"%s\" is there twice",
		    sets_name_type_word(type), quoted);
	}
	n->v = mem_grow(n->v, n->n + 1, sizeof(*n->v));
	n->v[n->n++] = (struct name){ .type = type, .text = normal };
	return true;
}

bool
names_have(const struct names *n, enum name_type type, const char *text)
{
	for (size_t i = 0; i < n->n; i++)
		if (n->v[i].type == type && strcmp(n->v[i].text, text) == 0)
			return true;
	return false;
}

bool
names_same(const struct names *a, const struct names *b)
{
	if (a->n != b->n)
		return false;
	/* No name is there twice (names_add), so one direction is enough. */
	for (size_t i = 0; i < a->n; i++)
		if (!names_have(b, a->v[i].type, a->v[i].text))
			return false;
	return true;
}

size_t
name_ip_octets(const char *text, uint8_t ret[static 16])
{
	if (inet_pton(AF_INET, text, ret) == 1)
		return 4;
	return inet_pton(AF_INET6, text, ret) == 1 ? 16 : 0;
}
