/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/passphrase.h"

#include <fcntl.h>
#include <string.h>

#include "base/mem.h"
#include "sys/file.h"

#define PASSPHRASE_MAX 1024

bool
passphrase_read(const char *path, uid_t owner, char **ret, struct err *e)
{
	struct bytes line;
	struct buf text;
	bool ok;

	buf_init(&text, PASSPHRASE_MAX);
	ok = file_check_owned(AT_FDCWD, path, FILE_OPEN_SECRET, owner, e) &&
	     file_read(AT_FDCWD, path, &text, e);
	line = buf_bytes(&text);
	while (line.n > 0 && (line.p[line.n - 1] == '\n' || line.p[line.n - 1] == '\r'))
		line.n--;
	if (ok && (line.n == 0 || bytes_has_nul(line)))
		ok = err_set(e, ERR_MALFORMED, "%s holds no passphrase", path);
	if (ok)
		*ret = mem_strndup(line);
	buf_wipe(&text);
	return ok;
}

void
passphrase_free(char *p)
{
	if (p != NULL)
		mem_wipe_free(p, strlen(p));
}
