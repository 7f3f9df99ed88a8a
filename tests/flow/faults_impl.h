/* SPDX-License-Identifier: Apache-2.0 */
/* faults_impl - what the files of faults.so share: the page, and who judges a call. */
#ifndef FLOW_FAULTS_IMPL_H
#define FLOW_FAULTS_IMPL_H

#include <stdint.h>

#define ROLES 5

/* As in faults.py. */
enum call {
	CALL_WRITE = 1, /* into a regular file */
	CALL_SYNC = 2,
	CALL_TRUNCATE = 4,
	CALL_NAME = 8, /* rename, unlink, mkdir */
	CALL_OPEN = 16,
	CALL_SEND = 32, /* to another role */
	CALL_MEMORY = 64,
	CALL_SIGN = 128, /* by a key, in hardware perhaps */
};

enum action {
	ACT_ERROR = 1,
	ACT_SHORT,       /* half of it is written, no error */
	ACT_KILL_BEFORE, /* SIGKILL in the place of the call */
	ACT_KILL_AFTER,
	ACT_HANG, /* 'error' milliseconds, then it goes through */
};

enum fate {
	GO,
	FAIL,
	HALF,
	DIE
};

struct plan {
	int64_t armed;
	int64_t calls;
	int64_t action;
	int64_t error;
	int64_t first; /* the first call that is concerned, from 1 */
	int64_t times;
	int64_t counter; /* of calls seen while armed */
	int64_t hits;
};

struct page {
	int64_t clock_offset_s;
	int64_t mono_offset_s;
	int64_t reserved[6];
	struct plan plans[ROLES];
};

extern struct page *faults_page; /* NULL: nobody plans anything */

/* What becomes of a call; FAIL has set errno. */
enum fate faults_judge(enum call call);

#endif
