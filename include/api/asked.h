/* SPDX-License-Identifier: Apache-2.0 */
/*
 * asked - a request for a certificate, as JSON or as the CSR itself, read for
 * whoever issues or explains.
 *
 * What is wrong with the request's form ends the reading; what is wrong with a
 * value in it is a row of the verdict, and the reading goes on, so that one
 * answer names every fault.
 */
#ifndef API_ASKED_H
#define API_ASKED_H

#include "api/request.h"
#include "ca/issue.h"

struct asked {
	char *profile;
	char *as;        /* explain alone: for whom; NULL: the caller */
	struct csr *csr; /* NULL: unreadable */
	bool has_names, names_bad;
	struct names names;
	int64_t validity_s; /* 0: not said */
	struct buf note;
	struct err fault; /* the first of the verdict's in plain words; ERR_NONE */
};

/*
 * ERR_MALFORMED, with a row "request.syntax": no such form.  True: 'v' has what
 * was said of the values.  'with_as': the member "as" is known.
 */
MUST_CHECK bool asked_read(struct request *r, bool with_as, struct asked *ret,
    struct verdict *v, struct err *e);
void asked_free(struct asked *a); /* what is inside */

/* The question to ca; it borrows from both. */
struct issue_request asked_request(const struct asked *a, const struct request *r);

/*
 * One CSR by itself: rows "csr.syntax", "csr.names", "csr.extensions", "csr.key".
 * False: one of them failed, and *e says it in plain words.
 */
MUST_CHECK bool asked_csr(const struct request *r, struct bytes in, struct csr **ret,
    struct verdict *v, struct err *e);

#endif
