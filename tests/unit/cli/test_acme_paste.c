/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/acme_paste.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static const struct acme_paste paste = {
	.url = "https://ca.example:8443/acme/server/directory",
	.root = "/srv/my ca/root.crt",
	.root_pem = "-----BEGIN CERTIFICATE-----\n",
	.name = "web.lab.internal",
	.kid = "eab-0123",
	.key = "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI",
};

Test(acme_paste, every_client_is_told_where_whom_to_trust_and_its_key)
{
	size_t n = 0;

	for (; acme_paste_client(n) != NULL; n++) {
		char *lines = acme_paste_lines(n, &paste);

		cr_expect_not_null(strstr(lines, paste.url), "%s", lines);
		cr_expect_not_null(strstr(lines, paste.kid), "%s", lines);
		cr_expect_not_null(strstr(lines, paste.key), "%s", lines);
		cr_expect(strstr(lines, "my ca/root.crt") != NULL ||
			      strstr(lines,
				  "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==") != NULL,
		    "%s", lines);
		cr_expect_null(strstr(lines, "@U"));
		cr_expect_null(strstr(lines, "@K"));
		cr_expect_null(strstr(lines, "@R"));
		cr_expect_eq(lines[strlen(lines) - 1], '\n');
		cr_expect_null(strchr(acme_paste_client(n), ' '));
		cr_expect_neq(acme_paste_title(n)[0], '\0');
		free(lines);
	}
	cr_expect_eq(n, 6u);
	cr_expect_null(acme_paste_title(n));
}

Test(acme_paste, what_a_shell_or_a_file_would_read_is_quoted)
{
	char *shell = acme_paste_lines(0, &paste), *file = acme_paste_lines(3, &paste),
	     *lego = acme_paste_lines(1, &paste);

	cr_expect_not_null(strstr(shell, "REQUESTS_CA_BUNDLE='/srv/my ca/root.crt' "),
	    "%s", shell);
	cr_expect_not_null(strstr(file, "trusted_roots \"/srv/my ca/root.crt\"\n"),
	    "%s", file);
	cr_expect_not_null(strstr(lego, "--email you@example.com "), "%s", lego);
	free(shell);
	free(file);
	free(lego);
}

static void
expect_example(json_t *patterns, const char *wanted)
{
	char *name = acme_paste_example(patterns);

	cr_expect_str_eq(name, wanted);
	free(name);
	json_decref(patterns);
}

Test(acme_paste, the_example_is_a_name_that_the_key_allows)
{
	expect_example(json_pack("[s,s]", "dns:*.lab.internal", "ip:10.0.0.0/8"),
	    "web.lab.internal");
	expect_example(json_pack("[s]", "dns:a.internal"), "a.internal");
	expect_example(json_pack("[s]", "ip:10.0.0.0/8"), "10.0.0.0");
	expect_example(json_pack("[s]", "ip:fd00::/8"), "fd00::");
	expect_example(json_pack("[s]", "dns:*"), "web.example.internal");
	expect_example(json_array(), "web.example.internal");
}
