/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/front_published.h"

#define AT_1994 784111777 /* Sun, 06 Nov 1994 08:49:37 GMT */

struct pub {
	char dir[64];
	int fd;
	struct front_published *p;
};

static void
write_file(const struct pub *d, const char *name, const char *text)
{
	const int fd = openat(d->fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	cr_assert_geq(fd, 0, "%s", name);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void
pub_make(struct pub *d)
{
	strncpy(d->dir, "/tmp/hanaper-pub.XXXXXX", sizeof(d->dir));
	cr_assert_not_null(mkdtemp(d->dir));
	d->fd = open(d->dir, O_RDONLY | O_DIRECTORY);
	mkdirat(d->fd, "crl", 0700);
	write_file(d, "crl/main.crl", "CRL");
	write_file(d, "secret", "key");
	cr_assert_eq(symlinkat("../secret", d->fd, "crl/link.crl"), 0);
	cr_assert_eq(symlinkat("crl", d->fd, "linkdir"), 0);
	cr_assert_eq(mkfifoat(d->fd, "crl/pipe.crl", 0600), 0);
	d->p = front_published_new(dup(d->fd));
}

static void
pub_remove(struct pub *d)
{
	static const char *const files[] = { "crl/main.crl", "crl/link.crl",
		"crl/pipe.crl", "linkdir", "secret" };

	front_published_free(d->p);
	for (size_t i = 0; i < NITEMS(files); i++)
		unlinkat(d->fd, files[i], 0);
	unlinkat(d->fd, "crl", AT_REMOVEDIR);
	close(d->fd);
	rmdir(d->dir);
}

static struct msg_publish
message(const char *url_path, const char *file)
{
	return (struct msg_publish){ .url_path = bytes_str(url_path),
		.file = bytes_str(file),
		.content_type = bytes_str("application/pkix-crl"),
		.etag = bytes_str("abc"),
		.modified_at = AT_1994,
		.expires_at = AT_1994 + 10 };
}

/* R83: core is not believed either; nothing but regular files below pub/ is opened. */
Test(front_published,
    names_that_leave_the_directory_end_the_role_and_links_are_not_followed)
{
	static const struct {
		const char *url_path, *file;
		enum err_code code;
	} cases[] = {
		{ "/crl/main.crl", "crl/main.crl", ERR_NONE },
		{ "/crl/main.crl", "../secret", ERR_MALFORMED },
		{ "/crl/main.crl", "crl/../secret", ERR_MALFORMED },
		{ "/crl/main.crl", "/etc/passwd", ERR_MALFORMED },
		{ "/crl/main.crl", "crl//main.crl", ERR_MALFORMED },
		{ "/crl/main.crl", "crl/./main.crl", ERR_MALFORMED },
		{ "/crl/main.crl", "crl/.hidden", ERR_MALFORMED },
		{ "/crl/main.crl", "crl/", ERR_MALFORMED },
		{ "/crl/main.crl", "", ERR_MALFORMED },
		{ "/crl/main.crl", "crl/MAIN.crl", ERR_MALFORMED },
		{ "/crl/main.crl", "crl/a b", ERR_MALFORMED },
		{ "/v1/certificates", "crl/main.crl", ERR_MALFORMED },
		{ "/crlx", "crl/main.crl", ERR_MALFORMED },
		{ "/crl/\n", "crl/main.crl", ERR_MALFORMED },
		{ "/crl/main.crl", "crl/none.crl", ERR_IO },
		{ "/crl/main.crl", "crl/link.crl", ERR_IO },
		{ "/crl/main.crl", "linkdir/main.crl", ERR_IO },
		{ "/crl/main.crl", "crl/pipe.crl", ERR_IO },
		{ "/crl/main.crl", "crl", ERR_IO },
	};
	struct pub d;

	pub_make(&d);
	for (size_t i = 0; i < NITEMS(cases); i++) {
		const struct msg_publish m = message(cases[i].url_path, cases[i].file);
		struct err e = { 0 };

		const bool ok = front_published_put(d.p, &m, &e);
		cr_expect_eq(ok, cases[i].code == ERR_NONE, "%s", cases[i].file);
		cr_expect_eq(e.code, cases[i].code, "%s: %s", cases[i].file, e.detail);
	}
	pub_remove(&d);
}

Test(front_published, a_tag_or_type_that_would_split_a_header_is_refused)
{
	static const char *const bad[] = { "", "a\"b", "a\nb", "a\x80" };
	struct pub d;

	pub_make(&d);
	for (size_t i = 0; i < NITEMS(bad); i++) {
		struct msg_publish m = message("/crl/main.crl", "crl/main.crl");
		struct err e = { 0 };

		m.etag = bytes_str(bad[i]);
		cr_expect_not(front_published_put(d.p, &m, &e));
		m = message("/crl/main.crl", "crl/main.crl");
		m.content_type = bytes_str(bad[i]);
		cr_expect_not(front_published_put(d.p, &m, &e));
		cr_expect_eq(e.code, ERR_MALFORMED);
	}
	pub_remove(&d);
}

Test(front_published, what_cannot_be_opened_is_tried_again_the_newest_of_each_path)
{
	struct msg_publish m = message("/crl/main.crl", "crl/later.crl");
	struct msg_publish other = message("/crl/other.crl", "crl/other.crl");
	struct pub d;
	struct err e;

	pub_make(&d);
	cr_expect_eq(front_published_again(d.p), 0);
	cr_expect_not(front_published_put(d.p, &m, &e));
	cr_expect_not(front_published_put(d.p, &m, &e));
	cr_expect_not(front_published_put(d.p, &other, &e));
	cr_expect_eq(front_published_again(d.p), 2);
	m = message("/crl/main.crl", "crl/main.crl");
	cr_expect(front_published_put(d.p, &m, &e));
	cr_expect_eq(front_published_again(d.p), 1, "a newer one is there");
	m.etag = bytes_str("a\nb");
	cr_expect_not(front_published_put(d.p, &m, &e));
	cr_expect_eq(front_published_again(d.p), 1,
	    "what core must not say is not kept");
	write_file(&d, "crl/other.crl", "CRL");
	cr_expect_eq(front_published_again(d.p), 0);
	unlinkat(d.fd, "crl/other.crl", 0);
	pub_remove(&d);
}
