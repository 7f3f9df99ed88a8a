/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signer_kept - what the closed segments of the journal told, kept in
 * journal/state so that a start reads no more than the last of them.
 *
 * A cache: without it, or when it is damaged, older or newer than the journal,
 * of another CA, or knows an issuer not, the whole journal is read instead.
 */
#ifndef DAEMON_SIGNER_KEPT_H
#define DAEMON_SIGNER_KEPT_H

#include "daemon/signer.h"

/*
 * Opens s->journal by what is kept in 'dir'.  False: that does not do, 'e' says
 * why, and the state is as if nothing had been tried.
 */
MUST_CHECK bool signer_kept_open(struct signer *s, const char *dir, size_t *ret_healed,
    struct err *e);
/* After each commit: when a segment was closed, its state is written, a slice at a time. */
void signer_kept_tick(struct signer *s);
void signer_kept_drop(struct signer *s); /* what is half written stays so */

#endif
