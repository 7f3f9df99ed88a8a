/* SPDX-License-Identifier: Apache-2.0 */
/* csr_part - what the files of csr share. */
#ifndef X509_CSR_PART_H
#define X509_CSR_PART_H

#include "x509/csr.h"

#define CSR_RULE_SYNTAX     "csr.syntax"
#define CSR_RULE_NAMES      "csr.names"
#define CSR_RULE_EXTENSIONS "csr.extensions"
#define CSR_RULE_KEY        "csr.key"

/* Reads the content of the attributes' [0] into 'c': names, must-staple, what is ignored. */
MUST_CHECK bool csr_read_attributes(struct bytes body, struct csr *c, struct err *e);

#endif
