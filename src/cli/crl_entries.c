/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/crl_entries.h"

#include "base/clock.h"
#include "base/sets.h"
#include "codec/der.h"
#include "x509/ext.h"
#include "x509/serial.h"

#define OID_REASON      "2.5.29.21"
#define REMOVE_FROM_CRL 8 /* in deltas alone: it is on the list no more */

/* Steps over the list's members to its entries; empty: there are none. */
static bool
find_entries(struct bytes der, struct bytes *ret, struct err *e)
{
	struct der all, tbs, d, entries;
	bool there;

	if (!der_whole(der, DER_SEQUENCE, &all, e) ||
	    !der_expect(&all.body, DER_SEQUENCE, &tbs, e) ||
	    !der_optional(&tbs.body, DER_INTEGER, &d, &there, e) ||
	    !der_expect(&tbs.body, DER_SEQUENCE, &d, e) ||
	    !der_expect(&tbs.body, DER_SEQUENCE, &d, e) || !der_next(&tbs.body, &d, e))
		return false;
	if (tbs.body.n > 0 && der_is_time(tbs.body.p[0]) && !der_next(&tbs.body, &d, e))
		return false;
	if (!der_optional(&tbs.body, DER_SEQUENCE, &entries, &there, e))
		return false;
	*ret = there ? entries.body : bytes_of(NULL, 0);
	return true;
}

/* NULL: it names none, or one that has no word. */
static bool
find_reason(struct bytes extensions, const char **ret, struct err *e)
{
	*ret = NULL;
	while (extensions.n > 0) {
		struct der code;
		struct ext x;
		char oid[64];
		uint64_t n;

		if (!ext_next(&extensions, &x, e) ||
		    !der_get_oid(x.oid, oid, sizeof(oid), e))
			return false;
		if (!bytes_eq_str(bytes_str(oid), OID_REASON))
			continue;
		if (!der_whole(x.value, DER_ENUMERATED, &code, e) ||
		    !der_get_uint(code.body, &n, e))
			return false;
		*ret = n == REMOVE_FROM_CRL ? "removeFromCRL"
		       : n <= UINT8_MAX     ? sets_reason_word((unsigned)n)
					    : NULL;
	}
	return true;
}

static bool
read_entry(struct bytes *entries, json_t **ret, struct err *e)
{
	struct der entry, number, at, extensions;
	char hex[SERIAL_HEX_LEN], when[CLOCK_RFC3339_LEN];
	const char *reason = NULL;
	struct serial serial;
	int64_t revoked_at;
	bool there;

	if (!der_expect(entries, DER_SEQUENCE, &entry, e) ||
	    !der_expect(&entry.body, DER_INTEGER, &number, e) ||
	    !serial_from_der(number.body, &serial, e) ||
	    !der_next(&entry.body, &at, e) || !der_get_time(&at, &revoked_at, e) ||
	    !der_optional(&entry.body, DER_SEQUENCE, &extensions, &there, e) ||
	    (there && !find_reason(extensions.body, &reason, e)))
		return false;
	serial_to_hex(&serial, hex);
	clock_rfc3339(revoked_at, when);
	*ret = json_pack("{s:s, s:s, s:s*}", "serial", hex, "revoked_at", when,
	    "reason", reason);
	return true;
}

bool
crl_entries_json(struct bytes der, json_t **ret, struct err *e)
{
	struct bytes entries;
	json_t *list, *v;

	if (!find_entries(der, &entries, e))
		return false;
	list = json_array();
	while (entries.n > 0) {
		if (!read_entry(&entries, &v, e)) {
			json_decref(list);
			return false;
		}
		json_array_append_new(list, v);
	}
	*ret = list;
	return true;
}
