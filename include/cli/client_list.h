/* SPDX-License-Identifier: Apache-2.0 */
/* client_list - lists that the daemon answers by pages, put together. */
#ifndef CLI_CLIENT_LIST_H
#define CLI_CLIENT_LIST_H

#include "cli/client.h"

struct client_list_param {
	const char *key, *value; /* a 'value' NULL is not asked for */
};

/*
 * Appends to 'ret' the rows named 'member' of all pages below 'path', newest first,
 * at most 'limit' (0: all).  'params' ends with a row whose key is NULL.
 */
MUST_CHECK bool client_list_collect(struct client *c, const char *path,
    const char *member, const struct client_list_param *params, size_t limit,
    json_t *ret, struct err *e);
/* --limit; 'text' NULL: 'otherwise'. */
MUST_CHECK bool client_list_limit(const char *text, size_t otherwise, size_t *ret,
    struct err *e);

#endif
