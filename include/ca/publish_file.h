/* SPDX-License-Identifier: Apache-2.0 */
/*
 * publish_file - a CRL's file in pub/: written as the octets come, then flushed and
 * put in its place by another thread, since to flush many octets takes a while.
 */
#ifndef CA_PUBLISH_FILE_H
#define CA_PUBLISH_FILE_H

#include "base/bytes.h"
#include "sys/aside.h"

#define CRL_FILE_HEAD_MAX 16

struct crl_file {
	struct aside_job job;
	int dir;          /* pub/ */
	const char *name; /* its place there */
	char *temporary;  /* its name until then; NULL: nothing was begun */
	int fd;
	size_t room;      /* octets before the content, for the outer header */
	uint64_t octets;  /* of the content: what the signer sent so far */
	uint64_t flushed; /* so much of it is on its way to the disk */
	bool whole;       /* nothing more is added */
	uint8_t head[CRL_FILE_HEAD_MAX];
	size_t head_n;
	bool placed; /* it is in its place; else 'why' it is not */
	struct err why;
	void (*done)(
	    struct crl_file *f); /* placed or not; the caller's to set, and … */
	void *ctx;               /* … its */
};

/* 'name' is borrowed.  ERR_IO. */
MUST_CHECK bool publish_file_begin(struct crl_file *ret, int dir, const char *name,
    struct err *e);
/* The next octets of the content; while more come, the disk takes what is there.  ERR_IO. */
MUST_CHECK bool publish_file_add(struct crl_file *f, struct bytes octets,
    struct err *e);
/* All is there: flushes it and puts it in its place.  'f' stays where it is until it is done. */
void publish_file_place(struct crl_file *f, struct aside *a);
void publish_file_end(struct crl_file *f); /* twice is fine */
/* What the list of this name says of itself.  ERR_NOT_FOUND, ERR_MALFORMED, ERR_IO. */
MUST_CHECK bool publish_file_times(int dir, const char *name, int64_t *ret_this_update,
    int64_t *ret_next_update, struct err *e);

#endif
