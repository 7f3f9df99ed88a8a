/* SPDX-License-Identifier: Apache-2.0 */
/* The files that the daemon has to find as it left them: whose, closed to others, keys. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/doctor.h"
#include "conf/conf_files.h"
#include "key/key_file.h"
#include "policy/issuer.h"
#include "policy/issuer_chain.h"
#include "x509/cert_file.h"

bool
doctor_told(const struct doctor *d, const char *path)
{
	for (size_t i = 0; i < d->told.n; i++)
		if (strcmp(d->told.v[i], path) == 0)
			return true;
	return false;
}

/* Whose 'path' is; 'otherwise' where it is not there. */
static uid_t
owner_of(const char *path, uid_t otherwise)
{
	struct stat st;

	return lstat(path, &st) == 0 ? st.st_uid : otherwise;
}

uid_t
doctor_owner(const struct doctor *d)
{
	return owner_of(d->conf != NULL ? d->conf->dir : d->dir, geteuid());
}

/*
 * Where the signer has a user of its own (hanaperd --user), journal and keys are that
 * one's: the first of them that is not root's tells, for no role runs as root unless all do.
 */
uid_t
doctor_signer(const struct doctor *d)
{
	const uid_t owner = doctor_owner(d);
	char *path = mem_printf("%s/journal", d->conf != NULL ? d->conf->dir : d->dir);
	uid_t signer = owner_of(path, 0);

	for (size_t i = 0; signer == 0 && d->conf != NULL && i < d->conf->n_issuers;
	     i++) {
		free(path);
		path = conf_path(d->conf, d->conf->issuers[i].key);
		signer = owner_of(path, 0);
	}
	free(path);
	return signer != 0 ? signer : owner;
}

static bool
check_file(void *arg, const struct conf_file *f, struct err *e)
{
	struct doctor *d = arg;

	if (access(f->path, F_OK) < 0)
		return true; /* what is missing is told by name, if it is needed */
	if (conf_files_check(f, f->signers ? doctor_signer(d) : doctor_owner(d),
		doctor_owner(d), e))
		return true;
	strings_add(&d->told, f->path);
	doctor_say(d, DOCTOR_FAIL, DOCTOR_AS_IT_SAYS, "%s", e->detail);
	return true;
}

/* Whoever asks, the daemon runs as the directory's owner. */
void
doctor_permissions(struct doctor *d)
{
	char usual[] = "hanaper.db";
	const struct conf least = { .dir = d->dir, .file = d->file, .database = usual };
	struct err e;

	if (d->dir == NULL)
		return;
	if (!conf_files(d->conf != NULL ? d->conf : &least, check_file, d, &e) ||
	    d->told.n == 0)
		doctor_say(d, DOCTOR_OK, NULL,
		    "keys, database and journal are closed to others");
}

/* ---- certificates ---- */

/* 'k' 0: the root's. */
static char *
certs_path(const struct conf *c, size_t k)
{
	return conf_path(c, k == 0 ? "root.crt" : c->issuers[k - 1].certificate);
}

static const char *
issuer_name(const struct conf *c, size_t k)
{
	return k == 0 ? "root" : c->issuers[k - 1].name;
}

static bool
read_certs(struct doctor *d, size_t k, struct issuer_chain_file *ret)
{
	char *path = certs_path(d->conf, k);
	struct err e;

	ret->name = issuer_name(d->conf, k);
	const bool ok = cert_file_read(path, NITEMS(ret->v), ret->v, &ret->n, &e);

	if (!ok && access(path, R_OK) < 0 && errno == EACCES)
		doctor_say(d, DOCTOR_WARN, DOCTOR_AS_OWNER,
		    "%s cannot be read from here", path);
	else if (!ok)
		doctor_say(d, DOCTOR_FAIL,
		    "put it back, each backup has it: hanaperd does not start without",
		    "%s", e.detail);
	free(path);
	return ok;
}

static void
free_certs(struct issuer_chain_file *c)
{
	while (c->n > 0)
		cert_free(c->v[--c->n]);
}

/* One of two issuers of the same subject; false: there is none. */
static bool
say_same(struct doctor *d, const struct issuer_chain_file *all, size_t k)
{
	struct err e;

	for (size_t j = 0; j < k; j++)
		if (!issuer_apart(all[k].name, all[k].v[0], all[j].name, all[j].v[0],
			&e)) {
			doctor_say(d, DOCTOR_FAIL,
			    "take the row of one of them out of hanaper.yaml: hanaperd "
			    "does not start with both",
			    "%s", e.detail);
			return true;
		}
	return false;
}

/* The daemon does without these, and says so. */
static void
say_left_over(struct doctor *d, const struct issuer_chain_file *f,
    const struct issuer_chain *chain)
{
	char hex[SERIAL_HEX_LEN];

	for (size_t i = 1; i < f->n; i++) {
		if (issuer_chain_has(chain, f->v[i]))
			continue;
		serial_to_hex(&f->v[i]->serial, hex);
		doctor_say(d, DOCTOR_WARN,
		    "take it out of the file, if it was not meant for another one",
		    "the file of issuer %s has a certificate that is not of its chain: "
		    "\"%s\", serial %s",
		    f->name, f->v[i]->cn, hex);
	}
}

/* Each issuer's leads to the root: as the signer finds it when it starts. */
static size_t
check_chains(struct doctor *d, const struct issuer_chain_file *all, size_t n_all)
{
	struct issuer_chain chain;
	size_t faults = 0;
	struct err e;

	for (size_t k = 0; k < n_all; k++) {
		if (say_same(d, all, k)) {
			faults++;
			continue;
		}
		if (issuer_chain_make(all, n_all, k, &chain, &e)) {
			say_left_over(d, &all[k], &chain);
			continue;
		}
		faults++;
		doctor_say(d, DOCTOR_FAIL,
		    "put the right root.crt and certificate back: hanaperd does not "
		    "start with these",
		    "%s", e.detail);
	}
	return faults;
}

void
doctor_ca_certificates(struct doctor *d)
{
	size_t n = 0, faults = 0;

	if (d->conf == NULL)
		return;
	struct issuer_chain_file *all =
	    mem_zarray(d->conf->n_issuers + 1, sizeof(*all));
	for (; n < d->conf->n_issuers + 1; n++)
		faults += !read_certs(d, n, &all[n]);
	if (faults == 0)
		faults = check_chains(d, all, n);
	if (faults == 0)
		doctor_say(d, DOCTOR_OK, NULL,
		    "each issuer's certificate leads to root.crt");
	while (n > 0)
		free_certs(&all[--n]);
	free(all);
}

/* ---- keys ---- */

static bool
is_pair(const struct doctor *d, size_t k, const struct key *key, struct err *e)
{
	char *path = certs_path(d->conf, k);
	struct issuer_chain_file c = { .n = 0 };
	struct err told;

	const bool ok = !cert_file_read(path, NITEMS(c.v), c.v, &c.n, &told) ||
			issuer_pair(issuer_name(d->conf, k), c.v[0], key, e);
	free_certs(&c);
	free(path);
	return ok;
}

static void
say_no_key(struct doctor *d, const char *path)
{
	if (errno == ENOENT)
		doctor_say(d, DOCTOR_FAIL,
		    "put it there (a backup has only keys that are encrypted, unless "
		    "made --with-keys): hanaperd does not start without it",
		    "%s: no such file", path);
	else
		doctor_say(d, DOCTOR_WARN, DOCTOR_AS_OWNER,
		    "%s cannot be seen from here", path);
}

static void
say_not_opened(struct doctor *d, const char *path, const char *passphrase_file,
    const struct err *why)
{
	if (doctor_told(d, path) ||
	    (passphrase_file != NULL && doctor_told(d, passphrase_file)))
		return;
	if (why->code == ERR_UNAVAILABLE)
		doctor_say(d, DOCTOR_OK, NULL,
		    "%s is encrypted, and its passphrase a credential of the service, "
		    "if there is one: it was not opened",
		    path);
	else if (access(path, R_OK) < 0 && errno == EACCES)
		doctor_say(d, DOCTOR_WARN, DOCTOR_AS_OWNER,
		    "%s cannot be read from here", path);
	else
		doctor_say(d, DOCTOR_FAIL,
		    "mend what it names: hanaperd does not start so", "%s",
		    why->detail);
}

/* False: something was said of it, now or before. */
static bool
check_key(struct doctor *d, size_t k)
{
	const struct conf_issuer *c = &d->conf->issuers[k - 1];
	char *path = conf_path(d->conf, c->key);
	char *phrase = c->passphrase_file != NULL
			   ? conf_path(d->conf, c->passphrase_file)
			   : conf_credential_path(c->name);
	struct key *key = NULL;
	bool ok = false;
	struct err e;

	if (access(path, F_OK) < 0)
		say_no_key(d, path);
	else if (!key_file_read(path, phrase, doctor_signer(d), &key, &e))
		say_not_opened(d, path, phrase, &e);
	else if (!is_pair(d, k, key, &e))
		doctor_say(d, DOCTOR_FAIL, "put the right one there", "%s: %s", path,
		    e.detail);
	else
		ok = true;
	key_free(key);
	free(path);
	free(phrase);
	return ok;
}

void
doctor_issuer_key(struct doctor *d)
{
	size_t faults = 0;

	if (d->conf == NULL)
		return;
	for (size_t k = 1; k <= d->conf->n_issuers; k++)
		faults += !check_key(d, k);
	if (faults == 0)
		doctor_say(d, DOCTOR_OK, NULL, "each issuer has its key, and it opens");
}

/* It belongs offline, and the daemon does without it, but not with another's. */
void
doctor_root_key(struct doctor *d)
{
	if (d->dir == NULL)
		return;
	char *path = mem_printf("%s/root.key", d->dir);
	struct key *key = NULL;
	struct err e;

	if (d->conf != NULL && key_file_read(path, NULL, doctor_signer(d), &key, &e) &&
	    !is_pair(d, 0, key, &e))
		doctor_say(d, DOCTOR_FAIL, "take it away, or put the right one there",
		    "%s: %s", path, e.detail);
	else if (access(path, F_OK) == 0)
		doctor_say(d, DOCTOR_WARN,
		    "move it to offline media; the daemon does without it once the "
		    "root's CRL is made",
		    "the root's key is on this machine");
	else
		doctor_say(d, DOCTOR_OK, NULL, "the root's key is not on this machine");
	key_free(key);
	free(path);
}
