/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client - the daemon's REST API, as the commands see it.
 *
 * With --url over mTLS; else over the unix socket of the CA directory that is
 * at hand: --dir, $HANAPER_DIR, ./hanaper, ., /etc/hanaper.
 */
#ifndef CLI_CLIENT_H
#define CLI_CLIENT_H

#include "cli/options.h"
#include "codec/json.h"

#define CLIENT_ANSWER_MAX   MIB(512) /* octets: a CRL of ten million entries */
#define CLIENT_STRANGER_MAX MIB(1)
#define CLIENT_SOCKET       "run/hanaper.sock"
#define CLIENT_ADDRESSES    "run/addresses"

struct client;

/* ERR_NOT_FOUND: nothing says where the daemon is.  'o' is borrowed for its life. */
MUST_CHECK bool client_open(const struct options_common *o, struct client **ret,
    struct err *e);
/*
 * Without client certificate, and whatever CA directory is at hand.  'cacert':
 * the only root that counts; NULL: the server may be anybody, so believe nothing
 * that cannot be checked.  'bearer' is a token, NULL: none, and never without
 * 'cacert'.  Answers are at most CLIENT_STRANGER_MAX octets.
 */
MUST_CHECK bool client_open_stranger(const char *url, const char *cacert,
    const char *bearer, struct client **ret, struct err *e);
void client_free(struct client *c); /* NULL is fine */

/*
 * Of a client of an URL: connects to 'address', "HOST:PORT", whatever the URL's own host
 * and port lead to.  Who answers there must be who the URL names all the same.
 */
void client_connect_at(struct client *c, const char *address);
/*
 * Where the API of the daemon of this CA directory listens, as one on its machine
 * reaches it; free() it.  NULL: it does not run, or its files are closed to us.
 */
char *client_local_api(const char *dir);

/* The CA directory whose socket is used; NULL with --url. */
const char *client_dir(const struct client *c);

/*
 * The CA directory that 'dir' (--dir, may be NULL) or the surroundings name;
 * free() it.  NULL: none is there.
 */
char *client_find_dir(const char *dir);
/*
 * The hanaper.yaml that goes with it, which may be closed to us; free() it.  NULL: there is
 * no such directory, or its hanaper.yaml is elsewhere.
 */
char *client_find_conf(const char *dir);
/* The root.crt that goes with it, of a service the one that all may read; free() it.  NULL: none. */
char *client_find_root(const char *dir);
/* Says why there is none, where --url would be of no use; always false. */
bool client_found_none(const char *dir, struct err *e);

/*
 * Appends the body of a 2xx answer to 'ret'.  Any other is an error with the
 * code that the problem document names, kept for client_fail().  'path' begins
 * with "/"; 'accept' NULL: JSON.
 */
MUST_CHECK bool client_get(struct client *c, const char *path, const char *accept,
    struct buf *ret, struct err *e);
MUST_CHECK bool client_post(struct client *c, const char *path, const char *type,
    struct bytes body, struct buf *ret, struct err *e);
/* The same with JSON; 'body' is taken. */
MUST_CHECK bool client_get_json(struct client *c, const char *path, json_t **ret,
    struct err *e);
MUST_CHECK bool client_post_json(struct client *c, const char *path, json_t *body,
    json_t **ret, struct err *e);
/* With an Idempotency-Key: the same again gives the same certificate. */
MUST_CHECK bool client_post_json_once(struct client *c, const char *path, json_t *body,
    const char *once, json_t **ret, struct err *e);
MUST_CHECK bool client_delete_json(struct client *c, const char *path, json_t **ret,
    struct err *e);
/*
 * To a whole http URL, without any client: what is inside a certificate.
 * ERR_NOT_FOUND: its host has no address.
 */
MUST_CHECK bool client_post_url(const char *url, const char *type, struct bytes body,
    struct buf *ret, struct err *e);
MUST_CHECK bool client_get_url(const char *url, struct buf *ret, struct err *e);

/* Did the last request leave, whatever became of it? */
bool client_sent(const struct client *c);
/* Was whoever answered last not the one that --cacert leads to? */
bool client_mistrusted(const struct client *c);
/* What the last answer's Retry-After said, in seconds; 0: nothing. */
int64_t client_retry_after(const struct client *c);

/* Is the daemon ready?  Asks /readyz over the socket, says nothing. */
bool client_ready(struct client *c);

/* Was the last answer a problem: the daemon's own no, and not that it was not reached? */
bool client_answered_problem(const struct client *c);

/* Tells 'e', every violation, and what to do next, on stderr; OUT_FAILED.  'c' may be NULL. */
int client_fail(const struct client *c, const struct err *e);

#endif
