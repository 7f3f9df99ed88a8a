/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "ipc/msg_probe.h"

/*
 * Every message is written from 'good', read, and written again: the octets
 * must be the same.  Then each cut-off length and one octet too many must be
 * refused, and the struct left alone (S83).
 */
#define WALK(name, good)                                                               \
	do {                                                                           \
		static struct msg_##name in, out, before;                              \
		struct buf octets_, again;                                             \
		struct err err_ = { 0 };                                               \
                                                                                       \
		in = (good);                                                           \
		memset(&before, 0x5a, sizeof(before));                                 \
		buf_init(&octets_, KIB(64));                                           \
		buf_init(&again, KIB(64));                                             \
		msg_##name##_put(&octets_, &in);                                       \
		cr_assert(msg_##name##_get(buf_bytes(&octets_), &out, &err_),          \
		    #name ": %s", err_.detail);                                        \
		msg_##name##_put(&again, &out);                                        \
		cr_expect(bytes_eq(buf_bytes(&octets_), buf_bytes(&again)), #name);    \
		buf_putc(&octets_, 0);                                                 \
		for (size_t n = 0; n <= octets_.n; n++) {                              \
			if (n == octets_.n - 1)                                        \
				continue;                                              \
			memcpy(&out, &before, sizeof(out));                            \
			cr_expect_not(msg_##name##_get(bytes_of(octets_.p, n), &out,   \
					  &err_),                                      \
			    #name " of %zu octets", n);                                \
			cr_expect_eq(memcmp(&out, &before, sizeof(out)), 0, #name);    \
		}                                                                      \
		buf_free(&octets_);                                                    \
		buf_free(&again);                                                      \
	} while (0)

/* 'good' with one field changed must be refused. */
#define WRONG(name, good, field, value)                                                \
	do {                                                                           \
		static struct msg_##name in, out;                                      \
		struct buf octets_;                                                    \
		struct err err_ = { 0 };                                               \
                                                                                       \
		in = (good);                                                           \
		in.field = value;                                                      \
		buf_init(&octets_, KIB(64));                                           \
		msg_##name##_put(&octets_, &in);                                       \
		cr_expect_not(msg_##name##_get(buf_bytes(&octets_), &out, &err_),      \
		    #name " with " #field " = " #value);                               \
		cr_expect_neq(err_.detail[0], '\0');                                   \
		buf_free(&octets_);                                                    \
	} while (0)

static const struct bytes none = { NULL, 0 };

static struct bytes
letters(size_t n)
{
	static uint8_t a[KIB(40)];

	memset(a, 'a', sizeof(a));
	return bytes_of(a, n);
}

static struct msg_probe
http(void)
{
	return (struct msg_probe){ .id = 7,
		.profile = bytes_str("server"),
		.challenge = CHALLENGE_HTTP_01,
		.prove = true,
		.caa = true,
		.type = NAME_TYPE_DNS,
		.name = bytes_str("www.lab.test"),
		.token = bytes_str("evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"),
		.key_authorization = bytes_str("evaGxf.9jg46WB3rR_AHD-EBXdN7cBkH1WOu"),
		.account = bytes_str("https://ca/acme/server/account/1"),
		.deadline_ms = MSG_PROBE_DEADLINE };
}

/* S83 */
Test(msg_probe, a_question_travels_and_each_field_has_its_range)
{
	WALK(probe, http());
	WRONG(probe, http(), id, 0);
	WRONG(probe, http(), profile, bytes_str("Server"));
	WRONG(probe, http(), challenge, (enum challenge)0);
	WRONG(probe, http(), challenge,
	    (enum challenge)(CHALLENGE_HTTP_01 | CHALLENGE_DNS_01));
	WRONG(probe, http(), challenge, (enum challenge)0x80);
	WRONG(probe, http(), type, NAME_TYPE_URI);
	WRONG(probe, http(), name, none);
	WRONG(probe, http(), name, letters(MSG_PROBE_NAME_MAX + 1));
	WRONG(probe, http(), name, bytes_str("a b"));
	WRONG(probe, http(), name, bytes_str("a\nb"));
	WRONG(probe, http(), name, bytes_str("m\xc3\xbcller"));
	WRONG(probe, http(), token, none);
	WRONG(probe, http(), token, letters(MSG_PROBE_TOKEN_MAX + 1));
	WRONG(probe, http(), token, bytes_str("../x"));
	WRONG(probe, http(), key_authorization, none);
	WRONG(probe, http(), key_authorization, letters(MSG_PROBE_KEY_AUTH_MAX + 1));
	WRONG(probe, http(), account, none);
	WRONG(probe, http(), account, letters(MSG_PROBE_ACCOUNT_MAX + 1));
	WRONG(probe, http(), deadline_ms, MSG_PROBE_DEADLINE_MIN - 1);
	WRONG(probe, http(), deadline_ms, MSG_PROBE_DEADLINE_MAX + 1);
}

Test(msg_probe, a_question_asks_for_something_and_bears_what_that_needs)
{
	struct msg_probe m = http();

	m.caa = false;
	m.account = none;
	WALK(probe, m);
	WRONG(probe, m, prove, false);
	WRONG(probe, m, challenge, CHALLENGE_DNS_ACCOUNT_01);
	m.type = NAME_TYPE_IP;
	m.name = bytes_str("::1");
	WALK(probe, m);
	WRONG(probe, m, wildcard, true);

	m = http();
	m.prove = false;
	m.token = m.key_authorization = none;
	WALK(probe, m);
	m.prove = true;
	m.challenge = CHALLENGE_DNS_PERSIST_01;
	WALK(probe, m);
	WRONG(probe, m, account, none);
}

/* S83 */
Test(msg_probe, an_answer_travels_and_each_field_has_its_range)
{
	const struct msg_probed bad = { .id = 7,
		.code = ERR_PROBE_DNS,
		.retry_s = 3,
		.detail = bytes_str("no such name"),
		.transcript = bytes_str("[]"),
		.seen = bytes_str("HTTP\x01\xff"),
		.address = bytes_str("[::1]:80"),
		.took_ms = 12 };
	const struct msg_probed good = { .id = 8,
		.proved = true,
		.transcript = bytes_str("[{\"at\":0}]"),
		.reuse_s = 60 };

	WALK(probed, bad);
	WALK(probed, good);
	WRONG(probed, bad, id, 0);
	WRONG(probed, bad, code, ERR__MAX);
	WRONG(probed, bad, code, ERR_NONE);
	WRONG(probed, bad, detail, none);
	WRONG(probed, bad, detail, letters(ERR_DETAIL_LEN));
	WRONG(probed, bad, detail, bytes_str("a\nb"));
	WRONG(probed, bad, transcript, none);
	WRONG(probed, bad, transcript, letters(MSG_PROBE_TRANSCRIPT_MAX + 1));
	WRONG(probed, bad, seen, letters(MSG_PROBE_SEEN_MAX + 1));
	WRONG(probed, bad, address, letters(MSG_PROBE_ADDRESS_MAX + 1));
	WRONG(probed, bad, reuse_s, -1);
	WRONG(probed, bad, retry_s, MSG_PROBE_RETRY_MAX + 1);
	WRONG(probed, good, detail, bytes_str("why"));
}
