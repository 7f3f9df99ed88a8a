/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe - the validations that are under way.
 *
 * At most PROBE_RUNNING_MAX run at once, and PROBE_QUEUE_MAX wait for a place;
 * more are refused (ERR_RATE_LIMITED).  Of those that run at most PROBE_SAME_MAX
 * are for one name, and as many connect to one address: a target that does not
 * answer takes not all places.  The deadline runs from the arrival.
 *
 * Every question is answered once.
 */
#ifndef PROBE_PROBE_H
#define PROBE_PROBE_H

#include "conf/conf.h"
#include "ipc/msg_probe.h"
#include "sys/loop.h"

#define PROBE_RUNNING_MAX 256
#define PROBE_QUEUE_MAX   4096
#define PROBE_SAME_MAX    16
#define PROBE_RETRY_S     10 /* when to come again, with ERR_RATE_LIMITED */

struct probe;

typedef void probe_answer_cb(void *arg,
    const struct msg_probed *m); /* 'm' is borrowed */

/* 'c' is borrowed until probe_conf() or probe_free().  ERR_INTERNAL: a library failed. */
MUST_CHECK bool probe_new(struct loop *l, const struct conf *c, probe_answer_cb *cb,
    void *arg, struct probe **ret, struct err *e);
/* Counts for what starts from here on; nothing borrows from the one before. */
void probe_conf(struct probe *p, const struct conf *c);
void probe_free(
    struct probe *p); /* what is under way is given up unanswered; NULL is fine */

/* 'm' is borrowed for the call.  May answer before it returns. */
void probe_ask(struct probe *p, const struct msg_probe *m);
size_t probe_running(const struct probe *p);

#endif
