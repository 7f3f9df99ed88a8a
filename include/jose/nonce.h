/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nonce - anti-replay nonces (RFC 8555 6.5), each good once, over restarts.
 *
 * A nonce is a counter of 8 octets and 16 octets of HMAC-SHA256 over it, as 32
 * characters of base64url: the MAC makes it unforgeable, a bit per counter makes
 * it good once, and the last NONCE_WINDOW nonces can be redeemed, however old.
 *
 * The state is a file of fixed size, mapped: what was written survives the death
 * of the process, whatever it died of, and a counter is stored as taken before
 * its nonce leaves.  A machine that stops may lose some of it; so a file that was
 * not closed, and was written under another boot of the machine, begins a new
 * epoch: the nonces of the old one are refused.  So does one that was copied
 * (a restored backup), that is no file of ours, of the wrong size, owner or mode:
 * it is replaced without a word, and clients come back with a new nonce.
 *
 * nonce_new(), nonce_check() and nonce_use() may be called by several threads.
 */
#ifndef JOSE_NONCE_H
#define JOSE_NONCE_H

#include "base/buf.h"

#define NONCE_KEY_LEN 32         /* octets */
#define NONCE_TEXT    33         /* characters, with the NUL */
#define NONCE_WINDOW  (1u << 22) /* nonces that can be redeemed; half a MiB of bits */

struct nonces;

/*
 * Opens or makes the file (0600) and locks it; 'key' is NONCE_KEY_LEN octets from
 * the system's random source and copied.  Flushes once.  ERR_CONFLICT when another
 * process has it open, ERR_IO.
 */
MUST_CHECK bool nonce_open(const char *path, struct bytes key, struct nonces **ret,
    struct err *e);
/* Flushes, and marks the file as closed; NULL is fine. */
void nonce_close(struct nonces *n);

/* No I/O but into the mapping; cannot fail. */
void nonce_new(struct nonces *n, char ret[static NONCE_TEXT]);
/*
 * True once per nonce.  ERR_BAD_NONCE: used, too old, of another epoch, not ours,
 * no base64url; its detail begins with the words that clients look for.
 */
MUST_CHECK bool nonce_use(struct nonces *n, struct bytes text, struct err *e);
/* The same without using it up, for far less than a signature costs. */
MUST_CHECK bool nonce_check(struct nonces *n, struct bytes text, struct err *e);
/* That refusal, for a request that bears no nonce; returns false. */
bool nonce_missing(struct err *e);

#endif
