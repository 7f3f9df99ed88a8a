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
/*
 * Where root works in a directory of another user, that one may exchange what lies there
 * at any moment.  So root does there what that user could do, too: until
 * owners_act_self() all files are opened, made and removed as the owner of the last
 * component of 'path' that is not root's, be it 'path' itself or a directory above it.  No
 * symbolic link leads to more.  All are root's: as root.  For others than root it does
 * nothing.  ERR_NOT_FOUND, ERR_IO.
 */
MUST_CHECK bool owners_act(const char *path, struct err *e);
/* The same for the directory that 'path' is in: to make or remove what has this name. */
MUST_CHECK bool owners_act_in(const char *path, struct err *e);
/* As the program was called, or as owners_stay() says. */
void owners_act_self(void);
/*
 * Until owners_leave() all that is not between the calls above is done as that owner, too.
 */
MUST_CHECK bool owners_stay(const char *path, struct err *e);
/* The same for the directory that 'path' is in. */
MUST_CHECK bool owners_stay_in(const char *path, struct err *e);
void owners_leave(void); /* without owners_stay() it does nothing */
/*
 * May root believe 'file', which names the CA directory 'dir'?  Not where it, or what it
 * lies in or a link on the way is one user's and the directory another's, or root's.
 * 'file' is as the operator named it, before any link was followed.  ERR_CONFLICT.
 */
MUST_CHECK bool owners_agree(const char *file, const char *dir, struct err *e);
/* Until owners_act_self(): as root, for what only root can, and by descriptors. */
void owners_act_root(void);

/*
 * Gives away what root has made at 'path', below 'dir': no symbolic link on the way
 * below 'dir' is followed, and no file given that has another name, too.  ERR_IO.
 */
MUST_CHECK bool owners_give(const char *dir, const char *path, uid_t uid, gid_t gid,
    struct err *e);

/* Is this the signer's?  'name' is below the CA directory: "journal/00000001.hj". */
bool owners_are_signers(const char *name, const struct strings *keys);

#endif
