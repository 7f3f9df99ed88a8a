/* SPDX-License-Identifier: Apache-2.0 */
/* The note beside a pair: what the daemon said of it, and whether its command was told. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/renew_plan.h"
#include "codec/json.h"
#include "renew_files_impl.h"
#include "sys/file.h"

/* Beside a file it is hidden: some servers load all that lies in a directory. */
static char *
json_path(const struct renew_files *f)
{
	if (f->dir != NULL)
		return mem_printf("%s/" RENEW_FILES_JSON, f->dir);
	char *dir = renew_files_parent(f->cert_at);
	const char *slash = strrchr(f->cert_at, '/');
	char *path = mem_printf("%s/.%s." RENEW_FILES_JSON, dir,
	    slash != NULL ? slash + 1 : f->cert_at);
	free(dir);
	return path;
}

/* NULL where it is not there. */
static bool
load_json(const struct renew_files *f, json_t **ret, struct err *e)
{
	char *path = json_path(f);
	struct buf text;

	*ret = NULL;
	buf_init(&text, KIB(64));
	bool ok = renew_files_read(path, &text, e);
	if (ok)
		ok = json_read(buf_bytes(&text), ret, e) || err_prefix(e, path);
	else if (e->code == ERR_NOT_FOUND)
		ok = true;
	buf_free(&text);
	free(path);
	return ok;
}

/* Only of the certificate that lies there: a crash may have come before the note. */
static void
take_json(struct renew_files *f, const json_t *v)
{
	const char *serial = json_text(v, "serial"), *at = json_text(v, "renew_after");
	char hex[SERIAL_HEX_LEN];
	struct err unread;
	int64_t after;

	f->url = mem_strdup(json_text(v, "url"));
	serial_to_hex(&f->leaf->serial, hex);
	if (serial == NULL || strcmp(serial, hex) != 0) {
		/* Beside a file it was written first, and the file was not replaced. */
		f->exec_pending = serial != NULL && f->dir != NULL;
		return;
	}
	f->exec_pending = json_is_true(json_object_get(v, "exec_pending"));
	if (at != NULL && clock_rfc3339_parse(bytes_str(at), &after, &unread) &&
	    after >= f->leaf->not_before && after <= f->leaf->not_after)
		f->renew_after = after;
}

bool
renew_files_take_note(struct renew_files *f, struct err *e)
{
	json_t *v;

	if (!load_json(f, &v, e))
		return false;
	f->renew_after = renew_plan_after(f->leaf);
	if (v != NULL)
		take_json(f, v);
	json_decref(v);
	return true;
}

static bool
save_json(const struct renew_files *f, json_t *v, struct err *e)
{
	char *path = json_path(f);
	struct buf text;

	buf_init(&text, KIB(64));
	json_write(&text, v);
	json_decref(v);
	const bool ok = buf_ok(&text, path, e) &&
			file_replace(AT_FDCWD, path, 0644, buf_bytes(&text), e);
	buf_free(&text);
	free(path);
	return ok;
}

/* A file's tells of the certificate alone: where the daemon is, the command line says. */
bool
renew_files_note(const struct renew_files *f, const struct renew_files_new *n,
    struct err *e)
{
	json_t *v = NULL;

	if (f->dir != NULL && !load_json(f, &v, e))
		return false;
	if (v == NULL)
		v = json_object();
	if (f->dir != NULL) {
		json_object_set_new(v, "url", json_string(n->url));
		json_object_set_new(v, "profile", json_string(n->profile));
	}
	json_object_set_new(v, "serial", json_string(n->serial));
	json_object_set_new(v, "renew_after", json_string(n->renew_after));
	json_object_set_new(v, "exec_pending", json_boolean(n->exec_pending));
	return save_json(f, v, e);
}

static bool
note_told(const struct renew_files *f, struct err *e)
{
	char hex[SERIAL_HEX_LEN];
	json_t *v;

	if (!load_json(f, &v, e))
		return false;
	if (v == NULL)
		v = json_object();
	serial_to_hex(&f->leaf->serial, hex);
	const char *serial = json_text(v, "serial");
	/*
	 * While the command ran another certificate may have come, of which it has not
	 * been told; in a directory it may be the note that did not come.
	 */
	if (f->dir == NULL && serial != NULL && strcmp(serial, hex) != 0) {
		json_decref(v);
		return true;
	}
	json_object_set_new(v, "serial", json_string(hex));
	json_object_set_new(v, "exec_pending", json_false());
	return save_json(f, v, e);
}

bool
renew_files_told(const struct renew_files *f, struct err *e)
{
	int lock;

	if (!renew_files_lock(f->dir != NULL ? f->dir : f->cert, &lock, e))
		return false;
	const bool ok = note_told(f, e);
	if (lock >= 0)
		close(lock);
	return ok;
}
