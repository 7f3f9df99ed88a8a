/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/chan.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "codec/wire.h"

#define HEADER       6        /* octets: length, type */
#define WITH_FD      0x8000   /* bit of the type: a descriptor comes along */
#define READ_AT_ONCE KIB(256) /* octets */
#define KEEP         MIB(2)   /* a queue that was larger gives its memory back */
#define FDS_MAX      4        /* descriptors that came and whose frames have not */
#define FDS_AT_ONCE  253      /* the kernel's SCM_MAX_FD */

struct rider { /* a descriptor that goes with the octet at 'at' of the queue */
	size_t at;
	int fd;
};

struct chan {
	int fd;
	size_t frame_max;
	struct buf out;
	size_t out_from; /* what is before was written */
	struct rider *riders;
	size_t n_riders, room_riders;
	uint8_t *in;
	size_t in_cap;
	size_t in_from, in_to; /* what is there and was not given out */
	int fds[FDS_MAX];
	size_t n_fds;
	bool closed;
};

struct chan *
chan_new(int fd, size_t frame_max)
{
	struct chan *c = mem_zalloc(sizeof(*c));

	assert(frame_max <= UINT32_MAX);
	c->fd = fd;
	c->frame_max = frame_max;
	buf_init(&c->out, SIZE_MAX / 4);
	return c;
}

void
chan_free(struct chan *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->n_fds; i++)
		close(c->fds[i]);
	for (size_t i = 0; i < c->n_riders; i++)
		close(c->riders[i].fd);
	close(c->fd);
	chan_leave(c);
}

void
chan_leave(struct chan *c)
{
	if (c == NULL)
		return;
	free(c->riders);
	buf_wipe(&c->out);
	mem_wipe_free(c->in, c->in_cap);
	free(c);
}

int
chan_fd(const struct chan *c)
{
	return c->fd;
}

bool
chan_closed(const struct chan *c)
{
	return c->closed;
}

/* ---- sending ---- */

static void
put_frame(struct buf *b, unsigned type, struct bytes body)
{
	assert(body.n <= UINT32_MAX);
	wire_put_u32(b, (uint32_t)body.n);
	wire_put_u16(b, (uint16_t)type);
	buf_put(b, body);
}

void
chan_send(struct chan *c, unsigned type, struct bytes body)
{
	assert(type > 0 && type < WITH_FD);
	put_frame(&c->out, type, body);
}

void
chan_send_with(struct chan *c, unsigned type, struct bytes body, int fd)
{
	assert(type > 0 && type < WITH_FD && fd >= 0);
	if (c->n_riders == c->room_riders) {
		c->room_riders = c->room_riders == 0 ? 8 : c->room_riders * 2;
		c->riders = mem_grow(c->riders, c->room_riders, sizeof(*c->riders));
	}
	c->riders[c->n_riders++] = (struct rider){ c->out.n, fd };
	put_frame(&c->out, type | WITH_FD, body);
}

size_t
chan_queued(const struct chan *c)
{
	return c->out.n - c->out_from;
}

static bool
write_failed(struct err *e)
{
	if (errno == EPIPE || errno == ECONNRESET)
		return err_set(e, ERR_UNAVAILABLE, "the other side has closed");
	return err_errno(e, "writing to a channel");
}

/* What was written is only dropped when it is most of the queue: no octet is moved twice. */
static void
drop_written(struct chan *c)
{
	if (c->out_from == c->out.n) {
		c->out_from = 0;
		if (c->out.cap > KEEP)
			buf_free(&c->out);
		else
			buf_clear(&c->out);
	} else if (c->out_from > READ_AT_ONCE && c->out_from > c->out.n / 2) {
		buf_drop(&c->out, c->out_from);
		for (size_t i = 0; i < c->n_riders; i++)
			c->riders[i].at -= c->out_from;
		c->out_from = 0;
	}
}

/* One sendmsg(2) of 'v' with the descriptor; what the kernel did not take is left in '*v'. */
static bool
send_with_fd(int to, struct bytes *v, int fd)
{
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .room = { 0 } };
	struct iovec iov = { (void *)(uintptr_t)v->p, v->n };
	struct msghdr m = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room),
	};
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);

	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(h), &fd, sizeof(fd));
	const ssize_t n = sendmsg(to, &m, MSG_NOSIGNAL);
	if (n < 0)
		return false;
	*v = bytes_skip(*v, (size_t)n);
	return true;
}

/* Up to the next descriptor, or with it. */
static bool
send_some(struct chan *c)
{
	struct rider *r = c->riders;
	const bool rides = c->n_riders > 0 && r->at == c->out_from;
	const size_t next = rides ? 1 : 0;
	const size_t to = next < c->n_riders ? r[next].at : c->out.n;
	struct bytes v = bytes_of(c->out.p + c->out_from, to - c->out_from);

	if (rides) {
		if (!send_with_fd(c->fd, &v, r->fd))
			return false;
		close(r->fd);
		memmove(r, r + 1, --c->n_riders * sizeof(*r));
	} else {
		const ssize_t n = send(c->fd, v.p, v.n, MSG_NOSIGNAL);

		if (n < 0)
			return false;
		v = bytes_skip(v, (size_t)n);
	}
	c->out_from = to - v.n;
	return true;
}

bool
chan_flush(struct chan *c, bool *ret_left, struct err *e)
{
	while (c->out_from < c->out.n) {
		if (send_some(c) || errno == EINTR)
			continue;
		if (errno == EAGAIN || errno == EWOULDBLOCK)
			break;
		return write_failed(e);
	}
	drop_written(c);
	*ret_left = chan_queued(c) > 0;
	return true;
}

static bool
wait_writable(int fd, struct err *e)
{
	struct pollfd p = { fd, POLLOUT, 0 };

	if (poll(&p, 1, -1) < 0 && errno != EINTR)
		return err_errno(e, "waiting for a channel");
	return true;
}

bool
chan_send_fd(struct chan *c, unsigned type, struct bytes body, int fd, struct err *e)
{
	struct buf b;
	bool sent = false, left = true;

	assert(chan_queued(c) == 0);
	assert(type > 0 && type < WITH_FD);
	buf_init(&b, HEADER + body.n);
	put_frame(&b, type | WITH_FD, body);
	struct bytes v = buf_bytes(&b);
	while (!sent) {
		sent = send_with_fd(c->fd, &v, fd);
		if (sent)
			break;
		if (errno == EAGAIN || errno == EWOULDBLOCK) {
			if (!wait_writable(c->fd, e))
				goto fail;
		} else if (errno != EINTR) {
			write_failed(e);
			goto fail;
		}
	}
	buf_put(&c->out, v); /* the rest goes the usual way */
	buf_wipe(&b);
	while (chan_flush(c, &left, e)) {
		if (!left)
			return true;
		if (!wait_writable(c->fd, e))
			break;
	}
	return false;
fail:
	buf_wipe(&b);
	return false;
}

/* ---- receiving ---- */

static struct wire
open_in(const struct chan *c)
{
	return wire_open(bytes_of(c->in + c->in_from, c->in_to - c->in_from));
}

/* Octets of the frame that begins the buffer; 0 when not even its header is there. */
static size_t
frame_len(const struct chan *c)
{
	struct wire w = open_in(c);

	if (w.rest.n < HEADER)
		return 0;
	return HEADER + (size_t)wire_u32(&w);
}

bool
chan_pending(const struct chan *c)
{
	const size_t n = frame_len(c);

	/* A frame over the limit counts: chan_recv() has to say so. */
	return n > 0 && (n - HEADER > c->frame_max || n <= c->in_to - c->in_from);
}

/* Room behind what is there: for the rest of the frame at hand, or for a good read. */
static void
make_room(struct chan *c)
{
	const size_t have = c->in_to - c->in_from;
	const size_t frame = frame_len(c);
	const size_t least = frame > have ? frame - have : HEADER;

	if (have == 0)
		c->in_from = c->in_to = 0;
	if (c->in_cap > KEEP && have == 0 && frame == 0) {
		mem_wipe_free(c->in, c->in_cap);
		c->in = NULL;
		c->in_cap = 0;
	}
	if (c->in_cap - c->in_to >= least && c->in_cap - c->in_to >= READ_AT_ONCE / 4)
		return;
	if (have + least > c->in_cap || c->in_cap < READ_AT_ONCE) {
		const size_t want = have + least;
		const size_t cap = want > READ_AT_ONCE ? want : READ_AT_ONCE;
		uint8_t *p = mem_zalloc(cap);

		if (have > 0)
			memcpy(p, c->in + c->in_from, have);
		mem_wipe_free(c->in, c->in_cap);
		c->in = p;
		c->in_cap = cap;
	} else if (have > 0 && c->in_from > 0) {
		memmove(c->in, c->in + c->in_from, have);
	}
	c->in_from = 0;
	c->in_to = have;
}

static bool
take_fds(struct chan *c, struct msghdr *m, struct err *e)
{
	bool ok = (m->msg_flags & MSG_CTRUNC) == 0;

	for (struct cmsghdr *h = CMSG_FIRSTHDR(m); h != NULL; h = CMSG_NXTHDR(m, h)) {
		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		const size_t n = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(h) + i * sizeof(fd), sizeof(fd));
			if (c->n_fds < FDS_MAX)
				c->fds[c->n_fds++] = fd;
			else
				ok = false; /* it stays open (chan_leave()) */
		}
	}
	if (!ok)
		return err_set(e, ERR_MALFORMED,
		    "too many descriptors came over a channel");
	return true;
}

/* One read.  *ret_some is false when a non-blocking socket has nothing. */
static bool
read_some(struct chan *c, bool *ret_some, struct err *e)
{
	/* For all that can come: what has no room is closed by the kernel, here (chan_leave()). */
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(FDS_AT_ONCE * sizeof(int))];
	} control;
	struct iovec iov;
	struct msghdr m;
	ssize_t n;

	make_room(c);
	do {
		iov = (struct iovec){ c->in + c->in_to, c->in_cap - c->in_to };
		m = (struct msghdr){
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = control.room,
			.msg_controllen = sizeof(control.room),
		};
		n = recvmsg(c->fd, &m, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
		*ret_some = false;
		return true;
	}
	c->closed = n == 0 || (n < 0 && errno == ECONNRESET);
	if (c->closed)
		return err_set(e, ERR_UNAVAILABLE, "the other side has closed");
	if (n < 0)
		return err_errno(e, "reading from a channel");
	c->in_to += (size_t)n;
	*ret_some = true;
	return take_fds(c, &m, e);
}

/* The frame that is whole in the buffer. */
static bool
take_frame(struct chan *c, struct frame *ret, struct err *e)
{
	struct wire w = open_in(c);
	const size_t n = wire_u32(&w);
	const unsigned type = wire_u16(&w);
	int fd = -1;

	if (n > c->frame_max)
		return err_set(e, ERR_MALFORMED,
		    "a frame of %zu octets came, at most %zu are allowed", n,
		    c->frame_max);
	if ((type & WITH_FD) != 0) {
		if (c->n_fds == 0)
			return err_set(e, ERR_MALFORMED,
			    "a frame came without its descriptor");
		fd = c->fds[0];
		c->n_fds--;
		memmove(c->fds, c->fds + 1, c->n_fds * sizeof(c->fds[0]));
	}
	*ret = (struct frame){ type & ~(unsigned)WITH_FD, bytes_of(w.rest.p, n), fd };
	c->in_from += HEADER + n;
	return true;
}

bool
chan_recv(struct chan *c, struct frame *ret, bool *ret_got, struct err *e)
{
	while (!chan_pending(c)) {
		bool some;

		if (!read_some(c, &some, e))
			return false;
		if (!some) {
			*ret_got = false;
			return true;
		}
	}
	if (!take_frame(c, ret, e))
		return false;
	*ret_got = true;
	return true;
}
