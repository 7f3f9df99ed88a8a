/* SPDX-License-Identifier: Apache-2.0 */
/* named - what the daemon lists by name: issuers, profiles. */
#ifndef CLI_NAMED_H
#define CLI_NAMED_H

#include "cli/client.h"

/*
 * The one of 'list', an array of objects with a "name", borrowed.  NULL, ERR_NOT_FOUND:
 * there is none, in words with all that there are; 'what' is "issuer".
 */
const json_t *named_find(const json_t *list, const char *what, const char *name,
    struct err *e);
/* All names: "main, main-2"; free() it. */
char *named_all(const json_t *list);

/*
 * The issuer that is meant where none was named: the first that is not the root, is not
 * revoked, and whom profiles use.  free() it.  ERR_NOT_FOUND: there is none.
 */
MUST_CHECK bool named_default_issuer(struct client *c, char **ret, struct err *e);

#endif
