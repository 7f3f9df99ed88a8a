/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile - what a profile lets into a certificate.  Pure: the same functions
 * judge in core (to answer well) and again in the signer (to be safe).
 */
#ifndef POLICY_PROFILE_H
#define POLICY_PROFILE_H

#include "conf/conf.h"
#include "policy/verdict.h"
#include "x509/cert.h"

/*
 * Does a pattern list allow this name?  Wildcards and underscores by their
 * switches (P24, P25).  A wildcard name passes by a pattern that lets all names
 * below it pass ("*.a.internal" by "*.internal" and by "*.a.internal", never by
 * "a.internal"), and only with two labels or more behind its "*." (R12).
 */
bool profile_name_allowed(const struct conf_names *allowed, const struct name *name);

/* The patterns for one type of name as text for people; free() it. */
char *profile_names_text(const struct conf_names *allowed, enum name_type type);

/* At least one name, at most 'max', each allowed: rows "profile.names.count", "profile.names.dns" … */
bool profile_check_names(const struct conf_profile *p, const struct names *names,
    size_t max, struct verdict *v);
/* The CSR's key against the profile's list: row "profile.keys". */
bool profile_check_key(const struct conf_profile *p, const struct spki *key,
    struct verdict *v);

/* An issuer as policy sees it. */
struct profile_issuer {
	const struct cert *cert;
	struct constraints constraints; /* its own and its ancestors', as one list */
};
/* The issuer's and its ancestors' name constraints: row "issuer.constraints" per failure. */
bool profile_check_constraints(const struct profile_issuer *i,
    const struct names *names, const char *cn, struct verdict *v);

/*
 * The validity to be signed (P8 to P11).  'asked_s' counts from 'now', 0 is the
 * default: not_after = now + asked_s - 1, the last second counts.  not_before =
 * now - backdate, but the whole span never exceeds the maximum: where it would,
 * the backdate is shortened, so exactly the maximum can be asked for and one
 * second more is refused (S28) or clamped as the profile says.  Neither end
 * leaves the issuer's life: the default is cut there, what was asked for is refused or
 * clamped likewise; an issuer that has ended, or not begun, is always refused.  Rows "profile.validity", "issuer.validity".
 */
bool profile_validity(const struct conf_profile *p, const struct cert *issuer,
    int64_t now, int64_t asked_s, int64_t *ret_not_before, int64_t *ret_not_after,
    struct verdict *v);

/* How far back an asked not_before may lie when an order is made, and when it is signed. */
#define PROFILE_PAST_S         INT64_C(86400)
#define PROFILE_PAST_SIGNING_S (2 * PROFILE_PAST_S)

/*
 * The same where an end or both were asked for (0: not), and are given exactly or not at
 * all (RFC 8555 7.4): nothing is shortened or clamped.  The one that was not asked for
 * is what profile_validity() would make of it.  not_before lies at most 'past_s', or the
 * backdate where that is more, behind now; it may lie ahead, but not_after never lies
 * further ahead than for a certificate that begins now.
 */
bool profile_validity_exact(const struct conf_profile *p, const struct cert *issuer,
    int64_t now, int64_t past_s, int64_t asked_not_before, int64_t asked_not_after,
    int64_t *ret_not_before, int64_t *ret_not_after, struct verdict *v);

/* The CN that the profile gives these names; "" for none (P12, P13). */
void profile_cn(const struct conf_profile *p, const struct names *names,
    char ret[static 65]);

/*
 * All but key, names, validity that go into the certificate by this profile:
 * usages, key usage by key type, basicConstraints, URLs' presence.
 */
void profile_fill(const struct conf_profile *p, enum key_alg key, struct cert_spec *s);

#endif
