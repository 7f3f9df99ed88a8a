/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "base/buf.h"

Test(buf, the_limit_sticks_and_is_told_once)
{
	struct buf b;
	struct err e = { 0 };

	buf_init(&b, 4);
	buf_puts(&b, "abc");
	cr_expect(buf_ok(&b, "it", &e));
	buf_puts(&b, "de");
	buf_putc(&b, 'f');
	cr_expect_not(buf_ok(&b, "it", &e));
	cr_expect_eq(e.code, ERR_TOO_LARGE);
	cr_expect_str_eq(buf_str(&b), "abc");
	buf_free(&b);
}
