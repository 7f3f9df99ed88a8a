/* SPDX-License-Identifier: Apache-2.0 */
/* conf_wire - struct conf as the body of MSG_CONF. */
#ifndef CONF_CONF_WIRE_H
#define CONF_CONF_WIRE_H

#include "base/buf.h"
#include "conf/conf.h"

void conf_put(struct buf *b, const struct conf *c);
MUST_CHECK bool conf_get(struct bytes body, struct conf **ret, struct err *e);

#endif
