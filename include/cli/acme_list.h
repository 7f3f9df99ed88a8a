/* SPDX-License-Identifier: Apache-2.0 */
/* acme_list - what the commands of "hanaper acme" share: lists by pages, transcripts. */
#ifndef CLI_ACME_LIST_H
#define CLI_ACME_LIST_H

#include "cli/client.h"

struct acme_list_param {
	const char *key, *value; /* a 'value' NULL is not asked for */
};

/*
 * Appends to 'ret' the rows named 'member' of all pages below 'path', newest first,
 * at most 'limit' (0: all).  'params' ends with a row whose key is NULL.
 */
MUST_CHECK bool acme_list_collect(struct client *c, const char *path,
    const char *member, const struct acme_list_param *params, size_t limit, json_t *ret,
    struct err *e);
/* --limit; 'text' NULL: 'otherwise'. */
MUST_CHECK bool acme_list_limit(const char *text, size_t otherwise, size_t *ret,
    struct err *e);

/* One attempt, or a test, with all that it saw, line by line. */
void acme_list_print_attempt(const json_t *attempt);

#endif
