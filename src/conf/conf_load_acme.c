/* SPDX-License-Identifier: Apache-2.0 */
/* ACME: what all directories share, the directory of each profile, whom to ask for names. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "conf_load_impl.h"

#include "base/mem.h"

#define SECOND             INT64_C(1)
#define DAY                (INT64_C(24) * 3600)
#define ORDER_MOST         (90 * DAY)
#define AUTHORIZATION_MOST (398 * DAY)
#define URL_OCTETS_MAX     1000
#define IDENTITIES_MOST    10 /* what one dns-persist-01 challenge may list */
#define RESOLVERS_MOST     8
#define NAMES_DEFAULT      100
#define NAMES_MOST         1000
#define RATE_MOST          1000000
#define DNS_PORT           "53"

/* ---- addresses of resolvers ---- */

/* An address of either kind in its one form, "ip:port" or "[ip]:port". */
static bool
put_resolver(const char *ip, const char *port, struct strings *ret)
{
	uint8_t octets[16];
	char text[INET6_ADDRSTRLEN];
	const int family = strchr(ip, ':') != NULL ? AF_INET6 : AF_INET;

	if (inet_pton(family, ip, octets) != 1 ||
	    inet_ntop(family, octets, text, sizeof(text)) == NULL)
		return false;
	char *whole = mem_printf(family == AF_INET6 ? "[%s]:%s" : "%s:%s", text, port);
	strings_add(ret, whole);
	free(whole);
	return true;
}

/* "ip", "ip:port", "v6", "[v6]", "[v6]:port" */
static bool
read_resolver(const char *text, struct strings *ret)
{
	char *host = NULL;

	if (put_resolver(text, DNS_PORT, ret))
		return true;
	char *whole = conf_load_host_port(text, NULL)
			  ? mem_strdup(text)
			  : mem_printf("%s:" DNS_PORT, text);
	const bool ok = conf_load_host_port(whole, &host) &&
			put_resolver(host, strrchr(whole, ':') + 1, ret);
	free(host);
	free(whole);
	return ok;
}

static bool
read_resolvers(const struct loading *l, const struct node *n,
    const struct strings *from, struct strings *ret)
{
	const struct node *list = conf_load_member(n, "resolvers");

	if (from->n > RESOLVERS_MOST)
		return conf_load_fault(l, list, NULL, "more than %d", RESOLVERS_MOST);
	for (size_t i = 0; i < from->n; i++)
		if (!read_resolver(from->v[i], ret))
			return conf_load_fault(l, conf_load_item(list, i), NULL,
			    "\"%.80s\" must be an address, with a port or without, "
			    "such as "
			    "10.0.0.53 or [fd00::53]:53",
			    from->v[i]);
	return true;
}

void
conf_load_resolv_conf(struct bytes text, struct strings *ret)
{
	while (text.n > 0 && ret->n < RESOLVERS_MOST) {
		const size_t end = bytes_index(text, '\n');
		struct bytes line = bytes_trim(bytes_of(text.p, end));
		char ip[INET6_ADDRSTRLEN];

		text = bytes_skip(text, end + 1);
		if (!bytes_starts(line, "nameserver ") &&
		    !bytes_starts(line, "nameserver\t"))
			continue;
		line = bytes_trim(bytes_skip(line, strlen("nameserver ")));
		for (size_t i = 0; i < line.n; i++)
			if (line.p[i] == ' ' || line.p[i] == '\t')
				line.n = i;
		/* One that is bound to an interface ("fe80::1%eth0") is not taken. */
		if (bytes_to_str(line, ip, sizeof(ip)))
			(void)put_resolver(ip, DNS_PORT, ret);
	}
}

/* ---- what all directories share ---- */

/* A URL that a browser follows; A30. */
static bool
is_web_url(const char *s)
{
	const char *at = strncmp(s, "https://", 8) == 0  ? s + 8
			 : strncmp(s, "http://", 7) == 0 ? s + 7
							 : NULL;

	if (at == NULL || strlen(s) > URL_OCTETS_MAX)
		return false;
	for (const char *c = at; *c != '\0'; c++)
		if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7f ||
		    strchr("\"<>\\^`{|}", *c) != NULL)
			return false;
	char *authority = mem_strndup(bytes_of(at, strcspn(at, "/?#")));
	char *with_port = mem_printf("%s:1", authority);
	const bool ret = conf_load_host_port(authority, NULL) ||
			 conf_load_host_port(with_port, NULL);
	free(authority);
	free(with_port);
	return ret;
}

static bool
read_web_url(const struct loading *l, const struct node *n, const char *key,
    const char *text, char **ret)
{
	if (text != NULL && !is_web_url(text))
		return conf_load_fault(l, n, key,
		    "\"%.80s\" must be a URL that begins with https:// or http://, of "
		    "at most %d octets",
		    text, URL_OCTETS_MAX);
	*ret = mem_strdup(text);
	return true;
}

/* Names that CAA records have to hold: lower-case A-labels (RFC 8659 4.2); A31. */
static bool
read_identities(const struct loading *l, const struct node *n,
    const struct strings *from, struct strings *ret)
{
	const struct node *list = conf_load_member(n, "caa_identities");

	if (from->n > IDENTITIES_MOST)
		return conf_load_fault(l, list, NULL, "more than %d", IDENTITIES_MOST);
	for (size_t i = 0; i < from->n; i++) {
		if (strpbrk(from->v[i], "*_") != NULL ||
		    conf_load_pattern_fault(NAME_TYPE_DNS, from->v[i]) != NULL)
			return conf_load_fault(l, conf_load_item(list, i), NULL,
			    "\"%.80s\" must be a host name in lower case, such as "
			    "ca.internal (as xn--… where it has other letters)",
			    from->v[i]);
		strings_add(ret, from->v[i]);
	}
	return true;
}

static bool
read_limits(const struct loading *l, const struct node *n,
    const struct raw_acme_limits *r, struct conf_acme_site *ret)
{
	ret->accounts_per_hour = 100;
	ret->orders_per_hour = 1000;
	ret->pending_max = 300;
	ret->failures_per_hour = 60;
	return conf_load_number(l, n, "accounts_per_hour", r->accounts_per_hour, 0,
		   RATE_MOST, &ret->accounts_per_hour) &&
	       conf_load_number(l, n, "orders_per_hour", r->orders_per_hour, 0,
		   RATE_MOST, &ret->orders_per_hour) &&
	       conf_load_number(l, n, "pending_orders", r->pending_orders, 0, RATE_MOST,
		   &ret->pending_max) &&
	       conf_load_number(l, n, "failures_per_hour", r->failures_per_hour, 0,
		   RATE_MOST, &ret->failures_per_hour);
}

static bool
read_site(const struct loading *l, const struct raw_acme_site *r)
{
	const struct node *n = conf_load_member(l->root, "acme");
	const size_t most = l->conf->names_max;
	struct conf_acme_site *a = &l->conf->acme;

	a->order_s = 7 * DAY;
	a->names_max = NAMES_DEFAULT < most ? NAMES_DEFAULT : most;
	if (!read_web_url(l, n, "terms_of_service", r->terms_of_service, &a->terms) ||
	    !read_web_url(l, n, "website", r->website, &a->website) ||
	    !read_identities(l, n, &r->caa_identities, &a->caa_identities) ||
	    !read_resolvers(l, n, &r->resolvers, &a->resolvers) ||
	    !conf_load_span(l, n, "order_lifetime", r->order_lifetime, SECOND,
		ORDER_MOST, &a->order_s) ||
	    !conf_load_number(l, n, "max_identifiers", r->max_identifiers, 1,
		NAMES_MOST, &a->names_max) ||
	    !read_limits(l, conf_load_member(n, "limits"), &r->limits, a))
		return false;
	if (a->names_max > most)
		return conf_load_fault(l, n, "max_identifiers",
		    "more than limits.names, which is %zu", most);
	return true;
}

/* ---- the directory of a profile ---- */

static bool
read_challenges(const struct loading *l, const struct node *n,
    const struct strings *raw, struct conf_acme *ret)
{
	const struct node *list = conf_load_member(n, "challenges");

	if (list == NULL) {
		ret->challenges =
		    CHALLENGE_HTTP_01 | CHALLENGE_DNS_01 | CHALLENGE_TLS_ALPN_01;
		return true;
	}
	if (raw->n == 0)
		return conf_load_fault(l, list, NULL, "at least one kind is needed");
	for (size_t i = 0; i < raw->n; i++) {
		const struct node *item = conf_load_item(list, i);
		enum challenge one;

		if (!sets_challenge_from(bytes_str(raw->v[i]), &one))
			return conf_load_fault(l, item, NULL,
			    "\"%.40s\" must be http-01, dns-01, tls-alpn-01, "
			    "dns-account-01 or dns-persist-01",
			    raw->v[i]);
		/* Its record names the CA, by one of them. */
		if (one == CHALLENGE_DNS_PERSIST_01 &&
		    l->conf->acme.caa_identities.n == 0)
			return conf_load_fault(l, item, NULL,
			    "dns-persist-01 needs acme.caa_identities");
		ret->challenges |= one;
	}
	return true;
}

static bool
read_external(const struct loading *l, const struct node *n, const char *text,
    bool *ret)
{
	if (text != NULL && strcmp(text, "required") != 0 &&
	    strcmp(text, "optional") != 0)
		return conf_load_fault(l, n, "external_account",
		    "\"%.40s\" must be required or optional", text);
	*ret = text != NULL && text[0] == 'r';
	return true;
}

static bool
read_networks(const struct loading *l, const struct node *n, const struct strings *raw,
    struct strings *ret)
{
	const struct node *list = conf_load_member(n, "networks");

	if (list != NULL && raw->n == 0)
		return conf_load_fault(l, list, NULL,
		    "lets nothing be reached; leave it out for all but loopback, "
		    "link-local and reserved addresses");
	for (size_t i = 0; i < raw->n; i++) {
		const char *fault = conf_load_pattern_fault(NAME_TYPE_IP, raw->v[i]);

		if (fault != NULL)
			return conf_load_fault(l, conf_load_item(list, i), NULL,
			    "\"%.80s\" %s", raw->v[i], fault);
		strings_add(ret, raw->v[i]);
	}
	return true;
}

static bool
read_port(const struct loading *l, const struct node *n, const char *key,
    const char *text, uint16_t otherwise, uint16_t *ret)
{
	size_t port = otherwise;

	if (!conf_load_number(l, n, key, text, 1, UINT16_MAX, &port))
		return false;
	*ret = (uint16_t)port;
	return true;
}

static bool
read_caa(const struct loading *l, const struct node *n, const char *text, bool *ret)
{
	if (!conf_load_flag(l, n, "caa", text, ret))
		return false;
	return !*ret || l->conf->acme.caa_identities.n > 0 ||
	       conf_load_fault(l, n, "caa", "needs acme.caa_identities");
}

/* Identifiers are DNS names and addresses (RFC 8555 9.7.7, RFC 8738). */
static bool
has_identifiers(const struct conf_profile *p)
{
	return p->names.dns.n + p->names.ip.n > 0;
}

/* The others that an order may name instead of its directory's own. */
static bool
read_others(const struct loading *l, const struct node *n, const struct strings *raw,
    const struct conf_profile *own, struct strings *ret)
{
	const struct node *list = conf_load_member(n, "profiles");

	for (size_t i = 0; i < raw->n; i++) {
		const struct node *item = conf_load_item(list, i);
		const struct conf_profile *p =
		    conf_profile_find(l->conf, bytes_str(raw->v[i]));

		if (p == NULL)
			return conf_load_fault(l, item, NULL,
			    "there is no profile \"%.40s\"", raw->v[i]);
		if (p == own)
			return conf_load_fault(l, item, NULL,
			    "is the profile itself, which is there anyway");
		if (!has_identifiers(p))
			return conf_load_fault(l, item, NULL,
			    "\"%.40s\" lets no dns or ip names in", raw->v[i]);
		for (size_t k = 0; k < i; k++)
			if (strcmp(raw->v[k], raw->v[i]) == 0)
				return conf_load_fault(l, item, NULL, "is there twice");
		strings_add(ret, raw->v[i]);
	}
	return true;
}

static bool
read_directory(const struct loading *l, const struct node *profile,
    const struct raw_acme *r, struct conf_profile *p)
{
	const struct node *n = conf_load_member(profile, "acme");
	struct conf_acme *a = &p->acme;

	if (n == NULL)
		return true;
	if (!has_identifiers(p))
		return conf_load_fault(l, n, NULL,
		    "needs a profile that lets dns or ip names in");
	a->on = true;
	a->authorization_s = 7 * DAY;
	return read_challenges(l, n, &r->challenges, a) &&
	       read_external(l, n, r->external_account, &a->external_account) &&
	       read_others(l, n, &r->profiles, p, &a->profiles) &&
	       read_networks(l, n, &r->networks, &a->networks) &&
	       read_resolvers(l, n, &r->resolvers, &a->resolvers) &&
	       read_port(l, n, "http_port", r->http_port, 80, &a->http_port) &&
	       read_port(l, n, "tls_port", r->tls_port, 443, &a->tls_port) &&
	       read_caa(l, n, r->caa, &a->caa) &&
	       conf_load_flag(l, n, "subdomains", r->subdomains, &a->subdomains) &&
	       conf_load_span(l, n, "authorization_lifetime", r->authorization_lifetime,
		   SECOND, AUTHORIZATION_MOST, &a->authorization_s);
}

bool
conf_load_acme(const struct loading *l, const struct raw *r)
{
	const struct node *list = conf_load_member(l->root, "profiles");

	if (!read_site(l, &r->acme))
		return false;
	for (size_t i = 0; i < r->n_profiles; i++)
		if (!read_directory(l, conf_load_item(list, i), &r->profiles[i].acme,
			&l->conf->profiles[i]))
			return false;
	return true;
}
