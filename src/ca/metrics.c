/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/metrics.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "ca/audit.h"
#include "ca/ca_state.h"
#include "ca/census.h"
#include "ca/publish_crl.h"

static void
single(struct buf *b, const char *name, const char *type, const char *help,
    double value)
{
	prom_family(b, name, type, help);
	prom_put(b, name, value, PROM_PLAIN);
}

static void
put_process(struct ca *ca, struct buf *b)
{
	struct err e;

	single(b, "process_start_time_seconds", "gauge",
	    "When the daemon started, in seconds since the epoch.",
	    (double)ca->started_at);
	prom_family(b, "hanaper_build_info", "gauge", "The version that runs.");
	prom_put(b, "hanaper_build_info", 1,
	    PROM_LABELS({ "version", PACKAGE_VERSION }));
	single(b, "hanaper_ready", "gauge",
	    "1 when all is as it should be, as /readyz says.", ca_healthy(ca, &e));
}

static void
put_decisions(const struct tally *t, struct buf *b)
{
	prom_family(b, "hanaper_certificates_issued_total", "counter",
	    "Certificates issued since the start.");
	prom_put_set(b, "hanaper_certificates_issued_total", &t->issued, "profile",
	    "issuer");
	prom_family(b, "hanaper_certificates_revoked_total", "counter",
	    "Certificates revoked since the start.");
	prom_put_set(b, "hanaper_certificates_revoked_total", &t->revoked, "reason",
	    "issuer");
	prom_family(b, "hanaper_requests_refused_total", "counter",
	    "Requests that core refused since the start.");
	prom_put_set(b, "hanaper_requests_refused_total", &t->refused, "problem",
	    "rule");
	prom_family(b, "hanaper_ocsp_responses_total", "counter",
	    "OCSP answers that core made since the start.");
	prom_put_set(b, "hanaper_ocsp_responses_total", &t->ocsp, "status", NULL);
}

static void
put_acme(const struct tally *t, struct buf *b)
{
	prom_family(b, "hanaper_acme_accounts_total", "counter",
	    "ACME accounts made since the start.");
	prom_put_set(b, "hanaper_acme_accounts_total", &t->acme_accounts, "directory",
	    NULL);
	prom_family(b, "hanaper_acme_orders_total", "counter",
	    "Moves of ACME orders into a status since the start.");
	prom_put_set(b, "hanaper_acme_orders_total", &t->acme_orders, "profile",
	    "status");
	prom_family(b, "hanaper_acme_validations_total", "counter",
	    "Tries to validate an ACME challenge since the start.");
	prom_put_set(b, "hanaper_acme_validations_total", &t->acme_validations,
	    "challenge", "result");
}

static void
put_census(const struct census_counts *c, struct buf *b)
{
	prom_family(b, "hanaper_certificates_live", "gauge",
	    "Certificates that are valid now; counted once a minute.");
	for (size_t i = 0; i < c->n; i++)
		prom_put(b, "hanaper_certificates_live", (double)c->v[i].live,
		    PROM_LABELS({ "issuer", c->v[i].issuer }));
	prom_family(b, "hanaper_certificates_expiring", "gauge",
	    "Of those, the ones that end within the time.");
	for (size_t i = 0; i < c->n; i++)
		for (size_t k = 0; k < CENSUS_WINDOWS; k++)
			prom_put(b, "hanaper_certificates_expiring",
			    (double)c->v[i].expiring[k],
			    PROM_LABELS({ "issuer", c->v[i].issuer },
				{ "within", census_window_words[k] }));
}

/* ---- CRLs: one family after the other, each over all issuers ---- */

struct crl_now {
	const char *issuer;
	struct crl_row row;
	double octets;
};

enum {
	CRLS_MAX = 64
};

static size_t
read_crls(struct ca *ca, struct crl_now v[static CRLS_MAX])
{
	const struct publish *p = ca->publish;
	size_t n = 0;
	struct stat st;

	for (size_t i = 0; i < p->n && n < CRLS_MAX; i++) {
		const struct crl_slot *s = p->v[i];

		if (s->shard.of != 0 || s->delta || s->shown.next_update == 0 ||
		    fstatat(p->pub_fd, s->file, &st, 0) < 0)
			continue;
		v[n].issuer = s->issuer;
		v[n].row = s->shown;
		v[n++].octets = (double)st.st_size;
	}
	return n;
}

enum crl_value {
	CRL_NUMBER,
	CRL_ENTRIES,
	CRL_SIZE,
	CRL_THIS,
	CRL_NEXT
};

static double
crl_value(const struct crl_now *c, enum crl_value what)
{
	const double values[] = {
		[CRL_NUMBER] = (double)c->row.number,
		[CRL_ENTRIES] = (double)c->row.entries,
		[CRL_SIZE] = c->octets,
		[CRL_THIS] = (double)c->row.this_update,
		[CRL_NEXT] = (double)c->row.next_update,
	};

	return values[what];
}

static void
put_crls(struct ca *ca, struct buf *b)
{
	static const struct {
		enum crl_value value;
		bool
		    of_newest; /* not known of a list that is older than the last signed */
		const char *name, *help;
	} families[] = {
		{ CRL_NUMBER, true, "hanaper_crl_number", "Number of the CRL." },
		{ CRL_ENTRIES, true, "hanaper_crl_entries",
		    "Certificates on the CRL." },
		{ CRL_SIZE, false, "hanaper_crl_size_bytes", "Octets of the CRL." },
		{ CRL_THIS, false, "hanaper_crl_this_update_timestamp_seconds",
		    "When the CRL was made." },
		{ CRL_NEXT, false, "hanaper_crl_next_update_timestamp_seconds",
		    "Until when the CRL may be used." },
	};
	struct crl_now v[CRLS_MAX];
	const size_t n = read_crls(ca, v);

	for (size_t i = 0; i < NITEMS(families); i++) {
		prom_family(b, families[i].name, "gauge", families[i].help);
		for (size_t k = 0; k < n; k++)
			if (v[k].row.number != 0 || !families[i].of_newest)
				prom_put(b, families[i].name,
				    crl_value(&v[k], families[i].value),
				    PROM_LABELS({ "issuer", v[k].issuer }));
	}
}

static void
put_issuers(const struct ca *ca, struct buf *b)
{
	prom_family(b, "hanaper_issuer_not_after_timestamp_seconds", "gauge",
	    "When the issuer's own certificate ends.");
	for (size_t i = 0; i < ca->n_issuers; i++)
		prom_put(b, "hanaper_issuer_not_after_timestamp_seconds",
		    (double)ca->issuers[i].cert->not_after,
		    PROM_LABELS({ "issuer", ca->issuers[i].name }));
}

static void
histogram(struct buf *b, const char *name, const char *help, const struct prom_hist *h,
    const struct prom_scale *s)
{
	prom_family(b, name, "histogram", help);
	prom_put_hist(b, name, h, s, PROM_PLAIN);
}

static void
put_machine(struct ca *ca, struct buf *b)
{
	const struct tally *t = &ca->tally;

	histogram(b, "hanaper_commit_duration_seconds",
	    "How long the database takes to commit.", &t->commit_us, &prom_seconds);
	histogram(b, "hanaper_commit_answers", "Answers that shared one commit.",
	    &t->batch, &prom_sizes);
	single(b, "hanaper_commits_failed_total", "counter",
	    "Commits that failed; the journal makes good for them.",
	    (double)t->commits_failed);
	histogram(b, "hanaper_signer_answer_duration_seconds",
	    "From a question to the signer to its answer, the journal's flush "
	    "included.",
	    &t->signer_us, &prom_seconds);
	single(b, "hanaper_signer_questions_open", "gauge",
	    "Questions that the signer has not answered.", (double)t->asks);
	single(b, "hanaper_journal_records_total", "counter",
	    "Records of the journal that the database holds.",
	    (double)ca->committed_seq);
	single(b, "hanaper_audit_rows_waiting", "gauge",
	    "Rows of the audit that wait for the next write.",
	    (double)audit_waiting(ca));
	single(b, "hanaper_audit_rows_dropped_total", "counter",
	    "Refusals that came too fast to be kept.", (double)t->audit_dropped);
}

void
metrics_put(struct ca *ca, struct buf *b)
{
	put_process(ca, b);
	put_decisions(&ca->tally, b);
	put_acme(&ca->tally, b);
	put_census(census_counts(ca), b);
	put_crls(ca, b);
	put_issuers(ca, b);
	put_machine(ca, b);
}
