/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "key/key_file.h"
#include "sys/file.h"

static char dir[] = "/tmp/hnp-key-XXXXXX";
static struct err e;

static char *
path_of(const char *name)
{
	static char path[2][64];
	static unsigned at;

	snprintf(path[++at % 2], sizeof(path[0]), "%s/%s", dir, name);
	return path[at % 2];
}

static void
put(const char *name, struct bytes text)
{
	cr_assert(file_replace(AT_FDCWD, path_of(name), 0600, text, &e), "%s",
	    e.detail);
}

static void
begin(void)
{
	struct key *k = NULL;
	struct buf plain, closed;

	cr_assert_not_null(mkdtemp(dir));
	cr_assert(key_generate(KEY_ALG_ECDSA_P256, 0, &k, &e));
	buf_init(&plain, KIB(4));
	buf_init(&closed, KIB(4));
	cr_assert(key_save(k, NULL, &plain, &e) && key_save(k, "sesame", &closed, &e));
	put("plain", buf_bytes(&plain));
	put("closed", buf_bytes(&closed));
	put("phrase", bytes_str("sesame\r\n"));
	put("wrong", bytes_str("simsim\n"));
	buf_wipe(&plain);
	buf_wipe(&closed);
	key_free(k);
}

static void
end(void)
{
	file_remove_tree(dir);
}

/* ERR_NONE: it was read. */
static enum err_code
code(const char *name, const char *phrase)
{
	struct key *k = NULL;

	e = (struct err){ 0 };
	const bool ok = key_file_read(path_of(name),
	    phrase != NULL ? path_of(phrase) : NULL, geteuid(), &k, &e);
	cr_expect_eq(ok, k != NULL);
	key_free(k);
	return e.code;
}

Test(key_file, a_key_opens_by_its_passphrase_and_by_no_other, .init = begin,
    .fini = end)
{
	cr_expect_eq(code("plain", NULL), ERR_NONE, "%s", e.detail);
	cr_expect_eq(code("closed", "phrase"), ERR_NONE, "%s", e.detail);
	cr_expect_eq(code("closed", NULL), ERR_UNAVAILABLE);
	cr_expect_eq(code("closed", "wrong"), ERR_MALFORMED);
	cr_expect_not_null(strstr(e.detail, "/wrong"), "%s", e.detail);
	cr_expect_eq(code("closed", "absent"), ERR_NOT_FOUND);
	cr_expect_not_null(strstr(e.detail, "/absent"), "%s", e.detail);
	cr_expect_eq(code("absent", NULL), ERR_NOT_FOUND);
}

/* S81 */
Test(key_file, neither_file_may_be_open_to_others, .init = begin, .fini = end)
{
	cr_assert_eq(chmod(path_of("phrase"), 0640), 0);
	cr_expect_eq(code("closed", "phrase"), ERR_IO);
	cr_expect_not_null(strstr(e.detail, "chmod 0600"), "%s", e.detail);
	cr_assert_eq(chmod(path_of("plain"), 0644), 0);
	cr_expect_eq(code("plain", NULL), ERR_IO);
	cr_expect_not_null(strstr(e.detail, "chmod 0600"), "%s", e.detail);
}
