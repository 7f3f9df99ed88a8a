/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "conf/conf_files.h"

static struct conf_issuer issuers[] = {
	{ .name = "main",
	    .key = "issuers/main.key",
	    .passphrase_file = "/safe/phrase" },
	{ .name = "next", .key = "issuers/next.key" },
};
static const struct conf conf = {
	.dir = "/ca",
	.file = "/etc/hanaper.yaml",
	.database = "data/ca.db",
	.issuers = issuers,
	.n_issuers = NITEMS(issuers),
};

struct seen {
	const char *path;
	mode_t forbidden;
	bool signers, by_parent;
};

static const struct seen wanted[] = {
	{ "/etc/hanaper.yaml", 0022, false, true },
	{ "/ca", 0027, false, true },
	{ "/ca/data/ca.db", 0137, false, true },
	{ "/ca/data/ca.db-wal", 0137, false, true },
	{ "/ca/data/ca.db-shm", 0137, false, true },
	{ "/ca/data/ca.db-journal", 0137, false, true },
	{ "/ca/issuers", 0027, true, true },
	{ "/ca/journal", 0027, true, true },
	{ "/ca/run", 0027, false, false },
	{ "/ca/data/acme.key", 0077, false, false },
	{ "/ca/root.key", 0077, true, false },
	{ "/ca/admin.key", 0077, false, false },
	{ "/ca/issuers/main.key", 0077, true, false },
	{ "/safe/phrase", 0077, true, false },
	{ "/ca/issuers/next.key", 0077, true, false },
};

static bool
see(void *arg, const struct conf_file *f, struct err *e)
{
	size_t *n = arg;

	(void)e;
	cr_assert_lt(*n, NITEMS(wanted));
	cr_expect_str_eq(f->path, wanted[*n].path);
	cr_expect_eq(f->forbidden, wanted[*n].forbidden, "%s", f->path);
	cr_expect_eq(f->signers, wanted[*n].signers, "%s", f->path);
	cr_expect_eq(f->by_parent, wanted[*n].by_parent, "%s", f->path);
	(*n)++;
	return true;
}

/* S81 */
Test(conf_files, all_that_must_be_closed_are_named_where_the_configuration_has_them)
{
	struct err e = { 0 };
	size_t n = 0;

	cr_assert(conf_files(&conf, see, &n, &e), "%s", e.detail);
	cr_expect_eq(n, NITEMS(wanted));
}

/* S81 */
Test(conf_files, what_a_role_writes_is_its_own_and_what_it_reads_its_own_or_the_owners)
{
	char path[] = "/tmp/hnp-files-XXXXXX";
	const int fd = mkstemp(path);
	const uid_t us = geteuid();
	struct conf_file f = { .path = path, .forbidden = 0137, .written = true };
	struct err e = { 0 };

	cr_assert(fd >= 0);
	cr_expect(conf_files_check(&f, us, us, &e), "%s", e.detail);
	cr_expect_not(conf_files_check(&f, us + 1, us, &e));
	cr_expect_not_null(strstr(e.detail, "chown -R"), "%s", e.detail);
	f.written = false;
	cr_expect(conf_files_check(&f, us + 1, us, &e), "%s", e.detail);
	cr_expect_not(conf_files_check(&f, us + 1, us + 1, &e), "whose it is not");
	cr_assert_eq(fchmod(fd, 0640), 0);
	cr_expect(conf_files_check(&f, us, us, &e), "%s", e.detail);
	cr_assert_eq(fchmod(fd, 0644), 0);
	cr_expect_not(conf_files_check(&f, us, us, &e));
	close(fd);
	unlink(path);
	cr_expect_not(conf_files_check(&f, us, us, &e));
	cr_expect_eq(e.code, ERR_NOT_FOUND);
}
