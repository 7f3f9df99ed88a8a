/* SPDX-License-Identifier: Apache-2.0 */
/*
 * acme_paste - lines that point an ACME client at this CA, in the client's own
 * syntax, for pasting.
 */
#ifndef CLI_ACME_PASTE_H
#define CLI_ACME_PASTE_H

#include <jansson.h>

struct acme_paste {
	const char *url;      /* of the directory */
	const char *root;     /* path of the root certificate, as PEM */
	const char *root_pem; /* what is in it: some want it inline */
	const char *name;     /* an example of what may be ordered */
	const char *kid, *key;
};

/* The words for clients, in order; NULL past the last: "certbot" … "cert-manager". */
const char *acme_paste_client(size_t i);
/* Its name as people write it, and where the lines go: "Caddy (Caddyfile)". */
const char *acme_paste_title(size_t i);
/* Lines, each with its newline; free() it. */
char *acme_paste_lines(size_t i, const struct acme_paste *p);

/* A name that fits the first pattern of ["dns:*.lab.internal"]; free() it. */
char *acme_paste_example(const json_t *patterns);

#endif
