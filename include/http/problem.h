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
 * and a newline.  Octets of the detail outside ASCII become '?'.
 */
void problem_put(struct buf *b, const struct err *e, const char *request_id);

#endif
