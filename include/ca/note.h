/* SPDX-License-Identifier: Apache-2.0 */
/*
 * note - what is journalled with a certificate beside itself: where it came
 * from, and the words that its requester gave it.
 *
 * JSON, because it is read by people in the journal's export too.  The
 * database's columns are filled from it (ca/reconcile), so what stands here
 * survives the loss of the database.
 */
#ifndef CA_NOTE_H
#define CA_NOTE_H

#include <jansson.h>

#include "base/buf.h"
#include "x509/serial.h"

#define NOTE_MAX       KIB(4) /* octets of the JSON */
#define NOTE_TOKEN_LEN 33     /* 32 hex digits and a NUL */
#define NOTE_ORDER_LEN 23     /* 22 characters and a NUL */

/*
 * Of the metadata alone: what stands beside it in a renewal's note, the longest that it
 * will be in, fits as well.
 */
#define NOTE_METADATA_MAX                                                              \
	(NOTE_MAX - (sizeof("{\"parent\":\"\",\"metadata\":}\n") - 1) -                \
	    (SERIAL_HEX_LEN - 1))

struct note {
	char token
	    [NOTE_TOKEN_LEN]; /* id of the enrolment token that it used up; "": none */
	char order[NOTE_ORDER_LEN]; /* id of the ACME order that it answers; "": none */
	bool has_parent;
	struct serial parent; /* the certificate that it renews */
	json_t *metadata;     /* object of strings, or NULL; owned */
};

void note_free(struct note *n); /* what is inside */
/* Appends the JSON; nothing when all is empty.  ERR_TOO_LARGE over NOTE_MAX. */
MUST_CHECK bool note_write(const struct note *n, struct buf *ret, struct err *e);
/* ERR_TOO_LARGE over NOTE_METADATA_MAX; none (NULL) is fine. */
MUST_CHECK bool note_check_metadata(const json_t *metadata, struct err *e);
/* Reads what note_write() wrote; empty input is an empty note.  Unknown members are let be. */
MUST_CHECK bool note_read(struct bytes json, struct note *ret, struct err *e);

#endif
