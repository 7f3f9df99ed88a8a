/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "cli/renew_exec.h"

Test(renew_exec, a_command_sees_the_two_files_and_nothing_of_our_environment)
{
	struct err e = { 0 };

	setenv("SECRET", "x", 1);
	cr_expect(renew_exec("test \"$HANAPER_CERT\" = '/a b' && test \"$HANAPER_KEY\" "
			     "= /k "
			     "&& test -z \"$SECRET\" && test -n \"$PATH\"",
		      "/a b", "/k", &e),
	    "%s", e.detail);
}

Test(renew_exec, how_it_ended_is_told)
{
	static const struct {
		const char *command, *says;
	} rows[] = {
		{ "exit 3", "status 3" },
		{ "kill -TERM $$", "signal 15" },
		{ "/no/such/program", "status 127" },
		{ "if", "status 2" },
	};

	for (size_t i = 0; i < NITEMS(rows); i++) {
		struct err e = { 0 };

		cr_expect_not(renew_exec(rows[i].command, "c", "k", &e));
		cr_expect_eq(e.code, ERR_INTERNAL);
		cr_expect_not_null(strstr(e.detail, rows[i].says), "%s", e.detail);
	}
}
