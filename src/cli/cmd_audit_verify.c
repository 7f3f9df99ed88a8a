/* SPDX-License-Identifier: Apache-2.0 */
/* hanaper audit verify - journal and database against each other; reads only. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ca/verify.h"
#include "cli/client.h"
#include "cli/cmd_audit.h"
#include "cli/scratch.h"
#include "conf/conf_load.h"

#define TOLD_MAX 1000 /* faults that are printed; the others are counted */

struct telling {
	json_t *faults;
	bool json;
};

static void
on_fault(void *arg, const char *what)
{
	struct telling *t = arg;

	if (json_array_size(t->faults) >= TOLD_MAX)
		return;
	json_array_append_new(t->faults, out_string(what));
	if (t->json)
		return;
	fputs("FAULT  ", stdout);
	out_text(stdout, what);
	putchar('\n');
}

static void
print(const struct verify_result *r)
{
	printf("journal   %" PRIu64 " %s: %" PRIu64 " %s, %" PRIu64 " %s, %" PRIu64
	       " %s; the chain holds%s\n",
	    r->records, out_noun(r->records, "record", "records"), r->certificates,
	    out_noun(r->certificates, "certificate", "certificates"), r->revocations,
	    out_noun(r->revocations, "revocation", "revocations"), r->crls,
	    out_noun(r->crls, "CRL", "CRLs"),
	    r->faults > 0 ? " up to the last of them" : "");
	if (r->stored == r->records && r->faults > 0)
		printf("database  took them all in, and is not as they tell\n");
	else if (r->stored == r->records)
		printf("database  holds them all\n");
	else if (r->stored < r->records)
		printf("database  holds the first %" PRIu64
		       "; the daemon takes in the others\n",
		    r->stored);
	if (r->pruned_before > 0) {
		char at[CLOCK_RFC3339_LEN];

		clock_rfc3339(r->pruned_before, at);
		printf("audit     rows before %s were taken out for their age; the "
		       "journal has what they told of certificates\n",
		    at);
	}
	if (r->torn)
		printf("note      a record behind them is not whole: just being "
		       "written, or of a crash that the next start heals\n");
	if (r->faults > TOLD_MAX)
		printf("...       and %" PRIu64 " more %s\n", r->faults - TOLD_MAX,
		    out_noun(r->faults - TOLD_MAX, "fault", "faults"));
	if (r->faults > 0)
		printf("%" PRIu64 " %s\n", r->faults,
		    out_noun(r->faults, "fault", "faults"));
	else
		puts("journal and database tell the same");
}

static bool
verify(const char *file, struct telling *t, struct verify_result *ret, struct err *e)
{
	char *journal = NULL, *database = NULL, *dir = NULL;
	struct conf *conf = NULL;

	bool ok = conf_load(file, &conf, e);
	if (ok) {
		journal = conf_path(conf, "journal");
		database = conf_path(conf, conf->database);
		ok = scratch_temporary("verify", &dir, e) &&
		     verify_run(journal, database, dir, on_fault, t, ret, e);
	}
	scratch_remove(dir);
	conf_free(conf);
	free(journal);
	free(database);
	return ok;
}

int
cmd_audit_verify(const struct audit_args *a)
{
	char *file = client_find_conf(a->common.dir);
	struct telling t = { .faults = json_array(), .json = a->common.json };
	struct verify_result r = { 0 };
	struct err e = { 0 };
	int status = OUT_FAILED;

	if (file == NULL)
		client_found_none(a->common.dir, &e);
	if (file == NULL || !verify(file, &t, &r, &e)) {
		out_fail(&e);
	} else {
		if (a->common.json)
			out_json(json_pack("{s:I, s:I, s:I, s:I, s:I, s:b, s:I, s:O}",
			    "records", (json_int_t)r.records, "certificates",
			    (json_int_t)r.certificates, "revocations",
			    (json_int_t)r.revocations, "crls", (json_int_t)r.crls,
			    "stored", (json_int_t)r.stored, "torn", r.torn, "count",
			    (json_int_t)r.faults, "faults", t.faults));
		else
			print(&r);
		status = r.faults > 0 ? OUT_FAILED : OUT_DONE;
	}
	json_decref(t.faults);
	free(file);
	return status;
}
