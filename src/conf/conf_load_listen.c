/* SPDX-License-Identifier: Apache-2.0 */
/* Where the daemon listens, and the URLs that lead there. */
#include <stdlib.h>
#include <string.h>

#include "conf_load_impl.h"

#include "base/mem.h"

/* ---- addresses ---- */

struct place {
	struct conf_cidr ip;
	const char *port;
};

/* As sys/sock.h takes it: a numeric address or "localhost", so that nobody is asked. */
static bool
read_place(const char *text, struct place *ret)
{
	static const char local[] = "localhost:";
	char *host = NULL;

	if (!conf_load_host_port(text, &host))
		return false;
	const bool named = strncmp(text, local, strlen(local)) == 0;
	const bool ok = conf_cidr(named ? "127.0.0.1" : host, &ret->ip);
	free(host);
	ret->port = strrchr(text, ':') + 1;
	return ok;
}

static bool
is_every(const struct conf_cidr *c)
{
	static const uint8_t zeros[16];

	return memcmp(c->ip, zeros, c->octets) == 0;
}

/* The system gives the second of the two to nobody. */
static bool
meet(const struct place *a, const struct place *b)
{
	return a->ip.octets == b->ip.octets && strcmp(a->port, b->port) == 0 &&
	       (is_every(&a->ip) || is_every(&b->ip) ||
		   memcmp(a->ip.ip, b->ip.ip, a->ip.octets) == 0);
}

/* One address is one listener's, whatever it serves.  NULL: it is free. */
static const char *
taken_by(const struct conf *c, const struct place *p, size_t *ret_n)
{
	const struct strings *lists[] = { &c->listen_api, &c->listen_http,
		&c->listen_metrics };
	const char *found = NULL;
	struct place other;

	*ret_n = 0;
	for (size_t i = 0; i < NITEMS(lists); i++)
		for (size_t k = 0; k < lists[i]->n; k++) {
			++*ret_n;
			if (found == NULL && read_place(lists[i]->v[k], &other) &&
			    meet(&other, p))
				found = lists[i]->v[k];
		}
	return found;
}

static bool
check_address(const struct loading *l, const struct node *n, const char *text)
{
	struct place p;
	size_t count;

	if (!read_place(text, &p))
		return conf_load_fault(l, n, NULL,
		    "\"%.80s\" must be ADDRESS:PORT with a numeric address, such as "
		    "127.0.0.1:8443, [::1]:8443 or 0.0.0.0:8443",
		    text);
	if (conf_load_is_mapped(&p.ip))
		return conf_load_fault(l, n, NULL,
		    "\"%.80s\" is an IPv4 address in another form; write it as IPv4",
		    text);
	const char *other = taken_by(l->conf, &p, &count);
	if (other != NULL && strcmp(text, other) == 0)
		return conf_load_fault(l, n, NULL, "\"%.80s\" is there twice", text);
	if (other != NULL)
		return conf_load_fault(l, n, NULL,
		    "\"%.80s\" cannot be had beside \"%.80s\": they are one address, "
		    "or "
		    "one is all",
		    text, other);
	return count < CONF_LISTENERS_MAX ||
	       conf_load_fault(l, n, NULL, "more than %d addresses",
		   CONF_LISTENERS_MAX);
}

static bool
read_list(const struct loading *l, const struct node *listen, const char *key,
    const struct strings *from, const char *otherwise, struct strings *ret)
{
	const struct node *list = conf_load_member(listen, key);

	if (list == NULL &&
	    !check_address(l, listen != NULL ? listen : l->root, otherwise))
		return false;
	if (list == NULL)
		strings_add(ret, otherwise);
	for (size_t i = 0; i < from->n; i++) {
		if (!check_address(l, conf_load_item(list, i), from->v[i]))
			return false;
		strings_add(ret, from->v[i]);
	}
	return true;
}

/* ---- URLs ---- */

/* Is it every address of the machine, so that no URL can be made of it? */
static bool
is_any_host(const char *host_port)
{
	struct place p;

	return read_place(host_port, &p) && is_every(&p.ip);
}

/* A URL of scheme, host and port; without one, that of the first address. */
static bool
read_url(const struct loading *l, const char *key, const char *text, const char *scheme,
    const struct strings *listen, char **ret)
{
	const struct node *urls = conf_load_member(l->root, "urls");
	const size_t n = strlen(scheme);

	if (text == NULL) {
		if (listen->n == 0 || is_any_host(listen->v[0]))
			return conf_load_fault(l, urls != NULL ? urls : l->root, NULL,
			    "\"urls.%s\" is missing, and listen.%s names no one "
			    "address that it could be made of",
			    key, strcmp(key, "api") == 0 ? "api" : "http");
		*ret = mem_printf("%s%s", scheme, listen->v[0]);
		return true;
	}
	char *url = mem_strdup(text);
	while (strlen(url) > n && url[strlen(url) - 1] == '/')
		url[strlen(url) - 1] = '\0';
	char *authority = strncmp(url, scheme, n) == 0 ? url + n : url;
	char *with_port = mem_printf("%s:1", authority);
	const bool ok = authority != url && (conf_load_host_port(authority, NULL) ||
						conf_load_host_port(with_port, NULL));
	free(with_port);
	if (!ok) {
		free(url);
		return conf_load_fault(l, urls, key,
		    "\"%.80s\" must be %sHOST or %sHOST:PORT, without a path", text,
		    scheme, scheme);
	}
	*ret = url;
	return true;
}

/* The listener's certificate names it. */
static bool
check_url_host(const struct loading *l)
{
	const struct node *urls = conf_load_member(l->root, "urls");
	char *host = conf_load_url_host(l->conf);
	struct conf_cidr c;
	const char *fault = conf_cidr(host, &c) ? NULL : conf_load_host_fault(host);
	const bool ok = fault == NULL ||
			conf_load_fault(l, urls, "api", "\"%.80s\" %s", host, fault);

	free(host);
	return ok;
}

bool
conf_load_listen(const struct loading *l, const struct raw *r)
{
	const struct node *n = conf_load_member(l->root, "listen");
	struct conf *c = l->conf;

	if (!read_list(l, n, "api", &r->listen.api, "127.0.0.1:8443", &c->listen_api) ||
	    !read_list(l, n, "http", &r->listen.http, "127.0.0.1:8080",
		&c->listen_http) ||
	    !read_list(l, n, "metrics", &r->listen.metrics, "127.0.0.1:9090",
		&c->listen_metrics))
		return false;
	if (c->listen_api.n == 0)
		return conf_load_fault(l, n, "api", "at least one address is needed");
	return read_url(l, "api", r->urls.api, "https://", &c->listen_api,
		   &c->url_api) &&
	       check_url_host(l) &&
	       read_url(l, "public", r->urls.public, "http://", &c->listen_http,
		   &c->url_public);
}
