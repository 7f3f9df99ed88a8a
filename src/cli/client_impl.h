/* SPDX-License-Identifier: Apache-2.0 */
/* client_impl - what the client's files share. */
#ifndef CLI_CLIENT_IMPL_H
#define CLI_CLIENT_IMPL_H

#include <curl/curl.h>

#include "cli/client.h"

struct client {
	CURL *curl;
	char *dir;    /* NULL with --url */
	char *socket; /* path */
	char *base;   /* before a path, without a slash at the end */
	char *cert, *key, *cacert;
	struct curl_slist *at;  /* where it connects to; NULL: as the URL says */
	bool unverified;        /* the server may be anybody */
	bool mistrusted;        /* what answered last did not verify */
	char *authorization;    /* with a token; NULL: none */
	size_t answer_max;      /* octets */
	json_t *problem;        /* of the last answer that was one */
	curl_off_t retry_after; /* of the last answer; 0: none */
};

/* Fills in where the daemon is, from --url or from the CA directory that is at hand. */
MUST_CHECK bool client_where(struct client *c, const struct options_common *o,
    struct err *e);
/* --url alone. */
MUST_CHECK bool client_where_url(struct client *c, const char *url, struct err *e);

/*
 * Why nothing came back, and what to do; always false.  'said': libcurl's own words;
 * 'c' NULL: of a plain http URL.  ERR_UNAVAILABLE may pass by itself.
 */
bool client_explain(const struct client *c, CURL *curl, CURLcode rc, const char *url,
    const char *said, struct err *e);

#endif
