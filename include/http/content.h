/* SPDX-License-Identifier: Apache-2.0 */
/*
 * content - the octets of an answer that many requests share: in memory, or a
 * file that is open.  Counted: whoever holds a reference may send it, from any
 * thread, while a newer version takes its place.
 */
#ifndef HTTP_CONTENT_H
#define HTTP_CONTENT_H

#include "base/bytes.h"

struct aside;
struct content;

/* Copies the octets. */
struct content *content_new(struct bytes octets);
/*
 * Takes over 'fd', a regular file of 'size' octets.  It is closed by 'a', or at once
 * where that is NULL: a file that has no name any more is given back to the disk as it
 * is closed, and whoever does that waits.
 */
struct content *content_new_file(int fd, uint64_t size, struct aside *a);
struct content *content_ref(struct content *c); /* returns c */
void content_unref(struct content *c);          /* NULL is fine */

uint64_t content_size(const struct content *c);
int content_fd(const struct content *c);              /* -1: in memory */
struct bytes content_octets(const struct content *c); /* in memory only */

#endif
