/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_reload - two configurations compared: what changed, and may it while the
 * daemon runs?  What could not be found again stays.
 */
#ifndef CONF_CONF_RELOAD_H
#define CONF_CONF_RELOAD_H

#include "base/buf.h"
#include "conf/conf.h"

/*
 * Appends the keys whose values differ, a blank between: "profiles grants";
 * nothing when all are the same.  ERR_CONFIGURATION names one that only a
 * restart takes up.
 */
MUST_CHECK bool conf_reload_compare(const struct conf *now, const struct conf *next,
    struct buf *ret_changed, struct err *e);

/*
 * Where ACME needs the system's name servers and none were found this time, 'next' gets
 * those that 'now' found: /etc/resolv.conf may lead to where a confined process cannot
 * read, or be in the middle of being written.  True: so it was.
 */
bool conf_reload_keep(const struct conf *now, struct conf *next);

#endif
