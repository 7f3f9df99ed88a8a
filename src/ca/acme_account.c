/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/acme_account.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ca/acme.h"
#include "ca/acme_bind.h"
#include "ca/acme_limit.h"
#include "ca/acme_order.h"
#include "ca/audit.h"
#include "ca/ca_state.h"
#include "ca/issue.h"
#include "store/store_certificate.h"
#include "x509/names.h"
#include "x509/spki.h"

/* ---- keys ---- */

bool
acme_account_judge_key(struct ca *ca, const struct jwk *key, struct err *e)
{
	const uint8_t *hash = jwk_key_hash(key).p;
	struct spki spki;
	bool compromised, certified, weak;

	if (!spki_parse(jwk_spki(key), &spki, e) ||
	    !store_key_compromised(ca->store, hash, &compromised, e) ||
	    !store_certificate_has_key(ca->store, hash, &certified, e) ||
	    !weak_keys_has(ca->weak_keys, &spki, &weak, e))
		return false;
	if (weak)
		return err_set(e, ERR_BAD_KEY, "this key is on the list of weak keys");
	if (compromised)
		return err_set(e, ERR_BAD_KEY, "this key is known to be compromised");
	/* What the signer has not answered yet is in no row (RFC 8555 11.1). */
	certified = certified || issue_is_asked(ca, jwk_spki(key));
	return !certified ||
	       err_set(e, ERR_BAD_KEY,
		   "this is the key of a certificate: an account has one of its own");
}

/* ---- contacts (RFC 8555 7.3) ---- */

static bool
check_address(struct bytes text, struct err *e)
{
	char *normal;

	if (bytes_index(text, '?') < text.n || bytes_index(text, ',') < text.n)
		return err_set(e, ERR_BAD_CONTACT,
		    "a mailto contact names one address and no header fields");
	if (!name_normal(NAME_TYPE_EMAIL, text, &normal, e)) {
		e->code = ERR_BAD_CONTACT;
		return err_prefix(e, "contact");
	}
	free(normal);
	return true;
}

static bool
check_contact(const json_t *v, struct err *e)
{
	static const char scheme[] = "mailto:";

	if (!json_is_string(v))
		return err_set(e, ERR_MALFORMED,
		    "contact: each must be a URL in a string");
	const struct bytes text = bytes_str(json_string_value(v));
	if (text.n > ACME_CONTACT_URL_MAX)
		return err_set(e, ERR_BAD_CONTACT,
		    "a contact has %zu octets, %d are allowed", text.n,
		    ACME_CONTACT_URL_MAX);
	if (text.n < strlen(scheme) ||
	    !bytes_eq_nocase(bytes_of(text.p, strlen(scheme)), scheme))
		return err_set(e, ERR_CONTACT_SCHEME,
		    "a contact must be a mailto: URL; others are not supported");
	/* One client puts a blank behind the colon. */
	return check_address(bytes_trim(bytes_skip(text, strlen(scheme))), e);
}

/* As text for the row; free() it. */
static bool
read_contacts(const json_t *list, char **ret, struct err *e)
{
	const json_t *v;
	size_t i;

	if (list == NULL || json_is_null(list)) {
		*ret = mem_strdup("[]");
		return true;
	}
	if (!json_is_array(list))
		return err_set(e, ERR_MALFORMED, "contact must be an array of URLs");
	if (json_array_size(list) > ACME_CONTACTS_MAX)
		return err_set(e, ERR_BAD_CONTACT, "at most %d contacts are kept",
		    ACME_CONTACTS_MAX);
	json_array_foreach(list, i, v)
	{
		if (!check_contact(v, e))
			return false;
	}
	struct buf b;
	buf_init(&b, KIB(8));
	json_write(&b, list);
	*ret = mem_strdup(buf_str(&b));
	buf_free(&b);
	return true;
}

/* ---- made and found ---- */

static void
tell(struct ca *ca, enum audit_kind kind, const struct acme_account *a, const char *by,
    const char *request_id)
{
	char *object = mem_printf("account %s", a->id);

	audit_add(ca, &(struct audit_event){ .kind = kind,
			  .request_id = request_id,
			  .identity = by,
			  .profile = a->directory,
			  .object = object });
	free(object);
}

static bool
bind_account(struct ca *ca, const struct acme_account_ask *q, struct acme_account *a,
    struct err *e)
{
	struct buf b;

	if (q->eab == NULL)
		return true;
	buf_init(&b, KIB(16));
	json_write(&b, q->eab);
	/* To be verified uses the key up: last, what cannot be kept is refused before. */
	const bool ok = buf_ok(&b, "externalAccountBinding", e) &&
			acme_bind_verify(ca, q, &a->eab_num, e);
	if (ok)
		a->eab = mem_strdup(buf_str(&b));
	buf_free(&b);
	return ok;
}

static bool
may_be_made(struct ca *ca, const struct acme_account_ask *q, struct err *e)
{
	const struct conf_acme_site *site = &ca->conf->acme;

	/* Before the limit and the transaction: to be told so costs nothing. */
	if (q->only_existing)
		return err_set(e, ERR_ACCOUNT_UNKNOWN, "no account here has this key");
	/* Not to be demanded where none are published: some clients leave it out then. */
	if (site->terms != NULL && !q->terms_agreed)
		return err_set(e, ERR_USER_ACTION,
		    "agree to the terms of service at %s (termsOfServiceAgreed)",
		    site->terms);
	if (q->eab == NULL && q->directory->acme.external_account)
		return err_set(e, ERR_EXTERNAL_ACCOUNT,
		    "this directory wants a key for external accounts; an "
		    "administrator makes one by \"hanaper acme eab new\"");
	return acme_account_judge_key(ca, q->key, e) &&
	       acme_limit_account(ca, q->address, e);
}

static bool
make(struct ca *ca, const struct acme_account_ask *q, struct acme_account *a,
    struct err *e)
{
	a->directory = mem_strdup(q->directory->name);
	a->status = ACME_VALID;
	memcpy(a->thumbprint, jwk_thumbprint(q->key).p, sizeof(a->thumbprint));
	memcpy(a->key_hash, jwk_key_hash(q->key).p, sizeof(a->key_hash));
	a->key = mem_strdup(jwk_text(q->key));
	a->created_at = clock_now();
	a->created_from = mem_strndup(q->address);
	a->terms_at =
	    q->terms_agreed && ca->conf->acme.terms != NULL ? a->created_at : 0;
	if (!ca_writable(ca, e) || !may_be_made(ca, q, e) ||
	    !read_contacts(q->contact, &a->contact, e) || !acme_new_id(a->id, e) ||
	    !store_begin(ca->store, e) || !bind_account(ca, q, a, e) ||
	    !store_acme_account_add(ca->store, a, &a->num, e))
		return false;
	char *by = acme_identity_text(a->id);
	tell(ca, AUDIT_ACCOUNT_MADE, a, by, q->request_id);
	prom_count(&ca->tally.acme_accounts, a->directory, NULL);
	free(by);
	return true;
}

bool
acme_account_open(struct ca *ca, const struct acme_account_ask *q,
    struct acme_account *ret, bool *ret_made, struct err *e)
{
	struct acme_account a = { 0 };

	bool ok = store_acme_account_by_key(ca->store, q->directory->name,
	    jwk_thumbprint(q->key).p, &a, e);
	const bool made = !ok && e->code == ERR_NOT_FOUND;
	if (made)
		ok = make(ca, q, &a, e);
	else if (ok)
		ok = acme_account_check(&a, e);
	if (!ok) {
		store_acme_account_free(&a);
		return false;
	}
	*ret = a;
	*ret_made = made;
	return true;
}

bool
acme_account_find(struct ca *ca, const struct conf_profile *directory, const char *id,
    struct acme_account *ret, struct err *e)
{
	struct acme_account a = { 0 };

	const bool found = store_acme_account_by_id(ca->store, id, &a, e);
	if (!found && e->code != ERR_NOT_FOUND)
		return false;
	if (found && strcmp(a.directory, directory->name) == 0) {
		*ret = a;
		return true;
	}
	store_acme_account_free(&a);
	return err_set(e, ERR_ACCOUNT_UNKNOWN, "this directory has no such account");
}

bool
acme_account_check(const struct acme_account *a, struct err *e)
{
	return a->status == ACME_VALID ||
	       err_set(e, ERR_ACCOUNT_ENDED, "this account is %s",
		   acme_state_word(a->status));
}

/* ---- changed and ended ---- */

static void
tell_changed(struct ca *ca, const struct acme_account *a, const char *request_id)
{
	char *by = acme_identity_text(a->id);

	tell(ca, AUDIT_ACCOUNT_CHANGED, a, by, request_id);
	free(by);
}

bool
acme_account_set_contact(struct ca *ca, struct acme_account *a, const json_t *contact,
    const char *request_id, struct err *e)
{
	char *text;

	if (!ca_writable(ca, e) || !read_contacts(contact, &text, e))
		return false;
	if (strcmp(text, a->contact) == 0) { /* many clients say the same again */
		free(text);
		return true;
	}
	if (!acme_limit_change(ca, a->num, e) ||
	    !store_acme_account_contact(ca->store, a->num, text, e)) {
		free(text);
		return false;
	}
	free(a->contact);
	a->contact = text;
	tell_changed(ca, a, request_id);
	return true;
}

bool
acme_account_end(struct ca *ca, struct acme_account *a, enum acme_event ev,
    const char *by, const char *request_id, struct err *e)
{
	enum acme_status to;
	const int64_t now = clock_now();

	if (!ca_writable(ca, e))
		return false;
	if (!acme_state_next(ACME_ACCOUNT, a->status, ev, &to))
		return err_set(e, ERR_CONFLICT, "this account is %s already",
		    acme_state_word(a->status));
	if (!store_acme_account_end(ca->store, a->num, a->status, to, now, by, e) ||
	    !acme_order_account_ended(ca, a->num, e))
		return false;
	a->status = to;
	a->ended_at = now;
	tell(ca, AUDIT_ACCOUNT_ENDED, a, by, request_id);
	return true;
}

static bool
key_taken(struct ca *ca, const struct acme_account *a, const struct jwk *key,
    char ret_other[static ACME_ID_LEN], struct err *e)
{
	struct acme_account other = { 0 };

	if (!store_acme_account_by_key(ca->store, a->directory, jwk_thumbprint(key).p,
		&other, e))
		return e->code != ERR_NOT_FOUND; /* *e says what failed */
	memcpy(ret_other, other.id, ACME_ID_LEN);
	store_acme_account_free(&other);
	err_set(e, ERR_CONFLICT, "another account has this key already");
	return true;
}

bool
acme_account_rekey(struct ca *ca, struct acme_account *a, const struct jwk *key,
    const char *request_id, char ret_other[static ACME_ID_LEN], struct err *e)
{
	const struct bytes thumbprint = jwk_thumbprint(key), hash = jwk_key_hash(key);

	ret_other[0] = '\0';
	if (!ca_writable(ca, e) || !acme_account_judge_key(ca, key, e) ||
	    key_taken(ca, a, key, ret_other, e) || !acme_limit_change(ca, a->num, e) ||
	    !store_acme_account_rekey(ca->store, a->num, thumbprint.p, hash.p,
		jwk_text(key), e))
		return false;
	memcpy(a->thumbprint, thumbprint.p, sizeof(a->thumbprint));
	memcpy(a->key_hash, hash.p, sizeof(a->key_hash));
	free(a->key);
	a->key = mem_strdup(jwk_text(key));
	tell_changed(ca, a, request_id);
	return true;
}

bool
acme_account_judge(struct ca *ca, const struct acme_account *a,
    const struct names *names, struct verdict *v, struct err *e)
{
	return a->eab_num == 0 || acme_bind_judge(ca, a->eab_num, names, v, e);
}
