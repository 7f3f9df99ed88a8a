/* SPDX-License-Identifier: Apache-2.0 */
#include "x509/certid.h"

#include <string.h>

#include "codec/base64.h"

static bool
read_part(struct bytes text, const char *what, struct buf *ret, struct err *e)
{
	if (text.n == 0)
		return err_set(e, ERR_MALFORMED, "certificate identifier: no %s", what);
	if (base64url_read(text, ret, e))
		return true;
	return err_set(e, ERR_MALFORMED,
	    "certificate identifier: the %s is no base64url, or too long", what);
}

bool
certid_read(struct bytes text, struct certid *ret, struct err *e)
{
	const size_t point = bytes_index(text, '.');
	struct certid id = { 0 };
	struct buf key_id, serial;

	if (point == text.n)
		return err_set(e, ERR_MALFORMED,
		    "certificate identifier: wanted are the authority key identifier, "
		    "a point and the serial, both in base64url (RFC 9773 4.1)");
	buf_init(&key_id, CERTID_KEY_ID_MAX);
	buf_init(&serial, SERIAL_LEN + 1);
	bool ok = read_part(bytes_of(text.p, point), "key identifier", &key_id, e) &&
		  read_part(bytes_skip(text, point + 1), "serial", &serial, e);
	if (ok && !serial_from_der(buf_bytes(&serial), &id.serial, e))
		ok = err_prefix(e, "certificate identifier");
	if (ok) {
		id.n_key_id = key_id.n;
		memcpy(id.key_id, key_id.p, key_id.n);
		*ret = id;
	}
	buf_free(&key_id);
	buf_free(&serial);
	return ok;
}

bool
certid_write(const struct cert *c, struct buf *ret, struct err *e)
{
	uint8_t der[SERIAL_LEN + 1] = { 0 };
	const size_t n = serial_der_len(&c->serial);

	if (c->authority_key_id.n == 0)
		return err_set(e, ERR_NOT_FOUND,
		    "the certificate has no authority key identifier");
	if (c->authority_key_id.n > CERTID_KEY_ID_MAX)
		return err_set(e, ERR_NOT_FOUND,
		    "an authority key identifier of %zu octets is no name for it",
		    c->authority_key_id.n);
	memcpy(der + (n - c->serial.n), c->serial.b, c->serial.n);
	base64url_put(ret, c->authority_key_id);
	buf_putc(ret, '.');
	base64url_put(ret, bytes_of(der, n));
	return true;
}

bool
certid_fits(const struct certid *id, const struct cert *c)
{
	return serial_eq(&id->serial, &c->serial) &&
	       bytes_eq(bytes_of(id->key_id, id->n_key_id), c->authority_key_id);
}
