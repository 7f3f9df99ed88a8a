/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"

#include "base/mem.h"

static bool
in_range(const char *range, const uint8_t *ip, size_t octets)
{
	struct conf_cidr c;

	cr_assert(conf_cidr(range, &c), "%s", range);
	return conf_cidr_has(&c, ip, octets);
}

Test(conf, a_range_holds_its_addresses_and_no_other)
{
	static const uint8_t low[] = { 10, 128, 0, 0 }, high[] = { 10, 255, 255, 255 };
	static const uint8_t below[] = { 10, 127, 255, 255 };
	static const uint8_t six[16] = { [15] = 1 }, two[16] = { [15] = 2 };

	cr_expect(in_range("10.128.0.0/9", low, 4));
	cr_expect(in_range("10.128.0.0/9", high, 4));
	cr_expect_not(in_range("10.128.0.0/9", below, 4));
	cr_expect(in_range("0.0.0.0/0", below, 4));
	cr_expect(in_range("10.127.255.255", below, 4));
	cr_expect_not(in_range("10.127.255.254", below, 4));
	cr_expect(in_range("::1/128", six, 16));
	cr_expect(in_range("::1", six, 16));
	cr_expect_not(in_range("::1", two, 16));
	cr_expect(in_range("::/126", two, 16));
	cr_expect_not(in_range("::/0", low, 4), "IPv4 is no IPv6");
	cr_expect_not(in_range("0.0.0.0/0", six, 16), "IPv6 is no IPv4");
}

Test(conf, what_is_no_range_is_refused)
{
	static const char *const bad[] = { "", "/", "10.0.0.0/", "10.0.0.0/33",
		"10.0.0/8", "10.0.0.0/-1", "10.0.0.0/8 ", "10.0.0.0/0008", "::1/129",
		"host", "*", "::g", "10.0.0.0/8/8", "::ffff:1.2.3.4.5" };
	struct conf_cidr c = { .octets = 77 };

	for (size_t i = 0; i < NITEMS(bad); i++)
		cr_expect_not(conf_cidr(bad[i], &c), "\"%s\"", bad[i]);
	cr_expect_eq(c.octets, 77, "ret is untouched on failure");
}

/* S86: a backup goes by it */
Test(conf, what_lies_in_the_ca_directory_has_a_name_there_however_it_is_written)
{
	static const struct {
		const char *dir, *path, *below;
	} cases[] = {
		{ "/ca", "issuers/a.key", "issuers/a.key" },
		{ "/ca", "./issuers//./a.key", "issuers/a.key" },
		{ "/ca", "/ca/issuers/a.key", "issuers/a.key" },
		{ "/ca", "//ca/./issuers/a b.key", "issuers/a b.key" },
		{ "/./ca/.", "/ca/.a/..b/...", ".a/..b/..." },
		{ "/", "/a", "a" },
		{ "/ca", "a/../b", "a/../b" },
		{ "ca", "b", "b" },
		{ "/ca", "../a", NULL },
		{ "/ca", "./../a", NULL },
		{ "/ca", "/ca2/a", NULL },
		{ "/ca", "/c", NULL },
		{ "/ca", "/ca", NULL },
		{ "/ca", "/etc/a.key", NULL },
	};

	for (size_t i = 0; i < NITEMS(cases); i++) {
		struct conf c = { .dir = mem_strdup(cases[i].dir) };
		char *below = conf_path_below(&c, cases[i].path);

		if (cases[i].below == NULL)
			cr_expect_null(below, "%s", cases[i].path);
		else
			cr_expect(below != NULL && strcmp(below, cases[i].below) == 0,
			    "%s: %s", cases[i].path, below);
		free(below);
		free(c.dir);
	}
}

Test(conf, issuers_and_profiles_are_found_by_their_whole_name)
{
	struct conf c = { 0 };
	struct conf_issuer issuers[] = { { .name = "main" }, { .name = "other" } };
	struct conf_profile profiles[] = { { .name = "server" } };

	c.issuers = issuers;
	c.n_issuers = NITEMS(issuers);
	c.profiles = profiles;
	c.n_profiles = NITEMS(profiles);
	cr_expect_eq(conf_issuer_find(&c, bytes_str("other")), &issuers[1]);
	cr_expect_null(conf_issuer_find(&c, bytes_str("mai")));
	cr_expect_null(conf_issuer_find(&c, bytes_str("main2")));
	cr_expect_eq(conf_profile_find(&c, bytes_str("server")), &profiles[0]);
	cr_expect_null(conf_profile_find(&c, bytes_str("Server")));
	cr_expect_null(conf_profile_find(&c, bytes_str("")));
}

Test(conf, a_path_is_below_the_directory_unless_it_is_absolute)
{
	char dir[] = "/srv/ca";
	const struct conf c = { .dir = dir };
	char *below = conf_path(&c, "root.crt"), *absolute = conf_path(&c, "/etc/x");

	cr_expect_str_eq(below, "/srv/ca/root.crt");
	cr_expect_str_eq(absolute, "/etc/x");
	free(below);
	free(absolute);
}

Test(conf, nothing_is_freed_without_complaint)
{
	conf_free(NULL);
	conf_free(mem_zalloc(sizeof(struct conf)));
}
