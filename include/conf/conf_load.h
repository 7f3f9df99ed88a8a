/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_load - hanaper.yaml into struct conf, through libcyaml.
 *
 * Unknown keys, wrong types, missing values, doubled names, references to
 * nothing, and values out of range are ERR_MALFORMED with "file:line: what is
 * wrong; what would be right".  At most 1 MiB, regular files only.
 */
#ifndef CONF_CONF_LOAD_H
#define CONF_CONF_LOAD_H

#include "conf/conf.h"

/*
 * 'path' is the file; the CA directory is the one it lies in, unless 'dir:' says
 * otherwise.  Where ACME needs resolvers and the file has none, /etc/resolv.conf
 * is asked.  ERR_NOT_FOUND: there is no such file; ERR_IO: whether there is one cannot
 * be seen.
 */
MUST_CHECK bool conf_load(const char *path, struct conf **ret, struct err *e);
/* The same of a text, as if it were the file at the absolute 'path'.  No file is opened. */
MUST_CHECK bool conf_load_text(struct bytes text, const char *path, struct conf **ret,
    struct err *e);

/* The name servers of a resolv.conf(5), port 53; what is none is passed over. */
void conf_load_resolv_conf(struct bytes text, struct strings *ret);

#endif
