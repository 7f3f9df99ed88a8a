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

/* Whose 'name' below the CA directory is; 'otherwise' where it is not there. */
static uid_t
owner_of(const struct doctor *d, const char *name, uid_t otherwise)
{
	char *path = mem_printf("%s/%s", d->dir, name);
	struct stat st;
	const bool is = stat(path, &st) == 0;

	free(path);
	return is ? st.st_uid : otherwise;
}

static size_t
check_mode(struct doctor *d, const char *path, mode_t forbidden, uid_t owner)
{
	struct err e;

	if (access(path, F_OK) < 0 ||
	    file_check_owned(AT_FDCWD, path, forbidden, owner, &e))
		return 0;
	doctor_say(d, DOCTOR_FAIL, "as it says", "%s", e.detail);
	return 1;
}

void
doctor_permissions(struct doctor *d)
{
	static const struct {
		const char *path;
		mode_t forbidden;
		bool signers;
	} files[] = {
		{ "", 0022, false },
		{ "root.key", 0077, true },
		{ "admin.key", 0077, false },
		{ "hanaper.db", 0077, false },
		{ "journal", 0077, true },
		{ "issuers", 0022, false },
	};
	size_t faults = 0;

	if (d->dir == NULL)
		return;
	/*
	 * Whoever asks, the daemon runs as the directory's owner; where its signer has a
	 * user of its own (hanaperd --user), keys and journal are that one's alike.
	 */
	const uid_t owner = owner_of(d, "", geteuid());
	const uid_t signer = owner_of(d, "journal", owner);

	faults += check_mode(d, d->file, 0022, owner);
	for (size_t i = 0; i < NITEMS(files); i++) {
		char *path = mem_printf("%s/%s", d->dir, files[i].path);

		faults += check_mode(d, path, files[i].forbidden,
		    files[i].signers ? signer : owner);
		free(path);
	}
	for (size_t i = 0; d->conf != NULL && i < d->conf->n_issuers; i++) {
		char *path = conf_path(d->conf, d->conf->issuers[i].key);

		faults += check_mode(d, path, 0077, signer);
		free(path);
	}
	if (faults == 0)
		doctor_say(d, DOCTOR_OK, NULL,
		    "keys, database and journal are closed to others");
}

/* Not the root's: that one belongs offline, and the daemon does without it. */
void
doctor_issuer_key(struct doctor *d)
{
	size_t unseen = 0;

	if (d->conf == NULL)
		return;
	for (size_t i = 0; i < d->conf->n_issuers; i++) {
		char *path = conf_path(d->conf, d->conf->issuers[i].key);

		if (access(path, F_OK) < 0) {
			unseen++;
			doctor_say(d, errno == ENOENT ? DOCTOR_FAIL : DOCTOR_WARN,
			    errno == ENOENT
				? "put it there (a backup has only keys that are "
				  "encrypted, unless made --with-keys): hanaperd does "
				  "not start without it"
				: "run this as root or as the daemon's user",
			    errno == ENOENT ? "%s: no such file"
					    : "%s cannot be seen from here",
			    path);
		}
		free(path);
	}
	if (unseen == 0)
		doctor_say(d, DOCTOR_OK, NULL, "each issuer has its key");
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
		doctor_say(d, DOCTOR_FAIL, "start it, or see its log for why it ended",
		    "%s", e.detail);
		return;
	}
	d->issuers = json_incref(json_object_get(v, "issuers"));
	json_decref(v);
	v = NULL;
	if (client_get_json(d->client, "/readyz", &v, &e))
		doctor_say(d, DOCTOR_OK, NULL, "it answers and is ready");
	else
		doctor_say(d, DOCTOR_FAIL, "see its log",
		    "it answers, and is not ready: %s", e.detail);
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

void
doctor_root_key(struct doctor *d)
{
	if (d->dir == NULL)
		return;
	char *path = mem_printf("%s/root.key", d->dir);
	if (access(path, F_OK) == 0)
		doctor_say(d, DOCTOR_WARN,
		    "move it to offline media; the daemon does without it once the "
		    "root's CRL is made",
		    "the root's key is on this machine");
	else
		doctor_say(d, DOCTOR_OK, NULL, "the root's key is not on this machine");
	free(path);
}
