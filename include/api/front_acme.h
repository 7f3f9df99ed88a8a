/* SPDX-License-Identifier: Apache-2.0 */
/*
 * front_acme - what front itself refuses below /acme/, in the words of RFC 8555 6.7:
 * a type that ACME clients know, the language, the link to the directory.  A nonce
 * front has not.
 */
#ifndef API_FRONT_ACME_H
#define API_FRONT_ACME_H

#include "http/server.h"

struct front_acme;

struct front_acme *front_acme_new(void);
void front_acme_free(struct front_acme *a); /* NULL is fine */
/* Where the URLs of all directories begin: urls.api of the configuration; from any thread. */
void front_acme_set_url(struct front_acme *a, const char *url);

/* As exchange_refuse(); false: it is no request of ACME, and not answered. */
bool front_acme_refuse(struct front_acme *a, struct exchange *x, const struct err *e,
    struct bytes headers);

#endif
