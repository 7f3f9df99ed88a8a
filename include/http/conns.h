/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conns - the open connections of all listeners: how many from one address,
 * and until when each must have got on with it.
 *
 * libmicrohttpd knows inactivity only, so an octet a second holds a connection
 * for ever (S61).  Here every connection has a deadline; who lets it pass is cut
 * off by shutdown(), which the library sees as the end of the stream.
 *
 * All may be called from any thread.
 */
#ifndef HTTP_CONNS_H
#define HTTP_CONNS_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/attr.h"
#include "base/bytes.h"

struct conns;
struct conns_entry;

/* The connections that share a limit; all but 'limit' is conns' own. */
struct conns_room {
	size_t limit;
	atomic_size_t n;
};

#define CONNS_ADDRESS_LEN 46 /* INET6_ADDRSTRLEN */

/* 'per_address': connections from one IPv4 address or one IPv6 /64; loopback is not counted. */
struct conns *conns_new(size_t per_address);
void conns_free(struct conns *c); /* none may be left; NULL is fine */

/* May one more come from there?  Anything but IP always may. */
bool conns_admit(struct conns *c, const struct sockaddr *from);
/* The descriptor stays the caller's, who calls conns_remove() before closing it. */
struct conns_entry *conns_add(struct conns *c, int fd, const struct sockaddr *from,
    int64_t ms);
/*
 * The connection counts in 'room', which is borrowed.  While three quarters of it
 * are taken, who has not got on for two seconds, nor taken 32 KiB of an answer in
 * them, is cut off, whatever deadline it has: otherwise a few thousand idle connections
 * keep all others out (S62).
 */
void conns_enter(struct conns_entry *n, struct conns_room *room);
/* Are they?  Then who has his answer has to go: others wait for the place. */
bool conns_crowded(const struct conns_entry *n);
void conns_remove(struct conns_entry *n);
/* It got on: from now on 'ms' milliseconds are left; 0: no deadline, it waits for us. */
void conns_deadline(struct conns_entry *n, int64_t ms);
/* Cuts off those whose deadline is over, or whose room is crowded; how many. */
size_t conns_sweep(struct conns *c);
size_t conns_count(struct conns *c);

int conns_fd(const struct conns_entry *n);
/* "192.0.2.1", "2001:db8::1"; "" when it is not IP. */
const char *conns_address(const struct conns_entry *n);

#endif
