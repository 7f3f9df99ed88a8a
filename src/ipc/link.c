/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/link.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"

#define MUTE_MS 1000 /* a peer that reads no more has closed by then */

struct link {
	struct loop *loop;
	struct chan *chan;
	enum peer from;
	const struct msg_rule *rules;
	void *ctx;
	uint64_t seen;
	struct loop_fd *watch;    /* NULL: over */
	struct loop_hook *hook;   /* writes what is queued */
	struct loop_timer *again; /* frames are left in the buffer */
	bool blocked;             /* the socket takes no more for now */
	bool mute; /* nobody reads any more; the last words may still be here */
	struct loop_timer *unread; /* mute, and no end of file came yet */
	link_gone_cb *gone;
	void *gone_arg;
};

static void
end(struct link *k, const struct err *e)
{
	loop_del(k->watch);
	loop_unhook(k->hook);
	loop_cancel(k->again);
	loop_cancel(k->unread);
	k->watch = NULL;
	k->hook = NULL;
	k->again = NULL;
	k->unread = NULL;
	if (k->gone != NULL)
		k->gone(k->gone_arg, k, e); /* may have freed k */
}

static void receive(struct link *k);

static void
on_again(void *arg)
{
	struct link *k = arg;

	k->again = NULL;
	receive(k);
}

static void
receive(struct link *k)
{
	struct err e = { 0 };

	if (!msg_receive(k->chan, k->from, k->rules, &k->seen, k->ctx, &e)) {
		end(k, &e);
		return;
	}
	/* poll(2) does not know of frames in our buffer. */
	if (chan_pending(k->chan) && k->again == NULL)
		k->again = loop_after(k->loop, 0, on_again, k);
}

static void
on_socket(void *arg, unsigned events)
{
	struct link *k = arg;

	if ((events & LOOP_OUT) != 0)
		k->blocked = false; /* the hook writes */
	/* A hang-up shows in reading too, behind the last octets that came. */
	if ((events & (LOOP_IN | LOOP_GONE)) != 0 && k->again == NULL)
		receive(k);
}

/* The socket takes no more: how much may wait? */
static void
check_queue(struct link *k)
{
	struct err e;

	if (chan_queued(k->chan) <= LINK_QUEUED_MAX)
		return;
	err_set(&e, ERR_MALFORMED, "it does not read what it is sent");
	end(k, &e);
}

static void
on_unread(void *arg)
{
	struct link *k = arg;
	struct pollfd p = { .fd = chan_fd(k->chan) };
	struct err e;

	k->unread = NULL;
	if (poll(&p, 1, 0) == 1) /* POLLHUP: he is gone, and what he has said is read */
		return;
	err_set(&e, ERR_MALFORMED, "it reads no more, and has not ended");
	end(k, &e);
}

/* Reading finds the end; of who has only shut one side of his socket it would not. */
static void
fall_mute(struct link *k)
{
	k->mute = true;
	loop_want(k->watch, LOOP_IN); /* such a socket is always writable */
	k->unread = loop_after(k->loop, MUTE_MS, on_unread, k);
}

static void
on_before_wait(void *arg)
{
	struct link *k = arg;
	struct err e = { 0 };
	bool left;

	if (k->blocked) {
		check_queue(k);
		return;
	}
	if (k->mute || chan_queued(k->chan) == 0)
		return;
	if (!chan_flush(k->chan, &left, &e)) {
		if (e.code == ERR_UNAVAILABLE)
			fall_mute(k);
		else
			end(k, &e);
		return;
	}
	k->blocked = left;
	loop_want(k->watch, left ? LOOP_IN | LOOP_OUT : LOOP_IN);
	if (left)
		check_queue(k);
}

struct link *
link_new(struct loop *l, int fd, enum peer from, size_t frame_max,
    const struct msg_rule *rules, void *ctx)
{
	struct link *k = mem_zalloc(sizeof(*k));
	const int flags = fcntl(fd, F_GETFL);

	const int rc = flags < 0 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);

	assert(rc == 0); /* 'fd' is no descriptor */
	k->loop = l;
	k->chan = chan_new(fd, frame_max);
	k->from = from;
	k->rules = rules;
	k->ctx = ctx;
	k->watch = loop_add(l, fd, LOOP_IN, on_socket, k);
	k->hook = loop_before_wait(l, on_before_wait, k);
	return k;
}

void
link_on_gone(struct link *k, link_gone_cb *cb, void *arg)
{
	k->gone = cb;
	k->gone_arg = arg;
}

void
link_free(struct link *k)
{
	if (k == NULL)
		return;
	loop_del(k->watch);
	loop_unhook(k->hook);
	loop_cancel(k->again);
	loop_cancel(k->unread);
	chan_leave(k->chan);
	free(k);
}

void
link_send(struct link *k, unsigned type, struct bytes body)
{
	if (!link_over(k) && !k->mute)
		chan_send(k->chan, type, body);
}

void
link_send_with(struct link *k, unsigned type, struct bytes body, int fd)
{
	if (link_over(k) || k->mute)
		close(fd);
	else
		chan_send_with(k->chan, type, body, fd);
}

bool
link_send_fd(struct link *k, unsigned type, struct bytes body, int fd, struct err *e)
{
	if (!link_drain(k, e))
		return false;
	return chan_send_fd(k->chan, type, body, fd, e);
}

bool
link_drain(struct link *k, struct err *e)
{
	struct pollfd p = { chan_fd(k->chan), POLLOUT, 0 };
	bool left;

	if (link_over(k))
		return err_set(e, ERR_UNAVAILABLE, "the link is over");
	for (;;) {
		if (!chan_flush(k->chan, &left, e))
			return false;
		if (!left)
			return true;
		if (poll(&p, 1, -1) < 0 && errno != EINTR)
			return err_errno(e, "waiting for a link");
	}
}

bool
link_over(const struct link *k)
{
	return k->watch == NULL;
}

bool
link_closed(const struct link *k)
{
	return chan_closed(k->chan);
}

enum peer
link_peer(const struct link *k)
{
	return k->from;
}

size_t
link_queued(const struct link *k)
{
	return chan_queued(k->chan);
}
