/* SPDX-License-Identifier: Apache-2.0 */
/* core_listener - the certificate of the api listener, for a key that front made. */
#ifndef DAEMON_CORE_LISTENER_H
#define DAEMON_CORE_LISTENER_H

#include "ca/ca.h"
#include "ipc/msg_http.h"

/* 'm' is borrowed; NULL where it was refused. */
typedef void core_listener_cb(void *arg, const struct msg_tls_cert *m,
    const struct err *refused);

/*
 * Has a certificate made from front's CSR, for the names that the listener's profile
 * lists.  The callback comes later, once.
 */
MUST_CHECK bool core_listener_issue(struct ca *ca, struct bytes csr_der,
    core_listener_cb *cb, void *arg, struct err *e);

#endif
