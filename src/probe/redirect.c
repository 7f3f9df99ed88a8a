/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/redirect.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#define HTTP  80
#define HTTPS 443

static bool
refuse(struct err *e, const char *why)
{
	return err_set(e, ERR_PROBE_CONNECTION, "the redirect %s", why);
}

/* FNV-1a: the few of one validation, which its target chooses itself. */
static uint64_t
hash(const char *s)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (; *s != '\0'; s++)
		h = (h ^ (uint8_t)*s) * UINT64_C(1099511628211);
	return h;
}

/* A part of the URL as text of at most 'size' - 1 characters; false: absent or longer. */
static bool
part(CURLU *u, CURLUPart what, unsigned flags, char *ret, size_t size)
{
	char *text = NULL;
	const bool ok = curl_url_get(u, what, &text, flags) == CURLUE_OK &&
			bytes_to_str(bytes_str(text), ret, size);

	curl_free(text);
	return ok;
}

static bool
has(CURLU *u, CURLUPart what)
{
	char *text = NULL;
	const bool there = curl_url_get(u, what, &text, 0) == CURLUE_OK;

	curl_free(text);
	return there;
}

/* In place: brackets and the last dot go. */
static bool
take_host(char *host)
{
	size_t n = strlen(host);

	if (n > 2 && host[0] == '[' && host[n - 1] == ']') {
		memmove(host, host + 1, n - 2);
		host[n - 2] = '\0';
		return strspn(host, "0123456789abcdefABCDEF:.") == n - 2;
	}
	if (n > 1 && host[n - 1] == '.')
		host[--n] = '\0';
	return n > 0 && n <= 253 &&
	       strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "0123456789-_.") == n &&
	       strstr(host, "..") == NULL && host[0] != '.';
}

static bool
read_target(const struct redirect_path *p, CURLU *u, const char *url,
    struct redirect_target *ret, struct err *e)
{
	char scheme[8], port[8];

	if (curl_url_set(u, CURLUPART_URL, url, 0) != CURLUE_OK)
		return refuse(e, "does not lead to a URL of http or https");
	/* curl knows further schemes. */
	if (!part(u, CURLUPART_SCHEME, 0, scheme, sizeof(scheme)) ||
	    (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0))
		return refuse(e, "does not lead to a URL of http or https");
	if (has(u, CURLUPART_USER) || has(u, CURLUPART_PASSWORD) ||
	    has(u, CURLUPART_ZONEID))
		return refuse(e, "has a user, a password or a zone in its URL");
	if (!part(u, CURLUPART_HOST, 0, ret->host, sizeof(ret->host)) ||
	    !take_host(ret->host))
		return refuse(e, "leads to a host that is no name and no address");
	if (!part(u, CURLUPART_PORT, CURLU_DEFAULT_PORT, port, sizeof(port)))
		return refuse(e, "has no port");
	const long n = strtol(port, NULL, 10);
	if (n != HTTP && n != HTTPS && n != p->http_port && n != p->tls_port)
		return refuse(e, "leads to another port than 80 and 443");
	ret->port = (uint16_t)n;
	if (curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0) != CURLUE_OK ||
	    !part(u, CURLUPART_URL, 0, ret->url, sizeof(ret->url)))
		return refuse(e, "leads to a URL that is too long");
	return true;
}

bool
redirect_to(struct redirect_path *p, const char *base, const char *url,
    struct redirect_target *ret, struct err *e)
{
	struct redirect_target t;

	if (p->n > REDIRECT_HOPS_MAX)
		return err_set(e, ERR_PROBE_CONNECTION, "more than %d redirects",
		    REDIRECT_HOPS_MAX);
	if (url[0] == '\0')
		return refuse(e, "leads nowhere");
	if (strlen(url) > REDIRECT_URL_MAX)
		return refuse(e, "leads to a URL that is too long");
	CURLU *u = curl_url();
	if (u == NULL)
		return err_set(e, ERR_INTERNAL, "libcurl gave no URL");
	const bool ok =
	    (base == NULL || curl_url_set(u, CURLUPART_URL, base, 0) == CURLUE_OK ||
		refuse(e, "has no URL before it")) &&
	    read_target(p, u, url, &t, e);
	curl_url_cleanup(u);
	if (!ok)
		return false;
	const uint64_t h = hash(t.url);
	for (size_t i = 0; i < p->n; i++)
		if (p->seen[i] == h)
			return refuse(e, "goes round");
	p->seen[p->n++] = h;
	*ret = t;
	return true;
}
