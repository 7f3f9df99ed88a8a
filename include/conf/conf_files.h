/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_files - the files of a CA that must be closed, to whom, and whose they are (S81).
 *
 * One list for the start of the daemon and for "hanaper doctor".
 */
#ifndef CONF_CONF_FILES_H
#define CONF_CONF_FILES_H

#include <sys/types.h>

#include "conf/conf.h"

struct conf_file {
	const char *path; /* absolute */
	mode_t forbidden; /* bits of its mode */
	bool signers;     /* the signer reads it; else core or the parent */
	bool written;     /* that one writes there: it is nobody else's, nor root's */
	bool by_parent;   /* who looks before a role starts; else who opens it does */
};

/* 'f' is borrowed for the call.  False ends the walk. */
typedef bool conf_files_each(void *arg, const struct conf_file *f, struct err *e);

/* All of them, whether they are there or not. */
MUST_CHECK bool conf_files(const struct conf *c, conf_files_each *each, void *arg,
    struct err *e);

/*
 * May the daemon use it as it is, where 'role' is the user of the role that it is for
 * and 'owner' that of the directory?  ERR_IO says what to run; ERR_NOT_FOUND.
 */
MUST_CHECK bool conf_files_check(const struct conf_file *f, uid_t role, uid_t owner,
    struct err *e);

#endif
