/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_reload - two configurations compared: what changed, and may it while the
 * daemon runs?
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

#endif
