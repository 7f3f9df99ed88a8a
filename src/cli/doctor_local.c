/* SPDX-License-Identifier: Apache-2.0 */
/* What can be seen on the machine itself: configuration, files, clock, the daemon. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/doctor.h"
#include "conf/conf_load.h"
#include "sys/file.h"

#define LAST_ERROR_LEN 300

void
doctor_configuration(struct doctor *d)
{
	struct err e;

	if (d->dir == NULL) {
		doctor_say(d, DOCTOR_OK, NULL, "no CA directory here: seen from afar");
		return;
	}
	if (conf_load(d->file, &d->conf, &e))
		doctor_say(d, DOCTOR_OK, NULL, "%s is right", d->file);
	else
		doctor_say(d, DOCTOR_FAIL, "mend it; hanaper.yaml(5) tells every key",
		    "%s", e.detail);
}

/* It answered, and not to this one: then nothing below can be looked at. */
static bool
is_refused(const struct err *e)
{
	return e->code == ERR_UNAUTHENTICATED || e->code == ERR_FORBIDDEN;
}

static void
say_refused(struct doctor *d, const struct err *why)
{
	const char *daemon = d->check;

	doctor_say(d, DOCTOR_OK, NULL, "it answers");
	d->check = "rights";
	doctor_say(d, DOCTOR_FAIL,
	    "--cert and --key of one with that right, or run this on the CA's machine",
	    "certificates, CRLs and OCSP were not looked at, which wants the right "
	    "\"read\": %s",
	    why->detail);
	d->check = daemon;
}

static void
say_down(struct doctor *d, const struct err *why)
{
	char last[LAST_ERROR_LEN];

	doctor_log_error(d, last, sizeof(last));
	doctor_say_log(d, " for why it ended, and start it", "%s%s%s", why->detail,
	    last[0] != '\0' ? "; its log's last error: " : "", last);
}

void
doctor_daemon(struct doctor *d)
{
	struct err e;
	json_t *v = NULL;

	if (d->client == NULL) {
		doctor_say(d, DOCTOR_FAIL, "say where it is: --dir or --url", "%s",
		    d->no_client.detail);
		return;
	}
	if (!client_get_json(d->client, "/v1/issuers", &v, &e)) {
		if (client_answered_problem(d->client) && is_refused(&e)) {
			say_refused(d, &e);
			return;
		}
		say_down(d, &e);
		return;
	}
	d->issuers = json_incref(json_object_get(v, "issuers"));
	json_decref(v);
	v = NULL;
	if (client_get_json(d->client, "/readyz", &v, &e))
		doctor_say(d, DOCTOR_OK, NULL, "it answers and is ready");
	else
		doctor_say_log(d, "", "it answers, and is not ready: %s", e.detail);
	json_decref(v);
}

void
doctor_clock(struct doctor *d)
{
	struct timex t = { 0 };

	/* Certificates and CRLs are about time: a wrong clock makes them wrong for everybody. */
	if (adjtimex(&t) == TIME_ERROR)
		doctor_say(d, DOCTOR_WARN, "run chrony or systemd-timesyncd",
		    "this machine's clock is not kept by NTP");
	else
		doctor_say(d, DOCTOR_OK, NULL,
		    "the clock is kept, off by %ld us at most", t.maxerror);
}
