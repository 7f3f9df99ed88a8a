/* SPDX-License-Identifier: Apache-2.0 */
/* What the daemon's log says of its end.  Other people's text may be in it (R84). */
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/doctor.h"
#include "cli/setup.h"
#include "sys/file.h"

#define LOG_END KIB(64)
#define HEAD    4 /* time, level, role, event: what each line begins with */
#define WORD    32

static char *
log_path(const struct doctor *d)
{
	return mem_printf("%s/run/hanaperd.log",
	    d->conf != NULL ? d->conf->dir : d->dir);
}

void
doctor_log_find(struct doctor *d)
{
	if (d->dir == NULL) {
		d->log = mem_strdup("the daemon's log");
		return;
	}
	d->log = log_path(d);
	if (access(d->log, F_OK) == 0)
		return;
	free(d->log);
	/* In the foreground it logs to who started it: the service manager, or a person. */
	d->log = mem_strdup(strcmp(d->dir, SETUP_STATE) == 0
				? "journalctl -u hanaper"
				: "the terminal that it was started in");
}

static bool
read_text(struct bytes line, char head[HEAD][WORD])
{
	for (size_t i = 0; i < HEAD; i++) {
		const size_t n = bytes_index(line, ' ');

		if (!bytes_to_str(bytes_of(line.p, n), head[i], WORD))
			return false;
		line = bytes_skip(line, n + 1);
	}
	return true;
}

static bool
read_json(struct bytes line, char head[HEAD][WORD])
{
	static const char *const keys[HEAD] = { "time", "level", "role", "event" };
	json_t *v = json_loadb((const char *)line.p, line.n, 0, NULL);
	bool ok = v != NULL;

	for (size_t i = 0; ok && i < HEAD; i++) {
		const char *word = json_string_value(json_object_get(v, keys[i]));

		ok = word != NULL && bytes_to_str(bytes_str(word), head[i], WORD);
	}
	json_decref(v);
	return ok;
}

/* Printable ASCII, and no more than there is room for. */
static void
take(struct bytes line, char *ret, size_t size)
{
	size_t n = 0;

	for (; n < line.n && n + 1 < size; n++)
		ret[n] = line.p[n] >= ' ' && line.p[n] < 0x7f ? (char)line.p[n] : '?';
	ret[n] = '\0';
}

/* Of its last run: what was wrong before it served, or ended in order, is past. */
static void
find_error(struct bytes lines, char *ret, size_t size)
{
	while (lines.n > 0) {
		const size_t n = bytes_index(lines, '\n');
		const struct bytes line = bytes_of(lines.p, n);
		char head[HEAD][WORD];

		lines = bytes_skip(lines, n + 1);
		if (!(bytes_starts(line, "{") ? read_json : read_text)(line, head))
			continue;
		if (strcmp(head[1], "error") == 0)
			take(line, ret, size);
		else if (strcmp(head[2], "parent") == 0 &&
			 (strcmp(head[3], "ready") == 0 ||
			     strcmp(head[3], "ended") == 0))
			ret[0] = '\0';
	}
}

void
doctor_log_error(const struct doctor *d, char *ret, size_t size)
{
	struct buf text;
	struct err none;

	ret[0] = '\0';
	if (d->dir == NULL)
		return;
	char *path = log_path(d);
	buf_init(&text, LOG_END);
	if (file_read_end(AT_FDCWD, path, &text, &none))
		find_error(buf_bytes(&text), ret, size);
	buf_free(&text);
	free(path);
}
