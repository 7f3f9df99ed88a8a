/* SPDX-License-Identifier: Apache-2.0 */
/*
 * front_ocsp - OCSP in front: what core allowed to be kept is answered here, the
 * rest goes to core, no faster than what leaves room for issuing.
 *
 * Front does not read requests: the octets of one are its key, the same whether they
 * came by GET or by POST.
 */
#ifndef API_FRONT_OCSP_H
#define API_FRONT_OCSP_H

#include "api/front.h"

/*
 * Requests that core and signer may have at once, and in a second.  So many at once
 * are three milliseconds of signatures: a certificate that is to be issued never
 * waits behind more.  So many in a second is about what two processors can sign.
 */
#define FRONT_OCSP_LIVE_MAX   64
#define FRONT_OCSP_LIVE_PER_S 10000

/* Keeps core's answer to the request of this key, if it may be. */
void front_ocsp_keep(struct front *f, const struct front_kept_key *key,
    const struct msg_http_response *m);
/* Appends what is known of both. */
void front_ocsp_metrics(struct front *f, struct buf *b);

#endif
