/* SPDX-License-Identifier: Apache-2.0 */
/* refusal - who is told that a request was refused: log, numbers and audit. */
#ifndef API_REFUSAL_H
#define API_REFUSAL_H

#include "api/request.h"

/* Called once for each refusal, by request_problem(). */
void refusal_tell(struct request *r, const struct err *e, const struct verdict *v);

#endif
