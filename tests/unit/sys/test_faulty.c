/* SPDX-License-Identifier: Apache-2.0 */
/* What the system refuses is told, and leaves nothing half done behind. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../faulty.h"
#include "sys/file.h"
#include "sys/proc.h"
#include "sys/sock.h"

#define OLD "what was there before"
#define NEW "what is to be there now, and some octets more"

static char dir[64];
static int at = -1;
static struct buf content;

static void
make_dir(void)
{
	strcpy(dir, "/tmp/hnp-faulty-XXXXXX");
	cr_assert_not_null(mkdtemp(dir));
	at = open(dir, O_RDONLY | O_DIRECTORY);
	cr_assert_geq(at, 0);
	buf_init(&content, KIB(1));
}

static void
remove_dir(void)
{
	close(at);
	file_remove_tree(dir);
	buf_free(&content);
}

TestSuite(faulty, .init = make_dir, .fini = remove_dir);

static size_t
files(void)
{
	DIR *d = opendir(dir);
	size_t n = 0;

	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n - 2;
}

static void
put_old(void)
{
	struct err e = { 0 };

	unlinkat(at, "f", 0);
	cr_assert(file_create(at, "f", 0600, bytes_str(OLD), &e), "%s", e.detail);
}

static const char *
text_of(const char *name)
{
	struct err e = { 0 };

	buf_clear(&content);
	return file_read(at, name, &content, &e) ? buf_str(&content) : "";
}

/* ---- files ---- */

static bool
replace(struct err *e)
{
	return file_replace(at, "f", 0640, bytes_str(NEW), e);
}

static void
is_old_or_new(bool ok, const struct err *e)
{
	const char *text = text_of("f");

	/* Once it is renamed the new one is there, though its directory cannot be flushed. */
	cr_expect(strcmp(text, NEW) == 0 || (!ok && strcmp(text, OLD) == 0), "%s: %s",
	    faulty_which(), text);
	cr_expect_eq(files(), 1, "%s: nothing is left beside it", faulty_which());
	cr_expect(ok || e->code == ERR_IO, "%s", e->detail);
}

/* R90 */
Test(faulty, a_file_is_replaced_wholly_or_not_at_all)
{
	cr_expect_geq(faulty_sweep(ENOSPC, put_old, replace, is_old_or_new), 5);
	cr_expect_geq(faulty_sweep(EIO, put_old, replace, is_old_or_new), 5);
}

static void
is_new(bool ok, const struct err *e)
{
	cr_expect(ok, "%s: %s", faulty_which(), e->detail);
	cr_expect_str_eq(text_of("f"), NEW);
}

Test(faulty, a_write_that_is_interrupted_or_short_goes_on)
{
	cr_expect_geq(faulty_sweep(FAULTY_SHORT, put_old, replace, is_new), 1);
	put_old();
	for (unsigned n = 1; n < 12; n++) {
		struct err e = { 0 };

		faulty_arm(n, EINTR);
		const bool ok = replace(&e);
		if (faulty_disarm() && strcmp(faulty_which(), "write") == 0)
			cr_expect(ok, "%s", e.detail);
	}
	cr_expect_str_eq(text_of("f"), NEW);
}

/* As on ZFS and NFS; of a directory there are no links, as of a file on vfat. */
Test(faulty, where_no_rename_minds_what_is_there_we_do)
{
	char from[80], to[80];

	snprintf(from, sizeof(from), "%s/from", dir);
	snprintf(to, sizeof(to), "%s/f", dir);
	cr_assert_eq(mkdir(from, 0700), 0);
	put_old();
	cr_expect_eq(file_link_or_move(from, to), -1);
	cr_expect_eq(errno, EEXIST);
	cr_expect_str_eq(text_of("f"), OLD);
	cr_assert_eq(unlink(to), 0);
	faulty_arm(1, EINVAL);
	cr_expect_eq(file_link_or_move(from, to), 0);
	cr_expect(faulty_disarm());
	cr_expect_str_eq(faulty_which(), "renameat2");
	cr_expect_eq(rmdir(to), 0, "it is the directory");
	cr_expect_eq(files(), 0);
}

static void
nothing_there(void)
{
	unlinkat(at, "f", AT_REMOVEDIR);
	unlinkat(at, "f", 0);
}

static bool
create(struct err *e)
{
	return file_create(at, "f", 0600, bytes_str(NEW), e);
}

static bool
create_by_path(struct err *e)
{
	char path[100];

	snprintf(path, sizeof(path), "%s/f", dir);
	return file_create(AT_FDCWD, path, 0600, bytes_str(NEW), e);
}

static void
is_new_or_absent(bool ok, const struct err *e)
{
	const char *text = text_of("f");

	cr_expect(strcmp(text, NEW) == 0 || (!ok && files() == 0), "%s: %s: %s",
	    faulty_which(), e->detail, text);
}

Test(faulty, a_file_is_made_wholly_or_not_at_all)
{
	cr_expect_geq(faulty_sweep(ENOSPC, nothing_there, create, is_new_or_absent), 5);
	cr_expect_geq(faulty_sweep(EMFILE, nothing_there, create_by_path,
			  is_new_or_absent),
	    6);
}

static bool
read_it(struct err *e)
{
	buf_clear(&content);
	buf_puts(&content, "before ");
	return file_read(at, "f", &content, e);
}

static void
is_read_or_untouched(bool ok, const struct err *e)
{
	(void)e;
	cr_expect_str_eq(buf_str(&content), ok ? "before " OLD : "before ", "%s",
	    faulty_which());
}

static void
is_read(bool ok, const struct err *e)
{
	cr_expect(ok, "%s", e->detail);
	is_read_or_untouched(ok, e);
}

Test(faulty, a_file_is_read_to_its_end_or_nothing_of_it_is_given)
{
	put_old();
	cr_expect_geq(faulty_sweep(EIO, NULL, read_it, is_read_or_untouched), 2);
	cr_expect_geq(faulty_sweep(FAULTY_SHORT, NULL, read_it, is_read), 1);
	for (unsigned n = 1; n < 6; n++) {
		struct err e = { 0 };

		faulty_arm(n, EINTR);
		const bool ok = read_it(&e);
		if (faulty_disarm() && strcmp(faulty_which(), "read") == 0)
			is_read(ok, &e);
	}
}

static bool
make_folder(struct err *e)
{
	return file_mkdir(at, "f", 0700, e);
}

static void
is_folder(bool ok, const struct err *e)
{
	struct stat st;

	if (ok) {
		cr_expect_eq(fstatat(at, "f", &st, 0), 0);
		cr_expect_eq(st.st_mode & 07777, 0700);
	} else
		cr_expect_eq(e->code, ERR_IO, "%s: %s", faulty_which(), e->detail);
}

static bool
check_mode(struct err *e)
{
	return file_check_mode(AT_FDCWD, dir, 077, e);
}

Test(faulty, a_folder_that_cannot_be_made_or_judged_is_told)
{
	cr_expect_geq(faulty_sweep(EROFS, nothing_there, make_folder, is_folder), 4);
	cr_expect_geq(faulty_sweep(EACCES, NULL, check_mode, NULL), 1);
}

/* ---- sockets ---- */

static int fd = -1;
static const char *address;
static char bound[80];

static bool
listen_tcp(struct err *e)
{
	fd = -1;
	return sock_listen_tcp(address, &fd, bound, sizeof(bound), e);
}

static void
close_it(bool ok, const struct err *e)
{
	(void)e;
	cr_expect_eq(ok, fd >= 0, "%s: ret is touched when it is done", faulty_which());
	if (fd >= 0)
		close(fd);
	fd = -1;
}

Test(faulty, a_listener_that_cannot_be_is_told_and_closed)
{
	static const struct {
		int error;
		const char *words;
	} reasons[] = {
		{ EACCES, "ports below 1024 need CAP_NET_BIND_SERVICE" },
		{ EADDRNOTAVAIL, "this machine has no such address" },
		{ EADDRINUSE, "another program listens there" },
	};

	address = "127.0.0.1:0";
	cr_expect_eq(faulty_sweep(EMFILE, NULL, listen_tcp, close_it), 5);
	address = "[::1]:0";
	cr_expect_eq(faulty_sweep(ENOBUFS, NULL, listen_tcp, close_it), 6);
	address = "127.0.0.1:0";
	for (size_t i = 0; i < NITEMS(reasons); i++) {
		struct err e = { 0 };

		faulty_arm(3, reasons[i].error);
		cr_expect_not(listen_tcp(&e));
		cr_expect(faulty_disarm());
		cr_expect_str_eq(faulty_which(), "bind");
		cr_expect_not_null(strstr(e.detail, reasons[i].words), "%s", e.detail);
	}
}

Test(faulty, a_machine_without_ipv6_listens_on_all_of_ipv4)
{
	struct err e = { 0 };

	address = ":0";
	faulty_arm(1, EAFNOSUPPORT);
	cr_assert(listen_tcp(&e), "%s", e.detail);
	cr_expect(faulty_disarm());
	cr_expect_eq(strncmp(bound, "0.0.0.0:", 8), 0, "%s", bound);
	close(fd);
	faulty_arm(4, EADDRNOTAVAIL);
	cr_assert(listen_tcp(&e), "%s", e.detail);
	cr_expect(faulty_disarm());
	cr_expect_str_eq(faulty_which(), "bind");
	cr_expect_eq(strncmp(bound, "0.0.0.0:", 8), 0, "%s", bound);
	close(fd);
}

static char path[100];

static void
leave_stale_socket(void)
{
	int left;
	struct err e;

	snprintf(path, sizeof(path), "%s/sock", dir);
	cr_assert(sock_listen_unix(path, 0600, &left, &e), "%s", e.detail);
	close(left);
}

static bool
listen_unix(struct err *e)
{
	fd = -1;
	return sock_listen_unix(path, 0660, &fd, e);
}

static void
is_socket(bool ok, const struct err *e)
{
	struct stat st;

	close_it(ok, e);
	if (ok) {
		cr_expect_eq(lstat(path, &st), 0);
		cr_expect_eq(st.st_mode & 07777, 0660);
	}
	unlink(path);
}

Test(faulty, a_local_socket_replaces_a_dead_one_or_says_why_not)
{
	cr_expect_geq(faulty_sweep(EMFILE, leave_stale_socket, listen_unix, is_socket),
	    5);
}

static int pair[2];

static bool
make_pair(struct err *e)
{
	pair[0] = pair[1] = -1;
	return sock_pair(pair, e);
}

static void
close_pair(bool ok, const struct err *e)
{
	(void)ok;
	(void)e;
	for (int i = 0; i < 2; i++)
		if (pair[i] >= 0)
			close(pair[i]);
}

Test(faulty, a_pair_that_cannot_be_made_is_told)
{
	cr_expect_eq(faulty_sweep(EMFILE, NULL, make_pair, close_pair), 1);
}

/* A client and the connection that was accepted of him. */
static void
connect_pair(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct err e;
	int listening;

	snprintf(path, sizeof(path), "%s/sock", dir);
	cr_assert(sock_listen_unix(path, 0600, &listening, &e), "%s", e.detail);
	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	pair[0] = socket(AF_UNIX, SOCK_STREAM, 0);
	cr_assert_eq(connect(pair[0], (struct sockaddr *)&a, sizeof(a)), 0);
	pair[1] = accept(listening, NULL, NULL);
	close(listening);
}

/* Fails, or finds that nobody is there: to him nothing is granted. */
static bool
ask_client(struct err *e)
{
	uid_t uid = 12345;
	bool there = false;

	if (!sock_client(pair[1], path, &uid, &there, e))
		return false;
	cr_expect_eq(uid, geteuid());
	cr_expect_eq(there, strcmp(faulty_which(), "poll") != 0);
	return true;
}

static void
close_client(bool ok, const struct err *e)
{
	close_pair(ok, e);
	for (int i = 0; i < 2; i++)
		pair[i] = -1;
	unlink(path);
}

Test(faulty, a_peer_that_cannot_be_asked_for_is_nobody)
{
	cr_expect_eq(faulty_sweep(ENOTCONN, connect_pair, ask_client, close_client), 4);
}

/* ---- processes ---- */

static pid_t child;

static bool
spawn(struct err *e)
{
	child = 0;
	return proc_spawn("/bin/true", "true", NULL, 0, NULL, &child, e);
}

static bool
spawn_as_nobody(struct err *e)
{
	const struct proc_user nobody = { 65534, 65534 };

	child = 0;
	return proc_spawn("/bin/true", "true", NULL, 0, &nobody, &child, e);
}

static void
reap(bool ok, const struct err *e)
{
	(void)e;
	cr_expect_eq(ok, child > 0, "%s", faulty_which());
	if (child > 0)
		cr_expect_eq(waitpid(child, NULL, 0), child);
}

Test(faulty, a_process_that_cannot_be_started_is_told)
{
	cr_expect_geq(faulty_sweep(EAGAIN, NULL, spawn, reap), 2);
	if (geteuid() != 0)
		return;
	faulty_keeps_descriptors(); /* the pipe that ties the child to us */
	cr_expect_geq(faulty_sweep(EMFILE, NULL, spawn_as_nobody, reap), 3);
}
