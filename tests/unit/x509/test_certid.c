/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/hex.h"
#include "cert_case.h"
#include "x509/certid.h"

TestSuite(certid, .init = cert_case_begin, .fini = cert_case_end);

#define VECTOR "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE" /* RFC 9773 4.1 */

/* A226 */
Test(certid, the_vector_of_the_rfc_is_read)
{
	static const uint8_t key_id[] = { 0x69, 0x88, 0x5b, 0x6b, 0x87, 0x46, 0x40,
		0x41, 0xe1, 0xb3, 0x7b, 0x84, 0x7b, 0xa0, 0xae, 0x2c, 0xde, 0x01, 0xc8,
		0xd4 };
	char hex[SERIAL_HEX_LEN];
	struct certid id;
	struct err e = { 0 };

	cr_assert(certid_read(bytes_str(VECTOR), &id, &e), "%s", e.detail);
	serial_to_hex(&id.serial, hex);
	cr_expect_str_eq(hex, "87654321");
	cr_expect(bytes_eq(bytes_of(id.key_id, id.n_key_id),
	    bytes_of(key_id, sizeof(key_id))));
}

/* A229: a cut through the serial may leave another identifier, never this one. */
Test(certid, no_cut_off_or_lengthened_text_is_the_same)
{
	struct certid id, other;
	struct err e = { 0 };

	cr_assert(certid_read(bytes_str(VECTOR), &id, &e));
	for (size_t n = 0; n < strlen(VECTOR); n++) {
		memset(&other, 0x55, sizeof(other));
		const struct certid was = other;
		if (certid_read(bytes_of(VECTOR, n), &other, &e)) {
			cr_expect_not(serial_eq(&id.serial, &other.serial));
			continue;
		}
		cr_expect_eq(e.code, ERR_MALFORMED, "%zu octets", n);
		cr_expect_eq(memcmp(&was, &other, sizeof(was)), 0, "ret is untouched");
	}
	cr_expect_not(certid_read(bytes_of(VECTOR, sizeof(VECTOR)), &other, &e));
	cr_expect_not(certid_read(bytes_str(VECTOR "="), &other, &e));
}

/* A229: exact, so a serial without its leading zero is another one, or none. */
Test(certid, what_is_not_exact_is_refused)
{
	static const char *const bad[] = {
		"",
		".",
		"aYhba4dGQEHhs3uEe6CuLN4ByNQ",
		"aYhba4dGQEHhs3uEe6CuLN4ByNQ.",
		".AIdlQyE",
		"aYhba4dGQEHhs3uEe6CuLN4ByNQ=.AIdlQyE=", /* padded */
		"aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE=",
		"aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdl.QyE",
		"aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyF", /* an unused bit */
		"aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdl+yE", /* base64's other alphabet */
		"aYhba4dGQEHhs3uEe6CuLN4ByNQ.h2VDIQ",  /* no leading zero: negative */
		"aYhba4dGQEHhs3uEe6CuLN4ByNQ.AABlQyE", /* one zero too many */
		"aYhba4dGQEHhs3uEe6CuLN4ByNQ.AA",      /* 0 */
		"aYhba4dGQEHhs3uEe6CuLN4ByNQ.AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ", /* 22 */
		" aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE",
		"aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE\n",
		"69885B6B87464041E1B37B847BA0AE2CDE01C8D4:0087654321",
	};

	for (size_t i = 0; i < NITEMS(bad); i++) {
		struct certid id;
		struct err e = { 0 };

		cr_expect_not(certid_read(bytes_str(bad[i]), &id, &e), "%s", bad[i]);
		cr_expect_eq(e.code, ERR_MALFORMED, "%s", bad[i]);
	}
}

/* A226 */
Test(certid, a_certificate_is_called_by_issuer_and_serial_and_found_again)
{
	struct cert_spec s = cert_case_leaf();
	struct certid id;
	struct cert *c = NULL;
	struct err e = { 0 };
	struct buf text;

	cr_assert(serial_from_hex(bytes_str("80"), &s.serial, &e));
	cert_case_make(&s);
	cr_assert(cert_parse(buf_bytes(&cert_case.der), &c, &e), "%s", e.detail);
	buf_init(&text, 200);
	cr_assert(certid_write(c, &text, &e));
	cr_assert_not_null(strstr(buf_str(&text), ".AIA"), "%s", buf_str(&text));
	cr_assert(certid_read(buf_bytes(&text), &id, &e));
	cr_expect(certid_fits(&id, c));
	id.key_id[0] ^= 1;
	cr_expect_not(certid_fits(&id, c), "another issuer");
	id.key_id[0] ^= 1;
	id.serial.b[0] ^= 1;
	cr_expect_not(certid_fits(&id, c), "another serial");
	buf_free(&text);
	cert_free(c);
}

/* Found by fuzzing: what is written can be read again. */
Test(certid, a_key_identifier_that_is_too_long_is_no_name)
{
	static const uint8_t key_id[CERTID_KEY_ID_MAX + 1] = { 1 };
	struct cert_spec s = cert_case_leaf();
	struct cert *c = NULL;
	struct err e = { 0 };
	struct buf text;

	for (size_t over = 0; over <= 1; over++) {
		s.authority_key_id = bytes_of(key_id, CERTID_KEY_ID_MAX + over);
		cert_case_make(&s);
		cr_assert(cert_parse(buf_bytes(&cert_case.der), &c, &e), "%s",
		    e.detail);
		buf_init(&text, 200);
		cr_expect_eq(certid_write(c, &text, &e), over == 0);
		cr_expect(over == 0 || (e.code == ERR_NOT_FOUND && text.n == 0));
		buf_free(&text);
		cert_free(c);
	}
}

/* A226 */
Test(certid, a_certificate_without_key_identifier_has_no_name)
{
	struct cert_spec s = cert_case_ca();
	struct cert *c = NULL;
	struct err e = { 0 };
	struct buf text;

	s.authority_key_id = bytes_of(NULL, 0);
	cert_case_make(&s);
	cr_assert(cert_parse(buf_bytes(&cert_case.der), &c, &e), "%s", e.detail);
	buf_init(&text, 200);
	cr_expect_not(certid_write(c, &text, &e));
	cr_expect_eq(e.code, ERR_NOT_FOUND);
	buf_free(&text);
	cert_free(c);
}
