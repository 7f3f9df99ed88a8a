/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "ipc/msg_control.h"

/* Every cut, and an octet too many, of each message is refused (S83). */
#define EXACT(get, octets, type)                                                       \
	do {                                                                           \
		type m_;                                                               \
		struct err e_ = { 0 };                                                 \
		buf_putc((octets), 0);                                                 \
		for (size_t n_ = 0; n_ <= (octets)->n; n_++)                           \
			cr_expect_eq(get(bytes_of((octets)->p, n_), &m_, &e_),         \
			    n_ == (octets)->n - 1, "%zu of %zu", n_, (octets)->n);     \
		buf_clear(octets);                                                     \
	} while (0)

Test(msg_control, the_messages_of_a_reload_arrive_as_they_were_sent)
{
	struct msg_reload reload;
	struct msg_reloaded reloaded;
	struct msg_reload_told told;
	struct err e = { 0 };
	struct buf b;

	buf_init(&b, KIB(4));
	msg_reload_put(&b, &(struct msg_reload){ 7, bytes_str("conf") });
	cr_assert(msg_reload_get(buf_bytes(&b), &reload, &e));
	cr_expect_eq(reload.generation, 7);
	cr_expect(bytes_eq_str(reload.conf, "conf"));
	EXACT(msg_reload_get, &b, struct msg_reload);

	msg_reload_apply_put(&b, &(struct msg_reload_apply){ 7 });
	EXACT(msg_reload_apply_get, &b, struct msg_reload_apply);

	msg_reloaded_put(&b,
	    &(struct msg_reloaded){ 8, ERR_MALFORMED, bytes_str("no") });
	cr_assert(msg_reloaded_get(buf_bytes(&b), &reloaded, &e));
	cr_expect_eq(reloaded.generation, 8);
	cr_expect_eq(reloaded.code, ERR_MALFORMED);
	cr_expect(bytes_eq_str(reloaded.text, "no"));
	EXACT(msg_reloaded_get, &b, struct msg_reloaded);

	msg_reload_ask_put(&b, &(struct msg_reload_ask){ 9 });
	EXACT(msg_reload_ask_get, &b, struct msg_reload_ask);

	msg_reload_told_put(&b,
	    &(struct msg_reload_told){ 9, ERR_NONE, bytes_str("crl log") });
	cr_assert(msg_reload_told_get(buf_bytes(&b), &told, &e));
	cr_expect_eq(told.id, 9);
	cr_expect_eq(told.code, ERR_NONE);
	cr_expect(bytes_eq_str(told.text, "crl log"));
	EXACT(msg_reload_told_get, &b, struct msg_reload_told);
	buf_free(&b);
}

Test(msg_control, a_reason_of_no_known_kind_or_with_control_characters_is_refused)
{
	struct msg_reloaded m;
	struct msg_failed failed;
	struct err e = { 0 };
	struct buf b;

	buf_init(&b, KIB(4));
	msg_reloaded_put(&b, &(struct msg_reloaded){ 1, ERR__MAX, bytes_str("") });
	cr_expect_not(msg_reloaded_get(buf_bytes(&b), &m, &e));
	buf_clear(&b);
	msg_reloaded_put(&b, &(struct msg_reloaded){ 1, ERR_IO, bytes_str("a\nb") });
	cr_expect_not(msg_reloaded_get(buf_bytes(&b), &m, &e));
	buf_clear(&b);
	msg_failed_put(&b, &(struct msg_failed){ ERR_NONE, bytes_str("") });
	cr_expect_not(msg_failed_get(buf_bytes(&b), &failed, &e),
	    "who fails has a reason");
	buf_free(&b);
}
