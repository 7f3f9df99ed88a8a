/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "ca/note.h"

Test(note, what_was_noted_is_read_back)
{
	struct note n = { .has_parent = true }, got;
	struct buf b;
	struct err e = { 0 };

	snprintf(n.token, sizeof(n.token), "0123456789abcdef0123456789abcdef");
	cr_assert(serial_new(1800000000, &n.parent, &e));
	snprintf(n.order, sizeof(n.order), "0123456789abcdefghijkl");
	n.metadata = json_pack("{s:s}", "owner", "web team");
	n.has_once = true;
	memset(n.once.key, 0xfb, sizeof(n.once.key));
	memset(n.once.request, 0x07, sizeof(n.once.request));
	buf_init(&b, KIB(8));
	cr_assert(note_write(&n, &b, &e), "%s", e.detail);
	cr_assert(note_read(buf_bytes(&b), &got, &e), "%s", e.detail);
	cr_expect_str_eq(got.token, n.token);
	cr_expect_str_eq(got.order, n.order);
	cr_expect(got.has_parent && serial_eq(&got.parent, &n.parent));
	cr_expect(note_renews(&got) && !got.by_holder);
	cr_expect(got.has_once && memcmp(&got.once, &n.once, sizeof(got.once)) == 0);
	cr_expect(json_equal(got.metadata, n.metadata));
	note_free(&got);
	note_free(&n);
	buf_free(&b);
}

Test(note, a_holder_is_a_parent_that_is_not_renewed)
{
	struct note n = { .has_parent = true, .by_holder = true }, got;
	struct buf b;
	struct err e = { 0 };

	cr_assert(serial_new(1800000000, &n.parent, &e));
	for (int with = 0; with < 2; with++) {
		buf_init(&b, KIB(8));
		cr_assert(note_write(&n, &b, &e), "%s", e.detail);
		cr_assert(note_read(buf_bytes(&b), &got, &e), "%s", e.detail);
		cr_expect(got.has_parent && serial_eq(&got.parent, &n.parent));
		cr_expect(got.by_holder && !note_renews(&got));
		note_free(&got);
		buf_free(&b);
		if (with == 0)
			n.metadata = json_pack("{s:s}", "owner", "web team");
	}
	note_free(&n);
	cr_expect_not(note_read(bytes_str("{\"holder\":\"zz\"}"), &got, &e));
}

Test(note, nothing_is_written_as_nothing_and_too_much_is_refused)
{
	struct note n = { 0 }, got;
	struct buf b;
	struct err e = { 0 };
	char key[16];

	buf_init(&b, KIB(8));
	cr_assert(note_write(&n, &b, &e));
	cr_expect_eq(b.n, 0);
	cr_expect(note_read(buf_bytes(&b), &got, &e));
	cr_expect(!got.has_parent && got.token[0] == '\0' && got.metadata == NULL);
	cr_expect_not(got.has_once);
	n.metadata = json_object();
	for (int i = 0; i < 400; i++) {
		snprintf(key, sizeof(key), "key%d", i);
		json_object_set_new(n.metadata, key, json_string("value"));
	}
	cr_expect_not(note_write(&n, &b, &e));
	cr_expect_eq(e.code, ERR_TOO_LARGE);
	cr_expect_not(note_read(bytes_str("{\"parent\":\"zz\"}"), &got, &e));
	cr_expect_not(note_read(bytes_str("{"), &got, &e));
	cr_expect_not(note_read(bytes_str("{\"once\":\"-_8\"}"), &got, &e));
	cr_expect_not(
	    note_read(bytes_str("{\"order\":\"0123456789abcdefghijklm\"}"), &got, &e));
	note_free(&n);
	buf_free(&b);
}

/* R90: a renewal notes its parent beside the same metadata. */
Test(note, metadata_within_its_limit_fits_beside_all_that_a_note_may_have)
{
	char text[NOTE_METADATA_MAX];
	struct note n = { .has_parent = true, .has_once = true };
	struct buf b;
	struct err e = { 0 };

	memset(text, 'x', sizeof(text));
	cr_assert(serial_new(1800000000, &n.parent, &e));
	cr_assert_eq(n.parent.n, SERIAL_LEN);
	for (size_t over = 0; over < 2; over++) {
		const size_t len = sizeof(text) - strlen("{'k':''}") + over;

		buf_init(&b, KIB(8));
		n.metadata = json_object();
		json_object_set_new(n.metadata, "k", json_stringn(text, len));
		cr_expect_eq(note_check_metadata(n.metadata, &e), over == 0);
		cr_expect_eq(note_write(&n, &b, &e), over == 0, "%zu octets", b.n);
		if (over == 0)
			cr_expect_eq(b.n, NOTE_MAX);
		const struct note made = { .token = "0123456789abcdef0123456789abcdef",
			.has_once = true,
			.metadata = n.metadata };
		buf_clear(&b);
		cr_expect(note_write(&made, &b, &e), "one by a token has less");
		json_decref(n.metadata);
		buf_free(&b);
	}
	cr_expect_eq(e.code, ERR_TOO_LARGE);
	cr_expect(note_check_metadata(NULL, &e));
}
