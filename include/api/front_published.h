/* SPDX-License-Identifier: Apache-2.0 */
/*
 * front_published - the files under pub/ as core published them: GET /ca/… and
 * /crl/….
 *
 * A map of names: a path is looked up as it came and never joined to a directory,
 * so no file outside the map is ever opened (R83).  Small ones are kept in
 * memory, large ones open.  A new version takes the place of the old one while
 * that is still being sent.
 */
#ifndef API_FRONT_PUBLISHED_H
#define API_FRONT_PUBLISHED_H

#include "api/front.h"

struct aside;

/* 'pub_fd' is taken over: the directory pub/. */
struct front_published *front_published_new(int pub_fd);
void front_published_free(struct front_published *p); /* NULL is fine */
/* Which closes the files from now on; it outlives 'p' and the answers. */
void front_published_aside(struct front_published *p, struct aside *a);

/*
 * Opens the file and puts it in place.  ERR_MALFORMED: a path, a name or a
 * header text that core must not send.  Others: the file cannot be opened now; what
 * was published before stays, and the newest of each path is kept for a later try.
 */
MUST_CHECK bool front_published_put(struct front_published *p,
    const struct msg_publish *m, struct err *e);
/* Tries what could not be opened, by the thread that puts; how many are left. */
size_t front_published_again(struct front_published *p);

#endif
