/* SPDX-License-Identifier: Apache-2.0 */
/* instead - what a client hears in place of an answer that core had and cannot give. */
#ifndef API_INSTEAD_H
#define API_INSTEAD_H

#include "ipc/msg_http.h"

enum instead {
	INSTEAD_LOST, /* what it tells of did not reach the disk */
	INSTEAD_LATER /* too much waits for front; nothing was done */
};

/* An answer of the same id: in ACME's words, with the nonce, where 'm' is ACME's. */
void instead_put(struct buf *b, const struct msg_http_response *m, enum instead why);

#endif
