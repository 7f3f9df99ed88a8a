/* SPDX-License-Identifier: Apache-2.0 */
/* caa - does a set of CAA records let us issue (RFC 8659, RFC 8657)?  Pure. */
#ifndef PROBE_CAA_H
#define PROBE_CAA_H

#include "base/sets.h"
#include "conf/conf.h"

struct caa_property { /* views of the RDATA */
	bool critical;
	struct bytes tag, value;
};

/* ERR_MALFORMED: it is no CAA record. */
MUST_CHECK bool caa_read(struct bytes rdata, struct caa_property *ret, struct err *e);

struct caa_question {
	bool wildcard;
	enum challenge challenge; /* by which the name was validated */
	struct bytes account;     /* its URL */
	const struct strings *identities;
};

/* 'v': the whole relevant set, at least one.  ERR_CAA: why not. */
MUST_CHECK bool caa_permits(const struct bytes *v, size_t n,
    const struct caa_question *q, struct err *e);

#endif
