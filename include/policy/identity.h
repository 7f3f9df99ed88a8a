/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity - who is asking, as core has established it.
 */
#ifndef POLICY_IDENTITY_H
#define POLICY_IDENTITY_H

#include "x509/cert.h"

enum identity_kind {
	IDENTITY_NONE = 0,
	IDENTITY_CERT, /* a certificate of ours, found octet for octet in the database */
	IDENTITY_ADMIN,  /* the local socket, as root or the daemon's own user */
	IDENTITY_SYSTEM, /* the daemon itself */
	IDENTITY_TOKEN,  /* an enrolment token: it may issue what it is for */
	IDENTITY_ACME /* an ACME account; where it issues, with an order that its names are proved for */
};

struct identity {
	enum identity_kind kind;
	char *
	    text; /* for log and record: "cert:admin", "cert:admin (main)", "uid:0", "system", "token:…", "acme:…" */
	const struct cert *cert; /* for IDENTITY_CERT; borrowed */
	const char *
	    profile; /* by which it was issued, or the token's, or the order's; borrowed */
	const struct names *names; /* what the token or the order is for; borrowed */
	const char *issuer;
	uint8_t fingerprint[32]; /* SHA-256 of the certificate */
};

#endif
