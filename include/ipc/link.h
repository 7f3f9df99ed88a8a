/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link - a channel in an event loop, with the rules by which it is received.
 *
 * Frames are received when they come and go to their rules (ipc/msg.h); frames
 * that one round leaves in the buffer are taken in the next, after the other
 * descriptors had their turn.  What link_send() queues is written before the
 * loop waits again, after the batch hook; so a role only writes handlers.
 */
#ifndef IPC_LINK_H
#define IPC_LINK_H

#include "ipc/msg.h"
#include "sys/loop.h"

struct link;

/*
 * Octets that may wait for a peer which asks and does not read (S83): beyond them
 * the link is over.  Several of the longest messages fit.
 */
#define LINK_QUEUED_MAX MIB(128)

/*
 * Told once, when the link is over: the peer closed (link_closed() tells), it
 * sent what no rule takes, a handler failed, or the socket did.  The link
 * receives and sends no more.  It still has to be freed: here, if liked, but not
 * in a handler of its own.
 */
typedef void link_gone_cb(void *arg, struct link *k, const struct err *e);

/* Takes over 'fd' and makes it non-blocking.  'rules' is borrowed; 'ctx' goes to its handlers. */
struct link *link_new(struct loop *l, int fd, enum peer from, size_t frame_max,
    const struct msg_rule *rules, void *ctx);
/* Without a callback nobody hears of the end. */
void link_on_gone(struct link *k, link_gone_cb *cb, void *arg);
/* Its socket stays open until the process ends, which is near (chan_leave()).  NULL is fine. */
void link_free(struct link *k);

/* Queues a frame; it leaves in this round.  On a link that is over, nothing happens. */
void link_send(struct link *k, unsigned type, struct bytes body);
/* The same with a descriptor, which is the link's from here on, also of one that is over. */
void link_send_with(struct link *k, unsigned type, struct bytes body, int fd);
/* A descriptor comes along: written at once, blocks.  'fd' stays the caller's. */
MUST_CHECK bool link_send_fd(struct link *k, unsigned type, struct bytes body, int fd,
    struct err *e);
/* Waits until all that is queued is written: for a last word before the process ends. */
MUST_CHECK bool link_drain(struct link *k, struct err *e);

bool link_over(const struct link *k);
bool link_closed(const struct link *k); /* over because the peer closed */
enum peer link_peer(const struct link *k);
size_t link_queued(const struct link *k); /* octets that wait to be written */

#endif
