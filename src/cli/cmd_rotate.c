/* SPDX-License-Identifier: Apache-2.0 */
/* hanaper rotate - the next intermediate. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/client.h"
#include "cli/rotate.h"
#include "cli/setup.h"
#include "cli/view.h"
#include "x509/dn.h"

struct rotate_args {
	struct options_common common;
	const char *as, *key_type, *validity, *root_key, *passphrase_file;
};

static const struct opt opts[] = {
	/* clang-format off */
	OPT_IS_FLAG("json", struct rotate_args, common.json, "print JSON"),
	OPT_HAS_TEXT("as", "NAME", struct rotate_args, as,
	    "of the new issuer (default: the next number, main-2)"),
	OPT_HAS_TEXT("key-type", "TYPE", struct rotate_args, key_type,
	    "of its key: ecdsa-p256, ecdsa-p384, ed25519, rsa-4096, ... (default: as before)"),
	OPT_HAS_TEXT("validity", "SPAN", struct rotate_args, validity,
	    "of its certificate, to the root's end at most (default: as before)"),
	OPT_HAS_TEXT("root-key", "FILE", struct rotate_args, root_key,
	    "the root's key, where it is kept elsewhere"),
	OPT_HAS_TEXT("passphrase-file", "FILE", struct rotate_args, passphrase_file,
	    "opens keys whose passphrase hanaper.yaml does not name"),
	{ 0 }
	/* clang-format on */
};

static const struct opt_usage usage = {
	.operands = "[ISSUER]",
	.about = "Makes the intermediate that follows ISSUER, before that one ends or "
		 "when it\n"
		 "must not sign any more: a new key and certificate, signed by the "
		 "root.  Profiles\n"
		 "of ISSUER become the new one's.  ISSUER stays configured: its CRL, "
		 "OCSP and\n"
		 "chain go on until its certificates have ended.  No daemon may run "
		 "meanwhile.",
	.opts = opts,
	.shared = options_local,
	.most = 1,
};

static void
print_json(const struct rotate *r)
{
	char serial[SERIAL_HEX_LEN], from[CLOCK_RFC3339_LEN], until[CLOCK_RFC3339_LEN];
	char subject[512];
	json_t *told = json_array();

	for (size_t i = 0; i < r->told.n; i++)
		json_array_append_new(told, json_string(r->told.v[i]));
	dn_text(r->cert->subject_dn, subject, sizeof(subject));
	serial_to_hex(&r->cert->serial, serial);
	clock_rfc3339(r->cert->not_before, from);
	clock_rfc3339(r->cert->not_after, until);
	out_json(json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:s, s:o}",
	    "issuer", r->next.name, "follows", r->old->name, "subject", subject,
	    "serial", serial, "not_before", from, "not_after", until, "certificate",
	    r->next_certificate, "key", r->next_key, "encrypted", r->phrase != NULL,
	    "configuration", r->conf->file, "told", told));
}

static void
print(const struct rotate *r)
{
	char serial[SERIAL_HEX_LEN], from[CLOCK_RFC3339_LEN], until[CLOCK_RFC3339_LEN];
	char subject[512];

	dn_text(r->cert->subject_dn, subject, sizeof(subject));
	serial_to_hex(&r->cert->serial, serial);
	clock_rfc3339(r->cert->not_before, from);
	clock_rfc3339(r->cert->not_after, until);
	char *key = mem_printf("%s%s", r->next_key,
	    r->phrase != NULL ? ", encrypted as the one before" : "");
	out_field("issuer", VIEW_LABEL, r->next.name);
	out_field("follows", VIEW_LABEL, r->old->name);
	out_field("subject", VIEW_LABEL, subject);
	out_field("serial", VIEW_LABEL, serial);
	out_field("from", VIEW_LABEL, from);
	out_field("until", VIEW_LABEL, until);
	out_field("certificate", VIEW_LABEL, r->next_certificate);
	out_field("key", VIEW_LABEL, key);
	out_field("configuration", VIEW_LABEL, r->conf->file);
	free(key);
	for (size_t i = 0; i < r->told.n; i++)
		out_note("%s", r->told.v[i]);
	out_note("start the daemon; what %s signed is renewed early by: hanaper "
		 "renew-all --where issuer=%s --within 6h",
	    r->old->name, r->old->name);
}

static void
print_next(const struct rotate *r)
{
	char *dir = mem_strdup(r->conf->file);

	*strrchr(dir, '/') = '\0';
	char *word = out_word(dir);
	if (strcmp(dir, SETUP_ETC) == 0)
		out_next("systemctl start hanaper");
	else
		out_next("hanaperd --dir %s", word);
	free(word);
	free(dir);
}

int
cmd_rotate(const struct command *self, int argc, char **argv)
{
	struct rotate_args a = { 0 };
	struct rotate r;
	struct err e = { 0 };
	int status = OUT_DONE;

	rotate_init(&r);
	if (!options_read(self, &usage, argc, argv, &a, &status))
		goto out;
	r.issuer = a.common.n_operands > 0 ? a.common.operands[0] : NULL;
	r.as = a.as;
	r.key_type = a.key_type;
	r.validity = a.validity;
	r.root_key_file = a.root_key;
	r.passphrase_file = a.passphrase_file;
	r.file = client_find_conf(a.common.dir);
	const bool ok = (r.file != NULL || client_found_none(a.common.dir, &e)) &&
			rotate_run(&r, &e);
	if (!ok) {
		status =
		    r.misused ? out_usage(self->name, "%s", e.detail) : out_fail(&e);
	} else if (a.common.json) {
		print_json(&r);
	} else {
		print(&r);
		print_next(&r);
	}
out:
	rotate_free(&r);
	return status;
}
