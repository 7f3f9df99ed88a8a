/* SPDX-License-Identifier: Apache-2.0 */
/* ask_core - a test that is front, and the signer: one question to core at a time. */
#ifndef ASK_CORE_H
#define ASK_CORE_H

#include "../ca/paper.h"
#include "api/core_routes.h"

extern struct core_answer { /* the last one; free the texts */
	bool there, wrote;
	int status;
	char *body, *headers;
} answer;
extern struct api api; /* the test fills it, with ask_core_answered() */

struct question {
	const char *method, *path, *query, *body, *type, *accept, *authorization;
	const char *kid, *payload; /* of an ACME request, signed as it is sent */
	struct bytes cert;         /* empty: by the local socket */
};

void ask_core_answered(void *arg, const struct msg_http_response *m, bool wrote);

void send_question(const struct question *q);
/* And the end of the round: an answer that is lost is as daemon/core.c has it. */
void await_answer(const struct question *q);
void ask(const struct question *q); /* both */

#endif
