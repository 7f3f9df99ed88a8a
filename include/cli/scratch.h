/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scratch - what a command makes beside a file while it works, and takes away again:
 * also when SIGINT, SIGTERM, SIGHUP or SIGQUIT ends it.
 *
 * For a program of one thread.  What ignores a signal goes on ignoring it.
 */
#ifndef CLI_SCRATCH_H
#define CLI_SCRATCH_H

#include "base/err.h"

#define SCRATCH_MAX 4 /* of them at a time */

/* A new file or directory BESIDE.WORD-XXXXXX; *ret_path is scratch_remove()'s to free. */
MUST_CHECK bool scratch_file(const char *beside, const char *word, char **ret_path,
    int *ret_fd, struct err *e);
MUST_CHECK bool scratch_dir(const char *beside, const char *word, char **ret_path,
    struct err *e);
/* A directory TMPDIR/hanaper.WORD-XXXXXX, for what has no file to lie beside. */
MUST_CHECK bool scratch_temporary(const char *word, char **ret_path, struct err *e);
/* From here on it stays where a signal ends us: all that there is lies in it. */
void scratch_keep(const char *path);
/* Takes it away with all below it, and frees 'path'.  NULL is fine. */
void scratch_remove(char *path);

#endif
