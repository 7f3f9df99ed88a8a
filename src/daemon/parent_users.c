/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Started as root on a CA directory that is somebody else's, the parent becomes its
 * owner, and each role a user of its own where one is named (ADR 0025).
 *
 * Until the roles have started it is the owner by its effective ids alone: there are
 * ports below 1024 to be bound, and users to be given to the roles.
 */
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/parent.h"

static bool
find_user(const char *text, uid_t *ret, struct err *e)
{
	const struct passwd *p = getpwnam(text);
	char *end;
	const unsigned long n = strtoul(text, &end, 10);

	if (p != NULL)
		*ret = p->pw_uid;
	else if (text[0] >= '0' && text[0] <= '9' && *end == '\0' && n < UINT32_MAX)
		*ret = (uid_t)n;
	else
		return err_set(e, ERR_NOT_FOUND, "--user: there is no user \"%s\"",
		    text);
	if (*ret == 0)
		return err_set(e, ERR_MALFORMED, "--user: a role does not run as root");
	return true;
}

bool
parent_users_option(const char *option, enum parent_role *ret_role,
    const char **ret_user, struct err *e)
{
	const size_t n = strcspn(option, "=");

	for (size_t i = 0; option[n] != '\0' && i < PARENT__ROLES; i++) {
		if (!bytes_eq_str(bytes_of(option, n),
			parent_roles_name((enum parent_role)i)))
			continue;
		*ret_role = (enum parent_role)i;
		*ret_user = option + n + 1;
		return true;
	}
	return err_set(e, ERR_MALFORMED,
	    "--user %s: it must be ROLE=USER, ROLE being signer, prober, core or front",
	    option);
}

static bool
take_option(struct parent *p, const char *option, struct err *e)
{
	enum parent_role role;
	const char *user;

	return parent_users_option(option, &role, &user, e) &&
	       find_user(user, &p->users[role].uid, e);
}

bool
parent_users_take(struct parent *p, struct err *e)
{
	const struct parent_options *o = p->options;
	struct stat st;

	if (stat(p->conf->dir, &st) < 0)
		return err_errno(e, "%s", p->conf->dir);
	if (geteuid() != 0 || st.st_uid == 0)
		return o->n_users == 0 ||
		       err_set(e, ERR_FORBIDDEN,
			   "--user is for a start as root, on a CA directory that is "
			   "another user's");
	p->owner = (struct proc_user){ st.st_uid, st.st_gid };
	for (size_t i = 0; i < PARENT__ROLES; i++)
		p->users[i] = p->owner;
	for (size_t i = 0; i < o->n_users; i++)
		if (!take_option(p, o->users[i], e))
			return false;
	if (setgroups(0, NULL) < 0 || setegid(p->owner.gid) < 0)
		return err_errno(e, "cannot take the group of %s", p->conf->dir);
	p->has_users = true;
	return parent_users_sink(p, e);
}

bool
parent_users_rise(const struct parent *p, struct err *e)
{
	return !p->has_users || seteuid(0) == 0 ||
	       err_errno(e, "cannot be root once more");
}

bool
parent_users_sink(const struct parent *p, struct err *e)
{
	return !p->has_users || seteuid(p->owner.uid) == 0 ||
	       err_errno(e, "cannot become the owner of %s", p->conf->dir);
}

bool
parent_users_leave(const struct parent *p, struct err *e)
{
	const struct proc_user *u = &p->owner;

	if (!p->has_users)
		return true;
	if (seteuid(0) < 0 || setresgid(u->gid, u->gid, u->gid) < 0 ||
	    setresuid(u->uid, u->uid, u->uid) < 0)
		return err_errno(e, "cannot give up root");
	if (seteuid(0) == 0)
		return err_set(e, ERR_INTERNAL,
		    "root was given up, and is still there");
	LOG(LOG_INFO, "users", LOG_NUM("parent", u->uid),
	    LOG_NUM("signer", p->users[PARENT_SIGNER].uid),
	    LOG_NUM("prober", p->users[PARENT_PROBER].uid),
	    LOG_NUM("core", p->users[PARENT_CORE].uid),
	    LOG_NUM("front", p->users[PARENT_FRONT].uid));
	return true;
}
