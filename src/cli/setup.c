/* SPDX-License-Identifier: Apache-2.0 */
/* The directory itself: made aside, filled, checked, renamed. */
#include "cli/setup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/owners.h"
#include "cli/passphrase.h"
#include "cli/table.h"
#include "codec/pem.h"
#include "conf/conf_load.h"
#include "sys/file.h"
#include "x509/dn.h"

#define CERT_LABEL "CERTIFICATE"
#define CERT_MODE  0644
#define KEY_MODE   0600
#define CONF_MODE  0640
#define CONF_MAX   KIB(256)

const char *
setup_dir_at_hand(const char *given)
{
	const char *named = options_named_dir(given);

	if (named != NULL)
		return named;
	return !conf_where_meant(SETUP_DIR) && conf_where_meant(".") ? "." : SETUP_DIR;
}

/* ---- steps ---- */

/* An empty directory of that name may be there: rename(2) takes its place. */
static bool
is_empty_dir(const char *path)
{
	DIR *d = opendir(path);
	const struct dirent *entry = NULL;

	if (d == NULL)
		return false;
	do {
		entry = readdir(d);
	} while (entry != NULL &&
		 (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0));
	closedir(d);
	return entry == NULL;
}

/* rename(2) cannot take the place of "." */
static bool
is_here(const char *dir)
{
	const char *slash = strrchr(dir, '/');
	const char *last = slash != NULL ? slash + 1 : dir;

	return strcmp(last, ".") == 0 || strcmp(last, "..") == 0;
}

/* What was meant is the one that is there: two roots would be mistaken for each other. */
static bool
check_above(const char *dir, struct err *e)
{
	char *copy = mem_strdup(dir), *word = NULL;
	const char *above = dirname(copy);
	bool ok = true;

	if (conf_where_has(above, CONF_WHERE_FILE)) {
		word = out_word(above);
		ok = err_set(e, ERR_CONFLICT,
		    "%s/hanaper.yaml is there: no CA is made inside another's "
		    "directory; run that one: hanaper up --dir %s, or choose another: "
		    "--dir DIR",
		    above, word);
	}
	free(word);
	free(copy);
	return ok;
}

static bool
not_empty(const char *dir, struct err *e)
{
	char *word = out_word(dir);

	if (conf_where_has(dir, CONF_WHERE_FILE))
		err_set(e, ERR_CONFLICT,
		    "%s is there already and not empty; nothing was changed; run what "
		    "it holds: hanaper up --dir %s, or choose another --dir",
		    dir, word);
	else if (conf_where_check(dir, e))
		err_set(e, ERR_CONFLICT,
		    "%s is there already and not empty; nothing was changed; choose "
		    "another: --dir DIR",
		    dir);
	free(word);
	return false;
}

static bool
check_target(const struct setup *s, struct err *e)
{
	struct stat st;

	if (is_here(s->dir))
		return err_set(e, ERR_CONFLICT,
		    "%s: a directory that is made anew is called by its name from the "
		    "directory above: --dir DIR",
		    s->dir);
	if (!check_above(s->dir, e))
		return false;
	if (lstat(s->dir, &st) < 0 && errno == ENOENT)
		return true;
	if (lstat(s->dir, &st) < 0)
		return err_errno(e, "%s", s->dir);
	if (!S_ISDIR(st.st_mode))
		return err_set(e, ERR_CONFLICT,
		    "%s is there and no directory; choose another: --dir DIR", s->dir);
	return is_empty_dir(s->dir) || not_empty(s->dir, e);
}

static bool
make_work(struct setup *s, struct err *e)
{
	static const struct {
		const char *path;
		mode_t mode;
	} dirs[] = {
		{ "issuers", 0700 },
		{ "journal", 0700 },
		{ "pub", 0750 },
		{ "pub/ca", 0750 },
		{ "pub/crl", 0750 },
		{ "run", 0750 },
	};
	char *work;

	if (s->etc != NULL && !setup_system_ways(s, e))
		return false;
	if (!check_target(s, e))
		return false;
	work = mem_printf("%s.partial-XXXXXX", s->dir);
	if (mkdtemp(work) == NULL) {
		err_errno(e, "cannot make a directory beside %s", s->dir);
		free(work);
		return false;
	}
	s->work = work;
	s->workfd = open(work, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (s->workfd < 0 || fchmod(s->workfd, 0750) < 0)
		return err_errno(e, "%s", work);
	for (size_t i = 0; i < NITEMS(dirs); i++)
		if (!file_mkdir(s->workfd, dirs[i].path, dirs[i].mode, e))
			return false;
	return true;
}

static bool
write_key(const struct setup *s, const char *path, const struct key *key,
    const char *passphrase, struct err *e)
{
	struct buf pem;
	bool ok;

	buf_init(&pem, KIB(64));
	ok = key_save(key, passphrase, &pem, e) &&
	     file_create(s->workfd, path, KEY_MODE, buf_bytes(&pem), e);
	buf_wipe(&pem);
	return ok;
}

/* One certificate, and those above it but the root, as they are sent in TLS. */
static bool
write_certs(const struct setup *s, const char *path, const struct cert *first,
    const struct cert *second, struct err *e)
{
	struct buf pem;
	bool ok;

	buf_init(&pem, KIB(256));
	pem_put(&pem, CERT_LABEL, buf_bytes(&first->der));
	if (second != NULL)
		pem_put(&pem, CERT_LABEL, buf_bytes(&second->der));
	ok = buf_ok(&pem, path, e) &&
	     file_create(s->workfd, path, CERT_MODE, buf_bytes(&pem), e);
	buf_free(&pem);
	return ok;
}

static bool
write_files(struct setup *s, struct err *e)
{
	const char *issuer_crt = "issuers/" SETUP_ISSUER ".crt";
	const char *issuer_key = "issuers/" SETUP_ISSUER ".key";

	/* The administrator's key is used by curl too: it has no passphrase. */
	return write_key(s, "root.key", s->root.key, s->passphrase, e) &&
	       write_key(s, issuer_key, s->issuer.key, s->passphrase, e) &&
	       write_key(s, "admin.key", s->admin_cert.key, NULL, e) &&
	       write_certs(s, "root.crt", s->root.cert, NULL, e) &&
	       write_certs(s, issuer_crt, s->issuer.cert, NULL, e) &&
	       write_certs(s, "admin.crt", s->admin_cert.cert, s->issuer.cert, e);
}

/* Written, then read as the daemon will read it. */
static bool
write_conf(struct setup *s, struct err *e)
{
	char *path = mem_printf("%s/hanaper.yaml", s->work);
	struct conf *conf = NULL;
	struct buf text;
	bool ok;

	buf_init(&text, CONF_MAX);
	setup_conf(s, &text);
	ok = buf_ok(&text, "hanaper.yaml", e) &&
	     file_create(s->workfd, "hanaper.yaml", CONF_MODE, buf_bytes(&text), e) &&
	     conf_load(path, &conf, e);
	conf_free(conf);
	buf_free(&text);
	free(path);
	return ok;
}

static bool
record(struct setup *s, struct err *e)
{
	return setup_record(s, e) && file_sync_dir(s->workfd, e);
}

/* From here on there is a CA. */
static bool
take_place(struct setup *s, struct err *e)
{
	char *copy, *parent;
	int fd;

	if (s->etc != NULL && !setup_system_place(s, e))
		return false;
	if (rename(s->work, s->dir) < 0) {
		err_errno(e, "cannot rename %s to %s", s->work, s->dir);
		if (s->etc != NULL)
			setup_system_undo(s);
		return false;
	}
	free(s->work);
	s->work = NULL;
	copy = mem_strdup(s->dir);
	parent = dirname(copy);
	fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(copy);
	if (fd < 0)
		return true; /* made, and not ours to flush */
	(void)!fsync(fd);
	close(fd);
	return true;
}

static bool (*const steps[])(struct setup *s, struct err *e) = {
	make_work,
	setup_certs,
	write_files,
	write_conf,
	record,
	take_place,
};

/* ---- all of them ---- */

/* Signals wait while the directory is made; between two steps they are heeded. */
static void
hold_signals(sigset_t *old)
{
	static const int which[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < NITEMS(which); i++)
		sigaddset(&set, which[i]);
	sigprocmask(SIG_BLOCK, &set, old);
}

static bool
interrupted(void)
{
	sigset_t pending;

	return sigpending(&pending) == 0 &&
	       (sigismember(&pending, SIGINT) || sigismember(&pending, SIGTERM) ||
		   sigismember(&pending, SIGHUP) || sigismember(&pending, SIGQUIT));
}

/*
 * In a directory of another user root makes what that one could (cli/owners.h); it is his,
 * and the daemon will be.
 */
static bool
stay(const struct setup *s, struct err *e)
{
	if (s->etc != NULL)
		return true;
	return owners_stay_in(s->dir, e) &&
	       (s->passphrase_file == NULL ||
		   file_check_for(AT_FDCWD, s->passphrase_file, FILE_OPEN_SECRET,
		       geteuid(), e));
}

static void
say_as_whom(struct err *e)
{
	if (geteuid() == getuid())
		return;
	char *who = mem_printf("as user %lu, whose directory it is in",
	    (unsigned long)geteuid());
	(void)err_prefix(e, who);
	free(who);
}

bool
setup_make(struct setup *s, struct err *e)
{
	const mode_t mask = umask(022);
	sigset_t old;
	bool ok = true;

	hold_signals(&old);
	ok = stay(s, e);
	for (size_t i = 0; ok && i < NITEMS(steps); i++)
		ok = interrupted()
			 ? err_set(e, ERR_UNAVAILABLE, "interrupted; nothing was made")
			 : steps[i](s, e);
	if (!ok && s->work != NULL)
		file_remove_tree(s->work);
	if (!ok)
		say_as_whom(e);
	owners_leave();
	umask(mask);
	sigprocmask(SIG_SETMASK, &old, NULL); /* what waited ends us here */
	return ok;
}

void
setup_free(struct setup *s)
{
	struct setup_cert *made[] = { &s->root, &s->issuer, &s->admin_cert };

	for (size_t i = 0; i < NITEMS(made); i++) {
		key_free(made[i]->key);
		cert_free(made[i]->cert);
	}
	if (s->workfd >= 0)
		close(s->workfd);
	passphrase_free(s->passphrase);
	strings_free(&s->server_names);
	strings_free(&s->domains);
	strings_free(&s->dns);
	free(s->system_dir);
	free(s->etc);
	free(s->passphrase_file);
	free(s->url_api);
	free(s->url_public);
	free(s->admin);
	free(s->work);
	*s = (struct setup){ .workfd = -1 };
}

/* ---- told ---- */

static void
put_until(struct buf *b, const struct cert *c)
{
	char dn[256], at[CLOCK_RFC3339_LEN];

	dn_text(c->subject_dn, dn, sizeof(dn));
	clock_rfc3339(c->not_after, at);
	buf_printf(b, "%s, until %.10s", dn, at);
}

/* The CA's keys are the signer's, where it has a user of its own. */
static const char *
readable_by(const struct setup *s, bool of_ca)
{
	if (s->etc == NULL)
		return "readable by you alone";
	return of_ca && s->signer != s->uid ? "readable by the signer's user alone"
					    : "readable by the daemon's user alone";
}

void
setup_print(const struct setup *s)
{
	const char *const keys =
	    s->passphrase != NULL ? "encrypted" : readable_by(s, true);
	const struct {
		const char *what, *path;
		const struct cert *cert;
		const char *remark;
	} rows[] = {
		{ "root", "root.crt", s->root.cert, NULL },
		{ "root key", "root.key", NULL, "move it offline when all is set up" },
		{ "issuer", "issuers/" SETUP_ISSUER ".crt", s->issuer.cert, NULL },
		{ "issuer key", "issuers/" SETUP_ISSUER ".key", NULL, keys },
		{ "administrator", "admin.crt", s->admin_cert.cert, NULL },
		{ "its key", "admin.key", NULL, readable_by(s, false) },
		{ "configuration", "hanaper.yaml", NULL, s->url_api },
		{ "database", "hanaper.db", NULL, NULL },
		{ "journal", "journal/", NULL, NULL },
	};
	struct table *t = table_new(NULL, 3);

	for (size_t i = 0; i < NITEMS(rows); i++) {
		const bool aside =
		    s->etc != NULL && strcmp(rows[i].path, "hanaper.yaml") == 0;
		char *path = mem_printf("%s/%s", aside ? s->etc : s->dir, rows[i].path);
		struct buf remark;

		buf_init(&remark, KIB(4));
		if (rows[i].cert != NULL)
			put_until(&remark, rows[i].cert);
		else if (rows[i].remark != NULL)
			buf_puts(&remark, rows[i].remark);
		table_add(t,
		    (const char *const[]){ rows[i].what, path, buf_str(&remark) });
		buf_free(&remark);
		free(path);
	}
	table_print(t, stdout);
	table_free(t);
}

json_t *
setup_json(const struct setup *s)
{
	char root[SERIAL_HEX_LEN], issuer[SERIAL_HEX_LEN], admin[SERIAL_HEX_LEN];

	serial_to_hex(&s->root.cert->serial, root);
	serial_to_hex(&s->issuer.cert->serial, issuer);
	serial_to_hex(&s->admin_cert.cert->serial, admin);
	return json_pack("{s:s, s:s, s:s, s:{s:s}, s:{s:s, s:s}, s:{s:s, s:s}}", "dir",
	    s->dir, "url_api", s->url_api, "url_public", s->url_public, "root",
	    "serial", root, "issuer", "name", SETUP_ISSUER, "serial", issuer, "admin",
	    "cn", s->admin, "serial", admin);
}
