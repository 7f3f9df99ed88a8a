/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_where - in which directory hanaper.yaml is.
 *
 * That is the CA directory, unless its 'dir:' names another, as a service's does.
 */
#ifndef CONF_CONF_WHERE_H
#define CONF_CONF_WHERE_H

#include "base/err.h"

#define CONF_WHERE_DIR  "hanaper"      /* below the working directory */
#define CONF_WHERE_ETC  "/etc/hanaper" /* a service's */
#define CONF_WHERE_FILE "hanaper.yaml"

/* Is a file, or whatever else, of this name there? */
bool conf_where_has(const char *dir, const char *name);

/*
 * CONF_WHERE_DIR or ".", which nobody named: are it, the working directory, and
 * hanaper.yaml if that is in it, ours, root's, or of the user who ran sudo?  Who works
 * where others may write is not led to their CA.
 */
bool conf_where_mine(const char *dir);

/* The same, and hanaper.yaml is in it. */
bool conf_where_meant(const char *dir);

/* ERR_NOT_FOUND: neither is meant, and a CA in one is another user's: it is to be named. */
MUST_CHECK bool conf_where_ours(struct err *e);

/*
 * The same; and where CONF_WHERE_DIR may be made: neither the working directory nor what
 * has that name, if anything, is another user's.
 */
MUST_CHECK bool conf_where_free(struct err *e);

/* ERR_NOT_FOUND: 'dir' holds a CA whose hanaper.yaml is elsewhere, and where that may be. */
MUST_CHECK bool conf_where_check(const char *dir, struct err *e);

#endif
