/* SPDX-License-Identifier: Apache-2.0 */
/* S26: what GnuTLS cannot do is refused, never taken for done. */
#include <criterion/criterion.h>
#include <string.h>

#include "../faulty.h"
#include "cert_case.h"
#include "x509/csr.h"
#include "x509/ocsp.h"

TestSuite(x509_faulty, .init = cert_case_begin, .fini = cert_case_end);

static struct serial serial;

static bool
draw(struct err *e)
{
	memset(&serial, 0xee, sizeof(serial));
	return serial_new(CASE_NOW, &serial, e);
}

static void
is_drawn_or_untouched(bool ok, const struct err *e)
{
	cr_expect(ok || (e->code == ERR_INTERNAL && serial.b[0] == 0xee), "%s",
	    e->detail);
}

/* R20, S26 */
Test(x509_faulty, without_random_octets_there_is_no_serial)
{
	cr_expect_eq(faulty_sweep(1, NULL, draw, is_drawn_or_untouched), 1);
}

static struct csr *csr;

static bool
read_csr(struct err *e)
{
	csr = NULL;
	if (!csr_parse(buf_bytes(&cert_case.der), NAMES_READ_MAX, &csr, e))
		return false;
	return csr_verify(csr, e);
}

static void
is_read_or_untouched(bool ok, const struct err *e)
{
	cr_expect(ok || e->code == ERR_BAD_CSR || e->code == ERR_INTERNAL, "%s: %s",
	    faulty_which(), e->detail);
	csr_free(csr);
}

/* R17: a request whose signature cannot be verified has none. */
Test(x509_faulty, a_request_is_believed_when_its_signature_was_verified)
{
	struct err e = { 0 };
	struct buf info;

	buf_init(&info, KIB(8));
	cr_assert(cert_build_csr_info(buf_bytes(&cert_case.dn),
		      buf_bytes(&cert_case.ca->spki), &cert_case.names, &info, &e),
	    "%s", e.detail);
	cert_case_sign(buf_bytes(&info));
	cr_expect_geq(faulty_sweep(1, NULL, read_csr, is_read_or_untouched), 2);
	buf_free(&info);
}
