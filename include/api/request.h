/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request - one API request in core, from the frame to the answer.
 *
 * A handler reads the request into a plain struct, calls one function of ca/,
 * and answers exactly once by one of request_json(), request_octets(),
 * request_problem(); after that the request is gone.  It may answer later, from
 * a callback.  The answer leaves core after the commit of the round.
 */
#ifndef API_REQUEST_H
#define API_REQUEST_H

#include <jansson.h>

#include "api/overdue.h"
#include "api/slices.h"
#include "ca/caller.h"
#include "codec/json.h"
#include "http/route.h"
#include "policy/verdict.h"

#define REQUEST_ANSWER_MAX MIB(16) /* octets */
/* Octets, about, with which a page of a list ends early: SLICES_MAX of them are in the making at once. */
#define REQUEST_PAGE_MAX   MIB(2)

struct request;

/*
 * Requests that wait for their answers, twice what an honest front lets wait
 * (daemon/front_core.h): beyond them all are refused, so that a front which was taken
 * over fills no memory.
 */
#define REQUEST_WAITING_MAX 8192
#define REQUEST_OCTETS_MAX  MIB(64)

struct request_load {
	size_t n, octets;
};

/* How an answer gets to front; 'wrote': it may only leave when the round is committed. */
struct api {
	struct ca *ca;
	struct slices *slices;     /* for what takes long */
	struct overdue *overdue;   /* who waits for the signer; NULL: nobody looks */
	struct request_load *load; /* the caller's, zero at first */
	void *arg;
	void (*answer)(void *arg, const struct msg_http_response *m, bool wrote);
	/* Has the configuration loaded anew for this request; core_reload_done() comes later. */
	void (*reload)(void *arg, struct request *r);
};

struct request {
	const struct api *api;
	struct ca *ca;
	struct buf frame; /* own copy of the message's body; the views point here */
	struct msg_http_request in;
	char id[REQUEST_ID_LEN]; /* for log and problem */
	const struct route *route;
	struct bytes params[ROUTE_PARAMS];
	enum body_kind body;
	struct caller caller;
	struct buf headers; /* further ones: "Name: value\n" */
	bool wrote;         /* set by handlers whose answer tells of a write */
	struct msg_keep
	    keep; /* set by handlers whose answer front may keep; borrowed */
	struct overdue_wait late;
	struct { /* for the audit of a refusal: request_about() */
		char *profile, *names, *serial, *object;
	} about;
};

typedef void request_handler(struct request *r);

/*
 * Takes one MSG_HTTP_REQUEST: finds the row, judges gate and body again (front
 * is not believed), runs the handler.  'local': of a MSG_HTTP_LOCAL, who is at the other
 * end (MSG_HTTP_NOBODY: he has gone); NULL otherwise.  False: the frame was bad; the role
 * ends.
 */
MUST_CHECK bool request_take(const struct api *api, struct bytes frame,
    const uint32_t *local, struct err *e);

/*
 * The answers; each frees the request, but for overdue.h.  One of over REQUEST_ANSWER_MAX
 * becomes a problem of status 500.
 */
void request_json(struct request *r, int status, json_t *v); /* takes over 'v' */
/* The same of a text that is JSON, without the newline behind. */
void request_json_text(struct request *r, int status, struct buf *text);
void request_octets(struct request *r, int status, const char *type, struct bytes body);
/* 'v' NULL or with its failed rows as violations; logs the refusal. */
void request_problem(struct request *r, const struct err *e, const struct verdict *v);
/* Of one that is not done as the daemon stops. */
void request_stopped(struct request *r);

/*
 * What takes long: a job in the turn of who asks (api/slices.h).  The handler's answer
 * comes from its last step.
 */
MUST_CHECK bool request_slices_room(const struct request *r, struct err *e);
MUST_CHECK bool request_slices_add(const struct request *r, const struct slices_job *j,
    struct err *e);

/*
 * What this request is about, as soon as a handler knows it: a refusal is then
 * told with it (ca/audit.h).  What is NULL stays as it was; 'object' is for what
 * is no certificate: "token 3f9a".
 */
void request_about(struct request *r, const char *profile, const struct names *names,
    const struct serial *serial, const char *object);

/* Adds a header.  'value' comes from us, never from outside. */
void request_header(struct request *r, const char *name, const char *value);

/*
 * The first of 'offers' (ends with NULL) that Accept lets through, by the order
 * of Accept's ranges; no Accept: offers[0].  ERR_NOT_ACCEPTABLE lists them.
 */
MUST_CHECK bool request_accept(const struct request *r, const char *const *offers,
    const char **ret, struct err *e);

/* One member of the query, decoded; free() *ret (NULL when absent).  Twice: ERR_MALFORMED. */
MUST_CHECK bool request_query(const struct request *r, const char *key, char **ret,
    struct err *e);
/*
 * The n-th member, from 0, whose key begins with 'prefix': what is behind that, and
 * the value, decoded; free() both.  *ret_key NULL: there are not so many.
 */
MUST_CHECK bool request_query_nth(const struct request *r, const char *prefix, size_t n,
    char **ret_key, char **ret_value, struct err *e);
/*
 * ERR_MALFORMED naming a member that is not in 'known' (ends with NULL).  "a.*" there
 * is every key that begins with "a.".
 */
MUST_CHECK bool request_query_known(const struct request *r, const char *const *known,
    struct err *e);
/* ERR_MALFORMED where there is any member. */
MUST_CHECK bool request_query_none(const struct request *r, struct err *e);
/*
 * A request that says all in its body: an object of these members, and no query.
 * json_decref() *ret, which is NULL where there is no JSON.
 */
MUST_CHECK bool request_object(const struct request *r,
    const struct json_member *members, json_t **ret, struct err *e);

#endif
