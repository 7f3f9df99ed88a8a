/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages between the parent and each role.  MSG_CONF's body is conf_wire's;
 * MSG_READY, MSG_STOP, MSG_PING and MSG_PONG have none.
 */
#ifndef IPC_MSG_CONTROL_H
#define IPC_MSG_CONTROL_H

#include "ipc/msg.h"

enum listener_kind {
	LISTENER_API = 1, /* TLS */
	LISTENER_HTTP,    /* plain, read only */
	LISTENER_METRICS, /* plain, loopback by default */
	LISTENER_UNIX     /* the api routes for local commands */
};

/* MSG_LISTENER, parent -> front; the socket is the frame's descriptor. */
struct msg_listener {
	enum listener_kind kind;
	struct bytes address; /* as bound: "127.0.0.1:8443" or a path */
};
void msg_listener_put(struct buf *b, const struct msg_listener *m);
MUST_CHECK bool msg_listener_get(struct bytes body, struct msg_listener *ret,
    struct err *e);

/* MSG_START, parent -> all: behind MSG_CONF and every MSG_LISTENER. */
struct msg_start {
	bool
	    recover; /* core takes in what journal and database do not share, as asked for by hand */
	bool unconfined; /* hanaperd --no-sandbox */
};
void msg_start_put(struct buf *b, const struct msg_start *m);
MUST_CHECK bool msg_start_get(struct bytes body, struct msg_start *ret, struct err *e);

/* MSG_FAILED, role -> parent: the last word of a role that ends. */
struct msg_failed {
	enum err_code code;
	struct bytes text;
};
void msg_failed_put(struct buf *b, const struct msg_failed *m);
MUST_CHECK bool msg_failed_get(struct bytes body, struct msg_failed *ret,
    struct err *e);

/* MSG_RELOAD, parent -> all: this configuration (conf_wire) may come into force. */
struct msg_reload {
	uint32_t generation; /* of this reload; the answers bear it too */
	struct bytes conf;
};
void msg_reload_put(struct buf *b, const struct msg_reload *m);
MUST_CHECK bool msg_reload_get(struct bytes body, struct msg_reload *ret,
    struct err *e);

/* MSG_RELOAD_APPLY, parent -> all: the configuration of that MSG_RELOAD counts. */
struct msg_reload_apply {
	uint32_t generation;
};
void msg_reload_apply_put(struct buf *b, const struct msg_reload_apply *m);
MUST_CHECK bool msg_reload_apply_get(struct bytes body, struct msg_reload_apply *ret,
    struct err *e);

/* MSG_RELOADED, role -> parent: the answer to either of them. */
struct msg_reloaded {
	uint32_t generation;
	enum err_code code; /* ERR_NONE: taken; applied */
	struct bytes text;  /* why not */
};
void msg_reloaded_put(struct buf *b, const struct msg_reloaded *m);
MUST_CHECK bool msg_reloaded_get(struct bytes body, struct msg_reloaded *ret,
    struct err *e);

/* MSG_RELOAD_ASK, core -> parent: load hanaper.yaml anew. */
struct msg_reload_ask {
	uint64_t id;
};
void msg_reload_ask_put(struct buf *b, const struct msg_reload_ask *m);
MUST_CHECK bool msg_reload_ask_get(struct bytes body, struct msg_reload_ask *ret,
    struct err *e);

/* MSG_RELOAD_TOLD, parent -> core: what became of it. */
struct msg_reload_told {
	uint64_t id;
	enum err_code code; /* ERR_NONE: it counts */
	struct bytes text;  /* why not; else what changed: "profiles grants" */
};
void msg_reload_told_put(struct buf *b, const struct msg_reload_told *m);
MUST_CHECK bool msg_reload_told_get(struct bytes body, struct msg_reload_told *ret,
    struct err *e);

#endif
