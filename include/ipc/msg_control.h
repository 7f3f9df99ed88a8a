/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages between the parent and each role.  MSG_CONF's body is conf_wire's;
 * MSG_READY and MSG_STOP have none.
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

#endif
