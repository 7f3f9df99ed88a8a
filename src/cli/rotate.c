/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/rotate.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/mint.h"
#include "cli/owners.h"
#include "cli/passphrase.h"
#include "conf/conf_edit.h"
#include "conf/conf_load.h"
#include "sys/file.h"

#define YAML_MAX MIB(1)

void
rotate_init(struct rotate *r)
{
	*r = (struct rotate){ .claim = { .fd = -1 }, .now = clock_now() };
	buf_init(&r->yaml, YAML_MAX);
	buf_init(&r->edited, 2 * YAML_MAX);
}

/* ---- steps ---- */

static bool
read_configuration(struct rotate *r, struct err *e)
{
	return conf_load(r->file, &r->conf, e) &&
	       file_read(AT_FDCWD, r->conf->file, &r->yaml, e);
}

static bool
claim(struct rotate *r, struct err *e)
{
	struct stat st;

	if (stat(r->conf->dir, &st) < 0)
		return err_errno(e, "%s", r->conf->dir);
	if (!owners_agree(r->file, r->conf->dir, e))
		return false;
	if (geteuid() != 0 && geteuid() != st.st_uid)
		return err_set(e, ERR_FORBIDDEN,
		    "%s is another user's: run this as root or as that user",
		    r->conf->dir);
	return claim_take(r->conf->dir, st.st_uid, st.st_gid, &r->claim, e) ||
	       (e->code == ERR_CONFLICT
		       ? err_set(e, ERR_CONFLICT,
			     "a daemon serves %s: stop it, rotate, start it again",
			     r->conf->dir)
		       : false);
}

/* As it is now that nobody else rotates: what was read before may be old. */
static bool
read_again(struct rotate *r, struct err *e)
{
	rotate_forget_next(r);
	strings_free(&r->told);
	conf_free(r->conf);
	r->conf = NULL;
	buf_clear(&r->yaml);
	return read_configuration(r, e) && rotate_plan_names(r, e);
}

static bool
edit(struct rotate *r, struct err *e)
{
	return conf_edit_follow(buf_bytes(&r->yaml), r->conf->file, r->old->name,
	    &r->next, &r->edited, e);
}

static bool
make_certificate(struct rotate *r, struct err *e)
{
	const struct cert *old = r->old_cert;
	struct mint m;
	bool ok;

	mint_init(&m);
	ok = rotate_plan_subject(r, &m.dn, e) &&
	     key_generate(r->alg, r->bits, &r->key, e) &&
	     mint_begin(&m, r->key, r->now, r->not_before, r->validity_s, e);
	if (ok) {
		mint_signed_by(&m, r->conf->url_public, "root", r->root);
		mint_ca(&m, old->path_len);
		m.spec.constraints = old->constraints;
		m.spec.usages = old->any_usage ? 0 : old->usages;
		ok = mint_sign(&m, r->root_key, &r->cert, e);
	}
	mint_free(&m);
	return ok || err_prefix(e, "the new certificate");
}

bool
rotate_run(struct rotate *r, struct err *e)
{
	static bool (*const steps[])(struct rotate *, struct err *) = {
		read_configuration,
		rotate_plan_names,
		claim,
		read_again,
		rotate_plan_certificate,
		edit,
		rotate_place_try,
		rotate_keys_load,
		rotate_record_open,
		make_certificate,
		rotate_keys_write,
		rotate_record,
		rotate_place,
	};

	for (size_t i = 0; i < NITEMS(steps); i++)
		if (!steps[i](r, e))
			return r->recorded
				   ? err_prefix(e, "a certificate was made and "
						   "recorded, but is not in use; the "
						   "next run makes another")
				   : false;
	return true;
}

static void
take_away(const char *path)
{
	struct err ignored;

	if (owners_act_in(path, &ignored))
		unlink(path);
	owners_act_self();
}

/* SQLite takes its files away by name. */
static void
close_store(struct rotate *r)
{
	struct err ignored;

	if (r->store == NULL)
		return;
	char *database = conf_path(r->conf, r->conf->database);
	if (!r->recorded)
		store_rollback(r->store);
	if (owners_act(database, &ignored))
		store_close(r->store);
	owners_act_self();
	free(database);
}

void
rotate_free(struct rotate *r)
{
	if (r->wrote_key && !r->recorded)
		take_away(r->next_key);
	if (r->wrote_certificate && !r->recorded)
		take_away(r->next_certificate);
	close_store(r);
	journal_close(r->journal);
	claim_release(&r->claim);
	key_free(r->key);
	key_free(r->root_key);
	cert_free(r->cert);
	cert_free(r->root);
	cert_free(r->old_cert);
	passphrase_free(r->phrase);
	rotate_forget_next(r);
	conf_free(r->conf);
	buf_free(&r->yaml);
	buf_free(&r->edited);
	strings_free(&r->told);
	free(r->file);
}
