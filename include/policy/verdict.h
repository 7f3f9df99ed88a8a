/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verdict - what every rule said of a request, pass or fail, with its inputs.
 *
 * Rules are evaluated in order and all of them, so that one answer names every
 * fault.  The failed rows are the 'violations' of a problem document; all rows
 * are what explain shows.
 */
#ifndef POLICY_VERDICT_H
#define POLICY_VERDICT_H

#include "base/err.h"
#include "conf/conf.h"

struct verdict_row {
	bool pass;
	enum err_code code; /* where it did not */
	const char *rule;   /* static: "profile.names.dns" */
	char *field;        /* "names[2]" */
	char *value;        /* what was asked for */
	char *allowed;      /* what would pass */
	bool cut;           /* it passes by less than was asked for */
};

struct verdict {
	struct verdict_row *v;
	size_t n;
	size_t refused;     /* how many failed */
	enum err_code code; /* of the first that failed */
	/* Rows that just pass are not kept, nor is their text made: nobody will look at them. */
	bool terse;
};

void verdict_free(struct verdict *v); /* what is inside */
/* Adds a row and returns 'pass'.  'rule' is borrowed for ever; the texts are copied. */
bool verdict_add(struct verdict *v, bool pass, enum err_code code, const char *rule,
    const char *field, const char *value, const char *allowed);
/* Adds a row that passes, because less is given than was asked for. */
void verdict_cut(struct verdict *v, const char *rule, const char *field,
    const char *value, const char *allowed);
/* What was cut, in words, for whoever gets it. */
void verdict_notes(const struct verdict *v, struct strings *ret);
/* Will verdict_add() keep a row of this outcome?  Else its text need not be made. */
bool verdict_keeps(const struct verdict *v, bool pass);
/* True when none failed; else fills 'e' with code and first failure in words, and "(and N more)". */
MUST_CHECK bool verdict_ok(const struct verdict *v, struct err *e);

#endif
