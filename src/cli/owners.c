/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/owners.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static bool
find_in_image(const char *root, const char *name, uid_t *ret_uid, gid_t *ret_gid)
{
	char *path = mem_printf("%s/etc/passwd", root);
	FILE *f = fopen(path, "re");
	const struct passwd *p = NULL;

	free(path);
	while (f != NULL && (p = fgetpwent(f)) != NULL && strcmp(p->pw_name, name) != 0)
		continue;
	if (p != NULL) {
		*ret_uid = p->pw_uid;
		*ret_gid = p->pw_gid;
	}
	if (f != NULL)
		fclose(f);
	return p != NULL;
}

static bool
find_here(const char *name, uid_t *ret_uid, gid_t *ret_gid)
{
	const struct passwd *p = getpwnam(name);

	if (p == NULL)
		return false;
	*ret_uid = p->pw_uid;
	*ret_gid = p->pw_gid;
	return true;
}

bool
owners_find(const char *root, const char *name, uid_t *ret_uid, gid_t *ret_gid,
    struct err *e)
{
	char *end;
	const unsigned long n = strtoul(name, &end, 10);
	uid_t uid = (uid_t)n;
	gid_t gid = (gid_t)n;

	if (!(root[0] == '\0' ? find_here(name, &uid, &gid)
			      : find_in_image(root, name, &uid, &gid)) &&
	    (name[0] < '0' || name[0] > '9' || *end != '\0' || n >= UINT32_MAX))
		return err_set(e, ERR_NOT_FOUND, "there is no user %s", name);
	*ret_uid = uid;
	if (ret_gid != NULL)
		*ret_gid = gid;
	return true;
}

bool
owners_signer(const char *root, const struct strings *options, uid_t *ret,
    struct err *e)
{
	static const char signer[] = "signer=";

	for (size_t i = 0; i < options->n; i++) {
		const char *option = options->v[i];
		uid_t uid;

		if (strncmp(option, signer, sizeof(signer) - 1) != 0)
			return err_set(e, ERR_MALFORMED,
			    "--user %s: it must be signer=USER; no other role has "
			    "files of its own",
			    option);
		if (!owners_find(root, option + sizeof(signer) - 1, &uid, NULL, e))
			return err_prefix(e, "--user");
		if (uid == 0)
			return err_set(e, ERR_MALFORMED,
			    "--user: a role does not run as root");
		*ret = uid;
	}
	return true;
}

bool
owners_are_signers(const char *name, const struct strings *keys)
{
	if (strcmp(name, "journal") == 0 || strncmp(name, "journal/", 8) == 0 ||
	    strcmp(name, "root.key") == 0)
		return true;
	for (size_t i = 0; i < keys->n; i++)
		if (strcmp(name, keys->v[i]) == 0)
			return true;
	return false;
}
