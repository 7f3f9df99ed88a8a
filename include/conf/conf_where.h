/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_where - in which directory hanaper.yaml is.
 *
 * That is the CA directory, unless its 'dir:' names another, as a service's does.
 */
#ifndef CONF_CONF_WHERE_H
#define CONF_CONF_WHERE_H

#include "base/err.h"

#define CONF_WHERE_ETC  "/etc/hanaper" /* a service's */
#define CONF_WHERE_FILE "hanaper.yaml"

/* Is a file, or whatever else, of this name there? */
bool conf_where_has(const char *dir, const char *name);

/*
 * Is it in the working directory, which nobody named?  It and the directory are ours or
 * root's: who walks into another user's is not led to that one's CA.
 */
bool conf_where_here(void);

/* ERR_NOT_FOUND: it is there, and not ours: that is to be named. */
MUST_CHECK bool conf_where_ours(struct err *e);

/* ERR_NOT_FOUND: 'dir' holds a CA whose hanaper.yaml is elsewhere, and where that may be. */
MUST_CHECK bool conf_where_check(const char *dir, struct err *e);

#endif
