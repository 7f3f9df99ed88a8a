/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_edit - hanaper.yaml with one change, and all else of it octet for octet as
 * it was: comments, order, quotes, ends of lines.
 *
 * Pure: text in, text out.  What comes out was read by the loader, and says what
 * went in says, but for the change.
 */
#ifndef CONF_CONF_EDIT_H
#define CONF_CONF_EDIT_H

#include "base/buf.h"
#include "conf/conf.h"

/*
 * Issuer 'next' follows issuer 'old': its row is put before that of 'old', and
 * profiles of 'old' become its own.  Grants are let be.  'path' is absolute, of the
 * file; appends to 'ret'.  ERR_MALFORMED: the text is no configuration, or the new one
 * would be none; ERR_NOT_FOUND: it has no issuer 'old'; ERR_UNAVAILABLE: it is written
 * in a way that is not edited here, and what to write by hand.
 */
MUST_CHECK bool conf_edit_follow(struct bytes text, const char *path, const char *old,
    const struct conf_issuer *next, struct buf *ret, struct err *e);

#endif
