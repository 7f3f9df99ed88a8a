/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/backup.h"
#include "conf/conf_load.h"
#include "journal/journal.h"
#include "store/store.h"
#include "sys/file.h"
#include "x509/cert.h"

bool
backup_root_hash(const char *path, uint8_t ret[static 32], struct err *e)
{
	struct cert *c = NULL;
	struct buf text;

	buf_init(&text, MIB(1));
	bool ok = file_read(AT_FDCWD, path, &text, e) &&
		  cert_parse_any(buf_bytes(&text), &c, e);
	if (ok && gnutls_hash_fast(GNUTLS_DIG_SHA256, c->der.p, c->der.n, ret) < 0)
		ok = err_set(e, ERR_INTERNAL, "SHA-256 failed");
	cert_free(c);
	buf_free(&text);
	return ok;
}

static bool
is_of_root(void *arg, const struct record *r, struct err *e)
{
	const struct archive_facts *f = arg;
	struct record_genesis g;

	if (r->type != RECORD_GENESIS)
		return true;
	if (!record_genesis_get(r->body, &g, e))
		return false;
	return bytes_eq(g.root_hash, bytes_of(f->root, sizeof(f->root))) ||
	       err_set(e, ERR_CONFLICT, "the journal is of another CA than root.crt");
}

static bool
check_journal(const char *dir, const struct archive_facts *f, struct err *e)
{
	char *path = mem_printf("%s/" BACKUP_JOURNAL, dir);
	struct archive_facts facts = *f;
	struct journal_extent x;
	bool ok = journal_extent(path, is_of_root, &facts, &x, e);

	if (ok && (x.torn || x.last_seq != f->journal_seq))
		ok = err_set(e, ERR_MALFORMED,
		    "its journal ends at record %" PRIu64 ", not at %" PRIu64,
		    x.last_seq, f->journal_seq);
	free(path);
	return ok;
}

static bool
check_database(const char *dir, const struct archive_facts *f, struct err *e)
{
	char *path = mem_printf("%s/" BACKUP_DATABASE, dir);
	struct store *st = NULL;
	uint8_t root[32];
	bool set = false;
	uint64_t seq = 0;

	/* It is a copy: one of an older version may be brought up. */
	bool ok = store_open(path, &st, e) && store_check(st, e) &&
		  store_seq(st, &seq, e) && store_root(st, root, &set, e);
	if (ok && (!set || memcmp(root, f->root, sizeof(root)) != 0))
		ok = err_set(e, ERR_CONFLICT, "its database is of another CA");
	if (ok && (seq != f->database_seq || seq > f->journal_seq))
		ok = err_set(e, ERR_CONFLICT,
		    "its database holds %" PRIu64 " of the journal's %" PRIu64
		    " records, not %" PRIu64,
		    seq, f->journal_seq, f->database_seq);
	store_close(st);
	free(path);
	return ok;
}

bool
backup_check_wants(const char *path)
{
	return strcmp(path, BACKUP_ROOT) == 0 || strcmp(path, BACKUP_CONF) == 0 ||
	       strcmp(path, BACKUP_DATABASE) == 0 ||
	       strncmp(path, BACKUP_JOURNAL "/", sizeof(BACKUP_JOURNAL)) == 0;
}

bool
backup_check(const char *dir, const struct archive_facts *f, struct err *e)
{
	char *root = mem_printf("%s/" BACKUP_ROOT, dir);
	char *yaml = mem_printf("%s/" BACKUP_CONF, dir);
	struct conf *conf = NULL;
	uint8_t hash[32];

	bool ok = backup_root_hash(root, hash, e);
	if (ok && memcmp(hash, f->root, sizeof(hash)) != 0)
		ok = err_set(e, ERR_CONFLICT, "its root.crt is another CA's");
	ok = ok && conf_load(yaml, &conf, e) && check_journal(dir, f, e) &&
	     check_database(dir, f, e);
	conf_free(conf);
	free(root);
	free(yaml);
	return ok;
}
