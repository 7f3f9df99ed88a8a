/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request - what "issue" asks for: names as people type them, a new key, a CSR.
 */
#ifndef CLI_REQUEST_H
#define CLI_REQUEST_H

#include <jansson.h>

#include "conf/conf.h"
#include "key/key.h"
#include "x509/names.h"

/*
 * Adds a name as people type it: "TYPE:value", else by its look: "://" is a
 * URI, "@" an e-mail address, an IP address is one, all else is DNS.  A DNS name in
 * UTF-8 is added as its A-labels.
 * ERR_POLICY says what is wrong with it.
 */
MUST_CHECK bool request_add_name(struct names *n, const char *word, struct err *e);

/* The type and the value of such a word; 'word' is borrowed, nothing is checked. */
void request_split_name(const char *word, enum name_type *ret_type,
    struct bytes *ret_value);

/* A file name's base for these names: "localhost", "_wildcard.example"; free() it. */
char *request_base(const struct names *n);

/* Appends the CSR of 'key' for 'names' as PEM: empty subject, names in the SAN. */
MUST_CHECK bool request_csr(const struct key *key, const struct names *names,
    struct buf *ret_pem, struct err *e);

/* "-", or what stands for it. */
bool request_is_stdin(const char *path);
/* What is behind such a word, or in a file. */
MUST_CHECK bool request_read(const char *path, struct buf *ret, struct err *e);
/* Appends a CSR from a file, or from standard input (PEM as it is, DER as PEM). */
MUST_CHECK bool request_csr_file(const char *path, struct buf *ret_pem, struct err *e);

/* A typed word as JSON.  ERR_MALFORMED: it is not UTF-8, and JSON has no other text. */
MUST_CHECK bool request_text(struct bytes word, json_t **ret, struct err *e);
/* The same, as a member of 'object'; NULL: none. */
MUST_CHECK bool request_put(json_t *object, const char *member, const char *word,
    struct err *e);
/* Words "KEY=VALUE" as the member "metadata"; none of them: none. */
MUST_CHECK bool request_put_metadata(json_t *object, const struct strings *metadata,
    struct err *e);
/* Names as the API reads them: [{type, value}]. */
json_t *request_names_json(const struct names *names);

#endif
