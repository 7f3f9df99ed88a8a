/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests to the whole of core (R52, R85, S83): every route, query and body, as the
 * local administrator or nobody; and, where the path is one of ACME, payloads that are
 * signed here, so that what stands behind the signature is reached.  A real CA
 * directory and database; the signer refuses all, the prober every second.  Lines:
 * method, path, query, content type, Accept, Authorization, who asks; then the body.
 */
#include <unistd.h>

#include "api_world.h"
#include "fuzz.h"

static const struct {
	const char *word;
	enum peer_kind kind;
} peers[] = {
	{ "root", PEER_KIND_UNIX },
	{ "tls", PEER_KIND_TLS },
	{ "cert", PEER_KIND_TLS_CERT },
	{ "plain", PEER_KIND_PLAIN },
};

static enum peer_kind
peer_of(struct bytes word)
{
	for (size_t i = 0; i < NITEMS(peers); i++)
		if (bytes_eq_str(word, peers[i].word))
			return peers[i].kind;
	return PEER_KIND_UNIX;
}

enum {
	METHOD,
	PATH,
	QUERY,
	TYPE,
	ACCEPT,
	AUTHORIZATION,
	PEER,
	LINES
};

FUZZ_TARGET(api)
{
	struct api_world *w = api_world_get();
	struct bytes rest = bytes_of(p, n), line[LINES];
	struct buf path, body;

	if (n > KIB(64))
		return 0;
	for (size_t i = 0; i < LINES; i++)
		line[i] = take_line(&rest);
	buf_init(&path, KIB(32));
	buf_init(&body, KIB(256));
	api_world_fill(w, line[PATH], &path);
	struct msg_http_request m = { .id = 7,
		.request_id = bytes_str("0123456789abcdef"),
		.method = line[METHOD],
		.path = buf_bytes(&path),
		.query = line[QUERY],
		.content_type = line[TYPE],
		.accept = line[ACCEPT],
		.authorization = line[AUTHORIZATION],
		.address = bytes_str("192.0.2.1"),
		.peer = peer_of(line[PEER]) };
	if (m.peer == PEER_KIND_TLS_CERT)
		m.peer_cert = api_world_admin(w);
	if (m.peer == PEER_KIND_UNIX)
		m.address = bytes_of(NULL, 0);
	if (bytes_starts(m.path, "/acme/") && bytes_eq_str(m.method, "POST") &&
	    bytes_eq_str(line[PEER], "signed")) {
		m.peer = PEER_KIND_TLS;
		m.content_type = bytes_str("application/jose+json");
		m.address = bytes_str("192.0.2.1");
		api_world_sign(w, m.path, rest, &body);
		m.body = buf_bytes(&body);
	} else {
		m.body = rest;
	}
	api_world_ask(w, &m);
	for (size_t i = 0; i < LINES; i++)
		free((void *)(uintptr_t)line[i].p);
	buf_free(&path);
	buf_free(&body);
	return 0;
}
