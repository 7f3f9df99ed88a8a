/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is asked of the prober beside validations: checks without an order, for an
 * administrator who looks why something fails, and CAA records before an issue.
 */
#include <stdlib.h>
#include <string.h>

#include "acme_challenge_impl.h"
#include "base/mem.h"
#include "ca/ca_state.h"

#define TESTS_MAX      64
#define ALL_MAX        1024 /* before another order's names are looked at */
#define OF_ACCOUNT_MAX 256

struct acme_test {
	struct ca *ca;
	uint64_t id;
	struct loop_timer *late; /* the prober does not answer */
	int64_t account_num;     /* 0: an administrator's */
	bool prove;              /* not CAA alone */
	acme_challenge_tested *done;
	void *arg;
	struct acme_test *next;
};

/*
 * What it looks for nobody has put up: the answer tells how far the way leads.  So the
 * token is one that a person can put up.
 */
#define TEST_TOKEN "hanaper-acme-test"

bool
acme_test_room(const struct ca *ca, int64_t account_num, struct err *e)
{
	size_t all = 0, own = 0;

	for (const struct acme_test *t = ca->acme_tests; t != NULL; t = t->next) {
		all++;
		own += t->account_num == account_num;
	}
	if (all < ALL_MAX && own < OF_ACCOUNT_MAX)
		return true;
	err_set(e, ERR_RATE_LIMITED, "CAA records of too many names are looked at");
	e->retry_s = 5;
	return false;
}

struct msg_probed
acme_test_failed(uint64_t id, enum err_code code, const char *detail)
{
	return (struct msg_probed){ .id = id,
		.code = code,
		.detail = bytes_str(detail),
		.transcript = bytes_str("[]") };
}

static void
on_late(void *arg)
{
	struct acme_test *t = arg;
	const struct msg_probed m =
	    acme_test_failed(t->id, ERR_UNAVAILABLE, ACME_TEST_UNANSWERED);

	t->late = NULL;
	acme_test_take(t->ca, &m);
}

void
acme_test_ask(struct ca *ca, int64_t account_num, struct msg_probe *m,
    acme_challenge_tested *done, void *arg)
{
	struct acme_test *t = mem_zalloc(sizeof(*t)), **last = &ca->acme_tests;
	struct buf b;

	*t = (struct acme_test){
		.ca = ca,
		.id = ++ca->next_probe,
		.late = loop_after(ca->loop, m->deadline_ms + ACME_TEST_LATE_MS,
		    on_late, t),
		.account_num = account_num,
		.prove = m->prove,
		.done = done,
		.arg = arg,
	};
	while (*last != NULL)
		last = &(*last)->next;
	*last = t; /* the first asked is mostly the first answered */
	m->id = t->id;
	buf_init(&b, MSG_PROBE_FRAME_MAX);
	msg_probe_put(&b, m);
	link_send(acme_prober(ca), MSG_PROBE, buf_bytes(&b));
	buf_free(&b);
}

static void
test(struct ca *ca, const struct conf_profile *directory, const struct name *name,
    enum challenge type, acme_challenge_tested *done, void *arg)
{
	const bool wildcard = strncmp(name->text, "*.", 2) == 0;
	struct msg_probe m = {
		.profile = bytes_str(directory->name),
		.challenge = type,
		.prove = true,
		.caa = directory->acme.caa && name->type == NAME_TYPE_DNS,
		.type = name->type,
		.name = bytes_str(wildcard ? name->text + 2 : name->text),
		.wildcard = wildcard,
		.token = bytes_str(type == CHALLENGE_DNS_PERSIST_01 ? "" : TEST_TOKEN),
		.key_authorization = bytes_str(
		    type == CHALLENGE_DNS_PERSIST_01 ? "" : TEST_TOKEN "." TEST_TOKEN),
		.account = bytes_str(ca->conf->url_api),
		.deadline_ms = MSG_PROBE_DEADLINE,
	};

	acme_test_ask(ca, 0, &m, done, arg);
}

bool
acme_challenge_test(struct ca *ca, const struct conf_profile *directory,
    const struct name *name, enum challenge type, acme_challenge_tested *done,
    void *arg, struct err *e)
{
	size_t n = 0;

	if (acme_prober(ca) == NULL)
		return err_set(e, ERR_UNAVAILABLE, "the prober is not there");
	for (const struct acme_test *t = ca->acme_tests; t != NULL; t = t->next)
		n++;
	if (n >= TESTS_MAX)
		return err_set(e, ERR_UNAVAILABLE, "%d tests are under way", TESTS_MAX);
	test(ca, directory, name, type, done, arg);
	return true;
}

bool
acme_test_take(struct ca *ca, const struct msg_probed *m)
{
	for (struct acme_test **at = &ca->acme_tests; *at != NULL; at = &(*at)->next) {
		struct acme_test *t = *at;

		if (t->id != m->id)
			continue;
		*at = t->next;
		loop_cancel(t->late);
		t->done(t->arg, m);
		free(t);
		return true;
	}
	return false;
}

bool
acme_test_proves(const struct ca *ca, uint64_t id)
{
	const struct acme_test *t = ca->acme_tests;

	while (t != NULL && t->id != id)
		t = t->next;
	return t != NULL && t->prove;
}

bool
acme_test_any_until(const struct ca *ca, uint64_t id)
{
	for (const struct acme_test *t = ca->acme_tests; t != NULL; t = t->next)
		if (t->id < id)
			return true;
	return false;
}

void
acme_test_stop(struct ca *ca)
{
	while (ca->acme_tests != NULL) {
		const struct msg_probed m = acme_test_failed(ca->acme_tests->id,
		    ERR_UNAVAILABLE, "the daemon stops");

		acme_test_take(ca, &m);
	}
}
