/* SPDX-License-Identifier: Apache-2.0 */
#include "api/refusal.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "ca/audit.h"
#include "ca/tally.h"
#include "ca/throttle.h"

#define STRANGERS_A_SECOND 10 /* lines in the log */

/* One line for each refusal, with what it takes to find it again. */
static void
log_refused(const struct request *r, const struct err *e)
{
	char *method = mem_strndup(r->in.method), *path = mem_strndup(r->in.path);
	char *address = mem_strndup(r->in.address);
	/* What is unavailable comes by itself, as /readyz does while all starts. */
	const bool wrong = err_status(e->code) >= 500 && e->code != ERR_UNAVAILABLE;
	const struct log_kv all[] = {
		LOG_TEXT("request_id", r->id),
		LOG_TEXT("identity", r->caller.id.text),
		LOG_TEXT("method", method),
		LOG_TEXT("path", path),
		LOG_NUM("status", err_status(e->code)),
		LOG_TEXT("problem", err_type(e->code)),
		LOG_TEXT("detail", e->detail),
		LOG_TEXT("address", address),
		LOG_TEXT("profile", r->about.profile),
		LOG_TEXT("names", r->about.names),
		LOG_TEXT("serial", r->about.serial),
		LOG_TEXT("object", r->about.object),
	};
	struct log_kv said[NITEMS(all)];
	size_t n = 0;

	for (size_t i = 0; i < NITEMS(all); i++)
		if (all[i].text == NULL || all[i].text[0] != '\0')
			said[n++] = all[i];
	log_write(wrong ? LOG_ERROR : LOG_WARN, "refused", said, n);
	free(method);
	free(path);
	free(address);
}

/*
 * A decision about somebody who is known, or about something that is: to look in
 * vain for what is not there is none.
 */
static bool
is_decision(const struct request *r, const struct err *e)
{
	if (e->code == ERR_UNAUTHENTICATED)
		return false;
	if (r->about.profile != NULL || r->about.object != NULL)
		return true;
	return r->caller.id.kind != IDENTITY_NONE &&
	       (e->code == ERR_FORBIDDEN || !bytes_eq_str(r->in.method, "GET"));
}

/*
 * Strangers cost the log ten lines a second at most, and the database none; how
 * many there were the numbers tell (GET /metrics).  Who signed an ACME request by a key
 * that is no account's is one, but what he is refused is a decision.
 */
static bool
may_log_stranger(void)
{
	static int64_t second;
	static unsigned lines;
	const int64_t now = clock_mono_ms() / 1000;

	if (now != second && lines > STRANGERS_A_SECOND)
		LOG(LOG_WARN, "unlogged",
		    LOG_NUM("refused", lines - STRANGERS_A_SECOND));
	if (now != second) {
		second = now;
		lines = 0;
	}
	return ++lines <= STRANGERS_A_SECOND;
}

/*
 * Of those who are known, a flood is told of by how many there were (S32); they do not
 * share their share with strangers, who have one of all decisions together.
 */
static bool
may_tell(struct request *r, const struct err *e, bool decision)
{
	const bool stranger = r->caller.id.kind == IDENTITY_NONE;

	if ((stranger && !decision) || e->code == ERR_UNAUTHENTICATED)
		return may_log_stranger();
	const bool may = throttle_refusal(r->ca, &r->caller.id);
	if (!may && decision)
		audit_drop(r->ca);
	return may;
}

void
refusal_tell(struct request *r, const struct err *e, const struct verdict *v)
{
	const bool decision = !r->late.telling && is_decision(r, e);
	const char *rule = NULL;

	for (size_t i = 0; v != NULL && rule == NULL && i < v->n; i++)
		if (!v->v[i].pass)
			rule = v->v[i].rule;
	prom_count(&tally_of(r->ca)->refused, err_type(e->code), rule);
	if (!may_tell(r, e, decision))
		return;
	log_refused(r, e);
	if (decision)
		audit_add(r->ca, &(struct audit_event){
				     .kind = AUDIT_REFUSED,
				     .request_id = r->id,
				     .identity = r->caller.id.text,
				     .profile = r->about.profile,
				     .names_text = r->about.names,
				     .serial_text = r->about.serial,
				     .object = r->about.object,
				     .result = err_type(e->code),
				     .reason = e->detail,
				     .logged = true,
				 });
}
