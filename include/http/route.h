/* SPDX-License-Identifier: Apache-2.0 */
/*
 * route - which row of the route table a request is for (tbl/routes.h).
 *
 * Pure.  front uses it to refuse early, core uses it again and trusts only
 * its own result (S4, R47).
 */
#ifndef HTTP_ROUTE_H
#define HTTP_ROUTE_H

#include "base/bytes.h"
#include "base/err.h"

enum route_listener { /* a bit mask */
	ON_API = 1,
	ON_HTTP = 2,
	ON_METRICS = 4,
	ON_UNIX = 8
};

enum gate {
	GATE_OPEN = 1, /* anybody */
	GATE_IDENTITY, /* a client certificate of ours or the local socket; the handler asks the grants */
	GATE_READ, /* and a grant with this right */
	GATE_REVOKE_OWN, /* an identity; the handler knows one's own certificate from others' */
	GATE_RENEW, /* a certificate of ours, also one for servers only; the handler asks the grants */
	GATE_ADMIN
};

enum route_side {
	SIDE_FRONT = 1, /* front answers alone */
	SIDE_CORE,
	SIDE_KEPT /* front answers what it has kept, core the rest */
};

/* Content types that a body may have; checked by the row. */
enum body_kind { /* a bit mask */
	BODY_NONE = 0,
	BODY_JSON = 1,
	BODY_CSR = 2,  /* application/pkcs10, any text type, application/x-pem-file,
	                  application/x-www-form-urlencoded (what curl sends unasked), none */
	BODY_OCSP = 4, /* application/ocsp-request */
	BODY_ANY = 8   /* whatever it says: the handler judges it */
};

#define ROUTE_PARAMS 2

struct route {
	const char *method;
	const char *
	    path; /* "/v1/certificates/:serial"; "*" at the end takes the rest, slashes too */
	unsigned on; /* enum route_listener */
	enum gate gate;
	size_t body_max; /* octets */
	unsigned body;   /* enum body_kind */
	enum route_side side;
};

struct route_match {
	size_t row;                        /* index into the table */
	struct bytes params[ROUTE_PARAMS]; /* still encoded, views into 'path' */
};

/* The table that tbl/routes.h makes, and how many rows. */
extern const struct route routes[];
extern const size_t routes_n;

/*
 * HEAD matches GET.  ERR_NOT_FOUND: no row for this path on this listener, or
 * a path that is not canonical (but behind "*").  ERR_METHOD: *ret_allow is
 * filled with "GET, HEAD, POST".
 */
MUST_CHECK bool route_find(struct bytes method, struct bytes path, unsigned listener,
    struct route_match *ret, char *ret_allow, size_t allow_size, struct err *e);

/*
 * ERR_MEDIA_TYPE: the row does not take this content type (parameters are cut
 * off first).  BODY_NONE for a row that takes JSON: no type was given, so the
 * body must be empty.
 */
MUST_CHECK bool route_body_check(const struct route *r, struct bytes content_type,
    enum body_kind *ret, struct err *e);

/* Octets of a body: the row's, or what limits.body says for rows that take a CSR. */
size_t route_body_max(const struct route *r, size_t configured);

#endif
