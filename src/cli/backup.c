/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/owners.h"
#include "cli/scratch.h"
#include "journal/journal.h"
#include "store/store.h"
#include "sys/file.h"

#define FILE_MAX  MIB(1)
#define KEY_BEGIN "-----BEGIN ENCRYPTED PRIVATE KEY-----"

struct making {
	struct backup *b;
	struct archive_out *out;
	char *part;    /* the file, until it is checked */
	char *scratch; /* a directory beside it */
	int fd;
};

static void
leave_out(struct backup *b, const char *path, const char *why)
{
	char *text = mem_printf("%s: %s", path, why);

	strings_add(&b->left_out, text);
	free(text);
}

/* ---- small files ---- */

/* Every block of it is encrypted. */
static bool
is_encrypted(struct buf *pem)
{
	const char *at = buf_str(pem);
	size_t blocks = 0;

	while ((at = strstr(at, "-----BEGIN ")) != NULL) {
		if (strncmp(at, KEY_BEGIN, sizeof(KEY_BEGIN) - 1) != 0)
			return false;
		at += sizeof(KEY_BEGIN) - 1;
		blocks++;
	}
	return blocks > 0;
}

static bool
fits(const char *path)
{
	struct tar_entry t = { 0 };
	uint8_t block[TAR_BLOCK];
	struct err ignored;

	return bytes_to_str(bytes_str(path), t.path, sizeof(t.path)) &&
	       tar_put(&t, block, &ignored);
}

/* Root reads no more for a backup than who may exchange the file could read himself. */
static bool
read_as_owner(const char *path, bool key, struct buf *ret, struct err *e)
{
	/* A key may be the signer's; what is none, only the directory's owner's. */
	const bool ok = (key ? owners_act(path, e) : owners_act_in(path, e)) &&
			file_read(AT_FDCWD, path, ret, e);

	owners_act_self();
	return ok;
}

enum small {
	SMALL_NEEDED = 1, /* without it there is no backup */
	SMALL_KEY = 2
};

static bool
put_small(struct making *m, const char *name, const char *path, unsigned mode,
    unsigned small, struct err *e)
{
	char *whole = conf_path(m->b->conf, path);
	struct buf text;
	bool ok = true;

	buf_init(&text, FILE_MAX);
	if (name == NULL) { /* not the CA directory's to keep */
		leave_out(m->b, path, "it lies outside of the CA directory");
	} else if ((small & SMALL_NEEDED) == 0 && !fits(name)) {
		leave_out(m->b, path,
		    "no archive can hold its path: it is too long, or has \"..\" in "
		    "it");
	} else if (!read_as_owner(whole, (small & SMALL_KEY) != 0, &text, e)) {
		ok = e->code == ERR_NOT_FOUND && (small & SMALL_NEEDED) == 0;
	} else if ((small & SMALL_KEY) == 0) {
		ok = archive_put(m->out, name, mode, buf_bytes(&text), e);
	} else if (is_encrypted(&text)) {
		if (m->b->facts.keys == ARCHIVE_KEYS_NONE)
			m->b->facts.keys = ARCHIVE_KEYS_ENCRYPTED;
		ok = archive_put(m->out, name, mode, buf_bytes(&text), e);
	} else if (m->b->with_keys) {
		m->b->facts.keys = ARCHIVE_KEYS_PLAIN;
		ok = archive_put(m->out, name, mode, buf_bytes(&text), e);
	} else {
		leave_out(m->b, path, "it is not encrypted; --with-keys puts it in");
		strings_add(&m->b->plain_keys, path);
	}
	buf_wipe(&text);
	free(whole);
	return ok;
}

/* By the name that it has in the CA directory. */
static bool
put_below(struct making *m, const char *path, unsigned mode, unsigned small,
    struct err *e)
{
	char *name = conf_path_below(m->b->conf, path);
	const bool ok = put_small(m, name, path, mode, small, e);

	free(name);
	return ok;
}

/* Of which the keys for external accounts are made (ca/acme.h). */
static bool
put_acme(struct making *m, struct err *e)
{
	char *path = conf_path_beside_database(m->b->conf, BACKUP_ACME_KEY);
	char *name = conf_path_below(m->b->conf, path);
	const bool ok = put_small(m, BACKUP_ACME_KEY, name != NULL ? name : path, 0600,
	    SMALL_KEY, e);

	free(path);
	free(name);
	return ok;
}

static bool
put_issuers(struct making *m, struct err *e)
{
	const struct conf *c = m->b->conf;

	for (size_t i = 0; i < c->n_issuers; i++) {
		const struct conf_issuer *s = &c->issuers[i];

		if (!put_below(m, s->certificate, 0644, SMALL_NEEDED, e) ||
		    !put_below(m, s->key, 0600, SMALL_KEY, e))
			return false;
		if (s->passphrase_file != NULL)
			leave_out(m->b, s->passphrase_file,
			    "a passphrase is never in a backup");
	}
	return true;
}

static bool
put_all_small(struct making *m, struct err *e)
{
	const struct conf *c = m->b->conf;

	return put_small(m, BACKUP_CONF, c->file, 0640, SMALL_NEEDED, e) &&
	       put_small(m, BACKUP_ROOT, BACKUP_ROOT, 0644, SMALL_NEEDED, e) &&
	       put_small(m, "root.key", "root.key", 0600, SMALL_KEY, e) &&
	       put_acme(m, e) && put_issuers(m, e) &&
	       put_small(m, "admin.crt", "admin.crt", 0644, 0, e) &&
	       put_small(m, "admin.key", "admin.key", 0600, SMALL_KEY, e);
}

/* ---- the database, then the journal ---- */

/* As who has it: who acts on the way may not even look at it.  'size' 0: all of it. */
static bool
put_path(struct making *m, const char *name, const char *path, unsigned mode,
    uint64_t size, struct err *e)
{
	bool ok = owners_act(path, e);
	const int fd =
	    ok ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) : -1;
	struct stat s;

	if (ok && (fd < 0 || fstat(fd, &s) < 0))
		ok = err_errno(e, "%s", path);
	owners_act_self();
	ok = ok && archive_put_fd(m->out, name, mode, fd,
		       size > 0 ? size : (uint64_t)s.st_size, e);
	if (fd >= 0)
		close(fd);
	return ok;
}

/* What was answered before us is in the database then, as the operator may expect (ADR 0030). */
#define COMMITTED_MS 100

static bool
put_database(struct making *m, struct err *e)
{
	char *path = conf_path(m->b->conf, m->b->conf->database);
	char *copy = mem_printf("%s/" BACKUP_DATABASE, m->scratch);
	struct store *st = NULL;
	struct db *db = NULL;
	struct err ignored;

	nanosleep(&(struct timespec){ .tv_nsec = COMMITTED_MS * 1000000L }, NULL);
	bool ok = owners_act(path, e) && db_open(path, DB_READ, &db, e);
	owners_act_self();
	ok = ok && db_copy(db, copy, e);
	/* SQLite takes its files away by name. */
	if (owners_act(path, &ignored))
		db_close(db);
	owners_act_self();
	ok = ok && store_open_read(copy, &st, e) &&
	     store_seq(st, &m->b->facts.database_seq, e);
	store_close(st);
	ok = ok && put_path(m, BACKUP_DATABASE, copy, 0600, 0, e) &&
	     (unlink(copy) == 0 || err_errno(e, "%s", copy));
	free(path);
	free(copy);
	return ok;
}

static bool
put_segment(struct making *m, const char *dir, unsigned n, uint64_t size, struct err *e)
{
	char file[JOURNAL_FILE_LEN];

	journal_file(n, file);
	char *path = mem_printf("%s/%s", dir, file);
	char *name = mem_printf(BACKUP_JOURNAL "/%s", file);
	const bool ok = put_path(m, name, path, 0600, size, e);
	free(path);
	free(name);
	return ok;
}

static bool
put_journal(struct making *m, struct err *e)
{
	char *dir = conf_path(m->b->conf, BACKUP_JOURNAL);
	struct journal_extent x;

	bool ok = owners_act(dir, e) && journal_extent(dir, NULL, NULL, &x, e);
	owners_act_self();
	if (ok)
		m->b->facts.journal_seq = x.last_seq;
	if (ok && x.last_seq < m->b->facts.database_seq)
		ok = err_set(e, ERR_CONFLICT,
		    "the database is ahead of the journal: one of them was replaced; "
		    "see \"hanaper audit verify\"");
	for (unsigned n = 1; ok && n <= x.segments; n++)
		ok = put_segment(m, dir, n, n == x.segments ? x.end : 0, e);
	free(dir);
	return ok;
}

/* ---- all of it ---- */

static bool
begin(struct making *m, struct err *e)
{
	struct backup *b = m->b;
	char *root = conf_path(b->conf, BACKUP_ROOT);
	const bool ok = owners_agree(b->named, b->conf->dir, e) &&
			owners_act(root, e) && backup_root_hash(root, b->facts.root, e);

	owners_act_self();
	free(root);
	if (!ok)
		return false;
	/* What is made on the way lies beside the file. */
	if (!owners_stay_in(b->file, e))
		return err_prefix(e, b->file);
	if (access(b->file, F_OK) == 0)
		return err_set(e, ERR_CONFLICT,
		    "%s is there already; nothing was changed; give another FILE",
		    b->file);
	if (!scratch_file(b->file, "partial", &m->part, &m->fd, e) ||
	    !scratch_dir(b->file, "scratch", &m->scratch, e))
		return false;
	b->facts.made_at = clock_now();
	m->out = archive_begin(m->fd, b->facts.made_at);
	return true;
}

/* Read back from the disk's side, as a restore would. */
static bool
verify(struct making *m, struct err *e)
{
	const int dirfd = open(m->scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct archive_facts f;

	if (dirfd < 0)
		return err_errno(e, "%s", m->scratch);
	(void)posix_fadvise(m->fd, 0, 0, POSIX_FADV_DONTNEED);
	const bool ok = archive_extract(m->fd, dirfd, backup_check_wants, &f, e) &&
			backup_check(m->scratch, &f, e);
	close(dirfd);
	return ok || err_prefix(e, "what was written does not verify");
}

static bool
take_name(struct making *m, struct err *e)
{
	struct stat s;

	if (fstat(m->fd, &s) == 0)
		m->b->octets = (uint64_t)s.st_size;
	/* Never in the place of another. */
	if (file_link_or_move(m->part, m->b->file) < 0)
		return err_errno(e, "cannot name the backup %s", m->b->file);
	const char *slash = strrchr(m->b->file, '/');
	char *dir =
	    slash == NULL
		? mem_strdup(".")
		: mem_strndup(bytes_of(m->b->file, (size_t)(slash - m->b->file) + 1));
	const int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const bool ok = fd >= 0 ? file_sync_dir(fd, e) : err_errno(e, "%s", dir);
	if (fd >= 0)
		close(fd);
	free(dir);
	return ok;
}

/* For "hanaper doctor": when, and the keys that it lacks.  A backup is none the worse without. */
static void
remember(const struct backup *b)
{
	char *path = conf_path(b->conf, BACKUP_LAST);
	char at[CLOCK_RFC3339_LEN];
	struct buf text;
	struct err ignored;

	clock_rfc3339(b->facts.made_at, at);
	buf_init(&text, BACKUP_LAST_MAX);
	buf_puts(&text, at);
	for (size_t i = 0; i < b->plain_keys.n; i++)
		buf_printf(&text, "\n%s", b->plain_keys.v[i]);
	if (owners_act_in(path, &ignored))
		(void)!file_replace(AT_FDCWD, path, 0644, buf_bytes(&text), &ignored);
	owners_act_self();
	buf_free(&text);
	free(path);
}

bool
backup_make(struct backup *b, struct err *e)
{
	struct making m = { .b = b, .fd = -1 };
	const bool ok = begin(&m, e) && put_all_small(&m, e) && put_database(&m, e) &&
			put_journal(&m, e) && archive_end(m.out, &b->facts, e) &&
			verify(&m, e) && take_name(&m, e);

	if (ok)
		remember(b);
	archive_free(m.out);
	if (m.fd >= 0)
		close(m.fd);
	scratch_remove(m.part);
	scratch_remove(m.scratch);
	owners_leave();
	return ok;
}

void
backup_free(struct backup *b)
{
	strings_free(&b->left_out);
	strings_free(&b->plain_keys);
}
