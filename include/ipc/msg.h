/* SPDX-License-Identifier: Apache-2.0 */
/*
 * msg - message types, and the table by which a role receives them.
 *
 * What a role will do for its peers is a table of rules; what is in no row, too
 * long, or comes a second time where once is allowed, ends the role.
 */
#ifndef IPC_MSG_H
#define IPC_MSG_H

#include "ipc/chan.h"

enum msg_type {
#define MESSAGE(name, n, from, to) MSG_##name = (n),
#include "tbl/messages.h"
#undef MESSAGE
};

enum peer {
	PEER_PARENT = 1,
	PEER_FRONT,
	PEER_CORE,
	PEER_SIGNER,
	PEER_PROBER
};

/* Handles one message.  False: the body was bad or the role cannot go on; it ends with *e. */
typedef bool msg_handler(void *ctx, const struct frame *f, struct err *e);

struct msg_rule {
	enum msg_type type; /* 0 ends the table */
	enum peer from;
	bool once;
	size_t octets; /* at most, of the body */
	msg_handler *handler;
};

const char *msg_name(unsigned type); /* "SIGN_CERT"; "?" for no member */

#define MSG_RECEIVE_MAX 256 /* frames in one msg_receive() */

/*
 * Receives frames and hands each to its rule: at most MSG_RECEIVE_MAX, and at
 * most one wait or read of the socket for the first.  Call again when
 * chan_pending() says that some are left.  On a blocking socket it waits for
 * one frame and then takes those that came with it.
 *
 * A descriptor that comes along is the handler's; of a frame that no rule takes
 * it is closed.  'seen' is the caller's, zeroed at start: one bit a rule (at
 * most 64 rules).  False: the role ends.
 */
MUST_CHECK bool msg_receive(struct chan *c, enum peer from,
    const struct msg_rule *rules, uint64_t *seen, void *ctx, struct err *e);

#endif
