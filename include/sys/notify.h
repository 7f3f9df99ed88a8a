/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notify - what the service manager hears of us: sd_notify(3)'s protocol, one
 * datagram to the socket that $NOTIFY_SOCKET names, and the watchdog's interval.
 */
#ifndef SYS_NOTIFY_H
#define SYS_NOTIFY_H

#include <stdint.h>

#include "base/err.h"

/* "READY=1\nSTATUS=…".  Without a service manager nothing happens, and that is done.  ERR_IO. */
MUST_CHECK bool notify_send(const char *lines, struct err *e);
/* The same with "RELOADING=1", the time that goes with it, and a status. */
MUST_CHECK bool notify_reloading(const char *status, struct err *e);

/* How often "WATCHDOG=1" is due at least, for this process; 0: never. */
int64_t notify_watchdog_ms(void);

#endif
