/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trust - the stores in which programs of this machine look for roots: the
 * system's, NSS databases (browsers), Java's.
 */
#ifndef CLI_TRUST_H
#define CLI_TRUST_H

#include "base/buf.h"
#include "base/err.h"

struct trust_root {
	char name[64]; /* "hanaper-0123456789abcdef": by its SHA-256, in every store */
	struct bytes pem; /* borrowed */
	char file[64];    /* a temporary file that holds it, for the stores' tools */
};

enum trust_act {
	TRUST_INSTALL,
	TRUST_UNINSTALL
};

enum trust_result {
	TRUST_DONE,
	TRUST_ABSENT, /* there is no such store, or its tool is missing: 'e' says which */
	TRUST_FAILED /* 'e' says why */
};

struct trust_store {
	const char *name; /* "system" "nss" "java" */
	const char *about;
	enum trust_result (
	    *act)(const struct trust_root *r, enum trust_act act, struct err *e);
};

/* Ends with a row whose name is NULL. */
extern const struct trust_store trust_stores[];

#endif
