/* SPDX-License-Identifier: Apache-2.0 */
/*
 * egress - whereto the prober may connect (S51, R74, A178).  Pure.
 *
 * Barred are loopback, link-local, multicast, unspecified and reserved addresses and
 * those where clouds keep the secrets of a machine; the shared space of carriers
 * (100.64.0.0/10) too, private networks are not: the CA is private.  Networks that are
 * listed count alone; one opens what is barred where it lies within that range,
 * as 127.0.0.1/32 does and 0.0.0.0/0 does not.
 *
 * An IPv4 address inside an IPv6 one is judged as itself: ::ffff:0:0/96, NAT64's
 * 64:ff9b::/96 (RFC 6052), 6to4's 2002::/16.
 */
#ifndef PROBE_EGRESS_H
#define PROBE_EGRESS_H

#include <sys/socket.h>

#include "conf/conf.h"

#define EGRESS_TEXT_LEN 64 /* "[address]:port" and a NUL */

/* Judges the very address that will be connected to.  ERR_PROBE_CONNECTION; names no address. */
MUST_CHECK bool egress_check(const struct strings *networks, const struct sockaddr *a,
    struct err *e);

/* "192.0.2.1:80", "[2001:db8::1]:80". */
void egress_text(const struct sockaddr *a, char ret[static EGRESS_TEXT_LEN]);

#endif
