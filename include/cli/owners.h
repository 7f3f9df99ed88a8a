/* SPDX-License-Identifier: Apache-2.0 */
/*
 * owners - whose the files of a CA directory are to be, where root makes them for
 * others.  Core's user owns the directory; the signer may have one of its own, to whom
 * the journal and the keys belong (ADR 0025).
 */
#ifndef CLI_OWNERS_H
#define CLI_OWNERS_H

#include <sys/types.h>

#include "conf/conf.h"

/*
 * A user by name, or by number; of the image at 'root' where that is not "".
 * ERR_NOT_FOUND; 'ret_gid' NULL: of no interest.
 */
MUST_CHECK bool owners_find(const char *root, const char *name, uid_t *ret_uid,
    gid_t *ret_gid, struct err *e);
/*
 * What "--user signer=USER" says; without any, *ret stays.  ERR_MALFORMED: it says
 * something else; ERR_NOT_FOUND.
 */
MUST_CHECK bool owners_signer(const char *root, const struct strings *options,
    uid_t *ret, struct err *e);
/* Is this the signer's?  'name' is below the CA directory: "journal/00000001.hj". */
bool owners_are_signers(const char *name, const struct strings *keys);

#endif
