/* SPDX-License-Identifier: Apache-2.0 */
/*
 * acme_pattern - which names an external account's key is for, as a list of
 * patterns: "dns:*.lab.internal", "ip:10.0.0.0/8".
 *
 * They are compared as a profile's (profile_name_allowed()); wildcards and
 * underscores pass, for the profile is asked too.
 */
#ifndef POLICY_ACME_PATTERN_H
#define POLICY_ACME_PATTERN_H

#include <jansson.h>

#include "conf/conf.h"

#define ACME_PATTERNS_MAX 100 /* in one list */

/*
 * Appends one to its kind's list, in normal form.  Without "dns:" or "ip:" it is
 * what it looks like: an address, a range, else a name.  ERR_MALFORMED says what is
 * wrong with it.  'ret' begins zeroed; acme_pattern_free() it also after a failure.
 */
MUST_CHECK bool acme_pattern_add(struct conf_names *ret, struct bytes text,
    struct err *e);
/* From an array of strings; ERR_MALFORMED also for more than ACME_PATTERNS_MAX. */
MUST_CHECK bool acme_pattern_read(const json_t *list, struct conf_names *ret,
    struct err *e);
void acme_pattern_free(struct conf_names *n); /* what is inside */
/* ["dns:*.lab.internal"] */
json_t *acme_pattern_json(const struct conf_names *n);
size_t acme_pattern_count(const struct conf_names *n);

/* Is there a DNS name, or an address, that both let pass? */
bool acme_pattern_meets(const struct conf_names *a, const struct conf_names *b);

#endif
