/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf_edit.h"

#include "base/mem.h"
#include "conf/conf_load.h"

#define FILE_NAME "/ca/hanaper.yaml"
#define NAMES     "usages: [server auth], names: { dns: [a] } }\n"

static char next_name[] = "main-2", next_crt[] = "issuers/main-2.crt",
	    next_key[] = "issuers/main-2.key";
static const struct conf_issuer next = { next_name, next_crt, next_key, NULL };

static bool
edit(struct bytes text, const char *old, struct buf *ret, struct err *e)
{
	buf_init(ret, MIB(1));
	return conf_edit_follow(text, FILE_NAME, old, &next, ret, e);
}

static void
expect_edit(const char *was, const char *now)
{
	struct err e = { 0 };
	struct buf b;

	cr_expect(edit(bytes_str(was), "main", &b, &e), "%s\n%s", e.detail, was);
	cr_expect_str_eq(buf_str(&b), now);
	buf_free(&b);
}

static void
expect_no(const char *was, const char *old, enum err_code code)
{
	struct err e = { 0 };
	struct buf b;

	cr_expect_not(edit(bytes_str(was), old, &b, &e), "%s", was);
	cr_expect_eq(e.code, code, "%s", e.detail);
	cr_expect_eq(b.n, 0, "ret is untouched on failure");
	buf_free(&b);
}

#define ROW                                                                            \
	"- name: main-2\n    certificate: issuers/main-2.crt\n    key: "               \
	"issuers/main-2.key\n"

Test(conf_edit, a_list_by_indentation_keeps_comments_quotes_and_order)
{
	expect_edit("# ours: \xc3\xa4\xc3\xb6\n"
		    "issuers:   # who signs\n"
		    "  # the first\n"
		    "  - name: 'main'\n"
		    "    key: issuers/main.key # 0600\n"
		    "profiles:\n"
		    "  - name: s   # servers\n"
		    "    issuer: \"main\"  # \xe2\x82\xac\n"
		    "    usages: [server auth]\n"
		    "    names: { dns: [a] }\n"
		    "  - { name: t, issuer: 'main', " NAMES "  - { name: u, issuer: "
		    "main, " NAMES "  - { name: v, " NAMES "\n# end",
	    "# ours: \xc3\xa4\xc3\xb6\n"
	    "issuers:   # who signs\n"
	    "  " ROW "  # the first\n"
	    "  - name: 'main'\n"
	    "    key: issuers/main.key # 0600\n"
	    "profiles:\n"
	    "  - name: s   # servers\n"
	    "    issuer: \"main-2\"  # \xe2\x82\xac\n"
	    "    usages: [server auth]\n"
	    "    names: { dns: [a] }\n"
	    "  - { name: t, issuer: 'main-2', " NAMES "  - { name: u, issuer: "
	    "main-2, " NAMES "  - { name: v, " NAMES "\n# end");
}

Test(conf_edit, the_row_stands_before_the_one_it_follows)
{
	expect_edit("profiles:\n- { name: s, issuer: main, " NAMES
		    "- { name: t, issuer: other, " NAMES "issuers:\n"
		    "- name: other\n"
		    "  key: x # k\n"
		    "\n"
		    "# mains\n"
		    "- { name: main }\n",
	    "profiles:\n- { name: s, issuer: main-2, " NAMES
	    "- { name: t, issuer: other, " NAMES "issuers:\n"
	    "- name: other\n"
	    "  key: x # k\n"
	    "- name: main-2\n"
	    "  certificate: issuers/main-2.crt\n"
	    "  key: issuers/main-2.key\n"
	    "\n"
	    "# mains\n"
	    "- { name: main }\n");
}

Test(conf_edit, ends_of_lines_are_those_of_the_file)
{
	expect_edit("issuers:\r\n  - name: main\r\nprofiles:\r\n- { name: s, " NAMES,
	    "issuers:\r\n  - name: main-2\r\n    certificate: issuers/main-2.crt\r\n"
	    "    key: issuers/main-2.key\r\n  - name: main\r\nprofiles:\r\n- { name: "
	    "s, " NAMES);
}

#define FLOW                                                                           \
	"{ name: main-2, certificate: issuers/main-2.crt, key: issuers/main-2.key }, "

Test(conf_edit, lists_in_brackets)
{
	expect_edit("profiles:\n- { name: s, issuer: main, " NAMES
		    "issuers: [ { name: main } ] # one\n",
	    "profiles:\n- { name: s, issuer: main-2, " NAMES "issuers: [ " FLOW
	    "{ name: main } ] # one\n");
	expect_edit("{\"issuers\":[{\"name\":\"main\"}],\"profiles\":[{\"name\":\"s\","
		    "\"issuer\":\"main\",\"usages\":[\"server auth\"],"
		    "\"names\":{\"dns\":[\"a\"]}}]}",
	    "{\"issuers\":[" FLOW "{\"name\":\"main\"}],\"profiles\":[{\"name\":\"s\","
	    "\"issuer\":\"main-2\",\"usages\":[\"server auth\"],"
	    "\"names\":{\"dns\":[\"a\"]}}]}");
}

#define MAIN                                                                           \
	"- name: main\n    certificate: issuers/main.crt\n    key: issuers/main.key\n"

Test(conf_edit, the_issuer_that_goes_without_saying_is_said)
{
	expect_edit("profiles:\n- { name: s, " NAMES "# end\n",
	    "profiles:\n- { name: s, " NAMES "issuers:\n  " ROW "  " MAIN "# end\n");
	expect_edit("profiles:\n- { name: s, usages: [server auth], names: { dns: [a] "
		    "} }",
	    "profiles:\n- { name: s, " NAMES "issuers:\n  " ROW "  " MAIN);
	expect_edit("{ profiles: [ { name: s, usages: [server auth], names: { dns: [a] "
		    "} } ] }",
	    "{ issuers: [ " FLOW
	    "{ name: main, certificate: issuers/main.crt, key: issuers/main.key }, ],  "
	    "profiles: [ { name: s, usages: [server auth], names: { dns: [a] } } ] }");
}

Test(conf_edit, paths_are_quoted_where_they_have_to_be)
{
	char crt[] = "/a b/\"x\\.crt", key[] = "-k", phrase[] = "/run/\xc3\xa4";
	const struct conf_issuer odd = { next_name, crt, key, phrase };
	const char *was = "issuers:\n- name: main\nprofiles:\n- { name: s, " NAMES;
	struct conf *c = NULL;
	struct err e = { 0 };
	struct buf b;

	buf_init(&b, MIB(1));
	cr_assert(conf_edit_follow(bytes_str(was), FILE_NAME, "main", &odd, &b, &e),
	    "%s", e.detail);
	cr_assert(conf_load_text(buf_bytes(&b), FILE_NAME, &c, &e), "%s", e.detail);
	cr_expect_str_eq(c->issuers[0].certificate, crt);
	cr_expect_str_eq(c->issuers[0].key, key);
	cr_expect_str_eq(c->issuers[0].passphrase_file, phrase);
	conf_free(c);
	buf_free(&b);
}

Test(conf_edit, grants_are_let_be_and_what_cannot_be_done_is_refused)
{
	const char *two =
	    "issuers:\n- name: main\n- name: main-2\nprofiles:\n- { name: "
	    "s, " NAMES;

	expect_edit("issuers:\n- name: main\nprofiles:\n- { name: s, " NAMES
		    "grants:\n- who: { issuer: main }\n  may: [read]\n",
	    "issuers:\n- name: main-2\n  certificate: issuers/main-2.crt\n  key: "
	    "issuers/main-2.key\n- name: main\nprofiles:\n- { name: s, " NAMES
	    "grants:\n- who: { issuer: main }\n  may: [read]\n");
	expect_no(two, "main", ERR_MALFORMED); /* the name is taken */
	expect_no(two, "other", ERR_NOT_FOUND);
	expect_no("profiles:\n- { name: s, " NAMES, "other", ERR_NOT_FOUND);
	expect_no("issuers: [", "main", ERR_MALFORMED);
	expect_no("issuers: &a\n- name: main\nprofiles:\n- { name: s, " NAMES, "main",
	    ERR_UNAVAILABLE);
	expect_no("issuers:\n- name: main\nprofiles:\n- name: s\n  usages: [server "
		  "auth]\n  names: { dns: [a] }\n  issuer: |-\n    main\n",
	    "main", ERR_UNAVAILABLE);
}

/* Cut off anywhere, it is refused or becomes what it has to be: the loader judges. */
Test(conf_edit, every_cut_is_an_error_or_right)
{
	static const char *const texts[] = {
		"issuers:\r\n  # \xe2\x82\xac\n  - name: \"main\"\n    key: a\n"
		"profiles:\n- { name: s, issuer: main, " NAMES "log: { level: warn }\n",
		"{ profiles: [ { name: s, " NAMES "], issuers: [ { name: main } ] }\n",
		"\xef\xbb\xbfprofiles:\n- { name: s, issuer: main, " NAMES "...\n"
	};
	size_t done = 0;

	for (size_t k = 0; k < NITEMS(texts); k++)
		for (size_t n = 0; n <= strlen(texts[k]); n++) {
			char *cut = mem_strndup(bytes_of(texts[k], n));
			struct err e = { 0 };
			struct conf *c = NULL;
			struct buf b;

			if (edit(bytes_str(cut), "main", &b, &e)) {
				done++;
				cr_expect(conf_load_text(buf_bytes(&b), FILE_NAME, &c,
					      &e),
				    "%s", e.detail);
				cr_expect_eq(c->n_issuers, 2);
				cr_expect_str_eq(c->profiles[0].issuer, "main-2");
			} else {
				cr_expect_neq(e.code, ERR_NONE);
				cr_expect_eq(b.n, 0);
			}
			conf_free(c);
			buf_free(&b);
			free(cut);
		}
	cr_expect(done >= 3, "%zu", done);
}
