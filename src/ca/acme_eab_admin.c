/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/acme_eab_admin.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/mem.h"
#include "ca/acme_account.h"
#include "ca/audit.h"
#include "ca/ca_state.h"
#include "policy/acme_pattern.h"

/* Neither quote, blank nor colon, and no '-' in front: clients take it as an option's value (A121). */
#define KID_PREFIX "eab-"
#define KID_OCTETS 10
#define NAMES_TEXT KIB(8) /* octets of the patterns, in a row of the audit */

/* ---- what may be asked for ---- */

static void
check_span(struct verdict *v, const char *rule, const char *field, int64_t span_s,
    int64_t max_s)
{
	char value[CLOCK_DURATION_LEN], max[CLOCK_DURATION_LEN];

	clock_duration(span_s, value);
	clock_duration(max_s, max);
	char *allowed = mem_printf("at most %s", max);
	verdict_add(v, span_s <= max_s, ERR_POLICY, rule, field, value, allowed);
	free(allowed);
}

static void
check_number(struct verdict *v, const char *rule, const char *field, int64_t n,
    int64_t least, int64_t most)
{
	char *value = mem_printf("%lld", (long long)n);
	char *allowed = mem_printf("%lld to %lld", (long long)least, (long long)most);

	verdict_add(v, n >= least && n <= most, ERR_POLICY, rule, field, value,
	    allowed);
	free(value);
	free(allowed);
}

static char *
names_text(const struct conf_names *names)
{
	struct buf b;

	buf_init(&b, NAMES_TEXT);
	for (size_t i = 0; i < names->dns.n; i++)
		buf_printf(&b, "%sdns:%s", b.n > 0 ? " " : "", names->dns.v[i]);
	for (size_t i = 0; i < names->ip.n; i++)
		buf_printf(&b, "%sip:%s", b.n > 0 ? " " : "", names->ip.v[i]);
	char *text = mem_strdup(buf_str(&b));
	buf_free(&b);
	return text;
}

/* A key for names that its directory never certifies would be made in vain. */
static void
check_names(const struct conf_profile *p, const struct conf_names *names,
    struct verdict *v)
{
	char *value = names_text(names);
	char *dns = profile_names_text(&p->names, NAME_TYPE_DNS);
	char *ip = profile_names_text(&p->names, NAME_TYPE_IP);
	char *allowed =
	    mem_printf("patterns that meet the profile's: DNS: %s; IP: %s", dns, ip);

	verdict_add(v,
	    acme_pattern_count(names) == 0 || acme_pattern_meets(names, &p->names),
	    ERR_POLICY, "eab.names", "names", value, allowed);
	free(value);
	free(dns);
	free(ip);
	free(allowed);
}

static void
check(struct ca *ca, const struct acme_eab_ask *q, struct verdict *v)
{
	const struct conf_profile *p =
	    conf_profile_find(ca->conf, bytes_str(q->directory));
	const bool there = p != NULL && !p->internal && p->acme.on;

	verdict_add(v, there, ERR_POLICY, "eab.directory", "directory", q->directory,
	    "a profile that has \"acme\" in the configuration");
	if (there)
		check_names(p, q->names, v);
	check_number(v, "eab.accounts", "accounts_max", q->accounts_max, 1,
	    ACME_EAB_ACCOUNTS_MAX);
	check_number(v, "eab.certificates", "certificates_max", q->certificates_max, 0,
	    ACME_EAB_CERTIFICATES_MAX);
	check_span(v, "eab.expires", "expires", q->expires_s, ACME_EAB_EXPIRES_MAX_S);
}

/* ---- making one ---- */

static void
tell(struct ca *ca, enum audit_kind kind, const struct acme_eab *k,
    const struct identity *who, const char *request_id, const char *names,
    const char *reason)
{
	char *object = mem_printf("eab %s", k->kid);

	audit_add(ca, &(struct audit_event){ .kind = kind,
			  .request_id = request_id,
			  .identity = who->text,
			  .profile = k->directory,
			  .names_text = names,
			  .object = object,
			  .reason = reason });
	free(object);
}

static bool
new_kid(char **ret, struct err *e)
{
	uint8_t random[KID_OCTETS];
	char hex[2 * KID_OCTETS + 1];

	if (gnutls_rnd(GNUTLS_RND_NONCE, random, sizeof(random)) < 0)
		return err_set(e, ERR_INTERNAL, "the random source failed");
	hex_write(bytes_of(random, sizeof(random)), hex);
	*ret = mem_printf(KID_PREFIX "%s", hex);
	return true;
}

static bool
store(struct ca *ca, const struct acme_eab_ask *q, char *kid, struct acme_eab *ret,
    struct err *e)
{
	const int64_t now = clock_now();
	json_t *list = acme_pattern_json(q->names);
	struct acme_eab k = {
		.kid = mem_strdup(kid),
		.directory = mem_strdup(q->directory),
		.names = json_dumps(list, JSON_COMPACT),
		.accounts_max = q->accounts_max,
		.certificates_max = q->certificates_max,
		.expires_at = now + q->expires_s,
		.ends_at = q->ends_s != 0 ? now + q->ends_s : 0,
		.created_at = now,
		.created_by = mem_strdup(q->who->text),
		.request_id = mem_strdup(q->request_id),
	};

	const bool ok = store_begin(ca->store, e) &&
			store_acme_eab_add(ca->store, &k, e) &&
			store_acme_eab_by_kid(ca->store, kid, ret, e);
	json_decref(list);
	store_acme_eab_free(&k);
	return ok;
}

static bool
key_of(struct ca *ca, const char *kid, char ret[static EAB_KEY_TEXT], struct err *e)
{
	uint8_t key[EAB_KEY_LEN];

	if (!acme_eab_key(ca, kid, key, e))
		return false;
	eab_key_text(key, ret);
	mem_wipe(key, sizeof(key));
	return true;
}

/*
 * A kid whose key does not begin with '-': certbot and lego would take that for an option
 * where the key is the next word of the command.
 */
static bool
new_key(struct ca *ca, char **ret_kid, char ret[static EAB_KEY_TEXT], struct err *e)
{
	do {
		free(*ret_kid);
		*ret_kid = NULL;
		if (!new_kid(ret_kid, e) || !key_of(ca, *ret_kid, ret, e))
			return false;
	} while (ret[0] == '-');
	return true;
}

bool
acme_eab_make(struct ca *ca, const struct acme_eab_ask *q,
    char ret_key[static EAB_KEY_TEXT], struct acme_eab *ret, struct verdict *v,
    struct err *e)
{
	struct acme_eab_ask full = *q;
	char key[EAB_KEY_TEXT];
	char *kid = NULL;

	if (full.expires_s == 0)
		full.expires_s = ACME_EAB_EXPIRES_DEFAULT_S;
	check(ca, &full, v);
	const bool ok = ca_writable(ca, e) && verdict_ok(v, e) &&
			new_key(ca, &kid, key, e) && store(ca, &full, kid, ret, e);
	if (ok) {
		char *names = names_text(q->names);

		memcpy(ret_key, key, sizeof(key));
		tell(ca, AUDIT_EAB_MADE, ret, q->who, q->request_id, names, NULL);
		free(names);
	}
	mem_wipe(key, sizeof(key));
	free(kid);
	return ok;
}

/* ---- taking one back ---- */

static bool
write_end(struct ca *ca, const struct acme_eab *k, bool keep,
    const struct identity *who, struct err *e)
{
	const int64_t now = clock_now();

	return store_begin(ca->store, e) &&
	       (keep ? store_acme_eab_expire(ca->store, k->num, now, e)
		     : store_acme_eab_revoke(ca->store, k->num, now, who->text, e));
}

static bool
revoke(struct ca *ca, bool keep, const struct identity *who, const char *request_id,
    struct acme_eab *k, struct err *e)
{
	const enum acme_eab_status is = store_acme_eab_status(k, clock_now());
	struct acme_eab after;

	if (k->revoked_at != 0 || (keep && is != ACME_EAB_OPEN))
		return true;
	if (!write_end(ca, k, keep, who, e) ||
	    !store_acme_eab_by_num(ca->store, k->num, &after, e))
		return false;
	store_acme_eab_free(k);
	*k = after;
	tell(ca, AUDIT_EAB_REVOKED, k, who, request_id, NULL,
	    keep ? "its accounts stay" : NULL);
	return true;
}

bool
acme_eab_revoke(struct ca *ca, const char *kid, bool keep, const struct identity *who,
    const char *request_id, struct acme_eab *ret, struct err *e)
{
	struct acme_eab k;

	if (!ca_writable(ca, e) || !store_acme_eab_by_kid(ca->store, kid, &k, e))
		return false;
	if (!revoke(ca, keep, who, request_id, &k, e)) {
		store_acme_eab_free(&k);
		return false;
	}
	*ret = k;
	return true;
}

/* ---- its accounts ---- */

struct batch {
	int64_t *nums;
	size_t n;
};

static bool
note_account(void *arg, const struct acme_account *a, struct err *e)
{
	struct batch *b = arg;

	(void)e;
	b->nums[b->n++] = a->num;
	return true;
}

static bool
end_account(struct ca *ca, int64_t num, const struct identity *who,
    const char *request_id, struct err *e)
{
	struct acme_account a;

	if (!store_acme_account_by_num(ca->store, num, &a, e))
		return false;
	const bool ok =
	    acme_account_end(ca, &a, ACME_EV_REVOKE, who->text, request_id, e);
	store_acme_account_free(&a);
	return ok;
}

bool
acme_eab_end_accounts(struct ca *ca, int64_t eab_num, size_t most,
    const struct identity *who, const char *request_id, size_t *ret_n, struct err *e)
{
	const struct acme_account_query q = { .status = ACME_VALID,
		.eab_num = eab_num,
		.limit = most };
	struct batch b = { .nums = mem_zarray(most, sizeof(*b.nums)) };

	bool ok = ca_writable(ca, e) &&
		  store_acme_account_list(ca->store, &q, note_account, &b, e);
	for (size_t i = 0; ok && i < b.n; i++)
		ok = end_account(ca, b.nums[i], who, request_id, e);
	if (ok)
		*ret_n = b.n;
	free(b.nums);
	return ok;
}
