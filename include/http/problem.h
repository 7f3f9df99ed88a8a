/* SPDX-License-Identifier: Apache-2.0 */
/*
 * problem - a refusal as application/problem+json (RFC 9457), written without
 * a JSON library: front links none.
 */
#ifndef HTTP_PROBLEM_H
#define HTTP_PROBLEM_H

#include "base/buf.h"

#define PROBLEM_TYPE "application/problem+json"

/*
 * {"type":"urn:hanaper:problem:…","title":…,"status":…,"detail":…,"request_id":…}
 * and a newline.  Octets of the detail outside ASCII become '?'.  No request_id: NULL.
 */
void problem_put(struct buf *b, const struct err *e, const char *request_id);
/* {"type":"urn:ietf:params:acme:error:…","detail":…,"status":…} (RFC 8555 6.7). */
void problem_put_acme(struct buf *b, const struct err *e);

#endif
