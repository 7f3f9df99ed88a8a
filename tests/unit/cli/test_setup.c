/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <glob.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/setup.h"
#include "conf/conf_load.h"
#include "journal/journal.h"
#include "store/store_certificate.h"
#include "sys/file.h"

static char *
fresh_dir(void)
{
	char *dir = mem_strdup("/tmp/hanaper-test-XXXXXX");

	cr_assert_not_null(mkdtemp(dir));
	return dir;
}

static bool
make(const struct setup_args *a, const char *dir, struct setup *s, struct err *e)
{
	return setup_plan(a, dir, s, e) && setup_make(s, e);
}

static bool
count(void *arg, const struct record *r, struct err *e)
{
	size_t *n = arg;

	(void)e;
	cr_expect_eq(r->type, *n == 0 ? RECORD_GENESIS : RECORD_CERTIFICATE);
	(*n)++;
	return true;
}

static void
expect_mode(const char *dir, const char *file, mode_t mode)
{
	char *path = mem_printf("%s/%s", dir, file);
	struct stat st = { 0 };

	cr_expect_eq(stat(path, &st), 0, "%s", path);
	cr_expect_eq(st.st_mode & 0777, mode, "%s: %o", path, st.st_mode & 0777);
	free(path);
}

/* P19, P21, P30, P44, S81 */
Test(setup, a_ca_is_made_whole_and_the_journal_and_database_know_it)
{
	struct setup_args a = { 0 };
	struct setup s;
	struct err e = { 0 };
	char *base = fresh_dir(), *dir = mem_printf("%s/ca", base);
	char *journal = mem_printf("%s/journal", dir);
	char *db = mem_printf("%s/hanaper.db", dir);
	struct certificate_row row = { 0 };
	struct store *st = NULL;
	uint64_t seq = 0;
	size_t n = 0;

	cr_assert(make(&a, dir, &s, &e), "%s", e.detail);
	cr_expect(s.root.cert->ca);
	cr_expect_eq(s.root.cert->path_len, -1);
	cr_expect_eq(s.root.cert->authority_key_id.n, 0);
	cr_expect_eq(s.root.cert->usages, 0);
	cr_expect_eq(s.issuer.cert->path_len, 0);
	cr_expect_eq(s.issuer.cert->key_usage,
	    CERT_KU_KEY_CERT_SIGN | CERT_KU_CRL_SIGN);
	cr_expect(bytes_eq(s.issuer.cert->authority_key_id, s.root.cert->key_id));
	cr_expect(bytes_eq(s.issuer.cert->issuer_dn, s.root.cert->subject_dn));
	cr_expect_not(s.admin_cert.cert->ca);
	cr_expect_str_eq(s.admin_cert.cert->cn, "admin");
	expect_mode(dir, "root.key", 0600);
	expect_mode(dir, "admin.key", 0600);
	expect_mode(dir, "issuers/main.key", 0600);
	expect_mode(dir, "hanaper.db", 0600);
	expect_mode(dir, "journal", 0700);
	expect_mode(dir, "run", 0750);

	cr_assert(journal_verify(journal, count, &n, &e), "%s", e.detail);
	cr_expect_eq(n, 4);
	cr_assert(store_open(db, &st, &e), "%s", e.detail);
	cr_expect(store_seq(st, &seq, &e) && seq == 4);
	cr_expect(
	    store_certificate_get(st, "main", &s.admin_cert.cert->serial, &row, &e));
	cr_expect_str_eq(row.profile, "admin");
	certificate_row_free(&row);
	store_close(st);

	setup_free(&s);
	file_remove_tree(base);
	free(db);
	free(journal);
	free(dir);
	free(base);
}

Test(setup, what_is_there_stays_untouched_and_nothing_is_left_behind)
{
	struct setup_args a = { 0 };
	struct setup s;
	struct err e = { 0 };
	char *base = fresh_dir(), *file = mem_printf("%s/ca", base);
	char *inside = mem_printf("%s/ca/mine", base);
	char *partial = mem_printf("%s/*.partial*", base);
	glob_t found;

	cr_assert_eq(mkdir(file, 0700), 0);
	cr_assert(file_create(AT_FDCWD, inside, 0600, bytes_str("x"), &e));
	cr_expect_not(make(&a, file, &s, &e));
	cr_expect_eq(e.code, ERR_CONFLICT);
	cr_expect_eq(access(inside, F_OK), 0);
	setup_free(&s);

	/* An empty directory is taken. */
	cr_assert_eq(unlink(inside), 0);
	cr_expect(make(&a, file, &s, &e), "%s", e.detail);
	setup_free(&s);
	cr_expect_eq(glob(partial, 0, NULL, &found), GLOB_NOMATCH);
	file_remove_tree(base);
	free(partial);
	free(inside);
	free(file);
	free(base);
}

/* P35 */
Test(setup, domains_bind_the_intermediate_the_profiles_and_the_administrator)
{
	struct setup_args a = { .name = "Ex \"A\" ä" };
	struct setup s;
	struct err e = { 0 };
	char *base = fresh_dir(), *dir = mem_printf("%s/ca", base);
	char *path = mem_printf("%s/hanaper.yaml", dir);
	struct constraints c = { 0 };
	struct conf *conf = NULL;

	strings_add(&a.domains, "*.Example.ORG");
	strings_add(&a.dns, "ca.example.org");
	cr_assert(make(&a, dir, &s, &e), "%s", e.detail);
	cr_expect_str_eq(s.admin, "admin.example.org");
	cr_expect_str_eq(s.url_api, "https://ca.example.org:8443");
	cr_assert(constraints_parse(s.issuer.cert->constraints, &c, &e));
	cr_expect(constraints_check(&c, NAME_TYPE_DNS, "web.example.org", &e));
	cr_expect_not(constraints_check(&c, NAME_TYPE_DNS, "localhost", &e));
	cr_expect(constraints_check(&c, NAME_TYPE_DNS, s.admin, &e));
	cr_assert(conf_load(path, &conf, &e), "%s", e.detail);
	for (size_t i = 0; i < conf->server_names.n; i++)
		cr_expect_str_neq(conf->server_names.v[i], "localhost");
	conf_free(conf);
	constraints_free(&c);
	setup_free(&s);
	file_remove_tree(base);
	setup_args_free(&a);
	free(path);
	free(dir);
	free(base);
}

/* The prober of a CA that others reach must not be their way to this machine. */
Test(setup, servers_have_acme_and_loopback_is_validated_only_where_it_serves_alone)
{
	static const struct {
		const char *api;
		bool local;
	} rows[] = {
		{ NULL, true },
		{ "127.0.0.9:8443", true },
		{ "[::1]:8443", true },
		{ "localhost:8443", true },
		{ "0.0.0.0:8443", false },
		{ "[::]:8443", false },
		{ "10.0.0.1:8443", false },
	};

	for (size_t i = 0; i < NITEMS(rows); i++) {
		struct setup_args a = { .api = rows[i].api };
		struct conf *c = NULL;
		struct setup s;
		struct err e = { 0 };
		struct buf text;

		buf_init(&text, KIB(64));
		strings_add(&a.dns, "ca.internal");
		cr_assert(setup_plan(&a, "/nowhere/ca", &s, &e), "%s", e.detail);
		setup_conf(&s, &text);
		cr_assert(conf_load_text(buf_bytes(&text), "/nowhere/ca/hanaper.yaml",
			      &c, &e),
		    "%s", e.detail);
		for (size_t k = 0; k < c->n_profiles; k++) {
			const struct conf_profile *p = &c->profiles[k];

			cr_expect_eq(p->acme.on, strcmp(p->name, "server") == 0, "%s",
			    p->name);
			cr_expect_eq(p->acme.networks.n > 0,
			    p->acme.on && rows[i].local, "row %zu", i);
		}
		conf_free(c);
		buf_free(&text);
		setup_free(&s);
		setup_args_free(&a);
	}
}

Test(setup, options_that_make_no_ca_are_refused_before_anything_is_made)
{
	static const struct setup_args lines[] = {
		{ .name = "" },
		{ .name = "a name of more than fifty-three characters is too long for "
			  "a subject" },
		{ .api = "8443" },
		{ .api = ":8443" },
		{ .api = "127.0.0.1:0" },
		{ .http = "127.0.0.1:http" },
		{ .metrics = "127.0.0.1:65536" },
		{ .url_api = "http://ca.test" },
		{ .url_public = "https://ca.test" },
		{ .key_type = "dsa" },
		{ .api = "127.0.0.1:8080" }, /* where http is by default */
		{ .http = "127.0.0.1:1", .metrics = "127.0.0.1:1" },
		{ .root_validity = "soon" },
		{ .root_validity = "1y", .issuer_validity = "2y" },
	};

	for (size_t i = 0; i < NITEMS(lines); i++) {
		struct setup s;
		struct err e = { 0 };

		cr_expect_not(setup_plan(&lines[i], "/nowhere/ca", &s, &e), "row %zu",
		    i);
		cr_expect_neq(e.detail[0], '\0', "row %zu", i);
		setup_free(&s);
	}
}

/* S91: what is tried out is nobody else's to reach. */
Test(setup, where_nothing_is_said_all_listeners_are_this_machines)
{
	struct setup_args a = { 0 };
	struct setup s;
	struct err e;

	cr_assert(setup_plan(&a, "/tmp/hanaper-test", &s, &e), "%s", e.detail);
	const char *const all[] = { s.api, s.http, s.metrics };
	for (size_t i = 0; i < NITEMS(all); i++)
		cr_expect_eq(strncmp(all[i], "127.", 4), 0, "%s", all[i]);
	setup_free(&s);
}
