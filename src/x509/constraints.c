/* SPDX-License-Identifier: Apache-2.0 */
#include "x509/constraints.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "x509/names_text.h"

void
constraints_free(struct constraints *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->v[i].text);
	free(c->v);
	*c = (struct constraints){ 0 };
}

void
constraints_join(struct constraints *to, struct constraints *from)
{
	/* Entries of one CA stand together, numbered upwards. */
	const unsigned next = to->n > 0 ? to->v[to->n - 1].ca + 1 : 0;

	if (from->n > 0)
		to->v = mem_grow(to->v, to->n + from->n, sizeof(*to->v));
	for (size_t i = 0; i < from->n; i++) {
		to->v[to->n] = from->v[i];
		to->v[to->n++].ca += next;
	}
	free(from->v);
	*from = (struct constraints){ 0 };
}

/* Is 'host' the domain itself or below it?  A domain that begins with a dot: only below. */
static bool
is_within(struct bytes host, const char *domain)
{
	const size_t n = strlen(domain);

	if (n == 0)
		return true;
	if (host.n < n || !bytes_eq_nocase(bytes_skip(host, host.n - n), domain))
		return false;
	if (domain[0] == '.')
		return host.n > n;
	return host.n == n || host.p[host.n - n - 1] == '.';
}

/*
 * "*.x" stands for every name one label below x.  All of them are permitted if
 * x is within the subtree or is its top; one of them is excluded already if the
 * excluded subtree's top is such a name.
 */
static bool
dns_matches(const struct constraint *c, const char *text)
{
	const bool wild = strncmp(text, "*.", 2) == 0;
	const struct bytes host = bytes_str(text);
	const char *top = c->text[0] == '.' ? c->text + 1 : c->text;

	if (is_within(host, c->text))
		return true;
	if (!wild || !c->excluded)
		return false;
	const char *dot = strchr(top, '.');
	return dot != NULL && bytes_eq_nocase(bytes_skip(host, 2), dot + 1) &&
	       c->text[0] != '.';
}

/* RFC 5280 4.2.1.10: a mailbox, a host, or with a leading dot the hosts below. */
static bool
email_matches(const struct constraint *c, const char *text)
{
	const struct bytes all = bytes_str(text);
	const struct bytes host = bytes_skip(all, bytes_index(all, '@') + 1);
	const char *at = strchr(c->text, '@');

	if (at != NULL) { /* the local part is case-sensitive, the host is not */
		const size_t n = (size_t)(at - c->text) + 1;
		return strncmp(text, c->text, n) == 0 && bytes_eq_nocase(host, at + 1);
	}
	if (c->text[0] == '.')
		return is_within(host, c->text);
	return c->text[0] == '\0' || bytes_eq_nocase(host, c->text);
}

/* RFC 5280 4.2.1.10: a host exactly, or with a leading dot the hosts below. */
static bool
uri_matches(const struct constraint *c, const char *text)
{
	struct bytes host;

	if (!names_uri_host(text, &host))
		return c->excluded;
	if (c->text[0] == '.')
		return is_within(host, c->text);
	return c->text[0] == '\0' || bytes_eq_nocase(host, c->text);
}

/* RFC 5280 4.2.1.10: where hosts are constrained, a URI has to have one that is a name. */
static bool
has_host_name(const char *uri)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t ip[16];
	struct bytes host;

	return names_uri_host(uri, &host) && (!bytes_to_str(host, text, sizeof(text)) ||
						 name_ip_octets(text, ip) == 0);
}

static bool
ip_matches(const struct constraint *c, const char *text)
{
	uint8_t ip[16];

	if (name_ip_octets(text, ip) != c->ip_n)
		return false;
	for (size_t i = 0; i < c->ip_n; i++)
		if (((ip[i] ^ c->ip[i]) & c->mask[i]) != 0)
			return false;
	return true;
}

static bool
matches(const struct constraint *c, const char *text)
{
	switch (c->type) {
	case NAME_TYPE_DNS:
		return dns_matches(c, text);
	case NAME_TYPE_EMAIL:
		return email_matches(c, text);
	case NAME_TYPE_URI:
		return uri_matches(c, text);
	case NAME_TYPE_IP:
		return ip_matches(c, text);
	}
	return c->excluded; /* not reached: constraints_parse() lets no other in */
}

/* Has the CA permitted subtrees of this type, and is the name in none of them? */
static bool
lacks_permission(const struct constraints *c, unsigned ca, enum name_type type,
    const char *text)
{
	bool any = false;

	for (size_t i = 0; i < c->n; i++) {
		const struct constraint *k = &c->v[i];

		if (k->excluded || k->ca != ca || k->type != type)
			continue;
		if (matches(k, text))
			return false;
		any = true;
	}
	return any;
}

bool
constraints_check(const struct constraints *c, enum name_type type, const char *text,
    struct err *e)
{
	const char *word = sets_name_type_word(type);
	char quoted[NAMES_QUOTE_LEN];

	names_quote(bytes_str(text), quoted);
	for (size_t i = 0; i < c->n; i++) {
		const struct constraint *k = &c->v[i];

		if (k->type == type && type == NAME_TYPE_URI && !has_host_name(text))
			return err_set(e, ERR_POLICY,
			    "uri \"%s\" has no host, or an address for it, and the "
			    "issuer constrains hosts by name",
			    quoted);
		if (k->type == type && k->excluded && matches(k, text))
			return err_set(e, ERR_POLICY,
			    "%s \"%s\" is excluded by the issuer's name constraint "
			    "\"%s\"",
			    word, quoted, k->text);
	}
	for (size_t i = 0; i < c->n; i++)
		if ((i == 0 || c->v[i].ca != c->v[i - 1].ca) &&
		    lacks_permission(c, c->v[i].ca, type, text))
			return err_set(e, ERR_POLICY,
			    "%s \"%s\" is in none of the subtrees that the issuer's "
			    "name constraints permit",
			    word, quoted);
	return true;
}
