/* SPDX-License-Identifier: Apache-2.0 */
/* The first three certificates: root, intermediate, administrator. */
#include "cli/setup.h"

#include <stdlib.h>

#include "base/mem.h"
#include "cli/mint.h"
#include "x509/dn.h"

#define ADMIN_BACKDATE_S 300
#define ADMIN_VALIDITY_S (INT64_C(365) * 86400)

static bool
begin(struct mint *m, const struct setup *s, const char *o, const char *cn,
    const struct key *key, int64_t not_before, int64_t validity_s, struct err *e)
{
	return dn_build(o, cn, &m->dn, e) &&
	       mint_begin(m, key, s->now, not_before, validity_s, e);
}

/* P44: self-signed, without AKI, CDP, AIA and EKU. */
static bool
make_root(struct setup *s, struct err *e)
{
	char *cn = mem_printf("%s Root CA", s->name);
	struct mint m;
	bool ok;

	mint_init(&m);
	ok = key_generate(s->alg, s->bits, &s->root.key, e) &&
	     begin(&m, s, s->name, cn, s->root.key, s->now - MINT_CA_BACKDATE_S,
		 s->root_validity_s, e);

	if (ok) {
		m.spec.issuer_dn = m.spec.subject_dn;
		mint_ca(&m, -1);
		ok = mint_sign(&m, s->root.key, &s->root.cert, e);
	}
	mint_free(&m);
	free(cn);
	return ok || err_prefix(e, "root certificate");
}

static bool
make_issuer(struct setup *s, struct err *e)
{
	char *cn = mem_printf("%s Issuing CA", s->name);
	struct mint m;
	bool ok;

	mint_init(&m);
	ok = key_generate(s->alg, s->bits, &s->issuer.key, e) &&
	     begin(&m, s, s->name, cn, s->issuer.key, s->now - MINT_CA_BACKDATE_S,
		 s->issuer_validity_s, e);

	if (ok && s->domains.n > 0) {
		ok = constraints_build((const char *const *)s->domains.v, s->domains.n,
		    false, &m.constraints, e);
		m.spec.constraints = buf_bytes(&m.constraints);
	}
	if (ok) {
		mint_signed_by(&m, s->url_public, "root", s->root.cert);
		mint_ca(&m, 0);
		ok = mint_sign(&m, s->root.key, &s->issuer.cert, e);
	}
	mint_free(&m);
	free(cn);
	return ok || err_prefix(e, "intermediate certificate");
}

static bool
make_admin(struct setup *s, struct err *e)
{
	struct mint m;
	int64_t validity_s = ADMIN_VALIDITY_S;
	const int64_t not_before = s->now - ADMIN_BACKDATE_S;
	bool ok;

	mint_init(&m);
	if (validity_s > s->issuer.cert->not_after - not_before)
		validity_s = s->issuer.cert->not_after - not_before + 1; /* P10 */
	ok = key_generate(KEY_ALG_ECDSA_P256, 0, &s->admin_cert.key, e) &&
	     begin(&m, s, NULL, s->admin, s->admin_cert.key, not_before, validity_s,
		 e) &&
	     names_add(&m.names, NAME_TYPE_DNS, bytes_str(s->admin), e);
	if (ok) {
		mint_signed_by(&m, s->url_public, SETUP_ISSUER, s->issuer.cert);
		m.spec.names = &m.names;
		m.spec.usages = USAGE_CLIENT_AUTH;
		m.spec.key_usage = CERT_KU_DIGITAL_SIGNATURE; /* P20 */
		ok = mint_sign(&m, s->issuer.key, &s->admin_cert.cert, e);
	}
	mint_free(&m);
	return ok || err_prefix(e, "the administrator's certificate");
}

bool
setup_certs(struct setup *s, struct err *e)
{
	return make_root(s, e) && make_issuer(s, e) && make_admin(s, e);
}
