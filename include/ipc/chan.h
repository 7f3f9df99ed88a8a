/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chan - framed messages over a stream socket between two of our processes.
 *
 * A frame is: length of the body (32 bits, big-endian), type (16 bits; the top
 * bit says that a descriptor comes along), the body.  The other side is taken for hostile: a frame over the limit, of a
 * type in no row of the receiver's table, or with a body that does not parse
 * ends the receiver (design: no message between roles is trusted).
 *
 * A channel is used by one thread.  The socket may be blocking (a role that is
 * a thread with nothing else to do) or not (event loop).  In an event loop use
 * a link (ipc/link.h): it knows when to receive, to flush and to come back.
 */
#ifndef IPC_CHAN_H
#define IPC_CHAN_H

#include "base/buf.h"

struct chan;

struct frame {
	unsigned type;
	struct bytes body; /* borrowed until the next chan_recv() */
	int fd;            /* a descriptor that came along, or -1; the receiver's */
};

/* Takes over 'fd', a stream socket.  'frame_max' bounds the body of frames received. */
struct chan *chan_new(int fd, size_t frame_max);
void chan_free(struct chan *c); /* closes; NULL is fine */
/*
 * The same, but what is open stays so until the process ends, which has to be near.  A TCP
 * connection that a neighbour sends may be one whose closing waits (SO_LINGER) for as long as
 * he likes, unless its process is ending: so nothing that came is closed, nor a socket in
 * which more of it may lie.
 */
void chan_leave(struct chan *c);
int chan_fd(const struct chan *c);

/* Queues a frame; nothing is written before chan_flush().  Never fails: memory is the limit. */
void chan_send(struct chan *c, unsigned type, struct bytes body);
/* Writes a frame with a descriptor at once (queue must be empty); blocks. The fd stays the caller's. */
MUST_CHECK bool chan_send_fd(struct chan *c, unsigned type, struct bytes body, int fd,
    struct err *e);
/* Queues a frame with a descriptor, which is the channel's from here on. */
void chan_send_with(struct chan *c, unsigned type, struct bytes body, int fd);
/*
 * Writes what is queued.  *ret_left: the socket takes no more now, wait for
 * writability and call again.  On a blocking socket nothing is ever left.
 */
MUST_CHECK bool chan_flush(struct chan *c, bool *ret_left, struct err *e);
size_t chan_queued(const struct chan *c); /* octets waiting */
/*
 * Is a whole frame in the channel's own buffer?  poll(2) does not know of it:
 * who waits for the socket while this is true may wait for ever.  A link
 * (ipc/link.h) takes care of it.
 */
bool chan_pending(const struct chan *c);
bool chan_closed(const struct chan *c); /* chan_recv() found that the peer has closed */

/*
 * Gives the next frame.  *ret_got is false when no whole frame is there (on a
 * blocking socket: waits).  ERR_UNAVAILABLE: the peer closed.  ERR_MALFORMED:
 * over the limit.  ERR_IO.
 */
MUST_CHECK bool chan_recv(struct chan *c, struct frame *ret, bool *ret_got,
    struct err *e);

#endif
