/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trust.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "sys/file.h"

#define SYSTEM_DIR "/usr/local/share/ca-certificates"
#define NOT_THERE  127 /* what a child says when exec fails */
#define JAVA_PASSWORD                                                                  \
	"changeit" /* Java's own default for its cacerts; it guards nothing */

/* Runs a program, its output thrown away; its exit status. */
static int
run(const char *const *argv)
{
	const pid_t pid = fork();
	int status = 0;

	if (pid < 0)
		return NOT_THERE;
	if (pid == 0) {
		const int null = open("/dev/null", O_RDWR);

		if (null >= 0) {
			dup2(null, STDIN_FILENO);
			dup2(null, STDOUT_FILENO);
			dup2(null, STDERR_FILENO);
		}
		execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(NOT_THERE);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return NOT_THERE;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static enum trust_result
result_of(int status, const char *tool, const char *package, struct err *e)
{
	if (status == 0)
		return TRUST_DONE;
	if (status == NOT_THERE) {
		err_set(e, ERR_NOT_FOUND, "%s is not installed (package %s)", tool,
		    package);
		return TRUST_ABSENT;
	}
	err_set(e, ERR_IO, "%s failed with exit status %d", tool, status);
	return TRUST_FAILED;
}

static enum trust_result
act_system(const struct trust_root *r, enum trust_act act, struct err *e)
{
	char *path = mem_printf(SYSTEM_DIR "/%s.crt", r->name);
	const char *const update[] = { "update-ca-certificates", NULL };
	bool ok = true;

	if (access(SYSTEM_DIR, F_OK) < 0) {
		free(path);
		err_set(e, ERR_NOT_FOUND, "there is no %s (package ca-certificates)",
		    SYSTEM_DIR);
		return TRUST_ABSENT;
	}
	if (act == TRUST_INSTALL)
		ok = file_replace(AT_FDCWD, path, 0644, r->pem, e);
	else if (unlink(path) < 0 && errno != ENOENT)
		ok = err_errno(e, "cannot remove %s", path);
	free(path);
	if (!ok) {
		err_prefix(e, "the system's store (run it as root)");
		return TRUST_FAILED;
	}
	return result_of(run(update), "update-ca-certificates", "ca-certificates", e);
}

/* One NSS database: "sql:" and its folder. */
static enum trust_result
act_nss_in(const struct trust_root *r, enum trust_act act, const char *folder,
    struct err *e)
{
	char *db = mem_printf("sql:%s", folder);
	const char *const add[] = { "certutil", "-A", "-d", db, "-t", "C,,", "-n",
		r->name, "-i", r->file, NULL };
	const char *const drop[] = { "certutil", "-D", "-d", db, "-n", r->name, NULL };
	const char *const have[] = { "certutil", "-L", "-d", db, "-n", r->name, NULL };
	enum trust_result result = TRUST_DONE;

	if (act == TRUST_INSTALL || run(have) == 0)
		result = result_of(run(act == TRUST_INSTALL ? add : drop), "certutil",
		    "libnss3-tools", e);
	free(db);
	return result;
}

static const char *const nss_places[] = {
	".pki/nssdb/cert9.db",
	".mozilla/firefox/*/cert9.db",
	"snap/firefox/common/.mozilla/firefox/*/cert9.db",
	"snap/chromium/current/.pki/nssdb/cert9.db",
};

static enum trust_result
act_nss(const struct trust_root *r, enum trust_act act, struct err *e)
{
	const char *home = getenv("HOME");
	enum trust_result worst = TRUST_ABSENT;

	err_set(e, ERR_NOT_FOUND, "no browser of this user has a database yet");
	for (size_t i = 0; home != NULL && i < NITEMS(nss_places); i++) {
		char *pattern = mem_printf("%s/%s", home, nss_places[i]);
		glob_t found;

		if (glob(pattern, 0, NULL, &found) == 0) {
			for (size_t k = 0; k < found.gl_pathc; k++) {
				*strrchr(found.gl_pathv[k], '/') = '\0';
				worst = act_nss_in(r, act, found.gl_pathv[k], e);
				if (worst != TRUST_DONE)
					break;
			}
			globfree(&found);
		}
		free(pattern);
		if (worst == TRUST_FAILED)
			break;
	}
	return worst;
}

/* keytool on Java's own store: what to do, and whatever that needs. */
static int
keytool(const char *what, const char *const more[static 4])
{
	const char *const argv[] = { "keytool", what, "-noprompt", "-cacerts",
		"-storepass", JAVA_PASSWORD, more[0], more[1], more[2], more[3], NULL };

	return run(argv);
}

static enum trust_result
act_java(const struct trust_root *r, enum trust_act act, struct err *e)
{
	const char *const all[4] = { NULL }, *const one[4] = { "-alias", r->name };
	const char *const add[4] = { "-alias", r->name, "-file", r->file };
	int status = keytool("-list", all);

	if (status != 0 && status != NOT_THERE) {
		err_set(e, ERR_IO,
		    "keytool cannot open Java's cacerts (its password is to be "
		    "\"" JAVA_PASSWORD "\")");
		return TRUST_FAILED;
	}
	/* A name that is there is not taken anew, and one that is not cannot go. */
	if (status == 0 && keytool("-list", one) == 0)
		status = keytool("-delete", one);
	if (status == 0 && act == TRUST_INSTALL)
		status = keytool("-importcert", add);
	return result_of(status, "keytool", "default-jre-headless", e);
}

const struct trust_store trust_stores[] = {
	/* clang-format off */
	{ "system", "what curl, openssl, wget, Python and most others trust", act_system },
	{ "nss",    "this user's browsers",                                  act_nss },
	{ "java",   "Java's cacerts",                                        act_java },
	{ 0 }
	/* clang-format on */
};
