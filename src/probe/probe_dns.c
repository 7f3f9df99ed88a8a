/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dns-01 (RFC 8555 8.4), dns-account-01 (draft-ietf-acme-dns-account-label) and
 * dns-persist-01 (draft-ietf-acme-dns-persist): a TXT record below the name.
 */
#include <gnutls/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "codec/base64.h"
#include "probe/dns_message.h"
#include "probe/persist.h"
#include "probe_impl.h"

#define SHA256         32 /* octets */
#define LABEL_OCTETS   10 /* of the account's hash */
#define LABEL_LEN      16 /* characters of base32 */
#define DNS_NAME_MAX   253
#define TXT_OCTETS_MAX KIB(64)

static bool
sha256(struct bytes in, uint8_t ret[static SHA256], struct err *e)
{
	return gnutls_hash_fast(GNUTLS_DIG_SHA256, in.p, in.n, ret) >= 0 ||
	       err_set(e, ERR_INTERNAL, "GnuTLS did not hash");
}

/* Joins the strings of each record and calls 'take' until it says true. */
static bool
any_record(const struct resolver_answer *a, struct probe_job *j,
    bool (*take)(struct probe_job *j, struct bytes text, void *arg), void *arg)
{
	bool found = false;
	struct buf text;
	struct err ignored;

	buf_init(&text, TXT_OCTETS_MAX);
	for (size_t i = 0; i < a->n && !found; i++) {
		buf_clear(&text);
		if (!dns_message_txt(a->v[i], &text, &ignored))
			continue;
		if (i == 0)
			probe_saw(j, buf_bytes(&text));
		found = take(j, buf_bytes(&text), arg);
	}
	buf_free(&text);
	return found;
}

/* NXDOMAIN is the DNS's to say; a name without the record proves nothing (A185). */
static bool
has_records(struct probe_job *j, const struct resolver_answer *a)
{
	struct err e;

	if (a->rc == RESOLVER_OK)
		return true;
	if (a->rc == RESOLVER_NODATA)
		err_set(&e, ERR_PROBE_PROOF, "there is no TXT record at %s", a->name);
	else
		probe_lookup_failed(a, a->name, &e);
	probe_failed(j, &e);
	return false;
}

static void
ask_txt(struct probe_job *j, const char *label, resolver_cb *cb)
{
	char *base = mem_strndup(j->ask.name);
	char *name = mem_printf("%s.%s", label, base);
	struct err e;

	if (strlen(name) > DNS_NAME_MAX) {
		err_set(&e, ERR_PROBE_DNS, "the name of the TXT record is too long");
		probe_failed(j, &e);
	} else if (probe_target_is_localhost(j->ask.name)) {
		/* RFC 6761 6.3: no server may be asked. */
		err_set(&e, ERR_PROBE_DNS, "there is no TXT record below localhost");
		probe_failed(j, &e);
	} else {
		probe_lookup(j, "dns", name, RESOLVER_TXT, cb);
	}
	free(name);
	free(base);
}

/* ---- a digest of the key authorization ---- */

static bool
is_digest(struct probe_job *j, struct bytes text, void *arg)
{
	const struct buf *proof = arg;

	(void)j;
	return probe_is_proof(text, buf_bytes(proof));
}

static void
on_digest_records(void *arg, const struct resolver_answer *a)
{
	struct probe_job *j = arg;
	uint8_t hash[SHA256];
	struct buf proof;
	struct err e;
	bool found;

	if (!has_records(j, a))
		return;
	if (!sha256(j->ask.key_authorization, hash, &e)) {
		probe_failed(j, &e);
		return;
	}
	buf_init(&proof, 64);
	base64url_put(&proof, bytes_of(hash, sizeof(hash)));
	found = any_record(a, j, is_digest, &proof);
	buf_free(&proof);
	if (found) {
		probe_proved(j);
		return;
	}
	err_set(&e, ERR_PROBE_PROOF,
	    a->n == 1 ? "the TXT record at %s is not the one that was asked for"
		      : "no TXT record at %s is the one that was asked for",
	    a->name);
	probe_failed(j, &e);
}

void
probe_dns_01(struct probe_job *j)
{
	ask_txt(j, "_acme-challenge", on_digest_records);
}

/* RFC 4648 6 in lower case; 10 octets are 16 characters, without padding. */
static void
base32(const uint8_t in[static LABEL_OCTETS], char ret[static LABEL_LEN + 1])
{
	for (size_t i = 0; i < LABEL_LEN; i++) {
		const size_t bit = i * 5;
		const unsigned two = (unsigned)in[bit / 8] << 8 |
				     (bit / 8 + 1 < LABEL_OCTETS ? in[bit / 8 + 1] : 0);

		ret[i] = "abcdefghijklmnopqrstuvwxyz234567"[two >> (11 - bit % 8) & 31];
	}
	ret[LABEL_LEN] = '\0';
}

void
probe_dns_account_01(struct probe_job *j)
{
	uint8_t hash[SHA256];
	char account[LABEL_LEN + 1], label[64];
	struct err e;

	if (!sha256(j->ask.account, hash, &e)) {
		probe_failed(j, &e);
		return;
	}
	base32(hash, account);
	snprintf(label, sizeof(label), "_%s._acme-challenge", account);
	ask_txt(j, label, on_digest_records);
}

/* ---- a record that stays ---- */

struct persist {
	struct persist_question q;
	int64_t until;
	struct persist_fault why;
};

static bool
is_proof(struct probe_job *j, struct bytes text, void *arg)
{
	struct persist *p = arg;

	(void)j;
	return persist_proves(text, &p->q, &p->until, &p->why);
}

static void
on_persist_records(void *arg, const struct resolver_answer *a)
{
	struct probe_job *j = arg;
	struct persist p = { .q = { .wildcard = j->ask.wildcard,
				 .account = j->ask.account,
				 .identities = &j->identities,
				 .now = clock_now() } };

	if (!has_records(j, a))
		return;
	if (!any_record(a, j, is_proof, &p)) {
		if (p.why.near == PERSIST_NONE)
			err_set(&p.why.err, ERR_MALFORMED,
			    "the TXT record cannot be read");
		probe_failed(j, &p.why.err);
		return;
	}
	/*
	 * Its TTL says how long the DNS may keep it, not how long the proof holds: the
	 * order that it was proved for would end by a short one.
	 */
	if (p.until != INT64_MAX)
		j->reuse_s = p.until > p.q.now ? p.until - p.q.now : 1;
	probe_proved(j);
}

void
probe_dns_persist_01(struct probe_job *j)
{
	ask_txt(j, "_validation-persist", on_persist_records);
}
