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

#define NOTE_TOKEN_LEN 33 /* 32 hex digits and a NUL */
#define NOTE_ORDER_LEN 23 /* 22 characters and a NUL */
#define NOTE_HASH_LEN  32 /* octets of a SHA-256 */

#define NOTE_METADATA_MAX 4030 /* octets of the metadata's JSON */
#define NOTE_ONCE_CHARS   86   /* two hashes in base64url */
/* Octets of the JSON.  The longest is a renewal's, which has most beside its metadata. */
#define NOTE_MAX                                                                       \
	(sizeof("{\"parent\":\"\",\"once\":\"\",\"metadata\":}\n") - 1 +               \
	    (SERIAL_HEX_LEN - 1) + NOTE_ONCE_CHARS + NOTE_METADATA_MAX)

/* By which the same request again gets the same certificate (ca/once). */
struct note_once {
	uint8_t key[NOTE_HASH_LEN];     /* of caller and Idempotency-Key */
	uint8_t request[NOTE_HASH_LEN]; /* of what was asked */
};

struct note {
	char token
	    [NOTE_TOKEN_LEN]; /* id of the enrolment token that it used up; "": none */
	char order[NOTE_ORDER_LEN]; /* id of the ACME order that it answers; "": none */
	bool has_parent;
	struct serial parent; /* the certificate that it renews … */
	bool by_holder;       /* … or whose holder asked for his own names anew */
	bool has_once;
	struct note_once once;
	json_t *metadata; /* object of strings, or NULL; owned */
};

void note_free(struct note *n); /* what is inside */
/* Does it renew its parent? */
bool note_renews(const struct note *n);
/* Appends the JSON; nothing when all is empty.  ERR_TOO_LARGE over NOTE_MAX. */
MUST_CHECK bool note_write(const struct note *n, struct buf *ret, struct err *e);
/* ERR_TOO_LARGE over NOTE_METADATA_MAX; none (NULL) is fine. */
MUST_CHECK bool note_check_metadata(const json_t *metadata, struct err *e);
/* Reads what note_write() wrote; empty input is an empty note.  Unknown members are let be. */
MUST_CHECK bool note_read(struct bytes json, struct note *ret, struct err *e);

#endif
