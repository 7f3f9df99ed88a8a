/* SPDX-License-Identifier: Apache-2.0 */
/* nonce_part - the file that nonces are kept in. */
#ifndef JOSE_NONCE_PART_H
#define JOSE_NONCE_PART_H

#include <stdatomic.h>

#include "jose/nonce.h"

#define NONCE_EPOCH_LEN 16
#define NONCE_BOOT_LEN  40 /* a UUID as text, filled up with NULs */

/* In the machine's own byte order: the file goes nowhere. */
struct nonce_file {
	char magic[8];
	uint32_t version;
	uint32_t is_closed; /* flushed as a whole: it may be believed under any boot */
	uint64_t inode;     /* a copy of the file is another */
	char boot[NONCE_BOOT_LEN];
	uint8_t epoch[NONCE_EPOCH_LEN];
	_Atomic uint64_t next; /* counters below it are given out */
	uint8_t rest[4096 - 88];
	_Atomic uint64_t
	    used[NONCE_WINDOW / 64]; /* bit of counter c: c % NONCE_WINDOW */
};
_Static_assert(offsetof(struct nonce_file, used) == 4096, "the header is one page");

/* Opens, locks and maps; the contents are fit for use and marked as open. */
MUST_CHECK bool nonce_file_open(const char *path, int *ret_fd, struct nonce_file **ret,
    struct err *e);
void nonce_file_close(int fd, struct nonce_file *f);

#endif
