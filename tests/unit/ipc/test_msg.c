/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "ipc/msg_control.h"
#include "ipc/msg_http.h"
#include "ipc/msg_sign.h"

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
		buf_init(&octets_, MIB(8));                                            \
		buf_init(&again, MIB(8));                                              \
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
		buf_init(&octets_, MIB(32));                                           \
		msg_##name##_put(&octets_, &in);                                       \
		cr_expect_not(msg_##name##_get(buf_bytes(&octets_), &out, &err_),      \
		    #name " with " #field " = " #value);                               \
		cr_expect_neq(err_.detail[0], '\0');                                   \
		buf_free(&octets_);                                                    \
	} while (0)

static uint8_t many[MIB(17)]; /* zeros */
static const struct bytes none = { NULL, 0 };

static struct bytes
octets(size_t n)
{
	return bytes_of(many, n);
}

static struct bytes
letters(size_t n)
{
	static uint8_t a[KIB(65)];

	memset(a, 'a', sizeof(a));
	return bytes_of(a, n);
}

/* S83 */
Test(msg, control_messages_travel_and_refuse_what_is_out_of_range)
{
	const struct msg_listener l = { LISTENER_UNIX, bytes_str("/run/h.sock") };
	const struct msg_failed f = { ERR_IO, bytes_str("disk full") };
	const struct msg_start s = { true, false };

	WALK(listener, l);
	WRONG(listener, l, kind, 0);
	WRONG(listener, l, kind, 5);
	WRONG(listener, l, address, none);
	WRONG(listener, l, address, letters(257));
	WRONG(listener, l, address, bytes_str("a\nb"));
	WALK(failed, f);
	WRONG(failed, f, code, ERR_NONE);
	WRONG(failed, f, code, ERR__MAX);
	WRONG(failed, f, text, letters(ERR_DETAIL_LEN));
	WRONG(failed, f, text, bytes_str("a\x1b[2J"));
	WALK(start, s);
}

/* S83 */
Test(msg, a_request_bears_only_the_identity_that_goes_with_its_kind)
{
	const struct msg_http_request tls = { .id = 1,
		.request_id = bytes_str("0123456789abcdef"),
		.method = bytes_str("POST"),
		.path = bytes_str("/v1/certificates"),
		.query = bytes_str("profile=server"),
		.content_type = bytes_str("application/json"),
		.body = bytes_str("{}"),
		.address = bytes_str("127.0.0.1:1"),
		.peer = PEER_KIND_TLS_CERT,
		.peer_cert = bytes_str("DER") };
	struct msg_http_request m = tls;

	WALK(http_request, tls);
	WRONG(http_request, tls, peer_cert, none);
	WRONG(http_request, tls, peer, PEER_KIND_TLS);
	WRONG(http_request, tls, peer, 0);
	WRONG(http_request, tls, peer, 6);
	WRONG(http_request, tls, peer_why, bytes_str("why"));
	WRONG(http_request, tls, request_id, letters(15));
	WRONG(http_request, tls, request_id, letters(17));
	WRONG(http_request, tls, method, none);
	WRONG(http_request, tls, method, letters(MSG_HTTP_METHOD_MAX + 1));
	WRONG(http_request, tls, path, none);
	WRONG(http_request, tls, path, letters(MSG_HTTP_TARGET_MAX + 1));
	WRONG(http_request, tls, query, letters(MSG_HTTP_TARGET_MAX + 1));
	WRONG(http_request, tls, accept, letters(MSG_HTTP_HEADER_MAX + 1));
	WRONG(http_request, tls, body, octets(MSG_HTTP_BODY_MAX + 1));
	m.peer = PEER_KIND_UNIX;
	m.peer_cert = none;
	WALK(http_request, m);
}

Test(msg, what_is_too_long_for_core_is_told_to_front_before_it_is_sent)
{
	struct msg_http_request m = { .request_id = bytes_str("0123456789abcdef"),
		.method = bytes_str("GET"),
		.path = bytes_str("/") };
	struct err e = { 0 };

	cr_expect(msg_http_request_fits(&m, &e), "%s", e.detail);
	m.accept = letters(MSG_HTTP_HEADER_MAX + 1);
	cr_expect_not(msg_http_request_fits(&m, &e));
	cr_expect_eq(e.code, ERR_TOO_LARGE);
	cr_expect_neq(strstr(e.detail, "accept"), NULL);
}

/* S83 */
Test(msg, an_answer_cannot_bring_headers_that_front_did_not_expect)
{
	const struct msg_http_response r = { 1, 201, bytes_str("application/json"),
		bytes_str("Location: /v1/certificates/01\nRetry-After: 5\n"),
		bytes_str("{}"), { none, none, 0, 0 } };

	WALK(http_response, r);
	WRONG(http_response, r, status, 199);
	WRONG(http_response, r, status, 600);
	WRONG(http_response, r, content_type, none);
	WRONG(http_response, r, content_type, bytes_str("a\r\nb"));
	WRONG(http_response, r, headers, bytes_str("Location: /x"));
	WRONG(http_response, r, headers, bytes_str("Location: /x\r\n"));
	WRONG(http_response, r, headers, bytes_str(": x\n"));
	WRONG(http_response, r, headers, bytes_str("x\n"));
	WRONG(http_response, r, headers, bytes_str("a: b\n\nbody"));
	WRONG(http_response, r, body, octets(MSG_HTTP_ANSWER_MAX + 1));
}

/* S83 */
Test(msg, what_may_be_kept_has_a_tag_and_is_forgotten_by_it)
{
	struct msg_http_response r = { .id = 1,
		.status = 200,
		.content_type = bytes_str("application/ocsp-response"),
		.body = bytes_str("x"),
		.keep = { octets(MSG_TAG_LEN), bytes_str("0a1b"), 1, 2 } };
	const struct msg_forget all = { none }, one = { octets(MSG_TAG_LEN) };

	WALK(http_response, r);
	WRONG(http_response, r, keep.tag, none);
	WRONG(http_response, r, keep.tag, octets(MSG_TAG_LEN - 1));
	WRONG(http_response, r, keep.tag, octets(MSG_TAG_LEN + 1));
	WRONG(http_response, r, keep.etag, none);
	WRONG(http_response, r, keep.etag, bytes_str("a\"b"));
	WRONG(http_response, r, keep.etag, letters(129));
	WRONG(http_response, r, keep.expires_at, -1);
	WRONG(http_response, r, keep.modified_at, INT64_MAX);
	WALK(forget, all);
	WALK(forget, one);
	WRONG(forget, one, tag, octets(MSG_TAG_LEN - 1));
	WRONG(forget, one, tag, octets(MSG_TAG_LEN + 1));
}

/* R83 */
Test(msg, what_is_published_names_a_file_below_pub_and_no_other)
{
	static const char *const files[] = { "", "/etc/passwd", "../issuers/main.key",
		"crl/../../root.key", "crl/.hidden", "crl//main.crl", "crl/", "CRL/a",
		"crl/a b", ".." };
	static const char *const paths[] = { "", "crl", "/crl/../x", "/crl/%2e",
		"/crl//x", "/crl/" };
	static const char *const etags[] = { "", "a\"b", "a b", "\x80" };
	const struct msg_publish p = { bytes_str("/crl/main.crl"),
		bytes_str("crl/main-1.crl"), bytes_str("application/pkix-crl"),
		bytes_str("0a1b"), 1, 2, true };
	const struct msg_tls_cert t = { bytes_str("-----BEGIN"), 5 };

	WALK(publish, p);
	for (size_t i = 0; i < NITEMS(files); i++)
		WRONG(publish, p, file, bytes_str(files[i]));
	for (size_t i = 0; i < NITEMS(paths); i++)
		WRONG(publish, p, url_path, bytes_str(paths[i]));
	for (size_t i = 0; i < NITEMS(etags); i++)
		WRONG(publish, p, etag, bytes_str(etags[i]));
	WRONG(publish, p, content_type, bytes_str("a\nb"));
	WRONG(publish, p, modified_at, -1);
	WRONG(publish, p, expires_at, INT64_MAX);
	WALK(tls_cert, t);
	WRONG(tls_cert, t, chain_pem, none);
	WRONG(tls_cert, t, renew_at, -1);
}

/* S83, S84 */
Test(msg, sign_and_revoke_requests_travel_and_refuse_what_is_out_of_range)
{
	const struct msg_sign_cert c = { 1, 2, bytes_str("server"), bytes_str("csr"),
		bytes_str("names"), 100, 86400, 200, 300, bytes_str("cert:admin"),
		bytes_str("0123456789abcdef"), bytes_str("{}") };
	const struct msg_revoke r = { 1, 2, bytes_str("main"), bytes_str("\1\2"),
		bytes_str("certificate"), 4, REASON_KEY_COMPROMISE, bytes_str("uid:0"),
		none };

	WALK(sign_cert, c);
	WRONG(sign_cert, c, profile, none);
	WRONG(sign_cert, c, profile, letters(33));
	WRONG(sign_cert, c, profile, bytes_str("Server"));
	WRONG(sign_cert, c, csr, none);
	WRONG(sign_cert, c, csr, octets(MSG_CSR_MAX + 1));
	WRONG(sign_cert, c, names, none);
	WRONG(sign_cert, c, names, octets(MSG_NAMES_MAX + 1));
	WRONG(sign_cert, c, not_before, -1);
	WRONG(sign_cert, c, not_before, INT64_C(253402300800));
	WRONG(sign_cert, c, validity_s, -1);
	WRONG(sign_cert, c, exact_not_before, -1);
	WRONG(sign_cert, c, exact_not_after, INT64_C(253402300800));
	WRONG(sign_cert, c, validity_s, INT64_MAX);
	WRONG(sign_cert, c, requester, none);
	WRONG(sign_cert, c, requester, bytes_str("a\nb"));
	WRONG(sign_cert, c, note, octets(MSG_NOTE_MAX + 1));
	WALK(revoke, r);
	WRONG(revoke, r, issuer, bytes_str("../main"));
	WRONG(revoke, r, serial, none);
	WRONG(revoke, r, serial, octets(1));
	WRONG(revoke, r, serial, letters(21));
	WRONG(revoke, r, reason, 7);
	WRONG(revoke, r, reason, 8);
	WRONG(revoke, r, reason, 99);
	WRONG(revoke, r, revoked_at, -1);
	WRONG(revoke, r, certificate, octets(MSG_CERTIFICATE_MAX + 1));
}

/* S83 */
Test(msg, crl_messages_travel_and_refuse_what_is_out_of_range)
{
	const struct msg_crl_begin b = { .id = 1,
		.stored_seq = 2,
		.issuer = bytes_str("main"),
		.number = 3,
		.this_update = 10,
		.next_update = 20,
		.since = 9 };
	const struct msg_crl_part p = { 1, bytes_str("octets") };
	WALK(crl_begin, b);
	WRONG(crl_begin, b, next_update, 10);
	struct msg_crl_begin s = b;
	s.delta = true;
	WALK(crl_begin, s);
	WRONG(crl_begin, s, shards, 2);
	s.delta = false;
	s.shards = 16;
	s.shard = 15;
	s.n_places = 2;
	s.places[0] = bytes_str("http://a");
	s.places[1] = bytes_str("http://b:80");
	WALK(crl_begin, s);
	WRONG(crl_begin, s, shard, 16);
	WRONG(crl_begin, s, shards, 0);
	WRONG(crl_begin, s, places[1], none);
	WRONG(crl_begin, s, places[1], letters(MSG_CRL_PLACE_MAX + 1));
	WRONG(crl_begin, b, shard, 1);
	WALK(crl_part, p);
	WRONG(crl_part, p, octets, octets(MSG_CRL_PART_MAX + 1));
}

/* S83 */
Test(msg, a_count_of_more_entries_than_fit_is_refused)
{
	static struct msg_sign_ocsp ocsp;
	struct err e = { 0 };
	struct buf b;

	buf_init(&b, MIB(8));
	msg_id_put(&b, 1);
	buf_put(&b, bytes_of("\0\0\0\4main\0\0\0\0", 12));
	buf_put(&b, bytes_of("\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\2\0\0\0\x21", 20));
	buf_put(&b, octets(KIB(4)));
	cr_expect_not(msg_sign_ocsp_get(buf_bytes(&b), &ocsp, &e));
	cr_expect_neq(strstr(e.detail, "33"), NULL, "%s", e.detail);
	buf_free(&b);
}

/* S83 */
Test(msg, ocsp_messages_travel_and_refuse_what_is_out_of_range)
{
	const struct msg_ocsp_signed s = { 1, bytes_str("response"), 5, 6 };
	static struct msg_sign_ocsp m;

	m.id = 1;
	m.issuer = bytes_str("main");
	m.nonce = bytes_str("nonce");
	m.this_update = 5;
	m.next_update = 6;
	m.n = 2;
	m.v[0] = (struct msg_ocsp_single){ bytes_str("id"), CERT_STATUS_GOOD, 0, 0 };
	m.v[1] = (struct msg_ocsp_single){ bytes_str("id2"), CERT_STATUS_REVOKED, 3,
		REASON_KEY_COMPROMISE };
	WALK(sign_ocsp, m);
	WRONG(sign_ocsp, m, nonce, letters(MSG_NONCE_MAX + 1));
	WRONG(sign_ocsp, m, next_update, 5);
	WRONG(sign_ocsp, m, v[0].status, 3);
	WRONG(sign_ocsp, m, v[0].cert_id, none);
	WRONG(sign_ocsp, m, v[0].cert_id, octets(MSG_CERT_ID_MAX + 1));
	WRONG(sign_ocsp, m, v[1].reason, 7);
	WRONG(sign_ocsp, m, v[1].revoked_at, -1);
	WALK(ocsp_signed, s);
	WRONG(ocsp_signed, s, response, none);
	WRONG(ocsp_signed, s, produced_at, -1);
}

/* S83 */
Test(msg, journal_messages_and_refusals_travel_and_refuse_what_is_out_of_range)
{
	const struct msg_recorded rec = { 1, bytes_str("record") };
	const struct msg_journal_read rd = { 7 };
	const struct msg_journal_end end = { 9, 8, true };
	const struct msg_refused r = { 1, ERR_POLICY, bytes_str("not so") };
	struct err e = { 0 };
	uint64_t id = 5;
	struct buf b;

	WALK(recorded, rec);
	WRONG(recorded, rec, record, none);
	WRONG(recorded, rec, record, octets(MSG_RECORD_MAX + 1));
	WALK(journal_read, rd);
	WALK(journal_end, end);
	struct msg_journal_end got = { 0 };
	buf_init(&b, 100);
	msg_journal_end_put(&b, &end);
	b.p[b.n - 1] = 2;
	cr_expect_not(msg_journal_end_get(buf_bytes(&b), &got, &e));
	cr_expect_eq(got.last_seq, 0);
	buf_free(&b);
	WALK(refused, r);
	WRONG(refused, r, code, ERR__MAX);
	WRONG(refused, r, detail, bytes_str("a\nb"));
	buf_init(&b, 100);
	msg_id_put(&b, 77);
	cr_expect_not(msg_id_get(bytes_of(b.p, 7), &id, &e));
	cr_expect_eq(id, 5);
	cr_expect(msg_id_get(buf_bytes(&b), &id, &e));
	cr_expect_eq(id, 77);
	buf_free(&b);
}

Test(msg, every_number_has_its_name)
{
	cr_expect_str_eq(msg_name(MSG_SIGN_CERT), "SIGN_CERT");
	cr_expect_str_eq(msg_name(MSG_START), "START");
	cr_expect_str_eq(msg_name(0), "?");
	cr_expect_str_eq(msg_name(9), "?");
	cr_expect_str_eq(msg_name(65535), "?");
}
