/* SPDX-License-Identifier: Apache-2.0 */
/*
 * acme - one ACME request in core: whose directory, which key signed it, what it
 * says (RFC 8555 6).
 *
 * A row of tbl/acme_routes.h says what a resource wants; acme.c has judged all of
 * it before a handler runs: method, content type, JWS, algorithm, account, url, nonce,
 * key, signature, in this order.  A handler answers exactly once by acme_json(),
 * acme_octets() or acme_problem(); after that 'a' is gone.  It may answer later, from
 * a callback.  Set a->r->wrote where the answer tells of a write.
 */
#ifndef API_ACME_H
#define API_ACME_H

#include "api/request.h"
#include "ca/acme.h"
#include "codec/json_put.h"
#include "jose/jwk.h"
#include "jose/jws.h"
#include "store/store_acme_account.h"

enum acme_gate {
	ACME_GATE_OPEN =
	    1,         /* GET, and POST-as-GET by whoever (directory, new-nonce, ARI) */
	ACME_GATE_JWK, /* a JWS with its key (new-account) */
	ACME_GATE_KID, /* a JWS by a valid account */
	ACME_GATE_EITHER /* either (revoke-cert) */
};

struct acme {
	struct request *r;
	const struct conf_profile *directory;
	struct bytes params[ROUTE_PARAMS]; /* ids in the path, as they stand there */
	struct jws *jws;                   /* NULL for GET */
	struct jwk *key;                   /* that verified it; NULL for GET */
	bool has_account;
	struct acme_account account; /* where has_account */
	json_t *payload;             /* an object; NULL: POST-as-GET, or GET */
	bool is_directory; /* the answer is the directory: no link to itself */
};
typedef void acme_handler(struct acme *a);

/* The answers; each frees the request.  The nonce and the link to the directory are put in. */
void acme_json(struct acme *a, int status, json_t *v); /* takes over 'v' */
void acme_octets(struct acme *a, int status, const char *type, struct bytes body);
/* One object that was put into w->b; it is freed. */
void acme_json_put(struct acme *a, int status, struct json_put *w);
/*
 * As a problem document of RFC 8555 6.7.  The failed rows of 'v' (may be NULL) whose
 * field names an identifier ("names[2]") become subproblems of it.
 */
void acme_problem(struct acme *a, const struct err *e, const struct verdict *v,
    const struct names *names);

/* "https://ca.example/acme/server" and what 'fmt' makes; free() it. */
char *acme_url(const struct acme *a, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* A header Link: one line each. */
void acme_link(struct acme *a, const char *rel, const char *url);
/* Sets "Location". */
void acme_location(struct acme *a, const char *url);
void acme_retry_after(struct acme *a, unsigned seconds);
/* The path parameter as an id; false: it cannot be one. */
MUST_CHECK bool acme_id(const struct acme *a, size_t param,
    char ret[static ACME_ID_LEN]);
/* Sets a string member; takes over 'text', as acme_url() gives it. */
void acme_put(json_t *to, const char *member, char *text);
/* A string member that holds such a URL. */
void acme_put_url(const struct acme *a, struct json_put *w, const char *member,
    const char *fmt, ...) PRINTF_LIKE(4, 5);

/* Every handler of tbl/acme_routes.h: acme_on_directory, acme_on_new_order … */
#define ACME_ROUTE(path, methods, gate, payload, handler)                              \
	acme_handler acme_on_##handler;
#include "tbl/acme_routes.h"
#undef ACME_ROUTE

#endif
