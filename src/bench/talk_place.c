/* SPDX-License-Identifier: Apache-2.0 */
/* Where a URL leads. */
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "bench/talk.h"

static bool
look_up(const char *host, const char *port, struct talk_place *ret, struct err *e)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	const int rc = getaddrinfo(host, port, &hints, &found);

	if (rc != 0)
		return err_set(e, ERR_NOT_FOUND, "%s: %s", host, gai_strerror(rc));
	memcpy(&ret->addr, found->ai_addr, found->ai_addrlen);
	ret->addr_n = found->ai_addrlen;
	freeaddrinfo(found);
	return true;
}

/* "host", "host:port", "[v6]:port" */
static bool
split(struct bytes authority, const char *usual, char **ret_host, char **ret_port)
{
	const bool v6 = bytes_starts(authority, "[");
	const size_t end =
	    v6 ? bytes_index(authority, ']') : bytes_index(authority, ':');
	struct bytes host = bytes_of(authority.p, end);
	struct bytes rest = bytes_skip(authority, v6 ? end + 1 : end);

	if (v6)
		host = bytes_skip(host, 1);
	if (host.n == 0 || (v6 && end == authority.n) ||
	    (rest.n > 0 && (rest.p[0] != ':' || rest.n == 1)))
		return false;
	*ret_host = mem_strndup(host);
	*ret_port = rest.n > 0 ? mem_strndup(bytes_skip(rest, 1)) : mem_strdup(usual);
	return true;
}

bool
talk_place_read(const char *url, struct talk_place *ret, struct err *e)
{
	const bool tls = strncasecmp(url, "https://", 8) == 0;
	struct talk_place p = { .tls = tls };
	struct bytes authority;
	char *port = NULL;

	if (!tls && strncasecmp(url, "http://", 7) != 0)
		return err_set(e, ERR_MALFORMED, "\"%s\" is no URL of http or https",
		    url);
	authority = bytes_str(url + (tls ? 8 : 7));
	authority.n = bytes_index(authority, '/');
	if (!split(authority, tls ? "443" : "80", &p.host, &port))
		return err_set(e, ERR_MALFORMED, "\"%s\" names no host", url);
	p.authority = mem_strndup(authority);
	const bool ok = look_up(p.host, port, &p, e);
	free(port);
	if (ok)
		*ret = p;
	else
		talk_place_free(&p);
	return ok;
}

void
talk_place_free(struct talk_place *p)
{
	free(p->host);
	free(p->authority);
	*p = (struct talk_place){ 0 };
}
